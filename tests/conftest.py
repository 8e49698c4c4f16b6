"""Fixtures that several test files share."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan import runtime
from tests.support.places import ROOT, SAMPLES

runtime.configure()  # before a test imports torch
sys.modules.setdefault("openvino_telemetry", None)  # as the engine does: tests import openvino themselves, too
os.environ["EMOTISCAN_ENGINE"] = "torch"  # the reference, also in processes that tests start; others are asked for


@pytest.fixture(scope="session", autouse=True)
def _two_threads() -> None:
    import torch

    torch.set_num_threads(min(2, os.cpu_count() or 1))


@pytest.fixture(scope="session")
def smile() -> Image.Image:
    """A rendered portrait of a smiling woman, 480 x 480 px."""
    return Image.open(SAMPLES / "smile.jpg").convert("RGB")


@pytest.fixture(scope="session")
def samples() -> list[dict]:
    """What samples.json says of each sample."""
    return json.loads((SAMPLES / "samples.json").read_text())


@pytest.fixture(scope="session")
def tiny_model():
    """A random DenseNet121 for 64 px crops: right in shape, wrong in every answer."""
    import torch

    from emotiscan.model.network import FaceModel, ModelConfig

    torch.manual_seed(0)
    return FaceModel(ModelConfig(backbone="densenet121", input_size=64, hidden=16)).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def full_model():
    """A random network with every output that there is, for 64 px crops and 4 x 4 cells."""
    import torch

    from emotiscan import facs
    from emotiscan.model.network import FaceModel, ModelConfig

    torch.manual_seed(0)
    config = ModelConfig(
        backbone="densenet121",
        input_size=64,
        stride=16,
        hidden=16,
        flip_tta=True,
        local_action_units=True,
        expressions=facs.EXPRESSIONS,
        intensities=True,
        sides=True,
        pose=True,
        quality=("blurred", "mouth covered", "eyes covered"),
    )
    return FaceModel(config).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def tiny_weights(tiny_model, tmp_path_factory) -> Path:
    """A checkpoint of `tiny_model`."""
    from emotiscan.model.checkpoint import Card, save_checkpoint

    return save_checkpoint(tmp_path_factory.mktemp("weights") / "tiny.safetensors", tiny_model, Card(tiny_model.config))


@pytest.fixture(scope="session")
def full_weights(full_model, tmp_path_factory) -> Path:
    """A checkpoint of `full_model` that finds some action units present and no learned problem."""
    from emotiscan.model.calibration import Calibration
    from emotiscan.model.checkpoint import Card, save_checkpoint

    card = Card(full_model.config, Calibration(offsets=dict.fromkeys(full_model.config.quality, -5.0)))
    return save_checkpoint(tmp_path_factory.mktemp("weights") / "full.safetensors", full_model, card)


@pytest.fixture(scope="session")
def full_analyzer(full_weights):
    """Reads with `full_weights`."""
    from emotiscan.analysis import Analyzer

    return Analyzer(full_weights)


@pytest.fixture(scope="session")
def covered_weights(full_model, tmp_path_factory) -> Path:
    """A checkpoint of `full_model` that takes every mouth for covered, and finds AU1 and AU12 everywhere."""
    from emotiscan.model.calibration import Calibration
    from emotiscan.model.checkpoint import Card, save_checkpoint

    offsets = {"mouth covered": 9.0, "eyes covered": -9.0, "blurred": -9.0, "AU1": 9.0, "AU12": 9.0}
    card = Card(full_model.config, Calibration(offsets=offsets))
    return save_checkpoint(tmp_path_factory.mktemp("weights") / "covered.safetensors", full_model, card)


@pytest.fixture(scope="session")
def covered_reading(covered_weights, smile):
    """A reading with `covered_weights`."""
    from emotiscan.analysis import Analyzer

    return Analyzer(covered_weights).analyze(smile).readings[0]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def detector():
    from emotiscan.faces import FaceDetector

    return FaceDetector()


@pytest.fixture
def app(monkeypatch) -> AppTest:
    """The app with the shipped weights, before its first run."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("EMOTISCAN_WEIGHTS", raising=False)
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)


@pytest.fixture(scope="session")
def analyzer(tiny_weights):
    """Reads with `tiny_weights`; a test that changes it must undo that."""
    from emotiscan.analysis import Analyzer

    return Analyzer(tiny_weights)


@pytest.fixture(scope="session")
def sample_photo():
    """Opens a sample by its file name."""
    return lambda name: Image.open(SAMPLES / name).convert("RGB")


@pytest.fixture(autouse=True)
def _numbers_as_before():
    """Training makes the processor flush the smallest numbers to zero; other tests (Hypothesis) mind."""
    yield
    import torch

    torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def ckplus(tmp_path_factory):
    """A miniature CK+; no test may change it."""
    from tests.support.trees import write_ckplus

    return write_ckplus(tmp_path_factory.mktemp("data") / "CK+")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Faces are found once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def run(ckplus, cache, tmp_path_factory):
    """A whole run on the miniature CK+: its exit status and its folder."""
    from emotiscan.cli.main import main
    from tests.support.tiny_runs import FROM_NOTHING

    out = tmp_path_factory.mktemp("runs") / "first"
    arguments = ["--data", f"ckplus:{ckplus}", "--out", str(out), "--cache", str(cache), *FROM_NOTHING]
    return main(["train", *arguments, "--sizes", "32:1,48:1"]), out


@pytest.fixture
def train(cache, tmp_path, monkeypatch):
    """`emotiscan train` without the report at the run's end: its exit status and its folder."""
    from emotiscan.cli.main import main
    from emotiscan.training import report

    monkeypatch.setattr(report, "finish", lambda *_: None)

    def train(*arguments, out="run"):
        return main(["train", "--out", str(tmp_path / out), "--cache", str(cache), *arguments]), tmp_path / out

    return train
