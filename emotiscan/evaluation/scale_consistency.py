"""Scale consistency: how much a face's probabilities change when its photo is shrunk.

Each photo is shrunk so that the detected box of its face has one side length and then a smaller one, and both are read
like any photo. A model whose probabilities depend on the face alone changes nothing.
"""

import numpy as np
from PIL import Image

from emotiscan.analysis import Analyzer, Reading
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.bootstrap import bootstrap_samples, mean_of_defined
from emotiscan.evaluation.whole_photos import center_of, read_face, read_photos, scaled
from emotiscan.reports import UNDEFINED, Change, ScaleReport

LARGE, SMALL = 200, 40
"""Sides of the face's box that are compared, in pixels."""


def scale_report(
    analyzer: Analyzer, table: LabelTable, large: int = LARGE, small: int = SMALL, bootstraps: int = 500
) -> ScaleReport:
    """Compare the probabilities of each face at two sizes.

    Args:
        analyzer: reads the photos.
        table: photos of one face each; its labels are not used.
        large, small: side of the face's box in pixels. Photos whose face is smaller than `large` are left out.
        bootstraps: number of bootstrap samples.

    Raises:
        TableError: no face is that large.
        ValueError: `large` is not larger than `small`.
    """
    if not large > small > 0:
        raise ValueError(f"the sizes are {large} and {small} px; the first must be larger, the second above 0")
    rows, pairs, too_small, lost = [], [], 0, []
    for one in read_photos(analyzer, table):
        if one.reading is None or one.reading.face.side < large:
            too_small += 1
            continue
        before, after = (_read_at(analyzer, one.photo, one.reading, side) for side in (large, small))
        if before is None:
            too_small += 1
            continue
        rows.append(one.row)
        lost.append(after is None)
        pairs.append((before, after))
    if not rows:
        raise TableError(
            "the table", f"none of its photos shows a face of {large} px; give larger photos, or smaller --face-sizes"
        )
    subjects = table.frame["subject"].to_numpy(str)[rows]
    samples, missing = bootstrap_samples(subjects, bootstraps, seed=0), np.array(lost)
    found = samples.where(~missing)
    both = [(before, after) for before, after in pairs if after is not None]

    def changes(kind: str) -> tuple[dict[str, Change], list[np.ndarray]]:
        result, absolute = {}, []
        for name in getattr(both[0][0], kind) if both else ():
            old, new = (np.array([getattr(pair[place], kind)[name] for pair in both], float) for place in (0, 1))
            known = ~np.isnan(old) & ~np.isnan(new)
            own = found.where(known)
            absolute.append(own.mean(np.abs(new - old)[known]))
            result[name] = Change(own.estimate(absolute[-1]), own.estimate(own.mean((new - old)[known])))
        return result, absolute

    action_units, absolute = changes("action_units")
    return ScaleReport(
        samples=len(both),
        subjects=len(set(subjects[~missing])),
        large=large,
        small=small,
        not_found=samples.estimate(samples.share(missing)),
        too_small=too_small,
        action_units=action_units,
        emotions=changes("emotions")[0],
        mean=found.estimate(mean_of_defined(np.stack(absolute, 1))) if absolute else UNDEFINED,
    )


def _read_at(analyzer: Analyzer, photo: Image.Image, reading: Reading, side: float) -> Reading | None:
    factor = side / reading.face.side
    x, y = center_of(reading) * factor
    return read_face(analyzer, scaled(photo, factor), (float(x), float(y)))
