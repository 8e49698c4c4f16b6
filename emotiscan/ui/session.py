"""What outlives one run of a page: the shared analyzer, and one visitor's own photos.

The analyzer holds no photograph and is shared by all visitors. A photograph, its readings and its
heat maps live in the visitor's own session only, and only the last few, scaled to what a page shows.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st
from PIL import Image

from emotiscan.analysis import Analysis, Analyzer, Reading
from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError
from emotiscan.explain import HeatMap, heat_maps
from emotiscan.faces import Face
from emotiscan.images import WORKING_SIDE, read_image
from emotiscan.ui import log

WEIGHTS_VARIABLE = "EMOTISCAN_WEIGHTS"
"""Environment variable that names another checkpoint than the shipped one."""

KEPT_PHOTOS = 4
KEPT_SIDE = 1280
"""Longer side, in pixels, of a photo that is kept."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph of this visit that was read.

    Attributes:
        key: 12 hex digits that tell the file's bytes from others.
        name: what the pages call it.
        picture: the photo, at most `KEPT_SIDE` pixels large.
        readings: one a face, from left to right; their faces are in pixels of the photo as it came.
        faces: the same faces in pixels of `picture`.
        passed_over: faces that were found but not read.
        maps: heat maps made so far, by the face's place, the method and the target.
    """

    key: str
    name: str
    picture: Image.Image
    readings: tuple[Reading, ...]
    faces: tuple[Face, ...]
    passed_over: int
    maps: dict[tuple[int, str, str], HeatMap] = field(default_factory=dict)


def analyzer() -> Analyzer:
    """The analyzer of this process, loaded once.

    Raises:
        CheckpointError: the checkpoint cannot be used.
    """
    return _load(weights_path())


def weights_path() -> Path:
    """The checkpoint that the pages read with; it need not exist."""
    return Path(os.environ.get(WEIGHTS_VARIABLE) or DEFAULT_WEIGHTS)


@st.cache_resource(max_entries=1, show_spinner="Loading the model…")
def _load(weights: Path) -> Analyzer:
    began = time.perf_counter()
    try:
        loaded = Analyzer(weights)
    except CheckpointError as error:
        log.note("model", outcome="failed", problem=str(error))
        raise
    log.note(
        "model", outcome="loaded", seconds=round(time.perf_counter() - began, 3), checkpoint=loaded.card.fingerprint
    )
    return loaded


def analyse(analyzer: Analyzer, data: bytes) -> Analysis:
    """Read a visitor's picture file, in the memory that a small host has.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    with log.reading(analyzer.card.fingerprint) as noted:
        noted.analysis = analyzer.analyze(read_image(data, longest=WORKING_SIDE))
    return noted.analysis


def read_photo(data: bytes, name: str) -> Photo:
    """A picture file's readings, made when it is first asked for in this session.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    key = key_of(data)
    photos: dict[str, Photo] = st.session_state.setdefault("photos", {})
    photo = photos.pop(key, None)
    if photo is None:
        analysis = analyse(analyzer(), data)
        scale = min(1.0, KEPT_SIDE / max(analysis.photo.size))
        sides = [max(1, round(scale * side)) for side in analysis.photo.size]
        picture = analysis.photo if scale == 1 else analysis.photo.resize(sides, Image.Resampling.LANCZOS)
        faces = tuple(reading.face.scaled(scale) for reading in analysis.readings)
        photo = Photo(key, name, picture, analysis.readings, faces, analysis.passed_over)
    if photo.name != name:  # the same file by another way
        photo = replace(photo, name=name)
    photos[key] = photo  # the last one is the latest
    for oldest in list(photos)[:-KEPT_PHOTOS]:
        del photos[oldest]
    return photo


def key_of(data: bytes) -> str:
    """`Photo.key` of a picture file."""
    return hashlib.sha256(data).hexdigest()[:12]


def photos_of_this_visit() -> list[Photo]:
    """The photos read last, the latest first."""
    return list(reversed(st.session_state.get("photos", {}).values()))


def heat_maps_of(photo: Photo, number: int, targets: Sequence[str], method: str) -> dict[str, HeatMap]:
    """Heat maps of one face of a photo; those made before are not made again.

    Args:
        number: the face's place among the photo's readings.
    """
    missing = [target for target in targets if (number, method, target) not in photo.maps]
    made = heat_maps(analyzer().model, photo.readings[number].feature_map, missing, method)
    photo.maps.update({(number, method, target): heat_map for target, heat_map in made.items()})
    return {target: photo.maps[number, method, target] for target in targets}
