"""Fairness: one thing varied at a time, on the same persons and expressions; fair and unfair readers."""

import json
import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from trees import write_csv

from emotiscan import facs
from emotiscan.analysis import Analyzer
from emotiscan.calibration import Calibration
from emotiscan.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.evaluation import evaluate
from emotiscan.model import FaceModel, ModelConfig
from emotiscan.rendering import Expression
from emotiscan.rendering.dataset import scene_of
from emotiscan.training.fairness import compact, main, measure, print_report
from emotiscan.training.fairness_measures import MEASURES, Readings, Truth, by_group, compare
from emotiscan.training.fairness_pictures import write_pictures
from emotiscan.training.fairness_reading import BASELINE, Bench, Reader, Tools, look_at, truth_of
from emotiscan.training.fairness_scenes import (
    ATTRIBUTES,
    EXPRESSIONS,
    NAMESPACE,
    base_scene,
    stream,
    true_class,
    true_codes,
    variants,
)
from emotiscan.training.loaders import load_source
from emotiscan.training.prediction import predict_tables

MODEL = os.environ.get("EMOTISCAN_FACE_MODEL", "")
CONFIG = ModelConfig()
FACES = 60


def drawn(scene, size):
    """A flat picture: its first pixel tells the skin tone, its second row the emotion, its third the codes."""
    image = np.zeros((4, 32, 3), np.uint8)
    image[0, 0] = round(100 * scene.person.skin_tone)
    image[0, 1] = round(100 * scene.camera.resolution)
    image[1, 0] = true_class(scene.expression, CONFIG.emotions) + 1
    image[2, : len(CONFIG.codes), 0] = [round(100 * scene.expression.codes.get(code, 0)) for code in CONFIG.codes]
    return SimpleNamespace(image=image, landmarks5=np.array([[10, 9], [60, 9], [35, 30], [20, 50], [50, 50]], float))


class Oracle:
    """Reads what the stub drew: rightly but for noise, wrongly from one skin tone on, not at all from another on."""

    def __init__(self, worse_from=2.0, blind_from=2.0, noise=0.0):
        self.worse_from, self.blind_from, self.noise = worse_from, blind_from, noise
        self.rng = np.random.default_rng(0)

    def __call__(self, pictures):
        return [self.read(picture.image) for picture in pictures]

    def read(self, image):
        tone, shown = image[0, 0, 0] / 100, image[2, : len(CONFIG.codes), 0] / 100
        if tone >= self.blind_from:
            return None
        emotion = max(0, int(image[1, 0, 0]) - 1)
        codes = np.clip(shown + self.noise * self.rng.normal(size=len(shown)), 0, 1)
        if tone >= self.worse_from:
            emotion, codes = (emotion + 1) % len(CONFIG.emotions), 1 - codes
        if self.noise and self.rng.random() < self.noise:
            emotion = int(self.rng.integers(len(CONFIG.emotions)))
        return np.eye(len(CONFIG.emotions))[emotion], codes


def report_of(reader, names=("skin_tone",), faces=FACES, bootstraps=200):
    bench = Bench(0, 32, drawn, reader)
    return measure(
        bench, CONFIG, Calibration(thresholds=dict.fromkeys(CONFIG.codes, 0.25)), faces, names, 1, bootstraps
    )


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_only_the_one_thing_differs_between_groups(name):
    parts = {
        "hair": {"hair"}, "beard": {"beard"}, "glasses": {"glasses"}, "light": {"light"},
        "habits": {"person", "hair", "beard"}, "yaw": {"pose"}, "pitch": {"pose"},
        "resolution": {"camera"}, "jpeg": {"camera"},
    }.get(name, {"person"})  # fmt: skip
    faces = [face for face in range(8) if variants(name, 0, face)]
    assert faces
    for face in faces:
        base, scenes = base_scene(0, face), variants(name, 0, face)
        assert len(scenes) == len(ATTRIBUTES[name].groups) == len({repr(scene) for scene in scenes})
        for scene in scenes:
            same = {part: getattr(scene, part) for part in vars(base) if part not in parts}
            assert same == {part: getattr(base, part) for part in same}
            assert scene.person.shape == base.person.shape
        assert scenes == variants(name, 0, face)


