"""Compare a checkpoint with a peer on the same faces: those that the peer found.

Emotions are compared by accuracy and macro F1: of the four emotions, on the faces on which annotators agree, and of the
seven expressions that both name, on the faces that FER+'s published protocol keeps (without those that show contempt).
Action units are compared by AUC. Each difference has the interval of paired bootstrap replicates.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.bootstrap import (
    PRESENT,
    BootstrapSamples,
    Floats,
    Ints,
    bootstrap_samples,
    mean_of_defined,
    ratio,
)
from emotiscan.evaluation.expressions import majority_classes
from emotiscan.evaluation.metrics import class_scores
from emotiscan.evaluation.peers.mapping import SEVEN, au_score, expressions_of
from emotiscan.evaluation.peers.process import Answer, PeerProcess, running
from emotiscan.evaluation.peers.programs import PEERS, Peer, PeerOptions
from emotiscan.evaluation.prediction import agreed_classes, labels_for
from emotiscan.images import read_image
from emotiscan.reports import PeerComparison, PeerReport

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OurPredictions:
    """This checkpoint's calibrated probabilities for the rows of a table.

    Attributes:
        emotions: names and (n, e) probabilities.
        expressions: names and (n, x) probabilities; no names if the checkpoint has none.
        action_units: names and (n, k) probabilities; a name may be joined, as ``AU26_or_AU27``.
    """

    emotions: tuple[tuple[str, ...], Floats]
    expressions: tuple[tuple[str, ...], Floats]
    action_units: tuple[tuple[str, ...], Floats]


def compare_with_peer(
    name: str,
    options: PeerOptions,
    table: LabelTable,
    ours: OurPredictions,
    whole: bool = False,
    bootstraps: int = 500,
) -> PeerReport:
    """Let a peer read every photo of a table, and compare both with the labels.

    Args:
        name: key of `PEERS`.
        options: where it is installed.
        table: n labeled photos that can be read.
        ours: this checkpoint's predictions of the same rows.
        whole: each photo is one tightly framed face; a peer that can be told so need not look for it.
        bootstraps: number of bootstrap samples.

    Raises:
        PeerError: the peer is not installed, or stopped.
    """
    peer = PEERS[name]
    with running(peer.command(options), peer.install) as process:
        answers = _read_all(process, table, whole and peer.reads_whole)
        version = process.version
    return compare_answers(name, version, answers, table, ours, bootstraps)


def _read_all(process: PeerProcess, table: LabelTable, whole: bool) -> list[Answer]:
    answers = []
    for row, (root, image) in enumerate(zip(table.frame["root"], table.frame["image"], strict=True)):
        photo: Image.Image = read_image(read_file(root, image)).convert("RGB")
        answers.append(process.read(photo, whole))
        if row % 500 == 499:
            log.info("the peer has read %d of %d photos", row + 1, len(table))
    return answers


def compare_answers(
    name: str,
    version: str,
    answers: Sequence[Answer],
    table: LabelTable,
    ours: OurPredictions,
    bootstraps: int = 500,
) -> PeerReport:
    """Compare a peer's answers and this checkpoint's predictions with a table's labels; see `compare_with_peer`."""
    peer = PEERS[name]
    found = np.array([answer.found for answer in answers])
    samples = bootstrap_samples(table.frame["subject"].to_numpy(str), bootstraps, seed=0)
    emotions: dict[str, PeerComparison] = {}
    if peer.expressions and found.any():
        emotions = _compare_emotions(peer, answers, found, table, ours, samples)
    action_units, mean = _compare_action_units(peer, answers, found, table, ours, samples)
    return PeerReport(
        samples=len(table),
        subjects=len(np.unique(samples.owners)),
        peer=name,
        version=version,
        found=samples.estimate(samples.share(found)),
        emotions=emotions,
        action_units=action_units,
        mean=mean,
    )


def _compare_emotions(
    peer: Peer,
    answers: Sequence[Answer],
    found: np.ndarray,
    table: LabelTable,
    ours: OurPredictions,
    samples: BootstrapSamples,
) -> dict[str, PeerComparison]:
    theirs = np.array([expressions_of(answer.scores, peer.expressions) for answer in answers])
    names, probabilities = ours.emotions
    group = [names.index(facs.EMOTION_OF_EXPRESSION[name]) for name in SEVEN]
    summed = theirs @ np.eye(len(names))[group]
    classes = np.where(found, agreed_classes(table, tuple(names)), -1)
    result = _compare_classes(f"of {len(names)} emotions", probabilities, summed, classes, samples)
    own, own_probabilities = ours.expressions
    if set(SEVEN) <= set(own):
        places = [own.index(name) for name in SEVEN]
        classes = np.where(found, majority_classes(table, SEVEN), -1)
        result |= _compare_classes("of 7 expressions", own_probabilities[:, places], theirs, classes, samples)
    return result


def _compare_classes(
    what: str, ours: Floats, theirs: Floats, classes: Ints, samples: BootstrapSamples
) -> dict[str, PeerComparison]:
    known = classes >= 0
    if not known.any():
        return {}
    own, count = samples.where(known), ours.shape[1]

    def scores(probabilities: Floats) -> dict[str, Floats]:
        confusions = own.confusions(classes[known], probabilities[known].argmax(1), count)
        accuracy = ratio(np.trace(confusions, axis1=1, axis2=2), confusions.sum((1, 2)))
        return {"accuracy": accuracy, "macro F1": mean_of_defined(class_scores(confusions)["f1"])}

    mine, other = scores(ours), scores(theirs)
    return {f"{metric} {what}": _comparison(int(known.sum()), mine[metric], other[metric], own) for metric in mine}


def _compare_action_units(
    peer: Peer,
    answers: Sequence[Answer],
    found: np.ndarray,
    table: LabelTable,
    ours: OurPredictions,
    samples: BootstrapSamples,
) -> tuple[dict[str, PeerComparison], dict[str, PeerComparison]]:
    names, probabilities = ours.action_units
    labels = labels_for(table, tuple(names))
    result, replicates = {}, []
    for column, au in enumerate(names):
        parts = facs.au_parts(au)
        known = found & ~np.isnan(labels[:, column])
        truth = labels[known, column] >= PRESENT
        if not set(parts) <= set(peer.blendshapes) or not truth.any() or truth.all():
            continue
        theirs = np.array(
            [max(au_score(answers[row].scores, part) for part in parts) for row in np.flatnonzero(known).tolist()]
        )
        own = samples.where(known)
        mine, other = (own.ranking(s, truth)["auc"] for s in (probabilities[known, column], theirs))
        replicates.append((mine, other))
        result[au] = _comparison(int(known.sum()), mine, other, own)
    if not replicates:
        return {}, {}
    means = [mean_of_defined(np.stack(columns, 1)) for columns in zip(*replicates, strict=True)]
    mean = _comparison(int(found.sum()), means[0], means[1], samples.where(found))
    return result, {"mean AUC": mean}


def _comparison(count: int, ours: Floats, theirs: Floats, samples: BootstrapSamples) -> PeerComparison:
    return PeerComparison(count, samples.estimate(ours), samples.estimate(theirs), samples.estimate(ours - theirs))
