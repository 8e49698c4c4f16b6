"""The action units that were AI-annotated, `weights/action_units/`: what recipe and calibration take them for."""

from pathlib import Path

import pandas as pd
import pytest

from emotiscan import facs

FOLDER = Path(__file__).resolve().parents[2] / "weights" / "codes"
TO_LEARN, TO_CALIBRATE = ("ferplus.csv", "lfw.csv"), "lfw-held-out.csv"


@pytest.mark.parametrize("name", [*TO_LEARN, TO_CALIBRATE])
def test_each_picture_is_named_once_and_its_codes_are_present_absent_or_blank(name):
    table = pd.read_csv(FOLDER / name)
    assert table["image"].is_unique
    action_units = table.drop(columns="image")
    assert {part for column in action_units for part in column.split("_or_")} <= set(facs.AU_NAMES)
    assert action_units.isin([0, 1]).where(action_units.notna(), True).all(axis=None)
    assert action_units.notna().any(axis=1).all()  # a picture of which nothing is known says nothing


@pytest.mark.parametrize("name", TO_LEARN)
def test_nothing_calibrates_what_was_learnt(name):
    assert not set(pd.read_csv(FOLDER / name)["image"]) & set(pd.read_csv(FOLDER / TO_CALIBRATE)["image"])


def test_a_jaw_that_is_stretched_wide_is_not_called_merely_dropped():
    table = pd.concat([pd.read_csv(FOLDER / name) for name in TO_LEARN])
    assert not ((table["AU26"] == 1) & (table["AU27"] == 1)).any()