def test_groups_have_the_values_they_are_named_after():
    assert [scene.person.skin_tone for scene in variants("skin_tone", 0, 3)] == pytest.approx(np.arange(0.05, 1, 0.1))
    assert [scene.pose.yaw for scene in variants("yaw", 0, 3)] == list(range(-40, 41, 10))
    assert [scene.light.name for scene in variants("light", 0, 3)] == list(ATTRIBUTES["light"].groups)
    assert [scene.glasses.frame for scene in variants("glasses", 0, 3)] == ["none", "thin", "thick"]
    assert [scene.person.male for scene in variants("habits", 0, 3)] == [False, True]
    assert [scene.camera.jpeg_quality for scene in variants("jpeg", 0, 3)][:2] == [None, 90]


def test_base_scenes_are_calm_frontal_and_varied():
    scenes = [base_scene(0, face) for face in range(FACES)]
    assert {scene.expression.emotion for scene in scenes} == set(EXPRESSIONS)
    assert all(scene.light.name == "soft" and abs(scene.pose.yaw) <= 12 for scene in scenes)
    assert {(scene.camera.noise, scene.camera.resolution, scene.camera.grey) for scene in scenes} == {(0, 1, False)}
    assert np.ptp([scene.person.skin_tone for scene in scenes]) > 0.8
    assert all(not variants("beard", 0, face) for face in range(FACES) if not scenes[face].person.male)


def test_no_person_is_one_that_a_training_set_can_draw():
    ours = {base_scene(0, face).person.shape for face in range(12)}
    assert len(ours) == 12
    for seed in (0, 1, NAMESPACE):
        assert not ours & {scene_of(seed, index).person.shape for index in range(0, 160, 4)}
    # Whatever the seed, theirs have a spawn key of one word at most, and ours of two or more.
    key = stream(5, 7, 0).bit_generator.seed_seq.spawn_key
    assert key[0] == NAMESPACE
    assert len(key) >= 2
    theirs = np.random.default_rng((5, 7, 1))
    assert all(len(child.bit_generator.seed_seq.spawn_key) < 2 for child in (theirs, *theirs.spawn(10)))


def test_intensities_become_labels():
    expression = Expression({"AU1": 0.25, "AU2": 0.24, "AU4": 0.11, "AU6": 0.1, "AU12": 1.0}, "contempt")
    labels = true_codes(expression, ("AU1", "AU2", "AU4", "AU6", "AU7", "AU12", "AU99"))
    np.testing.assert_array_equal(labels, [1, np.nan, np.nan, 0, 0, 1, np.nan])
    assert true_class(expression, facs.EMOTIONS) == facs.EMOTIONS.index("negative")
    assert true_class(Expression({}, "neutral"), facs.EMOTIONS) == true_class(Expression({}), facs.EMOTIONS) == -1


def test_a_reader_that_treats_all_alike_has_no_gap():
    report = report_of(Oracle())
    assert report["samples"] == FACES * 11
    skin = report["attributes"]["skin_tone"]
    for name in MEASURES:
        gap = skin["gap"][name]
        assert gap["low"] <= gap["value"] == 0 <= gap["high"]
        assert all(group["behind"][name]["value"] == 0 for group in skin["groups"].values())
    assert skin["groups"]["0.05"]["code_auc"]["value"] == report["baseline"]["accuracy"]["value"] == 1


def test_chance_alone_is_not_called_a_gap():
    gaps = report_of(Oracle(noise=0.5), faces=200)["attributes"]["skin_tone"]["gap"]
    for name in ("accuracy", "code_auc", "code_f1", "false_alarms"):
        assert gaps[name]["low"] < 0 < gaps[name]["value"] < gaps[name]["high"]


def test_the_gap_of_an_unfair_reader_is_found_and_sure():
    skin = report_of(Oracle(worse_from=0.9))["attributes"]["skin_tone"]
    assert {name: gap["worst"] for name, gap in skin["gap"].items() if name != "detected"} == dict.fromkeys(
        ("accuracy", "code_auc", "code_f1", "false_alarms"), "0.95"
    )
    for name, value in (("accuracy", 1), ("code_auc", 1), ("false_alarms", 1)):
        assert skin["gap"][name]["value"] == pytest.approx(value)
        assert skin["gap"][name]["low"] > 0
        assert skin["groups"]["0.95"]["behind"][name]["value"] == pytest.approx(value)
    assert skin["gap"]["detected"]["value"] == 0
    assert skin["groups"]["0.95"]["false_alarms"]["value"] == 1


