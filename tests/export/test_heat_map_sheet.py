"""The sheet of heat maps of one reading."""

from dataclasses import replace

import numpy as np
import pytest

from emotiscan.analysis import Analyzer, Reading
from emotiscan.explain import HeatMap
from emotiscan.export import heat_map_sheet as module
from emotiscan.export.heat_map_sheet import heat_map_sheet


@pytest.fixture
def reading(analyzer: Analyzer, smile) -> Reading:
    (found,) = analyzer.analyze(smile).readings
    return replace(found, action_units={"AU12": 0.5, "AU99": 0.5}, emotions={"positive": 0.995})


@pytest.fixture
def texts(monkeypatch) -> list[str]:
    """Captions and note of the sheets that a test makes."""
    found: list[str] = []
    sheet = module.sheet

    def recording(title, tiles, note, *others):
        found.extend([*(f"{tile.title}: {tile.caption}" for tile in tiles), note])
        return sheet(title, tiles, note, *others)

    monkeypatch.setattr(module, "sheet", recording)
    return found


def test_captions_give_probability_and_region(reading, texts):
    cells = np.ones((4, 4), np.float32)
    maps = {name: HeatMap(name, cells) for name in ("AU12", "AU99", "positive")}
    heat_map_sheet(reading, maps, "gradcam")
    assert texts[0].startswith("AU12 Lip corner puller: 50%; ")
    assert texts[0].endswith("% of the map in lip corners, nasolabial folds and cheeks")
    assert texts[1:3] == ["AU99: 50%", "Positive: > 99%"]
    assert texts[3].startswith("Grad-CAM, each map on its own scale.")


def test_an_empty_map_says_so(reading, texts):
    heat_map_sheet(reading, {"AU12": HeatMap("AU12", np.zeros((4, 4), np.float32), True)}, "cells")
    assert texts[0] == "AU12 Lip corner puller: 50%; no evidence anywhere"
    assert texts[1].startswith("Local AU probability, each")


def test_the_note_says_that_emotion_maps_are_grad_cam(reading, texts):
    heat_map_sheet(reading, {"positive": HeatMap("positive", np.ones((4, 4), np.float32))}, "cells")
    assert texts[-1].startswith("Local AU probability (Grad-CAM for emotions), each")
