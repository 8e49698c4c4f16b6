"""The AI-annotated action units in `weights/codes/`: what training and calibration rely on."""

from pathlib import Path

import pandas as pd
import pytest

from emotiscan import facs

FOLDER = Path(__file__).resolve().parents[2] / "weights" / "codes"
TO_LEARN, TO_CALIBRATE = ("ferplus.csv", "lfw.csv"), "lfw-held-out.csv"
TO_MEASURE = ("ferplus-valid.csv",)
NEW_AUS = ["AU5", "AU9", "AU10", "AU18", "AU20", "AU28", "AU43"]


@pytest.mark.parametrize("name", [*TO_LEARN, TO_CALIBRATE, *TO_MEASURE])
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


def test_photos_to_measure_are_from_the_validation_part():
    assert pd.read_csv(FOLDER / "ferplus-valid.csv")["image"].str.startswith("FER2013Valid/").all()
    assert not pd.read_csv(FOLDER / "ferplus.csv")["image"].str.startswith("FER2013Valid/").any()


@pytest.mark.parametrize("name", ["ferplus.csv", "lfw-held-out.csv"])
def test_every_new_action_unit_is_labeled(name):
    table = pd.read_csv(FOLDER / name)
    assert ((table[NEW_AUS] == 0).sum() >= 400).all()


def test_raised_upper_lids_and_closed_eyes_exclude_each_other():
    table = pd.concat([pd.read_csv(FOLDER / name) for name in ("ferplus.csv", TO_CALIBRATE, *TO_MEASURE)])
    assert not ((table["AU5"] == 1) & (table["AU43"] == 1)).any()


def test_intensity_pairs_name_two_photos_and_the_stronger_one():
    pairs = pd.read_csv(FOLDER / "lfw-pairs.csv")
    assert list(pairs.columns) == ["first", "second", "unit", "stronger"]
    assert (pairs["first"] != pairs["second"]).all()
    assert not pairs.duplicated(["first", "second", "unit"]).any()
    assert set(pairs["unit"]) == {"AU12", "AU25", "AU4", "AU1+AU2"}
    assert set(pairs["stronger"]) == {"first", "second"}


def test_evenness_and_quality_are_yes_no_or_blank():
    even = pd.read_csv(FOLDER / "lfw-even.csv")
    assert set(even["unit"]) <= set(facs.SIDED_AUS)
    assert even["even"].isin([0, 1]).all()
    quality = pd.read_csv(FOLDER / "lfw-quality.csv").set_index("image")
    assert quality.index.is_unique
    assert list(quality.columns) == ["blurred", "mouth_covered", "eyes_covered"]
    assert quality.isin([0, 1]).where(quality.notna(), True).all(axis=None)
