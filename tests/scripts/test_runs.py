"""Results of experiments: finished runs are recognized, and the table shows their means."""

from multiprocessing import get_context, get_start_method

import pandas as pd

from scripts.experiments.runs import ResultsTable, _set_start_method, table


def test_finished_runs_are_recognized_and_tabulated(tmp_path):
    file = tmp_path / "kept" / "results.csv"
    file.parent.mkdir()
    first = ResultsTable(file, "variant", ["plain", "changed"])
    first.add("changed", 0, {"AUC": 0.75})
    first.add("plain", 0, {"AUC": 0.5})
    again = ResultsTable(file, "variant", ["plain", "changed"])
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


def test_a_single_run_has_no_standard_deviation():
    assert "| plain | 1 | 0.500 |" in table(pd.DataFrame([{"variant": "plain", "seed": 0, "AUC": 0.5}]), "variant")


def test_a_worker_starts_processes_the_same_way_as_its_parent():
    with get_context("spawn").Pool(1, _set_start_method, (get_start_method(),)) as pool:
        assert pool.apply(get_start_method) == get_start_method()
