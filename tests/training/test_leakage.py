"""A run whose first weights have already learnt from persons whom it is tested on says so."""

import pytest

from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.training.data_module import load_data
from emotiscan.training.settings import TrainingSettings
from tests.support.trees import write_csv


@pytest.fixture
def load(tmp_path, cache, tiny_model, caplog):
    """What is said when a run on a data set starts from weights that were trained on `ckplus` with seed 3."""

    def load(source, before="ckplus", **settings):
        told = {"data": [before], "seed": 3, "folds": None, "fold": None}
        training = {"data": {"ckplus": {"train": 16}}, "settings": told}
        weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, training=training))
        load_data(TrainingSettings(data=(source,), out="", init=str(weights), cache=str(cache), workers=0, **settings))
        return caplog.text

    return load


def test_another_seed_divides_the_persons_anew(load, ckplus):
    said = load(f"ckplus:{ckplus}", seed=4)
    assert "a.safetensors was trained on ckplus with the persons divided otherwise (by seed 3)" in said
    assert "figures on them will flatter" in said


def test_folds_divide_the_persons_anew(load, ckplus):
    assert "divided otherwise (by seed 3)" in load(f"ckplus:{ckplus}", seed=3, folds="4", fold=0)


def test_a_seed_behind_the_data_set_divides_it_in_place_of_the_runs(load, ckplus):
    assert "divided otherwise" not in load(f"ckplus:{ckplus},split=3,share=0.5", seed=4)
    assert "divided otherwise (by seed 3)" in load(f"ckplus:{ckplus},split=4", seed=3)


def test_so_did_the_seed_behind_it_in_the_run_before(load, ckplus):
    before = "ckplus,split=5,share=0.5"
    assert "divided otherwise" not in load(f"ckplus:{ckplus},split=5", before, seed=3)
    assert "divided otherwise (by seed 5)" in load(f"ckplus:{ckplus}", before, seed=3)


def test_the_same_division_is_no_reason_to_warn(load, ckplus):
    assert "divided otherwise" not in load(f"ckplus:{ckplus}", seed=3)


def test_neither_are_other_data_nor_a_division_of_the_tables_own(load, ckplus, tmp_path):
    rows = [[f"happy{n}.png", "train"] for n in range(3)] + [["calm0.png", "validation"]]
    file = write_csv(tmp_path / "other", ["image", "split"], rows)
    assert "divided otherwise" not in load(f"csv:{file}", seed=4)
    file = file.rename(file.with_name("ckplus.csv"))
    assert "divided otherwise" not in load(f"csv:{file}", seed=4)


def test_weights_that_cannot_be_read_are_left_to_who_needs_them(ckplus, cache):
    load_data(
        TrainingSettings(data=(f"ckplus:{ckplus}",), out="", init="gone.safetensors", cache=str(cache), workers=0)
    )
