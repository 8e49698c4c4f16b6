"""From an image to readings: the Python API."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from emotiscan import analysis, explain, facs
from emotiscan.analysis import Analysis, Analyzer, Reading
from emotiscan.images import ImageError, LazyPhoto, read_image
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, CheckpointError, save_checkpoint
from emotiscan.model.device import DeviceError, available_devices
from tests.support.pages import as_bytes
from tests.support.places import SAMPLES

GROUP, SMILE = SAMPLES / "group.jpg", SAMPLES / "smile.jpg"


def numbers(result: Analysis) -> list[tuple]:
    """Every number of an analysis, for comparing two of them bit for bit."""
    return [
        (r.face.box, r.emotions, r.action_units, r.crop.tobytes(), r.feature_map.numpy().tobytes())
        for r in result.readings
    ]


@pytest.fixture(scope="module")
def group(analyzer) -> Analysis:
    return analyzer.analyze(GROUP)


def test_there_is_one_reading_per_face_from_left_to_right(group):
    assert group.photo.size == (1000, 480)
    assert group.skipped_faces == 0
    lefts = [reading.face.box[0] for reading in group.readings]
    assert len(lefts) == 4
    assert lefts == sorted(lefts)


def test_a_reading_has_probabilities_crop_and_feature_map(group):
    for reading in group.readings:
        assert tuple(reading.emotions) == facs.EMOTIONS_WITH_NEUTRAL
        assert sum(reading.emotions.values()) == pytest.approx(1)
        assert reading.emotions[reading.emotion] == max(reading.emotions.values())
        assert tuple(reading.action_units) == tuple(reading.thresholds) == facs.AU_NAMES
        assert all(0 <= p <= 1 for p in reading.action_units.values())
        assert reading.crop.tobytes() == reading.face.crop(group.photo).tobytes()
        assert reading.feature_map.shape == (1, 1024, 2, 2)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_face_is_read_from_half_of_the_pixels_with_the_same_result(
    analyzer, sample_photo, orientation, monkeypatch
):
    photo = sample_photo("smile.jpg").resize((2880, 2880), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = photo.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else photo
    data = as_bytes(stored, quality=95, exif=exif)
    whole = read_image(data)
    with monkeypatch.context() as without:
        without.setattr(LazyPhoto, "whole", None)
        found = analyzer.analyze(data)
    (expected,), (reading,) = analyzer.analyze(whole).readings, found.readings
    assert reading.face.box == pytest.approx(expected.face.box, abs=10)  # of more than 1000 pixels
    shade = np.abs(np.asarray(reading.crop, float) - np.asarray(reading.face.crop(whole), float))
    assert shade.mean() < 2
    assert repr(found).startswith("Analysis(2880 x 2880 px")
    assert found.photo.tobytes() == whole.tobytes()


def test_a_small_face_in_a_large_photo_is_cut_out_of_all_its_pixels(analyzer, sample_photo):
    """Half of them would show it blurred."""
    wall = Image.new("RGB", (2880, 2000), (140, 130, 120))
    wall.paste(sample_photo("smile.jpg").resize((480, 480)), (1500, 800))
    data = as_bytes(wall, quality=95)
    (reading,) = analyzer.analyze(data).readings
    assert reading.crop.tobytes() == reading.face.crop(read_image(data)).tobytes()
    left, top, right, bottom = reading.face.box
    assert 1500 < left < right < 1980
    assert 800 < top < bottom < 1280


def test_each_reading_belongs_to_its_own_face(analyzer, group):
    """Cropped from the photo with their surroundings, people get the same reading as in the group."""
    for reading, (left, right) in zip(group.readings, [(0, 262), (240, 486), (470, 720), (700, 1000)], strict=True):
        (alone,) = analyzer.analyze(group.photo.crop((left, 0, right, 480))).readings
        assert np.allclose(alone.face.landmarks + np.array([left, 0]), reading.face.landmarks, atol=8)
        drifts = [float((alone.feature_map - other.feature_map).abs().mean()) for other in group.readings]
        assert group.readings[int(np.argmin(drifts))] is reading


def test_probabilities_come_from_the_readings_own_feature_map(analyzer, group):
    calibration = analyzer.card.calibration
    assert len({reading.feature_map.numpy().tobytes() for reading in group.readings}) == 4
    for reading in group.readings:
        outputs = analyzer.model.heads(reading.feature_map)
        emotions, action_units = outputs.emotion_logits, outputs.au_logits
        assert np.allclose(list(reading.emotions.values()), calibration.emotions(emotions.numpy()), atol=1e-6)
        assert np.allclose(
            list(reading.action_units.values()),
            calibration.action_units(action_units.numpy(), facs.AU_NAMES),
            atol=1e-6,
        )


def test_the_same_photo_gives_bit_identical_readings(analyzer, group):
    assert numbers(analyzer.analyze(GROUP)) == numbers(group)


def test_path_bytes_and_image_give_the_same_reading(analyzer, smile):
    expected = numbers(analyzer.analyze(SMILE))
    for source in (str(SMILE), SMILE.read_bytes(), smile):
        assert numbers(analyzer.analyze(source)) == expected


def test_two_threads_get_the_same_readings_as_one(analyzer, group):
    photos = [GROUP, SMILE] * 3
    with ThreadPoolExecutor(2) as pool:
        together = [numbers(result) for result in pool.map(analyzer.analyze, photos)]
    smile = numbers(analyzer.analyze(SMILE))
    assert together == [numbers(group), smile] * 3


def test_a_photo_beside_others_is_searched_on_one_core_with_the_same_result(analyzer, group, monkeypatch):
    threads, find = [], analyzer._detector._find

    def noting(*arguments, **options):
        threads.append(torch.get_num_threads())
        return find(*arguments, **options)

    monkeypatch.setattr(analyzer._detector, "_find", noting)
    before = torch.get_num_threads()
    beside = analyzer.analyze(group.photo, beside_others=True)
    assert set(threads) == {1}
    assert torch.get_num_threads() == before
    assert [reading.face.box for reading in beside.readings] == [
        pytest.approx(reading.face.box, abs=0.01) for reading in group.readings
    ]
    with pytest.raises(ImageError):
        analyzer.analyze(b"no image", beside_others=True)


def test_the_batch_size_does_not_change_readings(analyzer, group, monkeypatch):
    monkeypatch.setattr(analysis, "BATCH_SIZE", 3)
    for one, other in zip(analyzer.analyze(GROUP).readings, group.readings, strict=True):
        assert one.face.box == other.face.box
        assert list(one.action_units.values()) == pytest.approx(list(other.action_units.values()), abs=1e-4)


def test_of_too_many_faces_the_largest_are_analyzed_and_the_rest_counted(analyzer, group, monkeypatch):
    monkeypatch.setattr(analysis, "MAX_FACES", 2)
    result = analyzer.analyze(GROUP)
    sizes = sorted((reading.face.side for reading in group.readings), reverse=True)
    assert sorted((reading.face.side for reading in result.readings), reverse=True) == sizes[:2]
    assert result.readings[0].face.box[0] < result.readings[1].face.box[0]
    assert result.skipped_faces == 2


@pytest.mark.parametrize("size", [(200, 150), (10, 10), (3000, 40)])
def test_an_image_without_faces_gives_no_readings(analyzer, size):
    result = analyzer.analyze(Image.new("RGB", size, "grey"))
    assert (result.readings, result.skipped_faces) == ((), 0)


def test_a_cropped_face_is_analyzed_even_if_none_is_detected(analyzer):
    (reading,) = analyzer.analyze(Image.new("L", (48, 48), 90), cropped=True).readings
    assert (reading.face.box, reading.face.confidence) == (None, None)
    assert sum(reading.emotions.values()) == pytest.approx(1)


def test_a_cropped_face_is_aligned_if_one_is_detected(analyzer, smile):
    (found,) = analyzer.analyze(smile).readings
    (reading,) = analyzer.analyze(found.face.crop(smile, 96), cropped=True).readings
    assert reading.face.box is not None


def test_a_file_that_is_not_an_image_is_rejected(analyzer, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no face here")
    with pytest.raises(ImageError, match="not an image"):
        analyzer.analyze(path)


def test_an_array_is_rejected_with_a_hint(analyzer):
    with pytest.raises(TypeError, match=r"not ndarray; .* use PIL.Image.fromarray"):
        analyzer.analyze(np.zeros((64, 64, 3), np.uint8))


def test_a_missing_checkpoint_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Analyzer(tmp_path / "none.safetensors")


def test_calibration_and_thresholds_come_from_the_checkpoint(tiny_model, tmp_path):
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
def test_an_action_unit_is_present_at_and_above_its_threshold(probability, present):
    reading = Reading(
        None, None, None, {}, action_units={"AU12": probability, "AU6": 0.1}, thresholds={"AU12": 0.4, "AU6": 1}
    )
    assert reading.present == present


@pytest.mark.parametrize(
    ("rule", "clear"), [({"clear_from": 1.0}, False), ({"clear_from": 0.0, "clear_margin": 0.0}, True)]
)
def test_the_rule_for_clear_emotions_comes_from_the_checkpoint(analyzer, tiny_model, tmp_path, rule, clear):
    weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, Calibration(**rule)))
    (reading,) = Analyzer(weights).analyze(SMILE).readings
    assert reading.is_clear is clear
    # The most probable emotion is available in either case.
    assert reading.emotion == analyzer.analyze(SMILE).readings[0].emotion


def test_each_face_is_clear_or_unclear_on_its_own(tiny_model, tmp_path, group):
    highest = sorted(max(reading.emotions.values()) for reading in group.readings)
    rule = Calibration(clear_from=(highest[1] + highest[2]) / 2, clear_margin=0.0)
    weights = save_checkpoint(tmp_path / "halves.safetensors", tiny_model, Card(tiny_model.config, rule))
    readings = Analyzer(weights).analyze(GROUP).readings
    assert [reading.is_clear for reading in readings] == [max(r.emotions.values()) > rule.clear_from for r in readings]
    assert sorted(reading.is_clear for reading in readings) == [False, False, True, True]


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (30_000, 2), (3, 30_000), (30_000, 45)])
@pytest.mark.parametrize("cropped", [False, True])
def test_images_of_any_shape_are_analyzed(analyzer, size, cropped):
    result = analyzer.analyze(Image.new("RGB", size, "grey"), cropped=cropped)
    assert len(result.readings) == int(cropped)


@pytest.mark.parametrize(
    ("degrees", "turn"),
    [(90, Image.Transpose.ROTATE_90), (180, Image.Transpose.ROTATE_180), (270, Image.Transpose.ROTATE_270)],
)
def test_a_photo_on_its_side_is_turned_and_says_so(analyzer, sample_photo, degrees, turn):
    """Pillow turns counterclockwise, which is undone clockwise."""
    photo = sample_photo("calm.jpg")
    upright, lying = analyzer.analyze(photo), analyzer.analyze(photo.transpose(turn))
    assert (upright.rotated, lying.rotated) == (0, degrees)
    assert lying.photo.size == photo.size
    assert lying.readings[0].face.box == pytest.approx(upright.readings[0].face.box, abs=1)
    assert lying.readings[0].emotions == upright.readings[0].emotions
    assert "turned" in repr(lying)
    assert lying.to_frame()["rotated"].tolist() == [degrees]
    assert "turned" in lying._repr_html_()


def test_a_photo_without_a_face_is_not_turned(analyzer):
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    result = analyzer.analyze(Image.fromarray(noise).resize((640, 480)))
    assert (result.readings, result.rotated) == ((), 0)
    assert result.photo.size == (640, 480)


# -- streams


def test_a_stream_gives_the_readings_of_single_images_in_order(analyzer, group, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    sources = [SMILE, tmp_path / "broken.jpg", Image.new("RGB", (90, 90)), GROUP, SMILE.read_bytes()]
    first, broken, empty, several, last = analyzer.analyze_stream(sources)
    assert isinstance(broken, ImageError)
    assert empty.readings == ()
    assert (first.name, several.name, last.name) == (str(SMILE), str(GROUP), "")
    alone = analyzer.analyze(SMILE)
    for expected, found in [(alone, first), (group, several), (alone, last)]:
        assert found.photo.tobytes() == expected.photo.tobytes()
        for one, other in zip(expected.readings, found.readings, strict=True):
            assert one.face.box == pytest.approx(other.face.box, abs=0.01)
            assert one.action_units == pytest.approx(other.action_units, abs=1e-4)
            assert one.emotions == pytest.approx(other.emotions, abs=1e-4)


def test_faces_of_several_images_pass_through_the_network_together(analyzer, monkeypatch):
    batches = []
    predict = analyzer._predict
    monkeypatch.setattr(analyzer, "_predict", lambda faces: batches.append(len(faces)) or predict(faces))
    assert len(list(analyzer.analyze_stream([SMILE] * 8))) == 8
    assert sum(batches) == 8
    assert max(batches) == analysis.BATCH_SIZE


def test_an_array_in_a_stream_is_refused(analyzer):
    with pytest.raises(TypeError, match="fromarray"):
        list(analyzer.analyze_stream([np.zeros((64, 64, 3), np.uint8)]))


# -- devices


def test_the_device_is_chosen_by_name(tiny_weights):
    assert Analyzer(tiny_weights, device="cpu").device == torch.device("cpu")
    with pytest.raises(DeviceError, match="unknown device “tpu”"):
        Analyzer(tiny_weights, device="tpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_graphics_card_gives_the_same_readings_on_the_cpu(tiny_weights, group, device):
    if device not in available_devices():
        pytest.skip(f"torch finds no {device} device on this machine")
    on_device = Analyzer(tiny_weights, device=device)
    for one, other in zip(on_device.analyze(GROUP).readings, group.readings, strict=True):
        assert one.feature_map.device.type == "cpu"
        assert list(one.emotions.values()) == pytest.approx(list(other.emotions.values()), abs=1e-2)
        assert set(one.heat_maps(["AU12", "positive"])) == {"AU12", "positive"}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_graphics_card_reads_in_large_batches(tiny_weights, group, monkeypatch, device):
    if device not in available_devices():
        pytest.skip(f"torch finds no {device} device on this machine")
    on_device = Analyzer(tiny_weights, device=device)
    batches = []
    predict = on_device._predict
    monkeypatch.setattr(on_device, "_predict", lambda faces: batches.append(len(faces)) or predict(faces))
    for found in on_device.analyze_stream([GROUP] * 32):
        for one, other in zip(found.readings, group.readings, strict=True):
            assert list(one.emotions.values()) == pytest.approx(list(other.emotions.values()), abs=1e-2)
    assert max(batches) > analysis.BATCH_SIZE


# -- tables


def test_to_frame_has_one_row_per_face_and_one_column_per_label(group):
    table = group.to_frame()
    assert len(table) == 4
    assert list(table["image"]) == [str(GROUP)] * 4
    assert list(table["face"]) == [0, 1, 2, 3]
    assert table["AU12"].tolist() == pytest.approx([r.action_units["AU12"] for r in group.readings], abs=1e-4)
    assert table["positive"].tolist() == pytest.approx([r.emotions["positive"] for r in group.readings], abs=1e-4)
    assert table["clear"].tolist() == [r.is_clear for r in group.readings]
    assert [row.split() for row in table["present"]] == [list(r.present) for r in group.readings]
    assert table["error"].isna().all()


def test_to_frame_of_an_image_without_faces_says_so(analyzer, group):
    table = analyzer.analyze(Image.new("RGB", (100, 100)), name="wall").to_frame()
    assert list(table.columns) == list(group.to_frame().columns)
    assert table.loc[0].dropna().to_dict() == {"image": "wall", "error": "No face was found."}


@pytest.mark.parametrize(
    ("source", "given", "name"),
    [(SMILE, None, str(SMILE)), (str(SMILE), None, str(SMILE)), (SMILE, "a", "a"), (SMILE.read_bytes(), None, "")],
    ids=["path", "text", "given", "bytes"],
)
def test_an_analysis_is_named_after_its_file(analyzer, source, given, name):
    assert analyzer.analyze(source, name=given).name == name


def test_analyze_many_continues_after_unreadable_and_faceless_images(analyzer, tmp_path, group):
    text, wall = tmp_path / "notes.txt", tmp_path / "wall.png"
    text.write_text("no face here")
    Image.new("RGB", (100, 100)).save(wall)
    table = analyzer.analyze_many([SMILE, text, wall, tmp_path / "gone.jpg", str(GROUP)])
    assert list(table.columns) == list(group.to_frame().columns)
    assert list(table["image"]) == [str(SMILE), str(text), str(wall), str(tmp_path / "gone.jpg"), *[str(GROUP)] * 4]
    errors = table.dropna(subset="error").set_index("image")["error"]
    assert list(errors.index) == [str(text), str(wall), str(tmp_path / "gone.jpg")]
    assert ["not an image" in errors.iloc[0], errors.iloc[1], "no file" in errors.iloc[2]] == [
        True,
        "No face was found.",
        True,
    ]
    assert table.tail(4)["AU12"].tolist() == group.to_frame()["AU12"].tolist()


def test_analyze_many_of_nothing_is_an_empty_table(analyzer, group):
    table = analyzer.analyze_many([])
    assert len(table) == 0
    assert list(table.columns) == list(group.to_frame().columns)


def test_analyze_many_can_show_progress(analyzer, capsys):
    pytest.importorskip("tqdm")
    assert len(analyzer.analyze_many(iter([SMILE]), progress=True)) == 1
    assert "1/1" in capsys.readouterr().err


def test_analyze_many_rejects_a_single_path(analyzer):
    with pytest.raises(TypeError, match="list of paths"):
        analyzer.analyze_many("photo.jpg")


# -- heat maps and display


def test_a_reading_explains_itself(analyzer, group):
    reading = group.readings[0]
    maps = reading.heat_maps()
    assert list(maps) == [*reading.present, reading.emotion]
    (own,) = reading.heat_maps(["AU12"], "gradcam").values()
    direct = explain.heat_maps(analyzer.model, reading.feature_map, ["AU12"], "gradcam")["AU12"]
    assert np.array_equal(own.cells, direct.cells)
    with pytest.raises(ValueError, match="does not know AU99"):
        reading.heat_maps(["AU99"])


def test_plot_heat_maps_gives_an_image_for_every_method(group):
    for method in explain.METHODS:
        sheet = group.readings[0].plot_heat_maps(["AU12", "positive"], method)
        assert sheet.mode == "RGB"
        assert sheet.width > 400


def test_a_pickled_reading_keeps_its_numbers_but_not_the_network(group):
    reading = group.readings[0]
    data = pickle.dumps(reading)
    assert len(data) < 1e6
    copied = pickle.loads(data)
    assert (copied.emotions, copied.action_units, copied.model) == (reading.emotions, reading.action_units, None)
    with pytest.raises(ValueError, match="has no network"):
        copied.plot_heat_maps()


def test_analyses_and_readings_have_short_descriptions(group):
    assert repr(group) == f"Analysis({str(GROUP)!r}, 1000 x 480 px, 4 faces)"
    reading = group.readings[0]
    assert repr(reading).startswith(f"Reading({reading.emotion} {reading.emotions[reading.emotion]:.2f}")
    assert all(au in repr(reading) for au in reading.present)
