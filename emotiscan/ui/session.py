"""What outlives one run of a page: the shared analyzer and each visitor's own photos.

The analyzer holds no photo; all visitors share it, a few at a time. Readings of the synthetic samples are shared as
well. A visitor's photos, with their readings and heat maps, live only in that visitor's session: the latest few of
them, scaled to the size that a page shows.
"""

import hashlib
import io
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from emotiscan import runtime
from emotiscan.analysis import Analysis, Analyzer, Reading
from emotiscan.explain import HeatMap, heat_maps
from emotiscan.faces import DETECTION_SIDE, Face
from emotiscan.images import WORKING_SIDE, decode_photo
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError
from emotiscan.ui import log, queue_status
from emotiscan.ui.samples import samples

WEIGHTS_VARIABLE = "EMOTISCAN_WEIGHTS"
"""Environment variable that names a checkpoint to use instead of the shipped one."""

KEPT_PHOTOS = 4
"""Number of photos that a visit keeps."""

KEPT_SIDE = 1280
"""Longer side of a kept photo, in pixels."""

_decoding = threading.Lock()
"""Held while a photo is decoded, which takes twice the memory of its pixels."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo of this visit, with its readings.

    Attributes:
        key: 12 hex digits that identify the file's bytes.
        name: its name on the pages.
        file: the photo, at most `KEPT_SIDE` pixels large, as JPEG bytes: a tenth of the memory of its pixels.
        readings: one per face, from left to right; their faces are in pixels of the original photo.
        faces: the same faces in pixels of `picture`.
        skipped_faces: number of faces that were found but not read.
        rotated: degrees by which the photo was turned clockwise to find a face (see `Analysis.rotated`).
        is_snapshot: whether it comes from the camera.
        maps: heat maps computed so far, by face index, method and target.
        thumbnails: data URLs of small heat maps, by face index and method, then by target.
    """

    key: str
    name: str
    file: bytes
    readings: tuple[Reading, ...]
    faces: tuple[Face, ...]
    skipped_faces: int
    rotated: int = 0
    is_snapshot: bool = False
    maps: dict[tuple[int, str, str], HeatMap] = field(default_factory=dict)
    thumbnails: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)

    @property
    def picture(self) -> Image.Image:
        """The photo, RGB; decoded on every access."""
        return Image.open(io.BytesIO(self.file)).convert("RGB")


def analyzer() -> Analyzer:
    """Return the analyzer of this process, loaded once.

    Raises:
        CheckpointError: the checkpoint cannot be used.
    """
    return _load(weights_path())


def weights_path() -> Path:
    """Return the path of the checkpoint in use; the file need not exist."""
    return Path(os.environ.get(WEIGHTS_VARIABLE) or DEFAULT_WEIGHTS)


@st.cache_resource(max_entries=1, show_spinner="Loading the model…")
def _load(weights: Path) -> Analyzer:
    began = time.perf_counter()
    try:
        loaded = Analyzer(weights)
    except CheckpointError as error:
        log.note("model", outcome="failed", problem=str(error))
        raise
    runtime.spare_garbage_collector()
    log.note(
        "model", outcome="loaded", seconds=round(time.perf_counter() - began, 3), checkpoint=loaded.card.fingerprint
    )
    return loaded


def analyze(data: bytes, placeholder: DeltaGenerator | None = None) -> Analysis:
    """Analyze a photo when it is this visitor's turn, within the memory of a small host. Keeps nothing of it.

    Args:
        data: the image file.
        placeholder: as in `queue_status.turn`.

    Raises:
        ImageError: the file is not a usable image.
    """
    with _analyzed(data, placeholder) as analysis:
        return analysis


@contextmanager
def _analyzed(data: bytes, placeholder: DeltaGenerator | None) -> Iterator[Analysis]:
    """Analyze a photo as `analyze` does, and hold the visitor's turn inside the `with` block.

    What needs all pixels belongs into the block: no more photos are in memory at full size than there are turns.
    """
    model = analyzer()
    try:
        with queue_status.turn(placeholder) as busy:
            with log.timed_reading(model.card.fingerprint) as timed:
                with _decoding:
                    photo = decode_photo(data, DETECTION_SIDE, max_side=WORKING_SIDE)
                timed.analysis = model.analyze(photo, beside_others=busy)
            yield timed.analysis
    finally:
        runtime.trim_memory()


