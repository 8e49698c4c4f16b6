"""Answers in words: where heat maps peak, who shows an action unit most, and whether methods agree."""

from collections.abc import Mapping, Sequence

import numpy as np

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.explain import HeatMap, region_mask
from emotiscan.export.text import display_name, percent

SAME = 0.05
"""Two faces show an action unit about equally if its probabilities are no further apart, and no intensity is known."""

SAME_INTENSITY = 0.5
"""Likewise for intensities, from 0 to 5."""


def place_of(heat_map: HeatMap) -> str:
    """Name the region of the face (`facs.REGIONS`) in which a map peaks; "" if there is none.

    Of several, one of the action unit's own regions is named, otherwise the smallest.
    """
    if heat_map.is_empty:
        return ""
    values = heat_map.values
    row, column = np.unravel_index(values.argmax(), values.shape)
    x, y = (column + 0.5) / values.shape[1], (row + 0.5) / values.shape[0]
    own = facs.ACTION_UNITS[heat_map.target].regions if heat_map.target in facs.ACTION_UNITS else ()
    inside = [
        (own.index(region) if region in own else len(own), ellipse.rx * ellipse.ry, region)
        for region, ellipses in facs.REGIONS.items()
        for ellipse in ellipses
        if ((x - ellipse.x) / ellipse.rx) ** 2 + ((y - ellipse.y) / ellipse.ry) ** 2 <= 1
    ]
    return min(inside)[-1] if inside else ""


def places(maps: Sequence[HeatMap]) -> str:
    """Say where each map peaks, e.g. “AU6 peaks at the cheeks, AU12 at the lip corners.”; "" without any map."""
    known = [(_short(heat_map.target), _at(place_of(heat_map))) for heat_map in maps if not heat_map.is_empty]
    if not known:
        return ""
    (first, place), *others = known
    return ", ".join([f"{first} peaks {place}", *(f"{target} {place}" for target, place in others)]) + "."


def strength(reading: Reading, target: str) -> tuple[float, float]:
    """Intensity (0 if it is not known) and probability of a target; -1 for both if it is not visible."""
    if target in reading.not_visible:
        return -1.0, -1.0
    return reading.intensities.get(target, 0.0), reading.probabilities[target]


def ranking(faces: Sequence[tuple[str, Reading]], target: str) -> str:
    """Say which of several faces shows a target most.

    Args:
        faces: title and reading of at least two faces, the strongest first (see `strength`).
        target: an action unit, emotion or expression.
    """
    (first, best), (second, next_best), *_ = faces
    if target in best.not_visible:
        return f"{display_name(target)} is not visible in any of these faces."
    by_intensity = target in best.intensities and target in next_best.intensities and target in best.present
    place, limit = (0, SAME_INTENSITY) if by_intensity else (1, SAME)
    ahead = strength(best, target)[place] - strength(next_best, target)[place]
    if target in best.action_units and target not in best.present:
        return f"No face clearly shows {display_name(target)}; it is likeliest in {_score(first, best, target)}."
    if target not in next_best.not_visible and ahead < limit:
        return (
            f"{display_name(target)} is about equally strong in {_score(first, best, target)} and in "
            f"{_score(second, next_best, target)}."
        )
    word = "strongest" if by_intensity else "likeliest"
    return f"{display_name(target)} is {word} in {_score(first, best, target)}."


def _score(title: str, reading: Reading, target: str) -> str:
    intensity, probability = strength(reading, target)
    letter = facs.intensity_letter(intensity) if target in reading.intensities else ""
    return f"“{title}” ({percent(probability)}{f', intensity {letter}' if letter else ''})"


def agreement(maps: Mapping[str, HeatMap], target: str) -> str:
    """Say how many methods see a target most where anatomy expects it; for all but action units, where each map peaks.

    Args:
        maps: by the method's title.
        target: an action unit, emotion or expression.
    """
    shown = {title: heat_map for title, heat_map in maps.items() if not heat_map.is_empty}
    if not shown:
        return f"No method finds evidence of {display_name(target)}." if maps else ""
    if target not in facs.ACTION_UNITS:
        by_place = ", ".join(f"{title} {_at(place_of(heat_map))}" for title, heat_map in shown.items())
        return f"The maps peak here: {by_place}."
    inside = [title for title, heat_map in shown.items() if _peaks_in_region(heat_map)]
    region = ", ".join(facs.ACTION_UNITS[target].regions)
    outside = [title for title in shown if title not in inside]
    if not outside:
        maps_peak = f"All {len(shown)} maps peak" if len(shown) > 1 else "The map peaks"
        return f"{maps_peak} in the region of {target} ({region})."
    others = " and ".join(outside)
    return f"{len(inside)} of {len(shown)} maps peak in the region of {target} ({region}); not so {others}."


def _peaks_in_region(heat_map: HeatMap) -> bool:
    values = heat_map.values
    return bool(region_mask(heat_map.target, len(values)).flat[values.argmax()])


def _at(place: str) -> str:
    """A region with its preposition, e.g. “at the lips” and “beside the nose”."""
    if not place:
        return "outside of all regions"
    return place if place.startswith(("beside", "between")) else f"at the {place}"


def _short(target: str) -> str:
    return target if target in facs.ACTION_UNITS else target.capitalize()
