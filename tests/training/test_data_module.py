from collections import Counter

import numpy as np
import pytest
import torch

from emotiscan.model.network import ModelConfig
from emotiscan.training.data_module import FaceDataModule, in_pairs, load_data
from emotiscan.training.settings import TrainingSettings
from tests.support.trees import write_csv


def images(training):
    """Rows of this many training images, and one for validation."""
    return [*([f"calm{place}.png", "train"] for place in range(training)), ["happy0.png", "validation"]]


@pytest.fixture
def data(tmp_path):
    """Two data sets of 4 and 6 training images; of the second, each epoch takes the share that is asked for."""

    def data(share):
        small = write_csv(tmp_path / "small", ["image", "split"], images(4))
        large = write_csv(tmp_path / "large", ["image", "split"], images(6))
        sources = (f"csv:{small}", f"csv:{large},share={share}")
        settings = TrainingSettings(
            data=sources, out="", cache=str(tmp_path / "cache"), workers=0, batch=2, sizes=((32, 2),)
        )
        return FaceDataModule(load_data(settings), ModelConfig(input_size=32), settings)

    return data


def roots(data, epoch):
    rows = data._rows(epoch) % len(data.training.table)
    return Counter(data.training.table.frame.loc[rows, "root"].str.rsplit("/").str[-1])


@pytest.mark.parametrize(("share", "taken"), [(0.5, 3), (1, 6), (2, 12)])
def test_an_epoch_takes_the_share_of_each_data_set(data, share, taken):
    batches = data(share)
    assert roots(batches, 0) == {"small": 4, "large": taken}
    assert batches.steps_per_epoch == (4 + taken) // 2 == len(batches.train_dataloader())


def test_an_image_that_comes_twice_in_an_epoch_is_augmented_differently(data):
    seen = torch.cat([batch["crop"] for batch in data(2).train_dataloader()])
    assert len(torch.unique(seen, dim=0)) == len(seen) == 16


def test_every_image_has_its_turn(data):
    batches = data(0.5)
    assert sorted([*batches._rows(0), *batches._rows(1)]) == sorted([*range(4), *range(10)])


def test_the_order_of_an_epoch_depends_only_on_its_number(data):
    batches = data(0.5)
    assert list(batches._rows(1)) == list(batches._rows(1))
    assert list(batches._rows(0)) != list(batches._rows(1))


def test_two_images_of_a_subject_stay_together():
    subjects = np.array(["a", "b", "a", "c", "a", "b", "a", "d"])
    orders = {tuple(in_pairs(np.arange(8), subjects, np.random.default_rng(seed))) for seed in range(20)}
    assert len(orders) > 10
    for order in orders:
        assert sorted(order) == list(range(8))
        names = "".join(subjects[list(order)])
        assert names.count("aa") == 2 or "aaaa" in names
        assert "bb" in names
    assert {tuple(subjects[list(order)]).index("c") for order in orders} > {0, 7}


@pytest.mark.parametrize("pairs", [True, False])
def test_pairing_can_be_switched_off(tmp_path, pairs):
    rows = [[f"{word}{n}.png", n, "train"] for n in range(8) for word in ("calm", "happy")]
    file = write_csv(tmp_path / "data", ["image", "subject", "split"], [*rows, ["anger0.png", 99, "validation"]])
    settings = TrainingSettings(data=(f"csv:{file}",), out="", cache=str(tmp_path / "cache"), workers=0, pairs=pairs)
    data = FaceDataModule(load_data(settings), ModelConfig(input_size=32), settings)
    subjects = data.training.table.frame["subject"].to_numpy()
    orders = [subjects[data._rows(epoch)] for epoch in range(4)]
    together = [(order[::2] == order[1::2]).all() for order in orders]
    assert all(together) if pairs else not any(together)


def test_single_images_of_subjects_are_shuffled():
    order = in_pairs(np.arange(10, 20), np.arange(20).astype(str), np.random.default_rng(0))
    assert sorted(order) == list(range(10, 20))
    assert list(order) != sorted(order)


def test_data_without_a_validation_split_validates_with_some_training_subjects(tmp_path):
    rows = [[f"calm{n}.png", "test" if n == 9 else "train"] for n in range(10)]
    source = f"csv:{write_csv(tmp_path / 'data', ['image', 'split'], rows)}"
    settings = TrainingSettings(data=(source,), out="", cache=str(tmp_path / "cache"), workers=0)
    data = load_data(settings)
    assert {split: len(data.part(split).table) for split in ("train", "validation", "test")} == {
        "train": 8,
        "validation": 1,
        "test": 1,
    }
