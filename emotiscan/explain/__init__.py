"""Heat maps: where in the face the network sees evidence for an action unit or an emotion.

    maps = heat_maps(analyzer.model, reading.feature_map, reading.present)
    overlay(reading.crop, maps["AU12"]).save("smile.png")

A map shows where the evidence lies, not why the network decided as it did.
"""

from emotiscan.explain.heat_map import HeatMap, region_mask
from emotiscan.explain.methods import CELLS, DEFAULT_METHOD, METHODS, heat_maps
from emotiscan.explain.overlays import (
    difference,
    outline,
    outline_on_photo,
    overlay,
    overlay_difference,
    overlay_on_photo,
)
from emotiscan.explain.sheet import Tile, npz, png, sheet

__all__ = [
    "CELLS",
    "DEFAULT_METHOD",
    "METHODS",
    "HeatMap",
    "Tile",
    "difference",
    "heat_maps",
    "npz",
    "outline",
    "outline_on_photo",
    "overlay",
    "overlay_difference",
    "overlay_on_photo",
    "png",
    "region_mask",
    "sheet",
]
