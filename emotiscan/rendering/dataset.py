"""Data sets of synthetic faces: images, a label table and movement maps, rendered in parallel.

Image `i` depends only on the seed and on `i`. Each pair of consecutive images shows one person in one scene with two
expressions, so that only the action units differ. An interrupted run resumes where it stopped.
"""

import csv
import functools
import hashlib
import io
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.files import atomic_write_bytes
from emotiscan.parallel_map import parallel_map
from emotiscan.rendering.expressions import ACTED, AU_NAMES, sample_expression
from emotiscan.rendering.people import sample_person
from emotiscan.rendering.problems import USUAL_PROBLEMS, ProblemShares
from emotiscan.rendering.renderer import Renderer, RenderFunction
from emotiscan.rendering.result import Rendering
from emotiscan.rendering.scenes import Scene, sample_scene

VERSION = 5
"""Raise this when the same seed gives different images: older folders are then not continued."""

IMAGES_PER_PERSON = 2
JPEG_QUALITY = 95
BATCH = 50
"""Images after which rows are written and progress is reported."""

PROBLEM_COLUMNS = ("occluder", "mouth_covered", "eyes_covered", "hidden", "blur", "exposure")
"""Columns about what makes the face hard to read: the kind of occluder, which share of mouth and eyes is hidden, which
action units are not visible (separated by spaces), the effective blur in eye distances, and "dark" or "overexposed"."""

LANDMARKS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
ATTRIBUTES = ("skin_tone", "age", "hair", "hair_colour", "beard", "glasses", "yaw", "pitch", "roll", "light")
COLUMNS = (
    *("image", "subject", "split", "emotion"),
    *AU_NAMES,
    *(f"{au}_{side}" for au in facs.SIDED_AUS for side in ("right", "left")),
    *ATTRIBUTES,
    *PROBLEM_COLUMNS,
    "eye_distance",
    *(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"),
)
"""Columns of labels.csv: action units as intensities 0 to 1, angles in degrees, positions in pixels.

`AU12_right` is the intensity on the person's right half, which is at the left of the image; `AU12` is the larger one of
both halves."""


Row: TypeAlias = dict[str, object]
"""A row of labels.csv, by column."""


class DatasetError(ValueError):
    """The data set cannot be rendered; the message says why and what to do."""


@dataclass(frozen=True)
class RenderSettings:
    """Settings that all images of a folder share, kept in its settings.json.

    Attributes:
        model: file name of the face model.
        seed: of people, scenes and expressions.
        size: side of the images, pixels.
        maps: whether movement maps are written.
        acted: share of images that act out an emotion, 0 to 1.
        often: action units that random combinations favor.
        occluded, blurred, misexposed: shares of images with these problems, as in `ProblemShares`.
        version: of the renderer, `VERSION`.
    """

    model: str
    seed: int = 0
    size: int = 224
    maps: bool = False
    acted: float = ACTED
    often: tuple[str, ...] = ()
    occluded: float = USUAL_PROBLEMS.occluded
    blurred: float = USUAL_PROBLEMS.blurred
    misexposed: float = USUAL_PROBLEMS.misexposed
    version: int = VERSION


def scene_of(
    seed: int,
    index: int,
    acted: float = ACTED,
    often: Collection[str] = (),
    problems: ProblemShares = USUAL_PROBLEMS,
) -> Scene:
    """Return the scene of one image; `acted` and `often` as in `sample_expression`, `problems` as in `sample_scene`."""
    number = index // IMAGES_PER_PERSON
    person = sample_person(np.random.default_rng((seed, number, 1)))
    scene = sample_scene(np.random.default_rng((seed, number, 2)), person, problems=problems)
    rng = np.random.default_rng((seed, index, 3))
    return replace(scene, expression=sample_expression(rng, acted=acted, often=often))


def subject_of(seed: int, index: int) -> str:
    """Return the subject of an image."""
    return f"s{seed}-{index // IMAGES_PER_PERSON:06d}"


def split_of(subject: str) -> str:
    """Return the split of a subject: 80% train, 10% validation, 10% test, whatever the other subjects are."""
    bucket = int(hashlib.sha256(subject.encode()).hexdigest()[:8], 16) % 10
    return "validation" if bucket == 8 else "test" if bucket == 9 else "train"


def row_of(seed: int, index: int, scene: Scene, rendering: Rendering) -> Row:
    """Return the row of labels.csv for one image."""
    subject = subject_of(seed, index)
    landmarks = rendering.landmarks5.astype(float)
    row: Row = {
        "image": f"images/{index:06d}.jpg",
        "subject": subject,
        "split": split_of(subject),
        "emotion": scene.expression.emotion,
    }
    row |= {au: scene.expression.action_units.get(au, 0) for au in AU_NAMES}
    for au in facs.SIDED_AUS:
        right, left = scene.expression.sides(au)
        row |= {f"{au}_right": round(right, 3), f"{au}_left": round(left, 3)}
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
        "occluder": scene.occluder.kind,
        "mouth_covered": round(rendering.mouth_covered, 3),
        "eyes_covered": round(rendering.eyes_covered, 3),
        "hidden": " ".join(rendering.hidden),
        "blur": round(rendering.blur, 4),
        "exposure": scene.exposure,
        "eye_distance": round(float(np.linalg.norm(landmarks[1] - landmarks[0])), 2),
    }
    for name, (x, y) in zip(LANDMARKS, landmarks, strict=True):
        row |= {f"{name}_x": round(x, 2), f"{name}_y": round(y, 2)}
    return row


