"""Quality problems of whole photos: are they named where they are, and only there?

Labels say which faces are blurred or covered, and the pose which are turned away. For the other problems, each photo is
also read after it was spoiled: darkened, overexposed, shrunk, or cut off beside the face (`SPOILERS`). Photos of a data
set that says nothing about a problem are taken to be ordinary, without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.datasets.columns import POSE_COLUMNS, quality_column
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.bootstrap import PRESENT, Floats, bootstrap_samples
from emotiscan.evaluation.problems import problem_metrics
from emotiscan.evaluation.whole_photos import TablePhoto, read_face, read_photos, scaled
from emotiscan.reports import QualityReport

GAMMA = 2.2
"""Exponent between the values of an image and the light that they stand for."""

EXPOSURE = 3.5
"""Stops of light by which a photo is darkened or overexposed."""

SMALL_FACE = 20.0
"""Side of the face's box in a photo that was shrunk, in pixels."""

CUT = 0.35
"""Share of the face's box that is cut off at one side."""

MAX_YAW, MAX_PITCH = 40.0, 30.0
"""Degrees beyond which a face is turned away."""

TURNED, FRONTAL = 1.1, 0.9
"""Share of these limits from which a face counts as turned away, and up to which it does not; unknown between."""


def exposed(photo: Image.Image, stops: float) -> Image.Image:
    """The photo as if that many stops more light had fallen on it; less for a negative number."""
    light = (np.asarray(photo, np.float64) / 255) ** GAMMA * 2.0**stops
    return Image.fromarray((255 * np.clip(light, 0, 1) ** (1 / GAMMA)).round().astype(np.uint8))


def shrunk(photo: Image.Image, reading: Reading, side: float = SMALL_FACE) -> Image.Image:
    """The photo at the size at which the box of its face has this side; unchanged where it is smaller already."""
    return scaled(photo, min(1.0, side / reading.face.side))


def cut_off(photo: Image.Image, reading: Reading, edge: int) -> Image.Image:
    """The photo cropped so that an edge passes through the face: 0 left, 1 right, 2 bottom."""
    x0, y0, x1, y1 = reading.face.box or (0, 0, photo.width, photo.height)
    box = [0, 0, photo.width, photo.height]
    if edge == 0:
        box[0] = round(x0 + CUT * (x1 - x0))
    elif edge == 1:
        box[2] = round(x1 - CUT * (x1 - x0))
    else:
        box[3] = round(y1 - CUT * (y1 - y0))
    return photo.crop((max(0, box[0]), 0, min(photo.width, box[2]), min(photo.height, box[3])))


SPOILERS: dict[str, Callable[[TablePhoto, Reading], Image.Image]] = {
    "small": lambda one, reading: shrunk(one.photo, reading),
    "dark": lambda one, reading: exposed(one.photo, -EXPOSURE),
    "overexposed": lambda one, reading: exposed(one.photo, EXPOSURE),
    "cut off": lambda one, reading: cut_off(one.photo, reading, one.row % 3),
}
"""How a photo is given each problem that labels do not name."""


@dataclass(frozen=True)
class Judged:
    """What is said about the quality of one face.

    Attributes:
        row: of the table.
        spoiled: the problem that the photo was given; "" for the photo as it is.
        scores: (p,) by `facs.PROBLEMS`; 0 or 1 for a problem without a score.
        named: (p,) whether each problem is named.
        usable: whether the face is called usable.
    """

    row: int
    spoiled: str
    scores: Floats
    named: NDArray[np.bool_]
    usable: bool


def quality_report(analyzer: Analyzer, table: LabelTable, bootstraps: int = 500) -> QualityReport:
    """Read every photo of a table, as it is and spoiled, and compare the named problems with the known ones.

    Args:
        analyzer: reads the photos.
        table: photos of one face each.
        bootstraps: number of bootstrap samples.

    Raises:
        TableError: no face is found.
    """
    judged, found = [], []
    for one in read_photos(analyzer, table):
        found.append((one.row, one.reading is not None))
        if one.reading is None:
            continue
        judged.append(_judge(one.row, "", one.reading))
        for problem, spoil in SPOILERS.items():
            reading = read_face(analyzer, spoil(one, one.reading))
            if reading is not None:
                judged.append(_judge(one.row, problem, reading))
    if not judged:
        raise TableError("the table", "no face was found in any of its photos")
    return measure_quality(judged, labels_of_problems(table), table.frame["subject"].to_numpy(str), found, bootstraps)


def measure_quality(
    judged: Sequence[Judged],
    labels: Floats,
    subjects: NDArray[np.str_],
    found: Sequence[tuple[int, bool]],
    bootstraps: int = 500,
) -> QualityReport:
    """Compare what was named with what is known.

    Args:
        judged: faces as they are and spoiled.
        labels: (n, p) of the table's rows, by `facs.PROBLEMS`: 0 or 1, NaN where unknown.
        subjects: (n,) names.
        found: row of each photo that was read, and whether its face was found.
        bootstraps: number of bootstrap samples.
    """
    rows = np.array([one.row for one in judged])
    spoiled = np.array([one.spoiled for one in judged])
    scores, named = (np.stack([getattr(one, name) for one in judged]) for name in ("scores", "named"))
    truth = labels[rows]
    truth[spoiled != ""] = np.nan  # a spoiled photo says nothing about the other problems
    for place, problem in enumerate(facs.PROBLEMS):
        truth[spoiled == problem, place] = 1
    plain = spoiled == ""
    samples = bootstrap_samples(subjects[rows], bootstraps, seed=0)
    faultless = plain & ~(truth >= PRESENT).any(1) & ~np.isnan(truth).any(1)
    own = samples.where(faultless)
    unusable = np.array([not one.usable for one in judged])
    photos = np.array([row for row, _ in found])
    of_photos = bootstrap_samples(subjects[photos], bootstraps, seed=0)
    return QualityReport(
        samples=int(plain.sum()),
        subjects=len(set(subjects[rows[plain]])),
        problems=problem_metrics(facs.PROBLEMS, scores, truth, named, samples),
        false_alarms=own.estimate(own.share(unusable[faultless])),
        not_found=of_photos.estimate(of_photos.share(np.array([not there for _, there in found]))),
    )


def labels_of_problems(table: LabelTable) -> Floats:
    """(n, p) labels of a table's rows by `facs.PROBLEMS`: 1, 0, or NaN where the table knows the problem of other rows.

    A problem that the table knows of no row is taken to be absent from all: its photos are ordinary ones.
    """
    labels: Floats = table.values(map(quality_column, facs.PROBLEMS)).astype(np.float64)
    turn: Floats = np.abs(table.values(POSE_COLUMNS[:2]) / [MAX_PITCH, MAX_YAW]).max(1)
    turned = np.select([turn >= TURNED, turn <= FRONTAL], [1.0, 0.0], np.nan)
    place = facs.PROBLEMS.index("turned away")
    labels[:, place] = np.where(np.isnan(labels[:, place]), turned, labels[:, place])
    labels[:, np.isnan(labels).all(0)] = 0
    return labels


def _judge(row: int, spoiled: str, reading: Reading) -> Judged:
    quality = reading.quality
    if quality is None:
        raise TableError("the checkpoint", "it says nothing about quality; use one that does")
    named = np.array([problem in quality.problems for problem in facs.PROBLEMS])
    scores = [quality.scores.get(name, float(is_named)) for name, is_named in zip(facs.PROBLEMS, named, strict=True)]
    return Judged(row, spoiled, np.array(scores, float), named, quality.usable)
