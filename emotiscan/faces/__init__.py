"""Face detection, and the one canonical crop of each face."""

from emotiscan.faces.alignment import (
    CROP_SIZE,
    EYE_DISTANCE,
    EYE_HEIGHT,
    MIN_FACE_SIDE,
    MOUTH_HEIGHT,
    Face,
    Transform,
    apply,
    canonical_transform,
    compose,
    framed_transform,
    invert,
    warp,
)
from emotiscan.faces.detection import DETECTION_SIDE, TURNS, FaceDetector
from emotiscan.faces.quality import Pose, Quality

__all__ = [
    "CROP_SIZE",
    "DETECTION_SIDE",
    "EYE_DISTANCE",
    "EYE_HEIGHT",
    "MIN_FACE_SIDE",
    "MOUTH_HEIGHT",
    "TURNS",
    "Face",
    "FaceDetector",
    "Pose",
    "Quality",
    "Transform",
    "apply",
    "canonical_transform",
    "compose",
    "framed_transform",
    "invert",
    "warp",
]