def render_image(render: RenderFunction, folder: Path, settings: RenderSettings, index: int) -> Row:
    """Render one image, write it and its maps atomically, and return its row."""
    problems = ProblemShares(settings.occluded, settings.blurred, settings.misexposed)
    scene = scene_of(settings.seed, index, settings.acted, settings.often, problems)
    rendering = render(scene, settings.size)
    if settings.maps:
        maps: dict[str, Any] = {
            au: np.round(rendering.movement(au) * 255).astype(np.uint8)
            for au in facs.AU_NAMES
            if scene.expression.action_units.get(au, 0) > 0
        }
        data = io.BytesIO()
        np.savez_compressed(data, **maps)
        atomic_write_bytes(folder / f"maps/{index:06d}.npz", data.getvalue())
    data = io.BytesIO()
    Image.fromarray(rendering.image).save(data, "JPEG", quality=JPEG_QUALITY, subsampling=0)
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
    problems: ProblemShares = USUAL_PROBLEMS,
    cache_dir: str | Path = "cache",
    render: RenderFunction | None = None,
    on_progress: Callable[[str], None] = print,
) -> Path:
    """Render those of the images `first` to `first + count - 1` that do not exist yet.

    Args:
        model: the converted face model.
        folder: where images/, maps/, labels.csv and settings.json go.
        count: number of images.
        seed: another seed gives other people.
        size: side of the images, pixels.
        workers: number of processes.
        first: number of the first image.
        maps: whether to also write where each active action unit moves the skin.
        acted: share of images that act out an emotion, 0 to 1; the others combine action units at random.
        often: action units that these combinations favor, as in `sample_expression`.
        problems: shares of images whose face is covered, blurred, or far too dark or bright.
        cache_dir: folder for data computed once for the model.
        render: turns a scene into an image of the given size; for tests. The default is the renderer.
        on_progress: called with each line of progress.

    Returns:
        The path of labels.csv.

    Raises:
        DatasetError: the folder holds images rendered with other settings.
        HeadModelError: the model is missing or is no face model.
        WorkerError: a process died, e.g. because memory ran out.
    """
    folder = Path(folder)
    settings = RenderSettings(Path(model).name, seed, size, maps, acted, tuple(often), **vars(problems))
    if render is None:  # reports a broken model and fills the cache before anything is written
        render = Renderer(model, cache_dir).render
    _claim(folder, settings)
    labels = folder / "labels.csv"
    rows = _finished_rows(folder, settings)
    missing = [index for index in range(first, first + count) if f"images/{index:06d}.jpg" not in rows]
    if len(missing) < count:
        on_progress(f"{count - len(missing)} of {count} images exist already.")
    _write_rows(labels, rows)
    started = time.monotonic()
    batch: list[Row] = []
    rendered = _render_missing(render, str(model), str(cache_dir), folder, settings, missing, workers)
    for done, row in enumerate(rendered, start=1):
        rows[str(row["image"])] = row
        batch.append(row)
        if len(batch) == BATCH or done == len(missing):
            _append_rows(labels, batch)
            batch.clear()
            speed = done / max(time.monotonic() - started, 1e-9)
            on_progress(f"{done} of {len(missing)} images rendered, {speed:.1f} per second")
    _write_rows(labels, dict(sorted(rows.items())))
    return labels


