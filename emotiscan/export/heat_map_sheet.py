"""The heat maps of one reading as an image with captions and a legend."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PIL import Image

from emotiscan import facs
from emotiscan.explain import CELLS, METHODS, HeatMap, Tile, overlay, sheet
from emotiscan.explain.overlays import color_bar
from emotiscan.export.text import NOT_VISIBLE, display_name, percent

if TYPE_CHECKING:  # analysis imports this module
    from emotiscan.reading import Reading


def heat_map_sheet(reading: "Reading", maps: Mapping[str, HeatMap], method: str) -> Image.Image:
    """Arrange heat maps of one face, each on its own scale, with probabilities and a legend.

    Args:
        reading: of the face.
        maps: by target, as from `Reading.heat_maps`; at least one.
        method: key of `explain.METHODS` that computed them.
    """
    tiles = [
        Tile(overlay(reading.crop, heat_map), display_name(target), _caption(reading, target, heat_map))
        for target, heat_map in maps.items()
    ]
    title = METHODS[method].title
    if method == CELLS and any(not heat_map.is_probability for heat_map in maps.values()):
        title += " (Grad-CAM for emotions)"
    note = (
        f"{title}, each map on its own scale. A map shows where the network sees evidence for its "
        "target, not why it decided as it did."
    )
    return sheet("Heat maps", tiles, note, color_bar(260, 14), ("no evidence", "strongest"))


def _caption(reading: "Reading", target: str, heat_map: HeatMap) -> str:
    if target in reading.not_visible:
        return NOT_VISIBLE
    probability = percent(reading.probabilities[target])
    if heat_map.is_empty:
        return f"{probability}; no evidence anywhere"
    if target not in facs.ACTION_UNITS:
        return probability
    *others, last = facs.ACTION_UNITS[target].regions
    regions = f"{', '.join(others)} and {last}" if others else last
    return f"{probability}; {percent(heat_map.energy_in_region())} of the map in {regions}"