def read_photo(data: bytes, name: str, placeholder: DeltaGenerator | None = None, is_snapshot: bool = False) -> Photo:
    """Return a photo with its readings; analyzes it when this session asks for it the first time.

    Args:
        data: the image file.
        name: its name on the pages.
        placeholder: as in `queue_status.turn`.
        is_snapshot: whether it comes from the camera.

    Raises:
        ImageError: the file is not a usable image.
    """
    key = photo_key(data)
    photos: dict[str, Photo] = st.session_state.setdefault("photos", {})
    photo = photos.pop(key, None)
    if photo is None:
        photo = (
            _sample(key, data, name, placeholder) if key in _sample_keys() else _new_photo(key, data, name, placeholder)
        )
    if (photo.name, photo.is_snapshot) != (name, is_snapshot):  # new, or the same file from another source
        photo = replace(photo, name=name, is_snapshot=is_snapshot)
    return _keep(photo)


def _keep(photo: Photo) -> Photo:
    """Keep a photo as the latest one of this visit, and the few before it."""
    photos: dict[str, Photo] = st.session_state.setdefault("photos", {})
    photos[photo.key] = photo  # the latest comes last
    for oldest in list(photos)[:-KEPT_PHOTOS]:
        del photos[oldest]
    return photo


def _new_photo(key: str, data: bytes, name: str, placeholder: DeltaGenerator | None) -> Photo:
    with _analyzed(data, placeholder) as analysis:
        photo = analysis.lazy_photo
        picture, shrink = photo.small, min(1.0, KEPT_SIDE / max(photo.small.size))
        if shrink < 1:
            sides = [max(1, round(shrink * side)) for side in picture.size]
            picture = picture.resize(sides, Image.Resampling.HAMMING, reducing_gap=1.0)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=95, subsampling=0)
        faces = tuple(reading.face.scaled(shrink / photo.scale) for reading in analysis.readings)
        return Photo(key, name, file.getvalue(), analysis.readings, faces, analysis.skipped_faces, analysis.rotated)


_samples: dict[tuple[str, str], Photo] = {}  # by the checkpoint's fingerprint and the photo's key


def _sample(key: str, data: bytes, name: str, placeholder: DeltaGenerator | None) -> Photo:
    """Return a sample's readings, which all visitors share: each visit starts with one, and they belong to no one."""
    cached = analyzer().card.fingerprint, key
    if cached not in _samples:
        _samples[cached] = _new_photo(key, data, name, placeholder)
    return _samples[cached]


@cache
def _sample_keys() -> frozenset[str]:
    return frozenset(photo_key(sample.data) for sample in samples())


def reopen_face(key: str, name: str, crop: bytes, reading: Reading, placeholder: DeltaGenerator | None = None) -> Photo:
    """Return a face of which only the crop was kept as a photo that pages can show, with the reading it had before.

    Args:
        key: identifies the face.
        name: its name on the pages.
        crop: its canonical crop as an image file.
        reading: of the face; its own crop and feature map may be missing.
        placeholder: as in `queue_status.turn`.
    """
    photos: dict[str, Photo] = st.session_state.setdefault("photos", {})
    if key not in photos:
        image = Image.open(io.BytesIO(crop)).convert("RGB")
        face = Face(None, None, None, np.array([[1 / image.width, 0, 0], [0, 1 / image.height, 0]]))
        with queue_status.turn(placeholder):
            (fresh,) = analyzer().read_faces([(image, face)])
        whole = replace(reading, crop=image, feature_map=fresh.feature_map, model=fresh.model)
        _keep(Photo(key, name, crop, (whole,), (face,), 0))
    return photos[key]


def photo_key(data: bytes) -> str:
    """Return `Photo.key` of an image file."""
    return hashlib.sha256(data).hexdigest()[:12]


def recent_photos() -> list[Photo]:
    """Return the kept photos of this visit, latest first."""
    return list(reversed(st.session_state.get("photos", {}).values()))


def heat_maps_of(photo: Photo, number: int, targets: Sequence[str], method: str) -> dict[str, HeatMap]:
    """Return heat maps of one face of a photo; computes only those that the photo does not hold yet.

    Args:
        number: index of the face among the photo's readings.
    """
    missing = [target for target in targets if (number, method, target) not in photo.maps]
    made = heat_maps(analyzer().model, photo.readings[number].feature_map, missing, method)
    photo.maps.update({(number, method, target): heat_map for target, heat_map in made.items()})
    return {target: photo.maps[number, method, target] for target in targets}
