"""Which engine reads: torch unless another one is installed, agrees with it, and is ready."""

import importlib.util
import logging
import sys

import pytest
import torch
from torch import nn

from emotiscan.analysis import Analyzer
from emotiscan.cli.main import FAILED, OK, main
from emotiscan.model.engines import EngineError, switch
from emotiscan.model.engines.switch import START_AFTER, EngineSwitch
from tests.support.places import SAMPLES


@pytest.fixture
def model(tiny_model):
    return tiny_model.optimize_for_inference()


@pytest.fixture
def automatic(monkeypatch):
    """As outside the tests."""
    monkeypatch.delenv(switch.ENGINE_VARIABLE)


@pytest.fixture
def without_openvino(monkeypatch, automatic):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))


@pytest.fixture
def with_openvino(monkeypatch, automatic):
    """Installed, as far as the switch can tell: what it opens is replaced by `opened`."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


def read_batches(engine: EngineSwitch, count: int) -> None:
    for _ in range(count):
        engine.after_batch()
    engine.wait()


def opened(monkeypatch, backbone: nn.Module | Exception) -> None:
    """Let the OpenVINO engine open this backbone, or raise this error."""
    from types import ModuleType

    def open_backbone(*_: object, wait: bool) -> nn.Module:
        if isinstance(backbone, Exception):
            raise backbone
        return backbone

    module = ModuleType("openvino_engine")
    module.open_backbone = open_backbone
    monkeypatch.setitem(sys.modules, "emotiscan.model.engines.openvino_engine", module)


class Other(nn.Module):
    """A backbone that gives torch's feature map times a factor."""

    engine = "openvino"

    def __init__(self, backbone: nn.Module, factor: float = 1.0) -> None:
        super().__init__()
        self.backbone, self.factor = backbone, factor

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        return self.backbone(crops) * self.factor


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_torch_reads_silently(tiny_weights, caplog):
    analyzer = Analyzer(tiny_weights)
    read_batches(analyzer._engine, 3 * START_AFTER)
    assert analyzer.engine == "torch"
    assert not caplog.records


@pytest.mark.usefixtures("without_openvino")
def test_openvino_that_is_not_installed_cannot_be_asked_for(tiny_weights, capsys):
    with pytest.raises(EngineError, match=r"emotiscan\[fast\]"):
        Analyzer(tiny_weights, engine="openvino")
    assert main(["read", str(SAMPLES / "smile.jpg"), "--weights", str(tiny_weights), "--engine", "openvino"]) == FAILED
    assert "emotiscan[fast]" in capsys.readouterr().err


def test_unknown_engine_is_refused(model, monkeypatch):
    with pytest.raises(EngineError, match="auto, torch, openvino"):
        EngineSwitch(model, "", "tensorrt")
    monkeypatch.setenv(switch.ENGINE_VARIABLE, "fast")
    with pytest.raises(EngineError, match="fast"):
        EngineSwitch(model, "")


@pytest.mark.usefixtures("with_openvino")
def test_openvino_takes_over_after_some_batches_if_it_agrees(model, monkeypatch):
    reference = model.backbone
    opened(monkeypatch, Other(reference, 1.01))
    engine = EngineSwitch(model, "")
    read_batches(engine, START_AFTER - 1)
    assert model.backbone is reference
    read_batches(engine, 1)
    assert model.engine == "openvino"


@pytest.mark.usefixtures("with_openvino")
def test_torch_reads_on_while_another_process_converts_the_network(model, monkeypatch):
    reference, answers = model.backbone, [None, None, Other(model.backbone)]
    opened(monkeypatch, reference)
    module = sys.modules["emotiscan.model.engines.openvino_engine"]
    monkeypatch.setattr(module, "open_backbone", lambda *_, wait: answers.pop(0))
    engine = EngineSwitch(model, "")
    for remaining in (2, 1):
        read_batches(engine, START_AFTER)
        assert len(answers) == remaining
        assert model.backbone is reference
    read_batches(engine, START_AFTER)
    assert model.engine == "openvino"


@pytest.mark.usefixtures("with_openvino")
@pytest.mark.parametrize("factor", [0.5, 2.0, float("nan")])
def test_openvino_that_disagrees_is_not_used(model, monkeypatch, caplog, factor):
    opened(monkeypatch, Other(model.backbone, factor))
    read_batches(EngineSwitch(model, ""), START_AFTER)
    assert model.engine == "torch"
    assert "differs from torch's" in caplog.text
    with pytest.raises(EngineError, match="Use the engine “torch”"):
        EngineSwitch(model, "", "openvino")


@pytest.mark.usefixtures("with_openvino")
def test_openvino_that_fails_leaves_torch_reading(model, monkeypatch, caplog):
    opened(monkeypatch, ImportError("libtbb.so: cannot open shared object file"))
    read_batches(EngineSwitch(model, ""), START_AFTER)
    assert model.engine == "torch"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "libtbb.so" in caplog.text


@pytest.mark.usefixtures("with_openvino")
def test_engine_of_the_environment_is_what_auto_means(model, monkeypatch):
    opened(monkeypatch, Other(model.backbone))
    monkeypatch.setenv(switch.ENGINE_VARIABLE, "torch")
    read_batches(EngineSwitch(model, ""), 2 * START_AFTER)
    assert model.engine == "torch"
    EngineSwitch(model, "", "openvino")  # what is asked for by name stays
    assert model.engine == "openvino"


def test_command_line_passes_the_engine_on(tiny_weights, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(EngineSwitch, "__init__", lambda self, model, fingerprint, engine="auto": seen.append(engine))
    monkeypatch.setattr(EngineSwitch, "after_batch", lambda self: None)
    arguments = ["read", str(SAMPLES / "smile.jpg"), "--weights", str(tiny_weights), "--format", "jsonl"]
    assert main([*arguments, "--engine", "torch"]) == OK
    assert seen == ["torch"]
