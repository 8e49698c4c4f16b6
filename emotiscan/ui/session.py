"""What outlives one run of a page: the shared analyzer, and one visitor's own photos.

The analyzer holds no photo and is shared by all visitors, in turn; what was read of the rendered samples is shared
too. A photo, its readings and its heat maps live in the visitor's own session only, and only the last few,
scaled to what a page shows.
"""

import hashlib
import io
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from emotiscan.analysis import Analysis, Analyzer, Reading, trim_memory
from emotiscan.explain import HeatMap, heat_maps
from emotiscan.faces import Face
from emotiscan.images import WORKING_SIDE, read_image
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError
from emotiscan.ui import log
from emotiscan.ui import queue_status as waiting
from emotiscan.ui.samples import samples

WEIGHTS_VARIABLE = "EMOTISCAN_WEIGHTS"
"""Environment variable that names another checkpoint than the shipped one."""

KEPT_PHOTOS = 4
KEPT_SIDE = 1280
"""Longer side, in pixels, of a photo that is kept."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo of this visit that was read.

    Attributes:
        key: 12 hex digits that tell the file's bytes from others.
        name: what the pages call it.
        file: the photo, at most `KEPT_SIDE` pixels large, as a JPEG file: a tenth of its pixels' memory.
        readings: one a face, from left to right; their faces are in pixels of the photo as it came.
        faces: the same faces in pixels of `picture`.
        passed_over: faces that were found but not read.
        maps: heat maps made so far, by the face's place, the method and the target.
        peeks: addresses of small pictures of them, by the face's place and the action unit.
    """

    key: str
    name: str
    file: bytes
    readings: tuple[Reading, ...]
    faces: tuple[Face, ...]
    passed_over: int
    maps: dict[tuple[int, str, str], HeatMap] = field(default_factory=dict)
    thumbnails: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def picture(self) -> Image.Image:
        """The photo, RGB; decoded anew each time."""
        return Image.open(io.BytesIO(self.file)).convert("RGB")


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


def analyze(data: bytes, line: DeltaGenerator | None = None) -> Analysis:
    """Read a picture file when it is this visitor's turn, in the memory that a small host has; nothing of it is kept.

    Args:
        data: the file.
        line: as in `waiting.turn`.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    reader = analyzer()
    try:
        with waiting.turn(line), log.reading(reader.card.fingerprint) as noted:
            noted.analysis = reader.analyze(read_image(data, max_side=WORKING_SIDE))
        return noted.analysis
    finally:
        trim_memory()


def read_photo(data: bytes, name: str, line: DeltaGenerator | None = None) -> Photo:
    """A picture file's readings, made when it is first asked for in this session.

    Args:
        data: the file.
        name: what the pages call it.
        line: as in `waiting.turn`.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    key = key_of(data)
    photos: dict[str, Photo] = st.session_state.setdefault("photos", {})
    photo = photos.pop(key, None)
    if photo is None:
        photo = _sample(key, data, name, line) if key in _sample_keys() else _new_photo(key, data, name, line)
    if photo.name != name:  # the same file by another way
        photo = replace(photo, name=name)
    photos[key] = photo  # the last one is the latest
    for oldest in list(photos)[:-KEPT_PHOTOS]:
        del photos[oldest]
    return photo


def _new_photo(key: str, data: bytes, name: str, line: DeltaGenerator | None) -> Photo:
    analysis = analyze(data, line)
    scale = min(1.0, KEPT_SIDE / max(analysis.photo.size))
    sides = [max(1, round(scale * side)) for side in analysis.photo.size]
    picture = analysis.photo if scale == 1 else analysis.photo.resize(sides, Image.Resampling.LANCZOS, reducing_gap=1.3)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95, subsampling=0)
    faces = tuple(reading.face.scaled(scale) for reading in analysis.readings)
    return Photo(key, name, file.getvalue(), analysis.readings, faces, analysis.skipped_faces)


_samples: dict[tuple[str, str], Photo] = {}  # by the checkpoint and the photo's key


def _sample(key: str, data: bytes, name: str, line: DeltaGenerator | None) -> Photo:
    """A sample's reading, which all visitors share: each visit begins with one, and it is nobody's own photo."""
    place = analyzer().card.fingerprint, key
    if place not in _samples:
        _samples[place] = _new_photo(key, data, name, line)
    return _samples[place]


@cache
def _sample_keys() -> frozenset[str]:
    return frozenset(key_of(sample.data) for sample in samples())


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
