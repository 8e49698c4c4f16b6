"""What the experiment scripts share: what is done is not done again, what a run reached, means over seeds."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, get_start_method, set_start_method
from pathlib import Path

import pandas as pd

from emotiscan.evaluation.prediction import load_split, predict_tables, report_on
from emotiscan.files import atomic_write_bytes
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.training.fit import main as train

CHECKPOINT = "emotiscan.safetensors"
"""The weights in a run's folder."""


class RunFailed(Exception):
    """A training run ended with an error or was interrupted; it has said why."""


def all_trained(runs: Mapping[Path, Sequence[str]], jobs: int) -> Iterator[Path]:
    """Each run's folder in turn, once it is trained; so many are trained at a time.

    Raises:
        RunFailed: training did not end well in one of them.
    """
    if jobs == 1:
        for run, options in runs.items():
            yield trained(run, options)
        return
    # Forked processes would share torch's locks.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start_others_by, (get_start_method(),)) as pool:
        for training in [pool.submit(trained, run, options) for run, options in runs.items()]:
            yield training.result()


def _start_others_by(method: str) -> None:
    """Let this process start others as an unspawned one does: spawned, loaders would import torch anew each epoch."""
    set_start_method(method, force=True)


def parallel_options(jobs: int) -> list[str]:
    """Options of train.py with which so many runs share the processor's cores."""
    return ["--workers", "1", "--threads", str(max(1, (os.cpu_count() or 1) // jobs))] if jobs > 1 else []


def trained(run: Path, options: Sequence[str]) -> Path:
    """A run's folder, trained now unless it is; a run that was interrupted goes on. It holds a `CHECKPOINT`.

    Raises:
        RunFailed: training did not end well.
    """
    if not (run / "report.json").is_file():
        begun = (run / "settings.json").is_file()
        status = train(["--resume", str(run)] if begun else [*options, "--out", str(run)])
        if status:
            raise RunFailed(f"{run}: exit status {status}")
    return run


def reached(checkpoint: Path, ferplus: str, rendered: str, photos: str, cache: str) -> dict[str, float]:
    """Emotions' accuracy on FER+'s validation part, action units' mean AUC on the rendered one and on photos.

    Args:
        checkpoint: the weights' file; calibrated or not is the same to these figures.
        ferplus: data source with a validation part, as train.py's `--data` takes it.
        rendered: another one.
        photos: a third, all of which is read.
        cache: where found faces are kept.
    """
    model, card = load_checkpoint(checkpoint)
    found: dict[str, float] = {}
    for name, source, split in (
        ("FER+", ferplus, "validation"),
        ("rendered", rendered, "validation"),
        ("photographs", photos, None),
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


class Figures:
    """The figures of runs, a row each, in a CSV file that may outlive the runs' folders.

    Beside it lies their table (`.md`). Delete the file where what is trained has changed: nothing here would notice.

    Attributes:
        rows: columns `by`, `seed` and the figures.
    """

    def __init__(self, file: Path, by: str, order: Sequence[str]) -> None:
        """Read what is there.

        Args:
            by: name of the column that says what a run tried.
            order: its values, as the table shall list them.
        """
        self.file, self.by, self.order = file, by, list(order)
        self.rows = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=[by, "seed"])

    def __contains__(self, run: tuple[str, int]) -> bool:
        """Whether the run (what it tried, its seed) has its row."""
        return bool(((self.rows[self.by] == run[0]) & (self.rows["seed"] == run[1])).any())

    def add(self, tried: str, seed: int, figures: Mapping[str, float]) -> None:
        """Write a run's figures down."""
        rows = [*self.rows.to_dict("records"), {self.by: tried, "seed": seed, **figures}]
        rows.sort(key=lambda row: (row["seed"], self.order.index(row[self.by])))
        self.rows = pd.DataFrame(rows)
        atomic_write_bytes(self.file, self.rows.to_csv(index=False, float_format="%.6f"))
        atomic_write_bytes(self.file.with_suffix(".md"), table(self.rows, self.by))


def table(runs: pd.DataFrame, by: str) -> str:
    """Runs as a Markdown table: a row for each value of a column, mean ± standard deviation over its seeds."""
    names = [name for name in runs.columns if name not in (by, "seed")]
    lines = [f"| {by} | seeds | {' | '.join(names)} |", "|---|---" + "|---" * len(names) + "|"]
    for value, part in runs.groupby(by, sort=False):
        cells = [f"{part[n].mean():.3f}" + (f" ± {part[n].std(ddof=1):.3f}" if len(part) > 1 else "") for n in names]
        lines.append(f"| {value} | {len(part)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