def test_faces_that_are_not_found_count_as_such_and_nowhere_else():
    skin = report_of(Oracle(worse_from=0.9, blind_from=0.9))["attributes"]["skin_tone"]
    darkest = skin["groups"]["0.95"]
    assert (darkest["samples"], darkest["read"], darkest["detected"]["value"]) == (FACES, 0, 0)
    assert darkest["accuracy"] == darkest["code_auc"] == dict.fromkeys(("value", "low", "high"))
    assert skin["gap"]["detected"] == {"worst": "0.95", "best": "0.05", "value": 1, "low": 1, "high": 1}
    assert skin["gap"]["accuracy"]["value"] == 0  # of the others


def test_a_group_of_which_most_were_not_found_is_neither_best_nor_worst():
    truth = Truth(("a", "b"), (), np.zeros(8, np.int64), np.empty((8, 0)), np.arange(8).astype(str))
    everyone, right = np.ones(8, bool), np.eye(2)[[0] * 8]
    few = np.arange(8) < 3
    groups = {
        "easy": Readings(everyone, everyone, everyone, np.eye(2)[[0] * 6 + [1] * 2], np.empty((8, 0))),
        "hard": Readings(everyone, few, few, right, np.empty((8, 0))),
    }
    report = compare(groups, truth, {}, bootstraps=20)
    assert report["groups"]["hard"]["accuracy"]["value"] == 1
    assert report["gap"]["accuracy"] is None
    assert report["gap"]["detected"]["worst"] == "hard"


def test_figures_are_those_of_the_evaluation():
    reader, truth = Oracle(noise=0.4), truth_of(0, FACES, CONFIG.emotions, CONFIG.codes)
    read = [
        probabilities for [(probabilities)] in ((reader([drawn(base_scene(0, face), 32)])) for face in range(FACES))
    ]
    emotions, codes = (np.stack(columns) for columns in zip(*read, strict=True))
    everyone = np.ones(FACES, bool)
    limits = dict.fromkeys(CONFIG.codes, 0.3)
    ours = compare({"all": Readings(everyone, everyone, everyone, emotions, codes)}, truth, limits, 100, 3)["groups"]
    theirs = evaluate(
        emotions=truth.emotions, codes=truth.codes, emotion_probabilities=emotions, code_probabilities=codes,
        emotion_classes=truth.classes, code_labels=truth.labels, subjects=truth.subjects, thresholds=limits,
        bootstraps=100, seed=3,
    )  # fmt: skip
    for name, figure in (
        ("accuracy", theirs["emotion"]["accuracy"]),
        ("code_auc", theirs["codes_mean"]["auc"]),
        ("code_f1", theirs["codes_mean"]["f1"]),
    ):
        assert ours["all"][name] == pytest.approx(figure)


def test_the_same_persons_are_drawn_for_every_group():
    # Both groups miss by the person; the second a little more: unpaired, the difference would drown.
    rng = np.random.default_rng(0)
    wrong = rng.random(200) < 0.5
    more = wrong | (np.arange(200) % 10 == 0)
    truth = Truth(("a", "b"), (), np.zeros(200, np.int64), np.empty((200, 0)), np.arange(200).astype(str))
    everyone = np.ones(200, bool)
    groups = {
        name: Readings(everyone, None, everyone, np.eye(2)[misses.astype(int)], np.empty((200, 0)))
        for name, misses in (("first", wrong), ("second", more))
    }
    report = compare(groups, truth, {})
    gap, behind = report["gap"]["accuracy"], report["groups"]["second"]["behind"]["accuracy"]
    assert gap["value"] == behind["value"] == pytest.approx(more.mean() - wrong.mean())
    assert gap["low"] > 0
    assert behind["low"] > 0
    own = report["groups"]["second"]["accuracy"]
    assert gap["high"] - gap["low"] < 0.7 * (own["high"] - own["low"])
    assert report["gap"]["detected"] is None


def test_the_eye_distance_is_that_of_the_picture_that_was_taken():
    groups = report_of(Oracle(), ["resolution"], faces=4, bootstraps=10)["attributes"]["resolution"]["groups"]
    assert (groups["1.00"]["eye_distance"], groups["0.25"]["eye_distance"]) == (50, 12.5)


