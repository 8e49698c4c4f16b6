"""The AI-annotated action units in `weights/codes/`: what training and calibration rely on."""

from pathlib import Path

import pandas as pd
import pytest

from emotiscan import facs

FOLDER = Path(__file__).resolve().parents[2] / "weights" / "codes"
TO_LEARN, TO_CALIBRATE = ("ferplus.csv", "lfw.csv"), "lfw-held-out.csv"


@pytest.mark.parametrize("name", [*TO_LEARN, TO_CALIBRATE])
def test_each_image_is_listed_once_with_action_units_present_absent_or_blank(name):
    table = pd.read_csv(FOLDER / name)
    assert table["image"].is_unique
    action_units = table.drop(columns="image")
    assert {part for column in action_units for part in facs.au_parts(column)} <= set(facs.AU_NAMES)
    assert action_units.isin([0, 1]).where(action_units.notna(), True).all(axis=None)
    assert action_units.notna().any(axis=1).all()  # no row without any label


@pytest.mark.parametrize("name", TO_LEARN)
def test_calibration_images_are_not_training_images(name):
    assert not set(pd.read_csv(FOLDER / name)["image"]) & set(pd.read_csv(FOLDER / TO_CALIBRATE)["image"])


def test_mouth_stretch_and_jaw_drop_exclude_each_other():
    table = pd.concat([pd.read_csv(FOLDER / name) for name in TO_LEARN])
    assert not ((table["AU26"] == 1) & (table["AU27"] == 1)).any()
