"""`emotiscan localize`: heat maps against where the action units move the skin, on rendered faces and photos."""

import argparse
import io
import json
import shutil

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.cli import localize
from emotiscan.cli.main import FAILED, OK, main
from emotiscan.datasets.loaders import load_source
from emotiscan.evaluation.heat_map_localization import SIDE, HeatMapData, collect_heat_maps, localization_report
from emotiscan.explain import DEFAULT_METHOD, METHODS, region_mask
from emotiscan.model.checkpoint import load_checkpoint
from tests.support.trees import put, write_csv, write_rendered


@pytest.fixture
def rendered(tmp_path):
    """Three images with AU12, which moves the left half; one of them has no motion maps."""
    folder = write_rendered(tmp_path / "rendered", [{"AU12": 0.8}, {"AU12": 0.8}, {}, {"AU12": 0.7}])
    left = np.zeros((24, 24), np.uint8)
    left[:, :12] = 255
    buffer = io.BytesIO()
    np.savez(buffer, AU12=left)
    for n in (0, 3):
        put(folder / f"maps/{n:06}.npz", buffer.getvalue())
    return folder


def test_targets_are_where_the_skin_moves_or_else_the_anatomical_region(rendered, tiny_model, tmp_path):
    data = collect_heat_maps(tiny_model, load_source(f"rendered:{rendered}"), tmp_path / "cache", workers=0)
    k = facs.AU_NAMES.index("AU12")
    assert data.maps["cells"].shape == (3, len(facs.AU_NAMES), SIDE, SIDE)  # the calm face shows no action unit
    assert data.present.sum(0).tolist() == [3 * (au == "AU12") for au in facs.AU_NAMES]
    assert data.absent.sum(0).tolist() == [3 * (au != "AU12") for au in facs.AU_NAMES]
    moved, without_maps = data.targets[0, k], data.targets[1, k]
    assert moved[:, 3].all()
    assert not moved[:, -3].any()
    region = region_mask("AU12")
    assert without_maps.mean() == pytest.approx(region.mean(), abs=0.02)
    assert (without_maps == without_maps[:, ::-1]).all()


def test_right_maps_beat_the_baselines_and_wrong_ones_do_not():
    rng = np.random.default_rng(0)
    n, k = 40, len(facs.AU_NAMES)
    targets = np.zeros((n, k, SIDE, SIDE), bool)
    for au in range(k):
        targets[:, au, 2 * au : 2 * au + 2] = True
    present = rng.random((n, k)) < 0.5
    subjects = np.arange(n).astype(str)
    shuffled = np.roll(targets, 3, axis=1)
    data = HeatMapData({"right": targets, "wrong": shuffled}, targets, present, ~present, subjects)
    right = localization_report(data, facs.AU_NAMES, "right", 20)
    assert right.mean.pointing.value == 1
    assert all(metrics.energy.value < 0.3 for metrics in right.baselines.values())
    wrong = localization_report(data, facs.AU_NAMES, "wrong", 20)
    assert wrong.mean.pointing.value == 0


def test_maps_of_absent_action_units_are_compared_with_the_region_and_empty_ones_counted():
    shape = (4, len(facs.AU_NAMES), SIDE, SIDE)
    maps, present = np.zeros(shape, np.float32), np.zeros(shape[:2], bool)
    k = facs.AU_NAMES.index("AU17")
    maps[1, k, 0, 0] = maps[2, k, int(0.91 * SIDE), SIDE // 2] = 1  # in a corner, and on the chin
    present[0] = True
    data = HeatMapData({"cells": maps}, np.ones(shape, bool), present, ~present, np.arange(4).astype(str))
    report = localization_report(data, facs.AU_NAMES, bootstraps=20)
    assert report.baselines["absent action units"].pointing.value == 0.5
    assert report.absent_empty == pytest.approx(1 - 2 / (3 * len(facs.AU_NAMES)))
    assert report.present_empty == 1
    maps[0, :7, 20, 20] = 1
    report = localization_report(data, facs.AU_NAMES, bootstraps=20)
    assert report.present_empty == pytest.approx(1 - 7 / len(facs.AU_NAMES))


def test_the_command_prints_writes_and_attaches(rendered, tiny_weights, tmp_path, capsys):
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")
    given = [
        "localize",
        "--data",
        f"rendered:{rendered}",
        "--weights",
        str(weights),
        "--cache",
        str(tmp_path / "cache"),
    ]
    out = tmp_path / "reports" / "localization.json"
    assert main([*given, "--workers", "0", "--out", str(out), "--attach", "places", "--note", "Rendered."]) == OK
    report = json.loads(out.read_text())
    assert (report["kind"], report["samples"], report["note"]) == ("localization", 3, "Rendered.")
    assert load_checkpoint(weights)[1].metrics == {"places": report}
    printed = capsys.readouterr().out
    assert "3 faces, 3 subjects" in printed
    assert "centered blob" in printed
    assert "show nothing" in printed
    assert main([*given, "--workers", "0", "--untrained", "--compare", "2", "--attach", "other"]) == OK
    printed = capsys.readouterr().out
    assert "Grad-CAM++" in printed
    assert "3 faces, 3 subjects" in printed
    assert "methods, on 2 faces" in printed
    assert set(load_checkpoint(weights)[1].metrics) == {"places"}  # a sanity check says nothing about the checkpoint


def test_a_table_without_a_present_action_unit_is_refused(tiny_weights, tmp_path, capsys):
    file = write_csv(tmp_path / "data", ["image", "AU12"], [["calm0.png", 0]])
    given = ["localize", "--data", f"csv:{file}", "--weights", str(tiny_weights), "--cache", str(tmp_path / "cache")]
    assert main(given) == FAILED
    assert "no action unit is present in any of its faces" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_printed_with_the_reason(rendered, tiny_weights, tmp_path, capsys):
    given = [
        "localize",
        "--data",
        f"rendered:{rendered}",
        "--weights",
        str(tiny_weights),
        "--cache",
        str(tmp_path / "cache"),
    ]
    assert main([*given, "--workers", "0", "--out", str(tmp_path)]) == FAILED
    printed = capsys.readouterr()
    assert "3 faces, 3 subjects" in printed.out
    assert printed.err.startswith("emotiscan localize: ")
    assert str(tmp_path) in printed.err


def test_the_command_offers_every_method_and_the_same_default():
    assert tuple(METHODS) == localize.METHODS
    parser = argparse.ArgumentParser()
    localize.add_arguments(parser)
    assert parser.get_default("method") == DEFAULT_METHOD