def test_the_report_is_printed_drawn_and_small_enough_to_attach(tmp_path, capsys):
    report = report_of(Oracle(worse_from=0.9, blind_from=0.94, noise=0.2), tuple(ATTRIBUTES), faces=40, bootstraps=50)
    small = compact(report)
    assert small["attributes"]["skin_tone"]["gap"]["code_auc"]["worst"] in ATTRIBUTES["skin_tone"].groups
    assert "behind" not in json.dumps(small)
    assert len(json.dumps(small)) < 60_000
    print_report(report)
    shown = capsys.readouterr().out
    assert "Skin tone, 0 (light) to 1 (dark)" in shown
    assert "face found         worst          0.95 0.000" in shown
    assert max(map(len, shown.splitlines())) < 200
    names = {path.name for path in write_pictures(report, tmp_path)}
    assert names == {"fairness.png", *(f"fairness-{name}.png" for name in ATTRIBUTES)}
    assert Image.open(tmp_path / "fairness.png").width == 1280


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_photograph_is_read_as_the_app_reads_it(mirrored, tiny_model, tmp_path, smile):
    model = FaceModel(replace(tiny_model.config, mirrored=mirrored))
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
    assert read[1][1] == pytest.approx(list(reading.codes.values()), abs=1e-5)


COLUMNS = ["image", "subject", "emotion", "AU12"]
ROWS = [
    ["happy0.png", "a", "happiness", 1],
    ["anger0.png", "a", "anger", 0],
    ["surprise0.png", "b", "surprise", 0],
    ["surprise1.png", "c", "surprise", 0],
]


@pytest.fixture
def photographs(tmp_path):
    return f"csv:{write_csv(tmp_path / 'data', COLUMNS, ROWS)}"


def test_predictions_are_compared_by_any_group(tiny_model, photographs, tmp_path):
    predictions = predict_tables(tiny_model, [load_source(photographs)], tmp_path / "cache", workers=0)
    probabilities = Calibration().emotions(predictions.emotions)
    right = probabilities.argmax(1) == [1, 0, 2, 2]
    report = by_group(predictions, ["x", "y", "y", "x"], tiny_model.config, Calibration(), order=["y"], bootstraps=20)
    assert list(report["groups"]) == ["y", "x"]
    assert report["groups"]["y"]["accuracy"]["value"] == right[1:3].mean()
    assert report["groups"]["x"]["code_auc"]["value"] in (0, 0.5, 1)
    assert report["groups"]["y"]["code_auc"]["value"] is None  # nobody there shows it
    with pytest.raises(ValueError, match="4 rows"):
        by_group(predictions, ["x"], tiny_model.config, Calibration())


def test_photographs_are_compared_written_and_attached(tiny_weights, photographs, tmp_path, capsys):
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")
    given = ["--data", photographs, "--weights", weights, "--cache", tmp_path / "cache", "--workers", "0"]
    assert main([*map(str, given), "--out", str(tmp_path / "out"), "--attach", "fairness"]) == 0
    report = json.loads((tmp_path / "out" / "fairness.json").read_text())
    part = report["photographs"]
    assert (report["kind"], part["samples"], part["subjects"]) == ("fairness", 4, 3)
    assert "source" not in part["attributes"]  # there is only one
    thirds = part["attributes"]["brightness"]["groups"]
    assert [group["samples"] for group in thirds.values()] == [2, 1, 1]
    assert list(thirds) == ["darkest", "middle", "brightest"]
    assert load_checkpoint(weights)[1].metrics == {"fairness": compact(report)}
    assert "4 photographs, 3 persons" in capsys.readouterr().out
    assert (tmp_path / "out" / "fairness-photographs-sharpness.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--model"),
        (["--model", "gone.npz", "--faces", "2"], "no face model gone.npz"),
        (["--model", "gone.npz", "--weights", "gone.safetensors"], "no checkpoint at gone.safetensors"),
        (["--data", "csv:gone.csv"], "no such file"),
    ],
)
def test_mistakes_are_one_plain_line(arguments, said, tiny_weights, capsys):
    assert main(["--weights", str(tiny_weights), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("fairness: ")
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--vary", "shoes"], "skin_tone"), (["--faces", "1"], "from 2 on"), (["--seed", "x"], "from 0 on")],
)
def test_wrong_arguments_are_named(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err


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
