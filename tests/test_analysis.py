"""From a photo to readings, as the app and the command line see them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from emotiscan import analysis, facs
from emotiscan.analysis import Analysis, Analyzer, Reading
from emotiscan.images import ImageError
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, CheckpointError, save_checkpoint
from tests.support.places import SAMPLES

GROUP, SMILE = SAMPLES / "group.jpg", SAMPLES / "smile.jpg"


def figures(result: Analysis) -> list[tuple]:
    """Every number of an analysis, for comparing two of them bit for bit."""
    return [
        (r.face.box, r.emotions, r.action_units, r.crop.tobytes(), r.feature_map.numpy().tobytes())
        for r in result.readings
    ]


@pytest.fixture(scope="module")
def group(analyzer) -> Analysis:
    return analyzer.analyze(GROUP)


def test_one_reading_a_face_from_left_to_right(group):
    assert group.photo.size == (1000, 480)
    assert group.passed_over == 0
    lefts = [reading.face.box[0] for reading in group.readings]
    assert len(lefts) == 4
    assert lefts == sorted(lefts)


def test_what_a_reading_holds(group):
    for reading in group.readings:
        assert tuple(reading.emotions) == facs.EMOTIONS_WITH_NEUTRAL
        assert sum(reading.emotions.values()) == pytest.approx(1)
        assert reading.emotions[reading.emotion] == max(reading.emotions.values())
        assert tuple(reading.action_units) == tuple(reading.thresholds) == facs.AU_NAMES
        assert all(0 <= p <= 1 for p in reading.action_units.values())
        assert reading.crop.tobytes() == reading.face.crop(group.photo).tobytes()
        assert reading.feature_map.shape == (1, 1024, 2, 2)


def test_each_reading_is_of_its_own_face(analyzer, group):
    """Cut out with what surrounds it, each person is read as in the group."""
    for reading, (left, right) in zip(group.readings, [(0, 262), (240, 486), (470, 720), (700, 1000)], strict=True):
        (alone,) = analyzer.analyze(group.photo.crop((left, 0, right, 480))).readings
        assert np.allclose(alone.face.landmarks + np.array([left, 0]), reading.face.landmarks, atol=8)
        drifts = [float((alone.feature_map - other.feature_map).abs().mean()) for other in group.readings]
        assert group.readings[int(np.argmin(drifts))] is reading


def test_the_figures_of_a_reading_are_those_of_its_own_feature_map(analyzer, group):
    calibration = analyzer.card.calibration
    assert len({reading.feature_map.numpy().tobytes() for reading in group.readings}) == 4
    for reading in group.readings:
        emotions, action_units = analyzer.model.heads(reading.feature_map)
        assert np.allclose(list(reading.emotions.values()), calibration.emotions(emotions.numpy()), atol=1e-6)
        assert np.allclose(
            list(reading.action_units.values()),
            calibration.action_units(action_units.numpy(), facs.AU_NAMES),
            atol=1e-6,
        )


def test_the_same_photo_gives_the_same_answer_bit_for_bit(analyzer, group):
    assert figures(analyzer.analyze(GROUP)) == figures(group)


def test_bytes_path_text_and_picture_give_the_same(analyzer, smile):
    wanted = figures(analyzer.analyze(SMILE))
    for source in (str(SMILE), SMILE.read_bytes(), smile):
        assert figures(analyzer.analyze(source)) == wanted


def test_two_threads_at_once_read_as_one_does(analyzer, group):
    photos = [GROUP, SMILE] * 3
    with ThreadPoolExecutor(2) as pool:
        together = [figures(result) for result in pool.map(analyzer.analyze, photos)]
    smile = figures(analyzer.analyze(SMILE))
    assert together == [figures(group), smile] * 3


def test_faces_are_read_alike_in_small_batches_and_large(analyzer, group, monkeypatch):
    monkeypatch.setattr(analysis, "BATCH", 3)
    for one, other in zip(analyzer.analyze(GROUP).readings, group.readings, strict=True):
        assert one.face.box == other.face.box
        assert list(one.action_units.values()) == pytest.approx(list(other.action_units.values()), abs=1e-4)


def test_of_too_many_faces_the_largest_are_read_and_the_rest_counted(analyzer, group, monkeypatch):
    monkeypatch.setattr(analysis, "MAX_FACES", 2)
    result = analyzer.analyze(GROUP)
    sizes = sorted((reading.face.side for reading in group.readings), reverse=True)
    assert sorted((reading.face.side for reading in result.readings), reverse=True) == sizes[:2]
    assert result.readings[0].face.box[0] < result.readings[1].face.box[0]
    assert result.passed_over == 2


@pytest.mark.parametrize("size", [(200, 150), (10, 10), (3000, 40)])
def test_without_a_face_there_are_no_readings(analyzer, size):
    result = analyzer.analyze(Image.new("RGB", size, "grey"))
    assert (result.readings, result.passed_over) == ((), 0)


def test_a_picture_known_to_be_a_face_is_read_even_where_none_is_found(analyzer):
    (reading,) = analyzer.analyze(Image.new("L", (48, 48), 90), cropped=True).readings
    assert (reading.face.box, reading.face.confidence) == (None, None)
    assert sum(reading.emotions.values()) == pytest.approx(1)


def test_a_picture_known_to_be_a_face_is_aligned_where_one_is_found(analyzer, smile):
    (found,) = analyzer.analyze(smile).readings
    (reading,) = analyzer.analyze(found.face.crop(smile, 96), cropped=True).readings
    assert reading.face.box is not None


def test_what_is_no_picture_is_refused(analyzer, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no face here")
    with pytest.raises(ImageError, match="not an image"):
        analyzer.analyze(path)


def test_without_a_checkpoint_nothing_starts(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Analyzer(tmp_path / "none.safetensors")


def test_the_checkpoints_calibration_and_thresholds_are_used(tiny_model, tmp_path):
    calibration = Calibration(
        offsets={"AU1": 10.0, "AU2": -10.0, "AU4": -10.0}, thresholds=dict.fromkeys(facs.AU_NAMES, 1.0) | {"AU4": 0.0}
    )
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, calibration))
    (reading,) = Analyzer(weights).analyze(SMILE).readings
    assert reading.action_units["AU1"] > 0.99
    assert reading.action_units["AU2"] < 0.01
    assert reading.thresholds["AU4"] == 0
    assert reading.present == ("AU4",)


@pytest.mark.parametrize(("probability", "present"), [(0.3, ()), (0.4, ("AU12",)), (0.5, ("AU12",))])
def test_a_code_is_present_from_its_threshold_on(probability, present):
    reading = Reading(
        None, None, None, {}, action_units={"AU12": probability, "AU6": 0.1}, thresholds={"AU12": 0.4, "AU6": 1}
    )
    assert reading.present == present


@pytest.mark.parametrize(
    ("rule", "clear"), [({"clear_from": 1.0}, False), ({"clear_from": 0.0, "clear_margin": 0.0}, True)]
)
def test_the_checkpoint_says_from_when_on_an_emotion_is_clear(analyzer, tiny_model, tmp_path, rule, clear):
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, Calibration(**rule)))
    (reading,) = Analyzer(weights).analyze(SMILE).readings
    assert reading.is_clear is clear
    # The most probable emotion is there in either case.
    assert reading.emotion == analyzer.analyze(SMILE).readings[0].emotion


def test_each_face_of_a_photo_is_clear_or_not_by_its_own_figures(tiny_model, tmp_path, group):
    highest = sorted(max(reading.emotions.values()) for reading in group.readings)
    rule = Calibration(clear_from=(highest[1] + highest[2]) / 2, clear_margin=0.0)
    weights = save_checkpoint(tmp_path / "halves.safetensors", tiny_model, Card(tiny_model.config, rule))
    readings = Analyzer(weights).analyze(GROUP).readings
    assert [reading.is_clear for reading in readings] == [max(r.emotions.values()) > rule.clear_from for r in readings]
    assert sorted(reading.is_clear for reading in readings) == [False, False, True, True]


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (30_000, 2), (3, 30_000), (30_000, 45)])
@pytest.mark.parametrize("cropped", [False, True])
def test_pictures_of_any_shape_are_looked_at(analyzer, size, cropped):
    result = analyzer.analyze(Image.new("RGB", size, "grey"), cropped=cropped)
    assert len(result.readings) == int(cropped)
