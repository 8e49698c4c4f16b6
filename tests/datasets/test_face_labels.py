import numpy as np
import pytest
import torch

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.face_labels import FaceLabels
from emotiscan.datasets.loaders import load_source
from emotiscan.faces import canonical_transform
from emotiscan.model.network import ModelConfig
from tests.support.trees import write_csv, write_rendered

CONFIG = ModelConfig(
    input_size=32,
    action_units=("AU25", "AU12"),
    local_action_units=True,
    expressions=("neutral", "happiness", "surprise", "anger"),
    intensities=True,
    sides=True,
    pose=True,
    quality=("blurred", "mouth covered", "eyes covered"),
)
FURTHER = {
    "AU12_right": [0.9, 0.5],
    "AU12_left": [0.0, 0.5],
    **{"pitch": [5, 0], "yaw": [-12.5, 0], "roll": [10, 0]},
    **{"hidden": ["", ""], "mouth_covered": [0, 0], "eyes_covered": [0, 0]},
    "blur": [0.02, 0.02],
}
FLIP = Augmentation(**{**vars(Augmentation.none()), "flip": 1.0})
NAN = float("nan")


@pytest.fixture
def table(tmp_path):
    faces = [{"AU12": 0.9, "AU25": 1.0}, {"AU12": 0.5}]
    return load_source(f"rendered:{write_rendered(tmp_path, faces, emotions=['happiness', ''], further=FURTHER)}")


def rotated(degrees):
    """An image's transform to a crop that is turned counterclockwise, as the viewer sees it."""
    angle = np.radians(degrees)
    linear = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / 96
    return np.column_stack([linear, [0.5, 0.5] - linear @ [48, 48]])


def item(table, augmentation=None, turn=0.0, **options):
    transforms = np.stack([rotated(turn)] * len(table))
    return FaceDataset(table, transforms, CONFIG, augmentation=augmentation, **options)[0]


def assert_equal(tensor, expected):
    torch.testing.assert_close(tensor, torch.tensor(expected), equal_nan=True, rtol=1e-4, atol=1e-3)


def test_items_hold_every_label_in_the_order_of_the_network(table):
    face = item(table)
    assert_equal(face["expression"], [0.0, 1.0, 0.0, 0.0])
    assert_equal(face["intensities"], [5.0, 4.5])
    assert_equal(face["sides"], [[NAN, NAN], [1.0, 0.0]])
    assert_equal(face["side_intensities"], [[NAN, NAN], [4.5, 0.0]])
    assert_equal(face["pose"], [5.0, -12.5, 10.0])
    assert_equal(face["quality"], [0.0, 0.0, 0.0])


def test_a_network_without_further_outputs_gets_empty_labels(tmp_path):
    table = load_source(f"csv:{write_csv(tmp_path, ['image', 'AU12'], [['happy0.png', 1]])}")
    face = FaceDataset(table, rotated(0)[None], ModelConfig(input_size=32))[0]
    assert face["expression"].shape == face["quality"].shape == (0,)
    assert face["pose"].isnan().all()


def test_a_horizontal_flip_swaps_the_halves_and_turns_the_angles(table):
    face = item(table, FLIP)
    assert_equal(face["sides"], [[NAN, NAN], [0.0, 1.0]])
    assert_equal(face["side_intensities"], [[NAN, NAN], [0.0, 4.5]])
    assert_equal(face["pose"], [5.0, 12.5, -10.0])
    assert_equal(face["action_units"], [1.0, 1.0])


def test_roll_is_what_remains_after_the_crop_is_turned(table):
    assert_equal(item(table, turn=-10)["pose"], [5.0, -12.5, 0.0])
    assert_equal(item(table, turn=5)["pose"], [5.0, -12.5, 15.0])
    assert_equal(item(table, FLIP, turn=-4)["pose"], [5.0, 12.5, -6.0])


def test_a_tilted_head_has_no_roll_in_its_canonical_crop(table):
    # The head tilts to the image's left by 10 degrees, as in the table: its right eye lies lower.
    angle = np.radians(10)
    upright = np.array([[-17.0, 0], [17, 0], [0, 20], [-14, 37], [14, 37]])
    tilted = upright @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert tilted[0, 1] > tilted[1, 1]
    face = FaceDataset(table, np.stack([canonical_transform(tilted + 48)] * 2), CONFIG)[0]
    assert_equal(face["pose"], [5.0, -12.5, 0.0])


def test_what_augmentation_covers_becomes_unknown_and_is_said(table):
    occluded = Augmentation(**{**vars(Augmentation.none()), "occlude": 1.0})
    seen = [item(table, occluded, seed=seed) for seed in range(40)]
    hidden = [face for face in seen if face["action_units"][0].isnan()]
    assert hidden
    for face in hidden:
        assert face["intensities"][0].isnan()
    assert any(face["quality"][1] == 1 and face["action_units"].isnan().all() for face in hidden)
    assert any(face["quality"][2] == 1 and face["action_units"][0] == 1 for face in seen)
    assert item(table)["action_units"].tolist() == [1, 1]  # the table's own labels stay


def test_strong_blur_makes_a_face_blurred(table):
    blurred = Augmentation(**{**vars(Augmentation.none()), "strong_blur": 1.0})
    assert max(item(table, blurred, seed=seed)["quality"][0] for seed in range(10)) == 1


def test_a_problem_is_never_taken_back(table):
    labels = FaceLabels(table, CONFIG)
    row = labels[0]
    row["quality"][:] = torch.tensor([1.0, 0.0, NAN])
    labels.add_problem(row, "blurred", NAN)
    labels.add_problem(row, "mouth covered", NAN)
    labels.add_problem(row, "eyes covered", 1.0)
    assert_equal(row["quality"], [1.0, NAN, 1.0])
    labels.add_problem(row, "dark", 1.0)  # which the network does not learn
    assert_equal(row["quality"], [1.0, NAN, 1.0])


def test_only_photos_with_nothing_but_an_emotion_may_be_mixed(tmp_path, table):
    rows = [["happy0.png", "happiness", ""], ["happy1.png", "happiness", 1], ["calm2.png", "", ""]]
    photos = load_source(f"csv:{write_csv(tmp_path / 'photos', ['image', 'emotion', 'AU12'], rows)},problems=none")
    assert [FaceLabels(photos, CONFIG)[row]["mixable"].item() for row in range(3)] == [True, False, False]
    assert not FaceLabels(table, CONFIG)[0]["mixable"]
