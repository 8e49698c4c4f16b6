"""What the experiment scripts share: a run that is done is not done again, and tables of means over seeds."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from emotiscan.training.fit import main as train


class RunFailed(Exception):
    """A training run ended with an error or was interrupted; it has said why."""


def all_trained(runs: Mapping[Path, Sequence[str]], jobs: int) -> Iterator[Path]:
    """Each run's folder in turn, once it is trained; so many are trained at a time.

    Raises:
        RunFailed: training did not end well in one of them.
    """
    if jobs == 1:
        for run, options in runs.items():
            trained(run, options)
            yield run
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:  # forked processes would share torch's locks
        waiting = {run: pool.submit(trained, run, options) for run, options in runs.items()}
        for run, training in waiting.items():
            training.result()
            yield run


def trained(run: Path, options: Sequence[str]) -> Path:
    """The checkpoint of a run, trained now unless it is there; a run that was interrupted goes on.

    Raises:
        RunFailed: training did not end well.
    """
    checkpoint = run / "emotiscan.safetensors"
    if not (run / "report.json").is_file():
        begun = (run / "settings.json").is_file()
        status = train(["--resume", str(run)] if begun else [*options, "--out", str(run)])
        if status:
            raise RunFailed(f"{run}: exit status {status}")
    return checkpoint


def table(runs: pd.DataFrame, by: str) -> str:
    """Runs as a Markdown table: a row for each value of a column, mean ± standard deviation over its seeds."""
    names = [name for name in runs.columns if name not in (by, "seed")]
    lines = [f"| {by} | seeds | {' | '.join(names)} |", "|---|---" + "|---" * len(names) + "|"]
    for value, part in runs.groupby(by, sort=False):
        cells = [f"{part[n].mean():.3f}" + (f" ± {part[n].std(ddof=1):.3f}" if len(part) > 1 else "") for n in names]
        lines.append(f"| {value} | {len(part)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
