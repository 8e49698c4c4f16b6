"""Pictures are read as the app reads them, in any number of processes."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from emotiscan.analysis import Analyzer
from emotiscan.evaluation.fairness.rendered_faces import BASELINE, Reader, Tools, look_at
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.model.network import FaceModel

MODEL = os.environ.get("EMOTISCAN_FACE_MODEL", "")


@pytest.mark.parametrize("flip_tta", [False, True])
def test_a_photograph_is_read_as_the_app_reads_it(flip_tta, tiny_model, tmp_path, smile):
    model = FaceModel(replace(tiny_model.config, flip_tta=flip_tta))
    model.load_state_dict(tiny_model.state_dict())
    weights = save_checkpoint(tmp_path / "a.safetensors", model, Card(model.config, Calibration(2.0, {"AU1": 3.0})))
    [reading] = Analyzer(weights).analyze(smile).readings
    nose = reading.face.landmarks[2]
    picture = SimpleNamespace(image=np.asarray(smile), landmarks5=np.tile(nose, (5, 1)))
    nobody = SimpleNamespace(image=np.full((224, 224, 3), 90, np.uint8), landmarks5=np.full((5, 2), 100.0))
    beside = SimpleNamespace(image=np.asarray(smile), landmarks5=np.zeros((5, 2)))
    read = Reader(weights)([nobody, picture, beside])
    assert read[0] is read[2] is None
    assert read[1][0] == pytest.approx(list(reading.emotions.values()), abs=1e-5)
    assert read[1][1] == pytest.approx(list(reading.action_units.values()), abs=1e-5)


@pytest.mark.skipif(not MODEL, reason="EMOTISCAN_FACE_MODEL does not name the converted ICT-FaceKit")
def test_rendered_faces_are_found_and_read_alike_by_any_number_of_processes(tiny_weights, tmp_path):
    tools = Tools(MODEL, str(tiny_weights), str(tmp_path), 0, 160)
    jobs = [(BASELINE, face) for face in range(3)] + [("glasses", 0)]
    one, two = list(look_at(jobs, tools)), list(look_at(jobs, tools, workers=2))
    assert [len(looks) for looks in one] == [1, 1, 1, 3]
    for looks, again in zip(one, two, strict=True):
        for look, other in zip(looks, again, strict=True):
            assert look.eye_distance == other.eye_distance > 20
            assert look.probabilities is not None
            for mine, theirs in zip(look.probabilities, other.probabilities, strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-4)
