"""Tables that OpenFace's and py-feat's users load: names, numbers, units and signs."""

import csv
import io

import pandas as pd
import pytest
from pandas.api.types import is_numeric_dtype

from emotiscan.export.tables import FEAT_EMOTIONS, feat_columns, feat_row, openface_columns, openface_row

UNITS = ("AU1", "AU2", "AU4", "AU6", "AU12", "AU24", "AU25", "AU28", "AU43")


def record(frame: int = 0, **changes):
    """One face of a checkpoint with all outputs; its left eye is covered."""
    return {
        "video": "clip.mp4",
        "frame": frame,
        "time": 0.85 + frame / 25,
        "track": 2,
        "box": [10.0, 20.0, 110.0, 140.0],
        "confidence": 0.99,
        "emotion": "positive",
        "emotions": {"negative": 0.1, "positive": 0.7, "surprise": 0.1, "neutral": 0.1},
        "expressions": dict.fromkeys(
            ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"), 0.125
        ),
        "facs": dict.fromkeys(UNITS, 0.25) | {"AU12": 0.9, "AU6": None},
        "present": ["AU12"],
        "intensities": dict.fromkeys(UNITS, 0.5) | {"AU12": 4.0, "AU6": None},
        "pose": {"pitch": 10.0, "yaw": 20.0, "roll": 30.0},
        "quality": {"usable": True, "problems": []},
    } | changes


def loaded(columns, rows) -> pd.DataFrame:
    """What pandas reads from the file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([["" if (value := row.get(name)) is None else value for name in columns] for row in rows])
    return pd.read_csv(io.StringIO(text.getvalue()))


def openface(*records) -> pd.DataFrame:
    return loaded(openface_columns(UNITS, True), [openface_row(one) for one in records])


def feat(*records) -> pd.DataFrame:
    return loaded(feat_columns(UNITS), [feat_row(one) for one in records])


def test_openface_has_numbers_everywhere_and_its_own_columns_only():
    table = openface(record(0), record(1))
    assert all(map(is_numeric_dtype, table.dtypes))
    assert list(table.columns[:8]) == [
        *("frame", "face_id", "timestamp", "confidence", "success"),
        *("pose_Rx", "pose_Ry", "pose_Rz"),
    ]
    assert table["frame"].tolist() == [1, 2]
    assert table["timestamp"].tolist() == pytest.approx([0.85, 0.89])
    strengths = [name for name in table.columns if name.endswith("_r")]
    assert strengths == [f"AU{au}_r" for au in ("01", "02", "04", "06", "12", "25", "45")]
    assert [name for name in table.columns if name.endswith("_c")] == [
        f"AU{au}_c" for au in ("01", "02", "04", "06", "12", "25", "28", "45")
    ]
    assert table.loc[0, ["AU12_r", "AU12_c", "AU01_c"]].tolist() == [4.0, 1, 0]
    assert table[["AU06_r", "AU06_c"]].isna().all(axis=None), "blank where not visible"


def test_openface_turns_in_radians_and_with_its_own_signs():
    """Down, to the person's own right, and tilted to the image's right are positive there."""
    row = openface(record()).iloc[0]
    assert row[["pose_Rx", "pose_Ry", "pose_Rz"]].tolist() == pytest.approx([0.1745, -0.3491, -0.5236])


def test_openface_success_is_0_for_a_frame_of_low_quality():
    bad = {"usable": False, "problems": ["blurred"]}
    assert openface(record(), record(1, quality=bad))["success"].tolist() == [1, 0]


def test_feat_units_are_all_that_has_these_two_letters():
    table = feat(record(0), record(1))
    units = [name for name in table.columns if "AU" in name]
    assert units == [f"AU{int(au[2:]):02}" for au in UNITS]
    assert all(is_numeric_dtype(table[name]) for name in table.columns if name != "input")
    assert table[["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"]].iloc[0].tolist() == [10, 20, 100, 120]
    assert table[["Pitch", "Roll", "Yaw"]].iloc[0].tolist() == [10, 30, 20]
    assert table[list(FEAT_EMOTIONS)].notna().all(axis=None)
    assert table["AU06"].isna().all()


def test_what_a_checkpoint_does_not_tell_is_blank_or_left_out():
    plain = {name: value for name, value in record().items() if name not in ("expressions", "intensities", "pose")}
    assert not any(name.endswith("_r") for name in openface_columns(UNITS, False))
    table = loaded(openface_columns(UNITS, False), [openface_row(plain)])
    assert table[["pose_Rx", "pose_Ry", "pose_Rz"]].isna().all(axis=None)
    assert feat(plain)[["anger", "Pitch"]].isna().all(axis=None)
