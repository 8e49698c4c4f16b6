"""Readings of a network with every output: that the outputs agree with each other."""

import math

import numpy as np
import pytest
from PIL import Image, ImageOps

from emotiscan import facs
from emotiscan.faces import Face, Quality, framed_transform
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card
from emotiscan.model.network import prepare
from emotiscan.reading import MIN_INTENSITY, CutFace, Reading, Sides, hidden_by, on_both_sides, readings_of

PHOTO = Image.fromarray(np.random.default_rng(3).integers(0, 255, (96, 96, 3), np.uint8)).resize((480, 480))


def read(model, photo: Image.Image = PHOTO, calibration: Calibration | None = None) -> Reading:
    """The reading of an image as one framed face."""
    face = Face(None, None, None, framed_transform(*photo.size))
    crop = face.crop(photo, model.config.input_size)
    outputs = model.predict(prepare([crop], model.config)).to_cpu()
    card = Card(model.config, calibration or Calibration())
    return next(readings_of(outputs, [CutFace(face, photo.size, face.crop(photo), crop)], card, model))


@pytest.fixture(scope="module")
def readings(full_analyzer, sample_photo) -> list[Reading]:
    return list(full_analyzer.analyze(sample_photo("group.jpg")).readings)


def test_emotions_are_the_sums_of_their_expressions(readings):
    for reading in readings:
        assert tuple(reading.expressions) == facs.EXPRESSIONS
        assert sum(reading.expressions.values()) == pytest.approx(1)
        for emotion, p in reading.emotions.items():
            members = [q for name, q in reading.expressions.items() if facs.EMOTION_OF_EXPRESSION[name] == emotion]
            assert p == pytest.approx(sum(members))


def test_outputs_keep_the_order_of_the_vocabulary(readings):
    for reading in readings:
        assert tuple(reading.action_units) == tuple(reading.intensities) == facs.AU_NAMES
        assert list(reading.quality.scores) == [name for name in facs.PROBLEMS if name in reading.quality.scores]
        assert set(reading.quality.scores) == set(facs.PROBLEMS)


def test_an_intensity_is_zero_unless_the_unit_is_present_and_then_at_least_a_trace(full_model):
    offsets = dict.fromkeys(full_model.config.quality, -9.0)
    for gain in (0.01, 1.0, 9.0):
        reading = read(full_model, calibration=Calibration(offsets=offsets, intensity_gains={"AU1": gain, "AU6": gain}))
        assert 0 < len(reading.present) < len(facs.AU_NAMES)
        for au, intensity in reading.intensities.items():
            assert (intensity >= MIN_INTENSITY) if au in reading.present else intensity == 0
            assert bool(facs.intensity_letter(intensity)) == (au in reading.present)


def test_sides_are_those_of_present_units_that_facs_scores_on_each_side(full_model):
    offsets = {"AU12": 9.0, "AU25": 9.0, "AU2": -9.0} | dict.fromkeys(full_model.config.quality, -9.0)
    reading = read(full_model, calibration=Calibration(offsets=offsets))
    assert "AU12" in reading.sides
    assert "AU2" not in reading.sides
    assert "AU25" not in reading.sides


@pytest.mark.parametrize(
    ("right", "left", "label"),
    [(0.9, 0.9, "both"), (0.9, 0.2, "right"), (0.2, 0.9, "left"), (0.9, 0.5, "both"), (0.52, 0.4, "both")],
)
def test_the_label_of_sides(right, left, label):
    assert Sides(right, left).label == label


def test_the_rule_of_sides_takes_arrays_as_well():
    right, left = np.array([0.9, 0.9, 0.2, 0.4]), np.array([0.2, 0.5, 0.9, 0.2])
    both = on_both_sides(right, left, np.array([0.5, 0.5, 0.2, 0.5]))
    assert both.tolist() == [False, True, True, False]


def test_a_mirrored_face_swaps_its_sides_and_turns_the_other_way(full_model):
    face, mirrored = read(full_model), read(full_model, ImageOps.mirror(PHOTO))
    assert (mirrored.pose.pitch, mirrored.pose.yaw, mirrored.pose.roll) == pytest.approx(
        (face.pose.pitch, -face.pose.yaw, -face.pose.roll), abs=0.05
    )
    assert set(face.sides) == set(mirrored.sides)
    assert face.sides
    for au, sides in face.sides.items():
        assert (mirrored.sides[au].right, mirrored.sides[au].left) == pytest.approx((sides.left, sides.right), abs=1e-3)


def test_units_of_a_covered_mouth_are_neither_present_nor_absent(covered_reading):
    hidden = facs.HIDDEN_BY["mouth covered"]
    assert "mouth covered" in covered_reading.quality.problems
    assert not covered_reading.quality.usable
    assert not covered_reading.is_clear
    assert set(covered_reading.not_visible) == set(hidden)
    for au in hidden:
        assert math.isnan(covered_reading.action_units[au])
        assert math.isnan(covered_reading.intensities[au])
        assert au not in covered_reading.present
        assert au not in covered_reading.sides
        assert au not in covered_reading.likeliest_action_units
    assert "AU1" in covered_reading.present  # the brows are still visible


def test_a_threshold_decides_from_which_probability_a_learned_problem_is_found(full_model):
    offsets = dict.fromkeys(full_model.config.quality, -9.0) | {"blurred": 0.0}
    score = read(full_model, calibration=Calibration(offsets=offsets)).quality.scores["blurred"]
    for threshold, found in ((score - 0.01, True), (score + 0.01, False)):
        calibration = Calibration(offsets=offsets, thresholds={"blurred": threshold})
        assert ("blurred" in read(full_model, calibration=calibration).quality.problems) is found


def test_every_problem_that_hides_is_a_problem_and_hides_known_units():
    for problem, action_units in facs.HIDDEN_BY.items():
        assert problem in facs.PROBLEMS
        assert set(hidden_by([problem], facs.AU_NAMES)) == set(action_units)
    assert hidden_by(["small", "dark"], facs.AU_NAMES) == ()


def test_roll_is_that_of_the_head_in_the_photo(full_analyzer, smile):
    """The crop is level, however the photo is turned; the pose is not."""
    (upright,), (tilted,) = (full_analyzer.analyze(photo).readings for photo in (smile, smile.rotate(20)))
    assert tilted.pose.roll - upright.pose.roll == pytest.approx(20, abs=4)


def test_a_checkpoint_without_these_outputs_gives_none_of_them(analyzer, smile):
    (reading,) = analyzer.analyze(smile).readings
    assert (reading.expressions, reading.intensities, reading.sides) == ({}, {}, {})
    assert (reading.pose, reading.quality, reading.not_visible) == (None, None, ())


def test_quality_without_problems_is_usable():
    assert Quality().usable
    assert not Quality(("dark",)).usable
