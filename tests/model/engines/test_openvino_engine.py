"""OpenVINO and torch give the same readings, and OpenVINO behaves like any other part of the network."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from emotiscan.analysis import Analyzer
from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.model.engines import cache, switch
from emotiscan.model.engines.switch import START_AFTER
from emotiscan.model.network import FaceModel, ModelConfig
from tests.support.places import ROOT, SAMPLES

openvino = pytest.importorskip("openvino", reason="the extra “fast” is not installed")
engine_module = pytest.importorskip("emotiscan.model.engines.openvino_engine", exc_type=ImportError)

PHOTOS = sorted(path.name for path in SAMPLES.glob("*.jpg"))
TOLERANCE = {"f32": 1e-4, "bf16": 0.01}
"""Largest difference of a probability from torch's."""


@pytest.fixture(scope="module")
def shipped():
    return Analyzer(engine="torch")


@pytest.fixture(scope="module")
def converted(shipped):
    return engine_module.convert(shipped.model.backbone, shipped.card.config.input_size)


@pytest.fixture(scope="module", params=TOLERANCE)
def fast(request, converted):
    """Reads with the shipped weights in OpenVINO, in one precision."""
    if request.param == "bf16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    analyzer = Analyzer(engine="torch")
    analyzer.model.backbone = engine_module.OpenVinoBackbone(converted, request.param)
    return analyzer, TOLERANCE[request.param]


@pytest.fixture(scope="module")
def small_model():
    """A random network that is converted in no time."""
    torch.manual_seed(0)
    return FaceModel(ModelConfig(backbone="residual", input_size=64, hidden=16)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def small_weights(small_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    return save_checkpoint(path, small_model, Card(small_model.config))


@pytest.fixture(scope="module")
def backbones(small_model):
    """The same backbone in torch and in OpenVINO."""
    reference = small_model.optimize_for_inference().backbone
    return reference, engine_module.OpenVinoBackbone(engine_module.convert(reference, 64), "f32")


@pytest.mark.parametrize("photo", PHOTOS)
def test_readings_are_those_of_torch(photo, shipped, fast):
    analyzer, tolerance = fast
    pairs = zip(shipped.analyze(SAMPLES / photo).readings, analyzer.analyze(SAMPLES / photo).readings, strict=True)
    for expected, found in pairs:
        assert found.emotions == pytest.approx(expected.emotions, abs=tolerance)
        assert found.action_units == pytest.approx(expected.action_units, abs=tolerance)
        for au in set(expected.present) ^ set(found.present):
            assert abs(expected.action_units[au] - expected.thresholds[au]) <= tolerance, f"{au} flips"


@pytest.mark.parametrize("method", ["cells", "gradcam", "layercam"])
def test_heat_maps_are_those_of_torch(method, shipped, fast):
    analyzer, _ = fast
    (expected,), (found,) = (one.analyze(SAMPLES / "smile.jpg").readings for one in (shipped, analyzer))
    targets = [*expected.present, expected.emotion]
    maps = found.heat_maps(targets, method)
    for target, heat_map in expected.heat_maps(targets, method).items():
        assert np.abs(maps[target].values - heat_map.values).max() <= 0.05, target


@pytest.mark.parametrize("rows", [0, 1, 3, engine_module.MAX_BATCH, 2 * engine_module.MAX_BATCH + 1])
def test_any_number_of_crops_can_be_read(rows, backbones):
    reference, engine = backbones
    crops = torch.randn(rows, 3, 64, 64)
    assert torch.allclose(engine(crops), reference(crops), atol=1e-3)


def test_simultaneous_callers_get_their_own_results(backbones):
    _, engine = backbones
    batches = torch.randn(8, 2, 3, 64, 64)
    results: dict[int, torch.Tensor] = {}

    def call(number: int) -> None:
        results[number] = engine(batches[number])

    callers = [threading.Thread(target=call, args=(number,)) for number in range(len(batches))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(torch.allclose(results[n], engine(batch), atol=1e-5) for n, batch in enumerate(batches))


def test_gradients_are_refused_and_not_silently_missing(backbones):
    _, engine = backbones
    with pytest.raises(RuntimeError, match="gradients"):
        engine(torch.zeros(1, 3, 64, 64, requires_grad=True))


def test_a_checkpoint_is_converted_once(small_weights, monkeypatch):
    Analyzer(small_weights, engine="openvino")
    monkeypatch.setattr(engine_module, "convert", lambda *_: pytest.fail("converted again"))
    assert Analyzer(small_weights, engine="openvino").engine == "openvino"


def test_a_damaged_conversion_is_made_anew(small_weights):
    fingerprint = Analyzer(small_weights, engine="openvino").card.fingerprint
    (folder,) = (path for path in cache.cache_folder().iterdir() if path.name.startswith(fingerprint))
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert Analyzer(small_weights, engine="openvino").engine == "openvino"
    assert cache.find(folder.name) is not None


def test_a_read_only_disk_does_no_harm(small_weights, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder can be made here, not even by root")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    analyzer = Analyzer(small_weights, engine="openvino")
    assert analyzer.engine == "openvino"
    assert analyzer.analyze(SAMPLES / "smile.jpg").readings


def test_torch_answers_until_openvino_is_ready(small_weights, monkeypatch):
    monkeypatch.delenv(switch.ENGINE_VARIABLE)
    analyzer = Analyzer(small_weights)
    (first,) = analyzer.analyze(SAMPLES / "smile.jpg").readings
    assert analyzer.engine == "torch"
    for _ in range(START_AFTER):  # the last ones while another thread converts the same network
        (reading,) = analyzer.analyze(SAMPLES / "smile.jpg").readings
        assert reading.action_units == pytest.approx(first.action_units, abs=0.05)
    analyzer._engine.wait()
    assert analyzer.engine == "openvino"
    (last,) = analyzer.analyze(SAMPLES / "smile.jpg").readings
    assert last.action_units == pytest.approx(first.action_units, abs=0.05)


def test_a_program_that_ends_during_the_conversion_ends_well(small_weights, monkeypatch):
    monkeypatch.delenv(switch.ENGINE_VARIABLE)
    code = (
        "import sys; from emotiscan import Analyzer; from emotiscan.model.engines.switch import START_AFTER\n"
        "analyzer = Analyzer(sys.argv[1])\n"
        "for _ in range(START_AFTER): analyzer.analyze(sys.argv[2], cropped=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(small_weights), str(SAMPLES / "smile.jpg")],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert list(cache.cache_folder().iterdir())


def test_openvino_sends_no_usage_statistics():
    """OpenVINO's own telemetry package would report each import and conversion to a server."""
    script = """
import emotiscan.model.engines.openvino_engine
import sys
from openvino.tools.ovc import telemetry_utils
assert sys.modules["openvino_telemetry"] is None
assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub"
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
