"""The eight expressions: which faces count by which rule, and the sums."""

import numpy as np
import pandas as pd
import pytest

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.expressions import (
    agreed_expressions,
    expressions_report,
    majority_classes,
    majority_of,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ([6, 4, 0, 0, 0, 0, 0, 0, 0, 0], "neutral"),
        ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], None),  # no more than half
        ([5, 4, 1, 0, 0, 0, 0, 0, 0, 0], "neutral"),  # the single vote is dropped: five of nine
        ([0, 0, 0, 0, 0, 0, 0, 4, 1, 1], "contempt"),
        ([4, 3, 3, 0, 0, 0, 0, 0, 0, 0], None),
        ([4, 0, 0, 0, 0, 0, 0, 0, 6, 0], None),  # most could not tell
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None),
    ],
)
def test_the_published_protocol(votes, winner):
    (place,) = majority_of([votes])
    assert (facs.EXPRESSIONS[place] if place >= 0 else None) == winner


def write_ferplus(folder, rows):
    """FER+ with these (name, ten votes) in its validation part."""
    from PIL import Image

    (folder / "FER2013Valid").mkdir(parents=True)
    words = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    lines = [",".join(["Usage", "Image name", *words])]
    for name, votes in rows:
        Image.new("L", (48, 48), 100).save(folder / "FER2013Valid" / name)
        lines.append(",".join(["PublicTest", name, *map(str, votes)]))
    (folder / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_ferplus_counts_unknown_votes_that_its_table_leaves_out(tmp_path):
    rows = [("a.png", [5, 0, 0, 0, 0, 0, 0, 0, 3, 2]), ("b.png", [0, 6, 0, 0, 0, 0, 0, 0, 2, 2])]
    table = load_source(f"ferplus:{write_ferplus(tmp_path / 'f', [*rows, ('c.png', [5, 1, 0, 0, 0, 0, 0, 0, 4, 0])])}")
    classes = dict(zip(table.frame["image"], majority_classes(table, facs.EXPRESSIONS), strict=True))
    assert classes["FER2013Valid/b.png"] == facs.EXPRESSIONS.index("happiness")
    assert classes["FER2013Valid/c.png"] == facs.EXPRESSIONS.index("neutral")  # five of nine
    assert classes.get("FER2013Valid/a.png", -1) == -1  # five of ten is no majority


def table_of(shares, agreement):
    frame = pd.DataFrame(np.array(shares, float), columns=[f"expression_{name}" for name in facs.EXPRESSIONS])
    return LabelTable(frame.assign(source="mine", root="r", image="i", expression_agreement=agreement), (), ())


def test_five_annotators_must_agree_where_there_are_votes():
    eight = np.eye(8)
    table = table_of([eight[1], eight[2], eight[7], [NAN] * 8], [6, 4, NAN, NAN])
    assert agreed_expressions(table, facs.EXPRESSIONS).tolist() == [1, -1, 7, -1]
    assert majority_classes(table, facs.EXPRESSIONS).tolist() == [1, 2, 7, -1]
    assert agreed_expressions(table, ("happiness", "neutral")).tolist() == [0, -1, -1, -1]


def test_emotions_are_the_sums_of_their_expressions():
    emotions = facs.EMOTIONS_WITH_NEUTRAL
    probabilities = np.full((3, 8), 0.02)
    place = {name: i for i, name in enumerate(facs.EXPRESSIONS)}
    probabilities[0, place["happiness"]] = 0.86
    # Neutral is the most probable expression, but the negative ones have more together.
    probabilities[1, [place["neutral"], place["anger"], place["sadness"]]] = 0.4, 0.3, 0.2
    probabilities[2, place["fear"]] = 0.86
    majority = np.array([place["happiness"], place["anger"], place["fear"]])
    report = expressions_report(
        facs.EXPRESSIONS,
        emotions,
        probabilities,
        majority,
        np.array([-1, -1, -1]),
        bootstrap_samples(list("abc"), 0, 0),
    )
    assert report.majority.accuracy.value == pytest.approx(2 / 3)
    assert report.majority.classes["anger"].recall == 0
    assert report.emotions_majority.accuracy.value == 1
    assert report.emotions_majority.without_neutral.samples == 3
    assert report.agreed is None
