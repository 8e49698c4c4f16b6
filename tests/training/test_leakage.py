"""A run warns if its starting weights were trained on subjects that it is tested on."""

import pytest

from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.training.data_module import load_data
from emotiscan.training.settings import TrainingSettings
from tests.support.trees import write_csv


@pytest.fixture
def load(tmp_path, cache, tiny_model, caplog):
    """Loads the data of a run that starts from weights trained on `ckplus` with seed 3; returns what is logged."""

    def load(source, before="ckplus", init=None, **settings):
        settings_before = {"data": [before], "seed": 3, "folds": None, "fold": None}
        training = {"data": {"ckplus": {"train": 16}}, "settings": settings_before}
        weights = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config, training=training))
        load_data(
            TrainingSettings(data=(source,), out="", init=init or str(weights), cache=str(cache), workers=0, **settings)
        )
        return caplog.text

    return load


def test_another_seed_is_warned_of(load, ckplus):
    said = load(f"ckplus:{ckplus}", seed=4)
    assert "a.safetensors was trained on ckplus with another split by subject (seed 3)" in said
    assert "metrics on them will be too good" in said


def test_teachers_are_checked_as_well(load, ckplus, tmp_path):
    teacher = str(tmp_path / "a.safetensors")  # what `load` writes
    assert "another split by subject" not in load(f"ckplus:{ckplus}", seed=3, init="none", teacher=(teacher,))
    assert "another split by subject (seed 3)" in load(f"ckplus:{ckplus}", seed=4, init="none", teacher=(teacher,))


def test_folds_are_warned_of(load, ckplus):
    assert "another split by subject (seed 3)" in load(f"ckplus:{ckplus}", seed=3, folds="4", fold=0)


def test_a_split_option_of_the_data_set_takes_precedence_over_the_seed(load, ckplus):
    assert "another split by subject" not in load(f"ckplus:{ckplus},split=3,share=0.5", seed=4)
    assert "another split by subject (seed 3)" in load(f"ckplus:{ckplus},split=4", seed=3)


def test_a_split_option_in_the_earlier_run_took_precedence_too(load, ckplus):
    before = "ckplus,split=5,share=0.5"
    assert "another split by subject" not in load(f"ckplus:{ckplus},split=5", before, seed=3)
    assert "another split by subject (seed 5)" in load(f"ckplus:{ckplus}", before, seed=3)


def test_the_same_split_gives_no_warning(load, ckplus):
    assert "another split by subject" not in load(f"ckplus:{ckplus}", seed=3)


def test_other_data_and_split_columns_give_no_warning(load, ckplus, tmp_path):
    rows = [[f"happy{n}.png", "train"] for n in range(3)] + [["calm0.png", "validation"]]
    file = write_csv(tmp_path / "other", ["image", "split"], rows)
    assert "another split by subject" not in load(f"csv:{file}", seed=4)
    file = file.rename(file.with_name("ckplus.csv"))
    assert "another split by subject" not in load(f"csv:{file}", seed=4)


def test_unreadable_weights_are_not_reported_here(ckplus, cache):
    load_data(
        TrainingSettings(data=(f"ckplus:{ckplus}",), out="", init="gone.safetensors", cache=str(cache), workers=0)
    )
