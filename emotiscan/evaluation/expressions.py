"""The eight expressions: which faces count, and how well they are predicted.

Two rules decide which faces count, and a report names both:

- **Majority**, FER+'s published protocol, as its authors' own code evaluates (Barsoum et al., 2016). Of the ten votes
  for eight expressions, “unknown” and “no face”, those for a class with a single vote are dropped. The face counts if
  one of the eight expressions has more than half of the votes that remain. Of the 3,579 images of the validation part
  3,199 count, and of the 3,574 of the test part 3,153.
- **Agreed**, this project's own rule, as for the four emotions: at least five of ten annotators chose the expression,
  and “unknown” and “no face” did not win. Of the validation part 3,225 images count.

In data sets without votes, all labeled faces count for both.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emotiscan import facs
from emotiscan.datasets.columns import EXPRESSION_AGREEMENT
from emotiscan.datasets.loaders.ferplus import WORDS, published_votes
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.bootstrap import BootstrapSamples, Floats, Ints
from emotiscan.evaluation.metrics import class_report, emotion_report
from emotiscan.reports import ExpressionsReport

MIN_AGREEMENT = 5
"""Number of annotators who must agree for a face's expression to count as agreed."""

UNKNOWN = -1
"""Class of a face whose expression is unknown or does not count."""


def majority_of(votes: ArrayLike) -> Ints:
    """Classes by FER+'s published protocol (see the module), from its ten columns of votes.

    Args:
        votes: (n, 10) numbers of votes: eight expressions, “unknown”, “no face”.

    Returns:
        (n,) index of the expression; -1 for a face that does not count.
    """
    counts = np.asarray(votes, np.int64).reshape(-1, len(WORDS) + 2)
    counts = np.where(counts > 1, counts, 0)
    first = counts.argmax(1)
    wins = (2 * counts.max(1) > counts.sum(1)) & (first < len(WORDS))
    return np.where(wins, first, UNKNOWN)


def majority_classes(table: LabelTable, expressions: Sequence[str]) -> Ints:
    """(n,) true expressions by the published protocol, as indices into `expressions`; -1 where a face does not count.

    The votes are read from FER+'s own file once more, because a table leaves out those for “unknown” and “no face”.
    """
    classes = _most_voted(table)
    sources = table.frame["source"].to_numpy(str)
    for root in sorted(set(table.frame["root"][sources == "ferplus"])):
        votes = published_votes(root)
        rows = np.flatnonzero((sources == "ferplus") & (table.frame["root"] == root).to_numpy())
        names = table.frame["image"].iloc[rows]
        classes[rows] = majority_of([votes[name] for name in names])
    return _among(classes, expressions)


def agreed_expressions(table: LabelTable, expressions: Sequence[str]) -> Ints:
    """(n,) true expressions on which annotators agree, as indices into `expressions`; -1 elsewhere."""
    agreement = table.values([EXPRESSION_AGREEMENT])[:, 0]
    return _among(np.where(agreement < MIN_AGREEMENT, UNKNOWN, _most_voted(table)), expressions)


def _most_voted(table: LabelTable) -> Ints:
    """(n,) index into `facs.EXPRESSIONS` of the expression with most votes; -1 where unknown."""
    shares = table.expression_votes
    known = ~np.isnan(shares).all(1)
    classes = np.full(len(table), UNKNOWN, np.int64)
    classes[known] = np.nan_to_num(shares[known], nan=-1.0).argmax(1)
    return classes


def _among(classes: Ints, expressions: Sequence[str]) -> Ints:
    """Indices into `facs.EXPRESSIONS` to indices into the network's; -1 for one that it lacks."""
    places = [expressions.index(name) if name in expressions else UNKNOWN for name in facs.EXPRESSIONS]
    return np.array([*places, UNKNOWN], np.int64)[classes]


def expressions_report(
    expressions: Sequence[str],
    emotions: Sequence[str],
    probabilities: Floats,
    majority: Ints,
    agreed: Ints,
    samples: BootstrapSamples,
) -> ExpressionsReport | None:
    """Measure the predicted expressions, and the emotions that they add up to.

    Args:
        expressions, emotions: names of the x expressions and of the emotions.
        probabilities: (n, x).
        majority, agreed: (n,) true expressions by the two rules; -1 where a face does not count.
        samples: of the n faces.

    Returns:
        The report; None where no face counts.
    """
    group = np.array([emotions.index(facs.EMOTION_OF_EXPRESSION[name]) for name in expressions])
    summed = probabilities @ np.eye(len(emotions))[group]
    emotion_classes = np.append(group, UNKNOWN)[majority]
    report = ExpressionsReport(
        majority=class_report(expressions, probabilities, majority, samples),
        agreed=class_report(expressions, probabilities, agreed, samples),
        emotions_majority=emotion_report(emotions, summed, emotion_classes, samples),
    )
    return report if report.majority or report.agreed else None
