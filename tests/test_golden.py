"""Golden numbers over the samples: what no move, rename or clean-up may change.

`python -m pytest tests/test_golden.py` compares; after a change that is meant to alter readings (a new checkpoint, a
new detector), write the file anew with `EMOTISCAN_GOLDEN=write` in the environment and say why in the commit.
"""

import csv
import json
import os
import re
from pathlib import Path

import pytest

from emotiscan.analysis import Analyzer
from emotiscan.cli.main import main
from emotiscan.explain import METHODS, heat_maps
from emotiscan.export.records import record
from tests.support.places import ROOT, SAMPLES

GOLDEN = ROOT / "tests" / "golden" / "samples.json"
WRITE = os.environ.get("EMOTISCAN_GOLDEN") == "write"
EXPLAINED = ("smile.jpg", "anger.jpg")


def rounded(value: object, digits: int = 5) -> object:
    """The same value with every float in it rounded, for a file that people can read."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, dict):
        return {name: rounded(inner, digits) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner, digits) for inner in value]
    return value


def assert_same(found: object, golden: object, tolerance: float, place: str = "") -> None:
    """Compare nested values: floats within a tolerance, all else exactly."""
    if isinstance(golden, dict):
        assert isinstance(found, dict), place
        assert list(found) == list(golden), place
        for name in golden:
            assert_same(found[name], golden[name], tolerance, f"{place}/{name}")
    elif isinstance(golden, list):
        assert isinstance(found, list), place
        assert len(found) == len(golden), place
        for number, (one, other) in enumerate(zip(found, golden, strict=True)):
            assert_same(one, other, tolerance, f"{place}/{number}")
    elif isinstance(golden, float) and isinstance(found, float | int):
        assert found == pytest.approx(golden, abs=tolerance), place
    else:
        assert found == golden, place


@pytest.fixture(scope="module")
def shipped() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def golden() -> dict:
    return {} if WRITE else json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def written():
    """What the tests found; becomes the golden file where that is asked for."""
    found: dict[str, object] = {}
    yield found
    if WRITE:
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def compare(name: str, found: object, golden: dict, written: dict, tolerance: float) -> None:
    written[name] = rounded(found)
    if not WRITE:
        assert_same(rounded(found), golden[name], tolerance, name)


def test_readings(shipped, golden, written):
    readings = {}
    for sample in json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8")):
        analysis = shipped.analyze(SAMPLES / sample["file"])
        readings[sample["file"]] = [record(sample["file"], n, r) for n, r in enumerate(analysis.readings)]
    boxes = {name: [face.pop("box") for face in faces] for name, faces in readings.items()}
    compare("readings", readings, golden, written, 2e-3)
    compare("boxes", boxes, golden, written, 1.0)


def test_heat_maps(shipped, golden, written):
    found = {}
    for name in EXPLAINED:
        (reading,) = shipped.analyze(SAMPLES / name).readings
        targets = [*reading.present[:3], reading.emotion]
        for method in METHODS:
            maps = heat_maps(shipped.model, reading.feature_map, targets, method)
            for target, heat_map in maps.items():
                peak = float(heat_map.cells.max())
                # Relative to the peak: gradients are as small as 1e-4, where an absolute tolerance would see nothing.
                scaled = (heat_map.cells / peak if peak else heat_map.cells).tolist()
                found[f"{name} {method} {target}"] = {"peak": peak, "cells": rounded(scaled, 3)}
    peaks = {name: one["peak"] for name, one in found.items()}
    compare("heat map peaks", peaks, golden, written, 5e-3)
    compare("heat maps", {name: one["cells"] for name, one in found.items()}, golden, written, 0.02)


def test_evaluation(golden, written, tmp_path: Path):
    """The report on the samples with one face: small, but every metric of a report is in it."""
    samples = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    known = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU12", "AU15", "AU17", "AU25")
    emotions = {"smile.jpg": "positive", "laugh.jpg": "positive", "surprise.jpg": "surprise", "anger.jpg": "negative"}
    emotions |= {"sadness.jpg": "negative", "fear.jpg": "negative", "disgust.jpg": "negative", "calm.jpg": "neutral"}
    table = tmp_path / "labels.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "emotion", *known])
        for sample in samples:
            if sample["file"] in emotions:
                strengths = sample["action_units"]
                presence = [int(strengths.get(unit, 0) >= 0.3) for unit in known]
                writer.writerow([sample["file"], emotions[sample["file"]], *presence])
    out = tmp_path / "report"
    arguments = [
        "evaluate",
        "--data",
        f"csv:{table},images={SAMPLES}",
        "--out",
        str(out),
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert main([*arguments, "--device", "cpu", "--workers", "0"]) == 0
    compare("evaluation", json.loads((out / "report.json").read_text(encoding="utf-8")), golden, written, 5e-3)


def test_the_page_shows_the_same_numbers(app, golden, written):
    """Each unit of the table on the first page with its percentages, in whatever order."""
    app.query_params["sample"] = "smile"
    pages = (str(block.proto.body) for block in app.run().get("html"))
    table = next(page for page in pages if page.count("AU") >= 15)
    shown = re.findall(r">(AU\d+)<|((?:&[lg]t; )?\d+%)<", table)
    written["page"] = found = ["".join(one) for one in shown]
    assert WRITE or by_unit(found) == by_unit(golden["page"])


def by_unit(cells: list[str]) -> dict[str, list[str]]:
    """The percentages that follow each unit's name."""
    starts = [place for place, cell in enumerate(cells) if cell.startswith("AU")]
    return {cells[start]: cells[start + 1 : end] for start, end in zip(starts, [*starts[1:], len(cells)], strict=True)}
