"""Training, evaluating and tabulating the runs of an experiment."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, get_start_method, set_start_method
from pathlib import Path

import pandas as pd

from emotiscan.cli.main import main as emotiscan
from emotiscan.evaluation.prediction import load_split, predict_tables, report_on
from emotiscan.files import atomic_write_bytes
from emotiscan.model.checkpoint import load_checkpoint

CHECKPOINT = "emotiscan.safetensors"
"""Name of the checkpoint in a run's folder."""


class RunFailed(Exception):
    """A training run ended with an error or was interrupted; it has printed why."""


def train_runs(runs: Mapping[Path, Sequence[str]], jobs: int) -> Iterator[Path]:
    """Train runs and yield their folders in order.

    Args:
        runs: options of each run, by its folder.
        jobs: number of simultaneous runs.

    Raises:
        RunFailed: a training run failed.
    """
    if jobs == 1:
        for run, options in runs.items():
            yield train_run(run, options)
        return
    # Forked processes would share torch's locks.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _set_start_method, (get_start_method(),)) as pool:
        for training in [pool.submit(train_run, run, options) for run, options in runs.items()]:
            yield training.result()


def _set_start_method(method: str) -> None:
    """Start this process's data loaders as its parent would: spawned loaders would import torch in every epoch."""
    set_start_method(method, force=True)


def parallel_options(jobs: int) -> list[str]:
    """Return training options with which simultaneous runs share the processor's cores."""
    return ["--workers", "1", "--threads", str(max(1, (os.cpu_count() or 1) // jobs))] if jobs > 1 else []


def train_run(run: Path, options: Sequence[str]) -> Path:
    """Train a run unless it is finished, resuming an interrupted one, and return its folder.

    Raises:
        RunFailed: training failed.
    """
    if not (run / "report.json").is_file():
        begun = (run / "settings.json").is_file()
        status = emotiscan(["train", *(["--resume", str(run)] if begun else [*options, "--out", str(run)])])
        if status:
            raise RunFailed(f"{run}: exit status {status}")
    return run


def evaluate_checkpoint(checkpoint: Path, ferplus: str, rendered: str, photos: str, cache: str) -> dict[str, float]:
    """Measure accuracy on the FER+ validation split, and the action units' mean AUC on rendered faces and photos.

    Args:
        checkpoint: the checkpoint; calibration does not change these metrics.
        ferplus: data source with a validation split, as for `emotiscan train --data`.
        rendered: data source of rendered faces with a validation split.
        photos: data source of photos, all of which are used.
        cache: folder that keeps where faces were found.
    """
    model, card = load_checkpoint(checkpoint)
    found: dict[str, float] = {}
    for name, source, split in (
        ("FER+", ferplus, "validation"),
        ("rendered", rendered, "validation"),
        ("photos", photos, None),
    ):
        read = predict_tables(model, [load_split(source, split)], cache)
        report = report_on(read, card.config, card.calibration, read.table.action_units, bootstraps=0)
        headline = {title: metric.value for title, metric in report.headline().items() if metric.value is not None}
        if name == "FER+" and report.emotion:
            found["FER+ accuracy"] = headline["emotion accuracy"]
            found["FER+ without neutral"] = headline["accuracy without neutral"]
        if name != "FER+":
            found[f"{name}, action units' AUC"] = headline["action units' mean AUC"]
    return found


class ResultsTable:
    """The results of runs, one row per run, in a CSV file that may outlive the runs' folders.

    A Markdown table (`.md`) is written beside it. Delete the file if what is trained has changed: nothing here detects
    that.

    Attributes:
        rows: columns `by`, `seed` and the metrics.
    """

    def __init__(self, file: Path, by: str, order: Sequence[str]) -> None:
        """Read the file if it exists.

        Args:
            file: the CSV file.
            by: name of the column that distinguishes the runs, apart from the seed.
            order: the values of that column, in the order of the table.
        """
        self.file, self.by, self.order = file, by, list(order)
        self.rows = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=[by, "seed"])

    def __contains__(self, run: tuple[str, int]) -> bool:
        """Whether a run, given by its value of `by` and its seed, has a row."""
        return bool(((self.rows[self.by] == run[0]) & (self.rows["seed"] == run[1])).any())

    def add(self, value: str, seed: int, metrics: Mapping[str, float]) -> None:
        """Add a run's metrics, and write the files."""
        rows = [*self.rows.to_dict("records"), {self.by: value, "seed": seed, **metrics}]
        rows.sort(key=lambda row: (row["seed"], self.order.index(row[self.by])))
        self.rows = pd.DataFrame(rows)
        atomic_write_bytes(self.file, self.rows.to_csv(index=False, float_format="%.6f"))
        atomic_write_bytes(self.file.with_suffix(".md"), table(self.rows, self.by))


def table(runs: pd.DataFrame, by: str) -> str:
    """Format runs as Markdown: one row per value of a column, with mean ± standard deviation over its seeds."""
    names = [name for name in runs.columns if name not in (by, "seed")]
    lines = [f"| {by} | seeds | {' | '.join(names)} |", "|---|---" + "|---" * len(names) + "|"]
    for value, part in runs.groupby(by, sort=False):
        cells = [f"{part[n].mean():.3f}" + (f" ± {part[n].std(ddof=1):.3f}" if len(part) > 1 else "") for n in names]
        lines.append(f"| {value} | {len(part)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
