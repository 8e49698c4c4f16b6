"""Report on a checkpoint and any labelled pictures: `python -m emotiscan.training.evaluate --help`.

With `--attach NAME` the report is written into the checkpoint, whose pages then show it.
"""

import argparse
import dataclasses
import json
import logging
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint, save_checkpoint
from emotiscan.evaluation import evaluate
from emotiscan.training.alignment import align
from emotiscan.training.data import AlignedTable
from emotiscan.training.figures import write_figures
from emotiscan.training.loaders import load_source
from emotiscan.training.reporting import agreed_classes, labels_for, predict
from emotiscan.training.table import LabelTable, TableError


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m emotiscan.training.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, metavar="KIND:PATH[,…]", help="a data set, as train.py takes it")
    parser.add_argument("--split", help="only this split of the data set (default: all of it)")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write report.json and pictures there")
    parser.add_argument("--attach", metavar="NAME", help="write the report into the checkpoint, under this name")
    parser.add_argument("--note", default="", help="a sentence about the data, shown beside an attached report")
    parser.add_argument("--cache", default="cache", metavar="DIR", help="where found faces are kept (default: cache)")
    parser.add_argument("--workers", type=int, default=2, help="processes that find faces (default: 2)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Evaluate, print the headline figures, and write what was asked for.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        table = load_source(parsed.data)
        if parsed.split:
            table = table.part(parsed.split)
            if not len(table):
                raise TableError(parsed.data, f"it has no rows in the split “{parsed.split}”")
        report = report_on_table(table, parsed.weights, parsed.cache, parsed.workers)
    except (TableError, CheckpointError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    if parsed.note:
        report["note"] = parsed.note
    _print(report)
    if parsed.out:
        parsed.out.mkdir(parents=True, exist_ok=True)
        (parsed.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
        write_figures(report, parsed.out, table)
    if parsed.attach:
        model, card = load_checkpoint(parsed.weights)
        save_checkpoint(
            parsed.weights, model, dataclasses.replace(card, metrics={**card.metrics, parsed.attach: report})
        )
    return 0


def report_on_table(table: LabelTable, weights: Path, cache: str | Path = "cache", workers: int = 2) -> dict:
    """The evaluation report of a checkpoint on a table.

    A column like `AU26_or_AU27` holds whether any of its codes is present; the network's
    probability for it is the largest of theirs.
    """
    model, card = load_checkpoint(weights)
    config, calibration = card.config, card.calibration
    alignment = align(table, cache, workers)
    data = AlignedTable(table.where(alignment.readable), alignment.transforms[alignment.readable])
    emotion_logits, code_logits = predict(model, data)
    single = calibration.codes(code_logits, config.codes)
    codes = tuple(code for code in table.codes if set(code.split("_or_")) <= set(config.codes))
    return evaluate(
        emotions=config.emotions,
        codes=codes,
        emotion_probabilities=calibration.emotions(emotion_logits),
        code_probabilities=_joined(single, config.codes, codes),
        emotion_classes=agreed_classes(data.table, config.emotions),
        code_labels=labels_for(data.table, codes),
        subjects=data.table.frame["subject"].to_numpy(),
        thresholds={code: min(calibration.threshold(part) for part in code.split("_or_")) for code in codes},
    )


def _joined(probabilities: NDArray, known: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray:
    columns = [probabilities[:, [known.index(part) for part in code.split("_or_")]].max(1) for code in wanted]
    return np.stack(columns, axis=1) if columns else np.empty((len(probabilities), 0))


def _print(report: dict) -> None:
    emotion, mean = report.get("emotion") or {}, report.get("codes_mean") or {}
    print(f"{report['samples']} pictures, {report['subjects']} persons")
    mission = emotion.get("mission") or {}
    for name, figure in (
        ("emotion accuracy", emotion.get("accuracy")),
        ("emotion macro F1", emotion.get("macro_f1")),
        ("accuracy without neutral", mission.get("accuracy")),
        ("macro F1 without neutral", mission.get("macro_f1")),
        ("codes' mean AUC", mean.get("auc")),
        ("codes' mean F1", mean.get("f1")),
    ):
        if figure and figure["value"] is not None:
            print(f"{name:26s} {_text(figure)}")
    for code, scores in (report.get("codes") or {}).items():
        present = f"{scores['support']} of {scores['known']}"
        print(f"{code:14s} present {present:>12s}  AUC {_text(scores['auc'])}  F1 {_text(scores['f1'])}")


def _text(figure: dict) -> str:
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None:
        return "–".ljust(22)
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "")


if __name__ == "__main__":
    sys.exit(main())
