"""Figures of experiments: what is done is known again, and the table says what the runs reached."""

from multiprocessing import get_context, get_start_method

import pandas as pd

from scripts.experiments.runs import Figures, _start_others_by, table


def test_runs_that_are_written_down_are_known_again(tmp_path):
    file = tmp_path / "kept" / "figures.csv"
    file.parent.mkdir()
    first = Figures(file, "variant", ["plain", "changed"])
    first.add("changed", 0, {"AUC": 0.75})
    first.add("plain", 0, {"AUC": 0.5})
    again = Figures(file, "variant", ["plain", "changed"])
    assert ("plain", 0) in again
    assert ("changed", 0) in again
    assert ("plain", 1) not in again
    again.add("plain", 1, {"AUC": 0.7})
    kept = pd.read_csv(file)
    assert list(zip(kept.variant, kept.seed, kept.AUC, strict=True)) == [
        ("plain", 0, 0.5),
        ("changed", 0, 0.75),
        ("plain", 1, 0.7),
    ]
    assert "| plain | 2 | 0.600 ± 0.141 |" in file.with_suffix(".md").read_text()


def test_a_single_run_has_no_spread():
    assert "| plain | 1 | 0.500 |" in table(pd.DataFrame([{"variant": "plain", "seed": 0, "AUC": 0.5}]), "variant")


def test_a_process_of_runs_side_by_side_starts_others_as_this_one_does():
    with get_context("spawn").Pool(1, _start_others_by, (get_start_method(),)) as pool:
        assert pool.apply(get_start_method) == get_start_method()
