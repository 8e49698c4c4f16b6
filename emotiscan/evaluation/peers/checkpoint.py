"""Compare a checkpoint with a peer on a label table."""

from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.aligned import align_table
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.peers.comparison import OurPredictions, compare_with_peer
from emotiscan.evaluation.peers.programs import PeerOptions
from emotiscan.evaluation.prediction import emotion_probabilities, joined_probabilities, predict
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.model.device import resolve_device
from emotiscan.reports import PeerReport


def compare_checkpoint(
    name: str,
    options: PeerOptions,
    table: LabelTable,
    weights: Path,
    whole: bool = False,
    cache: str | Path = "cache",
    workers: int = 2,
    device: str = "auto",
) -> PeerReport:
    """Predict a table's faces with a checkpoint, and compare with a peer that reads the same photos.

    Args:
        name, options, whole: see `compare_with_peer`.
        table: labeled photos; those that cannot be read are left out.
        weights: the checkpoint.
        cache, workers: see `predict_tables`.
        device: see `resolve_device`.

    Raises:
        PeerError: the peer is not installed, or stopped.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
    """
    model, card = load_checkpoint(weights)
    config, calibration = card.config, card.calibration
    predictions = predict(model.to(resolve_device(device)), align_table(table, cache, workers), workers=workers)
    units = tuple(au for au in table.action_units if set(facs.au_parts(au)) <= set(config.action_units))
    probabilities = calibration.action_units(predictions.action_units, config.action_units)
    expressions = config.emotion_outputs if config.expressions else ()
    ours = OurPredictions(
        emotions=(config.emotions, emotion_probabilities(predictions, config, calibration)),
        expressions=(expressions, calibration.emotions(predictions.emotions, config.emotion_outputs)),
        action_units=(units, joined_probabilities(probabilities, config.action_units, units)),
    )
    return compare_with_peer(name, options, predictions.table, ours, whole)
