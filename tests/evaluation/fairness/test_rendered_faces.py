"""Rendered faces are predicted as the app predicts photos, in any number of processes."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from emotiscan.analysis import Analyzer
from emotiscan.evaluation.fairness.rendered_faces import BASELINE, FaceTesterFiles, RenderedFacePredictor, run_jobs
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.model.network import FaceModel

MODEL = os.environ.get("EMOTISCAN_FACE_MODEL", "")


@pytest.mark.parametrize("flip_tta", [False, True])
def test_a_face_is_predicted_as_the_app_predicts_it(flip_tta, tiny_model, tmp_path, smile):
    model = FaceModel(replace(tiny_model.config, flip_tta=flip_tta))
    model.load_state_dict(tiny_model.state_dict())
    weights = save_checkpoint(tmp_path / "a.safetensors", model, Card(model.config, Calibration(2.0, {"AU1": 3.0})))
    [reading] = Analyzer(weights).analyze(smile).readings
    nose = reading.face.landmarks[2]
    image = SimpleNamespace(image=np.asarray(smile), landmarks5=np.tile(nose, (5, 1)))
    nobody = SimpleNamespace(image=np.full((224, 224, 3), 90, np.uint8), landmarks5=np.full((5, 2), 100.0))
    beside = SimpleNamespace(image=np.asarray(smile), landmarks5=np.zeros((5, 2)))
    predicted = RenderedFacePredictor(weights)([nobody, image, beside])
    assert predicted[0] is predicted[2] is None
    assert predicted[1][0] == pytest.approx(list(reading.emotions.values()), abs=1e-5)
    assert predicted[1][1] == pytest.approx(list(reading.action_units.values()), abs=1e-5)


@pytest.mark.skipif(not MODEL, reason="EMOTISCAN_FACE_MODEL does not name the converted ICT-FaceKit")
def test_the_number_of_processes_does_not_change_the_results(tiny_weights, tmp_path):
    files = FaceTesterFiles(MODEL, str(tiny_weights), str(tmp_path), 0, 160)
    jobs = [(BASELINE, face) for face in range(3)] + [("glasses", 0)]
    one, two = list(run_jobs(jobs, files)), list(run_jobs(jobs, files, workers=2))
    assert [len(results) for results in one] == [1, 1, 1, 3]
    for results, again in zip(one, two, strict=True):
        for result, other in zip(results, again, strict=True):
            assert result.eye_distance == other.eye_distance > 20
            assert result.probabilities is not None
            for mine, theirs in zip(result.probabilities, other.probabilities, strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-4)
