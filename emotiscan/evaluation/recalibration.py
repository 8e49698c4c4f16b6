"""Recalibrate a checkpoint on labeled faces.

The weights stay as they are; temperature, slopes, offsets and thresholds (see `emotiscan.model.calibration`) are
fitted to faces that the network was not trained on. Horizontal-flip test-time augmentation can be switched here too,
as the calibration depends on it. Reports that the checkpoint carries were made with its old calibration: they are
replaced by one of these faces.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emotiscan.datasets.source_files import expand_sources
from emotiscan.datasets.table import TableError
from emotiscan.evaluation.calibration_fit import calibrate
from emotiscan.evaluation.prediction import load_split, predict_tables, report_on
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from emotiscan.model.device import resolve_device
from emotiscan.reports import EvaluationReport

ALL_ROWS = "all"
"""Instead of a split: every row."""

REPORT = "calibration"
"""Name of the report in the checkpoint."""


@dataclass(frozen=True)
class Recalibration:
    """What recalibrating changed.

    Attributes:
        calibration: the new one.
        before, after: reports on the faces that it was fitted to, with the old and with the new calibration.
        dropped: names of the reports that the new checkpoint no longer carries.
    """

    calibration: Calibration
    before: EvaluationReport
    after: EvaluationReport
    dropped: tuple[str, ...]


def recalibrate(
    weights: Path,
    out: Path,
    sources: Sequence[str],
    split: str = "validation",
    keep: Sequence[str] = (),
    flip_tta: bool | None = None,
    cache: str | Path = "cache",
    workers: int = 2,
    device: str = "auto",
    with_biases: bool = False,
) -> Recalibration:
    """Fit a checkpoint's calibration to labeled faces, and write the checkpoint with it.

    Args:
        weights: the checkpoint to calibrate.
        out: file to write; the same path as `weights` replaces it.
        sources: data sets, as `expand_sources` takes them; each counts as much as any other.
        split: rows to fit to, or `ALL_ROWS`; a data set without splits is taken whole.
        keep: action units whose calibration stays; their labels are ignored.
        flip_tta: whether predictions average a crop and its mirror image from now on; None: as before.
        cache, workers: see `predict_tables`.
        device: see `resolve_device`.
        with_biases: see `calibrate`.

    Raises:
        TableError: a data set cannot be loaded, or there is nothing to fit to.
        CheckpointError: the checkpoint cannot be used, or `out` is another name of it.
        DeviceError: this machine has no such device.
        OSError: `out` cannot be written.
    """
    model, card = load_checkpoint(weights)
    if out != weights and out.exists() and out.samefile(weights):
        raise CheckpointError(f"--out {out} is the checkpoint itself; write it as --weights to replace it")
    if flip_tta is not None:
        model.config = dataclasses.replace(card.config, flip_tta=flip_tta)
        card = dataclasses.replace(card, config=model.config)
    rows = None if split == ALL_ROWS else split
    tables = [
        load_split(source, rows, whole_if_undivided=True).without_labels(keep) for source in expand_sources(sources)
    ]
    predictions = predict_tables(model.to(resolve_device(device)), tables, cache, workers)
    if with_biases and not card.config.expressions:
        raise CheckpointError(f"{weights} has no expressions; leave --biases out")
    calibration = calibrate(predictions, card.config, card.calibration, with_biases)
    before, after = (report_on(predictions, card.config, c) for c in (card.calibration, calibration))
    if not after.emotion and not after.action_units_mean and not after.outputs:
        raise TableError(", ".join(sources), "it has no agreed emotion and no action unit both present and absent")
    fitted_on = {"data": predictions.table.frame["source"].value_counts().to_dict(), "split": split}
    fitted_on |= {"left": list(keep)} if keep else {}
    calibrated = dataclasses.replace(
        card,
        calibration=calibration,
        training={**card.training, "calibration": fitted_on},
        metrics={REPORT: after.to_dict()},
    )
    save_checkpoint(out, model, calibrated)
    return Recalibration(calibration, before, after, tuple(sorted(set(card.metrics) - {REPORT})))
