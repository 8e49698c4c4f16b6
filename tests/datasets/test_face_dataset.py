import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from emotiscan import faces
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.loaders import load_source
from emotiscan.images import read_image
from emotiscan.model.network import ModelConfig, prepare
from tests.support.trees import write_csv

CONFIG = ModelConfig(emotions=("surprise", "positive", "negative"), action_units=("AU12", "AU4", "AU1"), input_size=32)
COLUMNS = ["image", "emotion", "AU1", "AU12"]
ROWS = [["happy0.png", "happiness", 0, 1], ["surprise1.png", "surprise", 1, ""], ["calm2.png", "", "", ""]]


@pytest.fixture
def table(tmp_path):
    return load_source(f"csv:{write_csv(tmp_path, COLUMNS, ROWS)}")


@pytest.fixture
def dataset(table):
    """Makes data sets of the three images; each image is its own crop."""
    whole = np.array([[[1 / 96, 0, 0], [0, 1 / 96, 0]]] * 3)
    return lambda config=CONFIG, **options: FaceDataset(table, whole, config, **options)


def test_labels_follow_the_network_vocabulary(dataset):
    items = [dataset()[n] for n in range(3)]
    nan = float("nan")
    for item, emotion, action_units in zip(
        items,
        ([0, 1, 0], [1, 0, 0], [nan] * 3),
        ([1, nan, 0], [nan, nan, 1], [nan] * 3),  # AU12, AU4 (which the table lacks), AU1
        strict=True,
    ):
        torch.testing.assert_close(item["emotion"], torch.tensor(emotion, dtype=torch.float32), equal_nan=True)
        torch.testing.assert_close(
            item["action_units"], torch.tensor(action_units, dtype=torch.float32), equal_nan=True
        )
    assert [item["index"] for item in items] == [0, 1, 2]


@pytest.mark.parametrize("grayscale", [True, False])
def test_training_crops_equal_the_crops_that_the_app_makes(dataset, table, grayscale):
    config = ModelConfig(input_size=32, grayscale=grayscale)
    photo = read_image(f"{table.frame['root'][0]}/happy0.png")
    seen = prepare([faces.warp(photo, np.array([[1 / 96, 0, 0], [0, 1 / 96, 0]]), 32)], config)[0]
    torch.testing.assert_close(dataset(config)[0]["crop"], seen)
    torch.testing.assert_close(dataset(config, augmentation=Augmentation.none())[0]["crop"], seen)


def test_augmented_items_depend_on_seed_and_row_alone(dataset):
    one = dataset(augmentation=Augmentation(), seed=1)
    forward = [one[n]["crop"] for n in (0, 1, 2)]
    backward = [one[n]["crop"] for n in (2, 1, 0)][::-1]
    (batch,) = DataLoader(one, batch_size=3, num_workers=2)
    for crops in (backward, batch["crop"]):
        assert all(torch.equal(a, b) for a, b in zip(forward, crops, strict=True))
    other = dataset(augmentation=Augmentation(), seed=2)
    assert not torch.equal(other[0]["crop"], forward[0])


def test_rows_are_augmented_independently(dataset):
    shifted = dataset(augmentation=Augmentation(**{**vars(Augmentation.none()), "shift": 0.1}))
    plain = dataset()
    changes = [(shifted[n]["crop"] - plain[n]["crop"]).abs().sum().item() for n in range(3)]
    assert len(set(changes)) == 3


def test_crops_can_have_another_size_than_the_network(dataset):
    assert dataset(size=40)[0]["crop"].shape == (3, 40, 40)
    assert dataset()[0]["crop"].shape == (3, 32, 32)
