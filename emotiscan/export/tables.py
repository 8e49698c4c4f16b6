"""Tables with the columns that other tools read: OpenFace 2 and py-feat. One row a face and frame.

The rows are made of the records of clips (`emotiscan.video.table.video_record`). What the checkpoint does not predict
is blank; what others predict and EmotiScan does not, like the gaze, is left out.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

OPENFACE_STRENGTHS = ("1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "23", "25", "26", "45")
"""Action units with an intensity in OpenFace 2 (Baltrušaitis et al., 2018), in its order."""

OPENFACE_PRESENCES = (*OPENFACE_STRENGTHS[:-1], "28", "45")
"""Action units with a presence in OpenFace 2."""

OPENFACE_BLINK = {"45": "43"}
"""OpenFace's AU45 is the closure of the eyes in each frame: AU43."""

OPENFACE_ANGLES = {"pose_Rx": ("pitch", 1), "pose_Ry": ("yaw", -1), "pose_Rz": ("roll", -1)}
"""OpenFace's angles and ours, with their signs. Its axes point to the image's right, down, and away from the camera,
and rotations about them are right-handed (`Rx * Ry * Rz`): the head turns down, turns to the person's own right (the
image's left), and tilts to the image's right where its angles are positive."""

FEAT_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def openface_columns(action_units: Sequence[str], intensities: bool) -> list[str]:
    """Columns of OpenFace 2, for the action units that a checkpoint knows.

    Args:
        action_units: of the checkpoint.
        intensities: whether it predicts intensities; without them there are no columns AU.._r.
    """
    known = set(action_units)
    strengths = [f"AU{int(au):02}_r" for au in OPENFACE_STRENGTHS if intensities and _ours(au) in known]
    presences = [f"AU{int(au):02}_c" for au in OPENFACE_PRESENCES if _ours(au) in known]
    place = ["frame", "face_id", "timestamp", "confidence", "success"]
    return [*place, "pose_Rx", "pose_Ry", "pose_Rz", *strengths, *presences]


def openface_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a record to OpenFace 2's columns.

    Frames count from 1, `face_id` is the track, angles are in radians (see `OPENFACE_ANGLES`). `success` is 0 where the
    quality is too low.
    """
    pose = record.get("pose", {})
    row: dict[str, Any] = {
        "frame": record["frame"] + 1,
        "face_id": record["track"],
        "timestamp": round(record["time"], 3),
        "confidence": record["confidence"],
        "success": int(record.get("quality", {}).get("usable", True)),
    }
    for column, (angle, sign) in OPENFACE_ANGLES.items():
        row[column] = round(math.radians(sign * pose[angle]), 4) if angle in pose else None
    for au in OPENFACE_PRESENCES:
        name = _ours(au)
        if name in record["facs"]:
            visible = record["facs"][name] is not None
            row[f"AU{int(au):02}_c"] = int(name in record["present"]) if visible else None
        row[f"AU{int(au):02}_r"] = record.get("intensities", {}).get(name)
    return row


def feat_columns(action_units: Sequence[str]) -> list[str]:
    """Columns of py-feat's Fex, for the action units that a checkpoint knows; `time` and `track` at the end."""
    units = [f"AU{int(au[2:]):02}" for au in sorted(action_units, key=lambda au: int(au[2:]))]
    box = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", "Pitch", "Roll", "Yaw"]
    return [*box, *units, *FEAT_EMOTIONS, "input", "frame", "time", "track"]


def feat_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a record to py-feat's columns: frames from 0, probabilities of action units, angles in degrees.

    Of a checkpoint without the eight expressions, only surprise and neutral are known; the other emotions are blank.
    """
    x0, y0, x1, y1 = record["box"] or (None,) * 4
    pose, known = record.get("pose", {}), record["emotions"] | record.get("expressions", {})
    row = {
        "FaceRectX": x0,
        "FaceRectY": y0,
        "FaceRectWidth": None if x0 is None else round(x1 - x0, 1),
        "FaceRectHeight": None if y0 is None else round(y1 - y0, 1),
        "FaceScore": record["confidence"],
        "input": record["video"],
    }
    row |= {angle.capitalize(): pose.get(angle) for angle in ("pitch", "roll", "yaw")}
    row |= {f"AU{int(au[2:]):02}": p for au, p in record["facs"].items()}
    row |= {emotion: known.get(emotion) for emotion in FEAT_EMOTIONS}
    return row | {name: record[name] for name in ("frame", "time", "track")}


def _ours(au: str) -> str:
    return f"AU{OPENFACE_BLINK.get(au, au)}"
