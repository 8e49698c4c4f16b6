"""What depends on the whole photo: change with the face's size, and quality problems."""

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.analysis import Analyzer
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import TableError
from emotiscan.evaluation.measurement_text import quality_text, scale_text
from emotiscan.evaluation.quality_report import Judged, exposed, labels_of_problems, measure_quality
from emotiscan.evaluation.scale_consistency import scale_report
from emotiscan.reports import read_report
from tests.support.trees import write_csv

PROBLEM = {name: place for place, name in enumerate(facs.PROBLEMS)}


@pytest.fixture(scope="module")
def photos(smile, tmp_path_factory):
    """A table of two photos of one large face each, and one of a face that is too small."""
    sides = {"happy0.png": 480, "happy1.png": 440, "happy2.png": 160}
    file = write_csv(tmp_path_factory.mktemp("photos"), ["image", "AU12"], [[name, 1] for name in sides])
    for name, side in sides.items():
        smile.resize((side, side)).save(file.parent / name)
    return load_source(f"csv:{file}")


def test_small_faces_are_compared_with_large_ones(photos, tiny_weights):
    report = scale_report(Analyzer(tiny_weights), photos, large=200, small=60, bootstraps=5)
    assert (report.samples, report.too_small) == (2, 1)
    assert 0 < report.action_units["AU12"].absolute.value < 1
    assert report.action_units["AU12"].absolute.value >= abs(report.action_units["AU12"].signed.value)
    assert read_report(report.to_dict()).to_dict() == report.to_dict()
    assert "shrunk from 200 to 60 px" in scale_text(report)


def test_a_data_set_without_large_faces_is_refused(photos, tiny_weights):
    with pytest.raises(TableError, match="smaller --face-sizes"):
        scale_report(Analyzer(tiny_weights), photos, large=1000)


def test_exposure_is_counted_in_stops_of_light():
    gray = Image.new("RGB", (2, 2), (100, 100, 100))
    assert exposed(gray, 0).getpixel((0, 0)) == (100, 100, 100)
    assert exposed(gray, -2.2).getpixel((0, 0)) == (50, 50, 50)  # 2.2 stops are a factor of two in the values
    assert exposed(gray, 10).getpixel((0, 0)) == (255, 255, 255)


def judged(row, problem, *named):
    flags = np.array([name in named for name in facs.PROBLEMS])
    return Judged(row, problem, flags.astype(float), flags, not named)


def test_a_spoiled_photo_counts_for_its_own_problem_alone():
    labels = np.zeros((3, len(facs.PROBLEMS)))
    labels[2, PROBLEM["blurred"]] = 1
    faces = [
        judged(0, ""),
        judged(0, "dark", "dark", "blurred"),
        judged(1, "", "small"),
        judged(1, "dark"),
        judged(2, "", "blurred"),
    ]
    report = measure_quality(faces, labels, np.array(list("abc")), [(0, True), (1, True), (2, True)], 0)
    dark, blurred = report.problems["dark"], report.problems["blurred"]
    assert (dark.present, dark.absent, dark.recall.value, dark.false_alarms.value) == (2, 3, 0.5, 0)
    assert (blurred.present, blurred.absent, blurred.recall.value, blurred.false_alarms.value) == (1, 2, 1, 0)
    assert report.problems["small"].false_alarms.value == pytest.approx(1 / 3)
    assert report.false_alarms.value == pytest.approx(1 / 2)  # of the two faces without any problem
    assert read_report(report.to_dict()).to_dict() == report.to_dict()
    assert "called unusable without any problem: 50.0%" in quality_text(report)


def test_photos_that_say_nothing_of_a_problem_are_ordinary(photos):
    assert (labels_of_problems(photos) == 0).all()
    turned = type(photos)(photos.frame.assign(pitch=[0, 0, 31.5], yaw=[0, 60, 20]), photos.emotions, ("AU12",))
    labels = labels_of_problems(turned)[:, PROBLEM["turned away"]]
    assert labels[:2].tolist() == [0, 1]
    assert np.isnan(labels[2])  # near the limit
