"""Exported networks give the same outputs in other runtimes, and say how to use them."""

import json

import numpy as np
import pytest
import torch

from emotiscan.cli.main import FAILED, OK, main
from emotiscan.faces import EYE_DISTANCE, EYE_HEIGHT, MOUTH_HEIGHT
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.model.export import METADATA, output_names
from emotiscan.model.network import FaceModel, ModelConfig

CALIBRATION = Calibration(temperature=1.5, slopes={"AU12": 2.0}, offsets={"AU12": -0.5}, thresholds={"AU12": 0.3})


@pytest.fixture(scope="module", params=["flip and local units", "plain"])
def checkpoint(request, tmp_path_factory):
    """A small network and its checkpoint."""
    torch.manual_seed(0)
    features = {"flip_tta": True, "local_action_units": True} if request.param != "plain" else {"grayscale": False}
    config = ModelConfig(backbone="residual", input_size=64, hidden=16, **features)
    model = FaceModel(config).eval().requires_grad_(False)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_checkpoint(path, model, Card(config, CALIBRATION))
    return load_checkpoint(path)[0], path  # as it is stored, in half precision


def export(checkpoint, path, *arguments: str) -> int:
    return main(["export", "--out", str(path), "--weights", str(checkpoint[1]), *arguments])


def check_outputs(model: FaceModel, run) -> None:
    """Compare outputs by name with the model's own, for batches of several sizes."""
    for rows in (1, 2, 5):
        crops = torch.randn(rows, 3, 64, 64)
        outputs = model.predict(crops).as_dict()
        found = run(crops.numpy())
        assert set(found) == set(outputs)
        for name, expected in outputs.items():
            assert found[name].shape == expected.shape
            assert np.allclose(found[name], expected.numpy(), atol=1e-4), name


def check_description(model: FaceModel, text: str) -> None:
    about = json.loads(text)
    config = model.config
    assert about["emotions"] == list(config.emotions)
    assert about["action_units"] == list(config.action_units)
    assert Calibration(**about["calibration"]) == CALIBRATION
    assert (about["input"]["size"], about["input"]["color"][:3]) == (64, "gra" if config.grayscale else "RGB")
    assert (about["input"]["mean"], about["input"]["std"]) == (list(config.mean), list(config.std))
    assert list(about["crop"].values()) == [EYE_HEIGHT, EYE_DISTANCE, MOUTH_HEIGHT]
    assert len(about["fingerprint"]) == 12


def test_onnx_runtime_gives_the_same_outputs(checkpoint, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnxscript", reason="the extra “export” is not installed")
    path = tmp_path / "new" / "network.onnx"
    assert export(checkpoint, path) == OK
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = output_names(checkpoint[0].config)
    check_outputs(checkpoint[0], lambda crops: dict(zip(names, session.run(names, {"crops": crops}), strict=True)))
    check_description(checkpoint[0], session.get_modelmeta().custom_metadata_map[METADATA])


def test_openvino_gives_the_same_outputs(checkpoint, tmp_path):
    openvino = pytest.importorskip("openvino", reason="the extra “fast” is not installed")
    path = tmp_path / "new" / "network.xml"
    assert export(checkpoint, path, "--format", "openvino") == OK
    assert sorted(file.name for file in path.parent.iterdir()) == ["network.bin", "network.xml"]
    core = openvino.Core()
    model = core.read_model(path)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(crops):
        results = compiled({"crops": crops})
        return {name: results[name] for name in output_names(checkpoint[0].config)}

    check_outputs(checkpoint[0], run)
    check_description(checkpoint[0], str(model.get_rt_info(METADATA).value))


def test_a_wrong_name_and_a_missing_checkpoint_are_explained(checkpoint, tmp_path, capsys):
    assert export(checkpoint, tmp_path / "network.onnx", "--format", "openvino") == FAILED
    assert ".xml" in capsys.readouterr().err
    assert export((None, tmp_path / "none.safetensors"), tmp_path / "network.xml", "--format", "openvino") == FAILED
    assert "There is no checkpoint" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_what_to_install(checkpoint, tmp_path, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    assert export(checkpoint, tmp_path / "network.onnx") == FAILED
    assert "emotiscan[export,fast]" in capsys.readouterr().err
