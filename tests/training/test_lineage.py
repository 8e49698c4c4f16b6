"""A run whose first weights have already learnt from persons whom it is tested on says so."""

import pytest
from trees import write_csv

from emotiscan.checkpoint import Card, save_checkpoint
from emotiscan.training.data import load_data
from emotiscan.training.settings import Settings


@pytest.fixture
def load(tmp_path, cache, tiny_model, caplog):
    """What is said when a run on a data set starts from weights that were trained on `ckplus` with seed 3."""

    def load(source, **settings):
        training = {"data": {"ckplus": {"train": 16}}, "settings": {"seed": 3, "folds": None, "fold": None}}
        weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, training=training))
        load_data(Settings(data=(source,), out="", init=str(weights), cache=str(cache), workers=0, **settings))
        return caplog.text

    return load


def test_another_seed_divides_the_persons_anew(load, ckplus):
    said = load(f"ckplus:{ckplus}", seed=4)
    assert "a.safetensors was trained on ckplus with the persons divided otherwise (by seed 3)" in said
    assert "figures on them will flatter" in said


def test_folds_divide_the_persons_anew(load, ckplus):
    assert "(by folds None, fold None)" in load(f"ckplus:{ckplus}", seed=3, folds="4", fold=0)


def test_the_same_division_is_no_reason_to_warn(load, ckplus):
    assert "divided otherwise" not in load(f"ckplus:{ckplus}", seed=3)


def test_neither_are_other_data_nor_a_division_of_the_tables_own(load, ckplus, tmp_path):
    rows = [[f"happy{n}.png", "train"] for n in range(3)] + [["calm0.png", "validation"]]
    file = write_csv(tmp_path / "other", ["image", "split"], rows)
    assert "divided otherwise" not in load(f"csv:{file}", seed=4)
    file = file.rename(file.with_name("ckplus.csv"))
    assert "divided otherwise" not in load(f"csv:{file}", seed=4)


def test_weights_that_cannot_be_read_are_left_to_who_needs_them(ckplus, cache):
    load_data(Settings(data=(f"ckplus:{ckplus}",), out="", init="gone.safetensors", cache=str(cache), workers=0))
