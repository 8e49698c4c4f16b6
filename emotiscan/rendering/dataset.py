"""A data set of rendered faces: pictures, a label table, and movement maps, drawn in parallel.

Picture `i` depends on the seed and on `i` alone. Two pictures in a row are one scene, in which one
person makes two expressions: what tells them apart is the action units alone. A run that was stopped goes
on where it stopped.
"""

import csv
import hashlib
import io
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.files import atomic_write_bytes
from emotiscan.rendering.expressions import ACTED, AU_NAMES, sample_expression
from emotiscan.rendering.people import sample_person
from emotiscan.rendering.renderer import Renderer, Rendering
from emotiscan.rendering.scenes import Scene, sample_scene

VERSION = 4
"""Raise this when pictures of the same seed come out differently: old folders are then not continued."""

PICTURES_PER_PERSON = 2
QUALITY = 95
BATCH = 50
"""Rows are written, and progress is told, after so many pictures."""

LANDMARKS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
ATTRIBUTES = ("skin_tone", "age", "hair", "hair_colour", "beard", "glasses", "yaw", "pitch", "roll", "light")
COLUMNS = (
    *("image", "subject", "split", "emotion"),
    *AU_NAMES,
    *ATTRIBUTES,
    "eye_distance",
    *(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"),
)
"""Columns of labels.csv: action units as intensities 0 to 1, angles in degrees, places in pixels."""


class DatasetError(ValueError):
    """The data set cannot be drawn; the message says why and what to do, in plain words."""


@dataclass(frozen=True)
class RenderSettings:
    """What a folder of pictures was drawn with; a folder holds pictures of one setting only."""

    model: str
    seed: int = 0
    size: int = 224
    maps: bool = False
    acted: float = ACTED
    often: tuple[str, ...] = ()
    version: int = VERSION


def scene_of(seed: int, index: int, acted: float = ACTED, often: Collection[str] = ()) -> Scene:
    """The scene of one picture; `acted` and `often` as in `sample_expression`."""
    number = index // PICTURES_PER_PERSON
    person = sample_person(np.random.default_rng((seed, number, 1)))
    scene = sample_scene(np.random.default_rng((seed, number, 2)), person)
    rng = np.random.default_rng((seed, index, 3))
    return replace(scene, expression=sample_expression(rng, acted=acted, often=often))


def subject_of(seed: int, index: int) -> str:
    """Name of the person in a picture."""
    return f"s{seed}-{index // PICTURES_PER_PERSON:06d}"


def split_of(subject: str) -> str:
    """Split of a person: 80 % train, 10 % validation, 10 % test, whatever else is in the data set."""
    place = int(hashlib.sha256(subject.encode()).hexdigest()[:8], 16) % 10
    return "validation" if place == 8 else "test" if place == 9 else "train"


def row_of(seed: int, index: int, scene: Scene, rendering: Rendering) -> dict[str, object]:
    """One row of labels.csv."""
    subject = subject_of(seed, index)
    marks = rendering.landmarks5.astype(float)
    row: dict[str, object] = {
        "image": f"images/{index:06d}.jpg",
        "subject": subject,
        "split": split_of(subject),
        "emotion": scene.expression.emotion,
    }
    row |= {au: scene.expression.action_units.get(au, 0) for au in AU_NAMES}
    row |= {
        "skin_tone": scene.person.skin_tone,
        "age": round(scene.person.age),
        "hair": scene.hair.style,
        "hair_colour": "grey" if scene.person.graying > 0.5 else scene.person.hair_color,
        "beard": scene.beard.style,
        "glasses": scene.glasses.frame,
        "yaw": round(scene.pose.yaw, 2),
        "pitch": round(scene.pose.pitch, 2),
        "roll": round(scene.pose.roll, 2),
        "light": scene.light.name,
        "eye_distance": round(float(np.linalg.norm(marks[1] - marks[0])), 2),
    }
    for name, (x, y) in zip(LANDMARKS, marks, strict=True):
        row |= {f"{name}_x": round(x, 2), f"{name}_y": round(y, 2)}
    return row


_Draw = Callable[[Scene, int], Rendering]


def render_image(draw: _Draw, folder: Path, settings: RenderSettings, index: int) -> dict[str, object]:
    """Draw one picture, write it (and its maps) whole or not at all, and give its row."""
    scene = scene_of(settings.seed, index, settings.acted, settings.often)
    rendering = draw(scene, settings.size)
    if settings.maps:
        maps = {
            au: np.round(rendering.movement(au) * 255).astype(np.uint8)
            for au in facs.AU_NAMES
            if scene.expression.action_units.get(au, 0) > 0
        }
        data = io.BytesIO()
        np.savez_compressed(data, **maps)
        atomic_write_bytes(folder / f"maps/{index:06d}.npz", data.getvalue())
    data = io.BytesIO()
    Image.fromarray(rendering.image).save(data, "JPEG", quality=QUALITY, subsampling=0)
    atomic_write_bytes(folder / f"images/{index:06d}.jpg", data.getvalue())
    return row_of(settings.seed, index, scene, rendering)


def render_dataset(
    model: str | Path,
    folder: str | Path,
    count: int,
    *,
    seed: int = 0,
    size: int = 224,
    workers: int = 1,
    first: int = 0,
    maps: bool = False,
    acted: float = ACTED,
    often: Collection[str] = (),
    cache_dir: str | Path = "cache",
    draw: _Draw | None = None,
    on_progress: Callable[[str], None] = print,
) -> Path:
    """Draw pictures `first` to `first + count - 1` that are not there yet.

    Args:
        model: the converted face model.
        folder: where images/, maps/, labels.csv and settings.json go.
        acted: share of pictures that act an emotion, 0 to 1; the others combine action units at random.
        often: action units that these combinations take more readily, as in `sample_expression`.
        draw: how a scene becomes a picture, for tests; the renderer by default.
        tell: takes lines of progress.

    Returns:
        The path of labels.csv.

    Raises:
        DatasetError: the folder holds pictures of other settings.
        HeadModelError: the model is missing or no face model.
    """
    folder = Path(folder)
    settings = RenderSettings(Path(model).name, seed, size, maps, acted, tuple(often))
    if draw is None:  # says what is wrong with the model, and prepares the cache, before anything is written
        draw = Renderer(model, cache_dir).render
    _claim(folder, settings)
    labels = folder / "labels.csv"
    rows = _finished_rows(folder, settings)
    missing = [index for index in range(first, first + count) if f"images/{index:06d}.jpg" not in rows]
    if len(missing) < count:
        on_progress(f"{count - len(missing)} of {count} pictures are there already.")
    _write_rows(labels, rows)
    started = time.monotonic()
    batch: list[dict[str, object]] = []
    pictures = _drawn(draw, str(model), str(cache_dir), folder, settings, missing, workers)
    for done, row in enumerate(pictures, start=1):
        rows[str(row["image"])] = row
        batch.append(row)
        if len(batch) == BATCH or done == len(missing):
            _append_rows(labels, batch)
            batch.clear()
            speed = done / max(time.monotonic() - started, 1e-9)
            on_progress(f"{done} of {len(missing)} pictures drawn, {speed:.1f} a second")
    _write_rows(labels, dict(sorted(rows.items())))
    return labels


def _drawn(
    draw: _Draw, model: str, cache_dir: str, folder: Path, settings: RenderSettings, missing: list[int], workers: int
) -> Iterator[dict[str, object]]:
    if workers <= 1 or len(missing) < 2 * PICTURES_PER_PERSON:
        for index in missing:
            yield render_image(draw, folder, settings, index)
        return
    # Each worker has a core to itself: threads below it would only get in each other's way. What it
    # inherits must say so before it imports NumPy.
    for library in ("OPENBLAS", "OMP", "MKL", "NUMBA"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")  # forked workers would share the parent's locks
    with context.Pool(workers, _start_worker, (model, cache_dir, folder, settings)) as pool:
        yield from pool.imap(_work, missing, chunksize=PICTURES_PER_PERSON)


_worker: tuple[_Draw, Path, RenderSettings] | None = None


def _start_worker(model: str, cache_dir: str, folder: Path, settings: RenderSettings) -> None:
    global _worker
    _worker = (Renderer(model, cache_dir).render, folder, settings)


def _work(index: int) -> dict[str, object]:
    assert _worker is not None
    return render_image(*_worker, index)


def _claim(folder: Path, settings: RenderSettings) -> None:
    """Make the folder, or check that what it holds was drawn with the same settings."""
    file, text = folder / "settings.json", json.dumps(asdict(settings), indent=1)
    if file.is_file():
        try:
            before = json.loads(file.read_text())
        except ValueError:
            raise DatasetError(f"{file} is damaged; delete {folder} or choose another folder") from None
        before = {"acted": 0.5, "often": []} | before  # not written before they could be chosen
        for name, now in json.loads(text).items():
            if before.get(name) != now:
                raise DatasetError(
                    f"{folder} holds pictures drawn with {name} = {before.get(name)}, not {now}; "
                    "choose another folder, or the same settings"
                )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(f"{folder} is not empty and no data set of rendered faces; choose another folder")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    if settings.maps:
        (folder / "maps").mkdir(exist_ok=True)
    atomic_write_bytes(file, text.encode())


def _finished_rows(folder: Path, settings: RenderSettings) -> dict[str, dict[str, object]]:
    """Rows by picture, of pictures that are there with all that belongs to them."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        return {}
    with open(labels, newline="", encoding="utf-8") as file:
        whole = [row for row in csv.DictReader(file) if None not in row.values() and None not in row]
    images = {name.name for name in (folder / "images").iterdir()}
    maps = {name.stem for name in (folder / "maps").iterdir()} if settings.maps else None
    return {
        row["image"]: row
        for row in whole
        if row["image"].removeprefix("images/") in images and (maps is None or Path(row["image"]).stem in maps)
    }


def _write_rows(labels: Path, rows: dict[str, dict[str, object]]) -> None:
    atomic_write_bytes(labels, (",".join(COLUMNS) + "\n" + _lines(list(rows.values()))).encode())


def _append_rows(labels: Path, rows: list[dict[str, object]]) -> None:
    with open(labels, "ab", buffering=0) as file:  # one write: a reader never sees half a line
        file.write(_lines(rows).encode())


def _lines(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerows(rows)
    return text.getvalue()
