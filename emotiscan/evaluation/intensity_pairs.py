"""Pairs of photos of one person: is the stronger movement told?

The pairs stand in a CSV with the columns

- `first`, `second`: names of two photos of one person,
- `unit`: the action unit, e.g. `AU12`; `AU1+AU2` stands for both together,
- `stronger`: `first` or `second`; blank where they are equal or in doubt, which leaves the pair out,
- `subject` (optional): who is shown, for the bootstrap; without it each pair counts as a subject of its own.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_csv
from emotiscan.datasets.storage import read_file
from emotiscan.evaluation.bootstrap import bootstrap_samples, mean_of_defined
from emotiscan.images import ImageError, read_image
from emotiscan.reports import PairMetrics, PairReport

SIDES = ("first", "second")


@dataclass(frozen=True)
class Pair:
    """Two photos of one person, one of which shows an action unit more strongly.

    Attributes:
        first, second: names of the photos.
        unit: the action unit, or several joined by “+”.
        stronger: 0 for the first, 1 for the second.
        subject: who is shown.
    """

    first: str
    second: str
    unit: str
    stronger: int
    subject: str

    @property
    def action_units(self) -> tuple[str, ...]:
        """The action units that are compared."""
        return tuple(self.unit.split("+"))


def read_pairs(file: Path) -> tuple[Pair, ...]:
    """Read the pairs whose stronger photo is known.

    Raises:
        TableError: a column is missing, an action unit or a value is unknown, or no pair is left.
    """
    pairs = []
    for row in read_csv(file, ["first", "second", "unit", "stronger"]).rows:
        first, second, text, stronger = (row.cells[name].strip() for name in ("first", "second", "unit", "stronger"))
        if not stronger:
            continue
        parts = [part if part.startswith("AU") else f"AU{part}" for part in re.split(r"\s*\+\s*", text)]
        unknown = [part for part in parts if part not in facs.AU_NAMES]
        if unknown:
            raise TableError(file, f"unit is “{text}”; write an action unit such as AU12, or AU1+AU2", row.line)
        if stronger not in SIDES:
            raise TableError(file, f"stronger is “{stronger}”; write first, second or leave it blank", row.line)
        if not first or not second:
            raise TableError(file, "the name of a photo is blank; write both, or delete this line", row.line)
        subject = row.cells.get("subject", "").strip() or f"{first} {second}"
        pairs.append(Pair(first, second, "+".join(parts), SIDES.index(stronger), subject))
    if not pairs:
        raise TableError(file, "no pair in it says which photo is stronger; write first or second")
    return tuple(pairs)


def pair_report(analyzer: Analyzer, pairs: Sequence[Pair], images: Path, bootstraps: int = 500) -> PairReport:
    """Read both photos of every pair and compare the action unit's intensities, or its probabilities without these.

    Args:
        analyzer: reads the photos; each is known to be one face.
        pairs: of photos.
        images: folder or zip file of the photos.
        bootstraps: number of bootstrap samples.

    Raises:
        TableError: a photo cannot be read, or the checkpoint lacks an action unit.
    """
    known = analyzer.card.config.action_units
    for pair in pairs:
        missing = [au for au in pair.action_units if au not in known]
        if missing:
            raise TableError(images, f"the checkpoint does not predict {missing[0]}; leave its pairs out")
    names = list(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second)))
    readings = {name: _reading(analyzer, images, name) for name in names}
    graded = bool(next(iter(readings.values())).intensities)
    return measure_pairs(
        pairs,
        lambda name, au: _strength(readings[name], au, graded),
        "intensity" if graded else "probability",
        bootstraps,
    )


def measure_pairs(
    pairs: Sequence[Pair], strength: Callable[[str, str], float], compared: str = "intensity", bootstraps: int = 500
) -> PairReport:
    """Measure in which share of the pairs the stronger photo has the higher number.

    Args:
        pairs: of photos.
        strength: maps a photo's name and an action unit to a number; NaN, e.g. where it is not visible, never tells.
        compared: what the number is.
        bootstraps: number of bootstrap samples.
    """
    values = np.array(
        [[sum(strength(name, au) for au in pair.action_units) for name in (pair.first, pair.second)] for pair in pairs]
    )
    stronger = np.array([pair.stronger for pair in pairs])
    rows = np.arange(len(pairs))
    lead = values[rows, stronger] - values[rows, 1 - stronger]
    told, tied = lead > 0, lead == 0  # NaN is neither
    units = np.array([pair.unit for pair in pairs])
    samples = bootstrap_samples([pair.subject for pair in pairs], bootstraps, seed=0)
    reports, replicates = {}, []
    for unit in dict.fromkeys(units.tolist()):
        mask = units == unit
        own = samples.where(mask)
        replicates.append(own.share(told[mask]))
        reports[unit] = PairMetrics(int(mask.sum()), own.estimate(replicates[-1]), own.estimate(own.share(tied[mask])))
    return PairReport(
        samples=len(pairs),
        subjects=len({pair.subject for pair in pairs}),
        compared=compared,
        action_units=reports,
        mean=samples.estimate(mean_of_defined(np.stack(replicates, 1))),
    )


def _reading(analyzer: Analyzer, images: Path, name: str) -> Reading:
    try:
        photo = read_image(read_file(str(images), name))
    except ImageError as error:
        raise TableError(images, str(error)) from None
    return analyzer.analyze(photo, cropped=True).readings[0]


def _strength(reading: Reading, au: str, graded: bool) -> float:
    values = reading.intensities if graded else reading.action_units
    return float(values[au])