def _render_missing(
    render: RenderFunction,
    model: str,
    cache_dir: str,
    folder: Path,
    settings: RenderSettings,
    missing: list[int],
    workers: int,
) -> Iterator[Row]:
    """Render the missing images and yield their rows in order."""
    if workers <= 1 or len(missing) < 2 * IMAGES_PER_PERSON:
        yield from (render_image(render, folder, settings, index) for index in missing)
        return
    make_renderer = functools.partial(_ImageRenderer, model, cache_dir, folder, settings)
    yield from parallel_map(make_renderer, missing, workers, task="render images", chunk_size=IMAGES_PER_PERSON)


class _ImageRenderer:
    """Renders the images of one folder in a worker process."""

    def __init__(self, model: str, cache_dir: str, folder: Path, settings: RenderSettings) -> None:
        self._render, self._folder, self._settings = Renderer(model, cache_dir).render, folder, settings

    def __call__(self, index: int) -> Row:
        return render_image(self._render, self._folder, self._settings, index)


def _claim(folder: Path, settings: RenderSettings) -> None:
    """Create the folder, or check that its images were rendered with the same settings."""
    file, text = folder / "settings.json", json.dumps(asdict(settings), indent=1)
    if file.is_file():
        try:
            before = json.loads(file.read_text())
        except ValueError:
            raise DatasetError(f"{file} is damaged; delete {folder} or choose another folder") from None
        before = {"acted": 0.5, "often": []} | before  # folders from before these options existed
        for name, now in json.loads(text).items():
            if before.get(name) != now:
                raise DatasetError(
                    f"{folder} holds images rendered with {name} = {before.get(name)}, not {now}; "
                    "choose another folder or the same settings"
                )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(f"{folder} is not empty and is no data set of rendered faces; choose another folder")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    if settings.maps:
        (folder / "maps").mkdir(exist_ok=True)
    atomic_write_bytes(file, text.encode())


def _finished_rows(folder: Path, settings: RenderSettings) -> dict[str, Row]:
    """Return the rows of complete images (with their maps), keyed by image."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        return {}
    with open(labels, newline="", encoding="utf-8") as file:
        complete = [row for row in csv.DictReader(file) if None not in row.values() and None not in row]
    images = {name.name for name in (folder / "images").iterdir()}
    maps = {name.stem for name in (folder / "maps").iterdir()} if settings.maps else None
    return {
        row["image"]: row
        for row in complete
        if row["image"].removeprefix("images/") in images and (maps is None or Path(row["image"]).stem in maps)
    }


def _write_rows(labels: Path, rows: dict[str, Row]) -> None:
    atomic_write_bytes(labels, (",".join(COLUMNS) + "\n" + _lines(list(rows.values()))).encode())


def _append_rows(labels: Path, rows: list[Row]) -> None:
    with open(labels, "ab", buffering=0) as file:  # a single write: a reader never sees half a line
        file.write(_lines(rows).encode())


def _lines(rows: list[Row]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerows(rows)
    return text.getvalue()
