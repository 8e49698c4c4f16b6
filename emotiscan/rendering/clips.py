"""Rendered clips whose people, places and movements are known exactly: for measuring tracks and events.

People walk about, turn their heads, cross, leave and return; the clip may cut to another view. Their action units rise,
stay and fall at known times. `render_clip` writes a clip and two tables beside it:

- NAME.tracks.csv: `frame, time, person, x0, y0, x1, y1, visible` (share of the face that nothing hides), and the
  intensity of each action unit, 0 to 1.
- NAME.events.csv: `person, au, onset, apex, offset` in seconds and `intensity`, 0 to 1. The apex is the middle of the
  time at full intensity.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.files import atomic_write_bytes
from emotiscan.rendering.camera import render_background
from emotiscan.rendering.expressions import Expression
from emotiscan.rendering.problems import NO_PROBLEMS
from emotiscan.rendering.renderer import RenderFunction
from emotiscan.rendering.scenes import Background, Camera, Light, Scene, sample_background, sample_light, sample_scene

RATE = 25
"""Frames per second."""

HEAD_SHARE = 0.8
"""Zoom of the sprites: hair and shoulders fit into them."""

EVENT_UNITS = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU9", "AU12", "AU15", "AU25", "AU26", "AU43")
"""Action units that act in clips."""


@dataclass(frozen=True)
class Act:
    """One movement of an action unit.

    Attributes:
        au: the action unit.
        onset: time at which it begins, seconds.
        rise: seconds until full intensity.
        hold: seconds at full intensity.
        fall: seconds until it is gone.
        intensity: 0 to 1.
    """

    au: str
    onset: float
    rise: float
    hold: float
    fall: float
    intensity: float

    @property
    def apex(self) -> float:
        """Middle of the time at full intensity, seconds."""
        return self.onset + self.rise + self.hold / 2

    @property
    def offset(self) -> float:
        """Time at which the movement is over, seconds."""
        return self.onset + self.rise + self.hold + self.fall

    def at(self, time: float) -> float:
        """Intensity at a time, 0 to 1: it eases in and out."""
        up = np.clip((time - self.onset) / self.rise, 0, 1)
        down = np.clip((self.offset - time) / self.fall, 0, 1)
        share = min(up, down)
        return float(self.intensity * share * share * (3 - 2 * share))


@dataclass(frozen=True)
class Actor:
    """A person in a clip.

    Attributes:
        scene: person, hair, clothes and so on; the expression is the one at rest.
        path: maps a time to the middle of the face (x, y) in fractions of the frame's width and height, and the face's
            height in fractions of the frame's height; None while the person is away.
        turn: maps a time to yaw, pitch and roll in degrees.
        acts: movements of action units.
    """

    scene: Scene
    path: Callable[[float], tuple[float, float, float] | None]
    turn: Callable[[float], tuple[float, float, float]]
    acts: tuple[Act, ...] = ()

    def intensities(self, time: float) -> dict[str, float]:
        """Action units that are not 0 at a time."""
        found: dict[str, float] = {}
        for act in self.acts:
            if value := act.at(time):
                found[act.au] = max(value, found.get(act.au, 0.0))
        return found


@dataclass(frozen=True)
class Script:
    """What happens in a clip.

    Attributes:
        actors: the people; those nearer to the camera (larger) hide the others.
        seconds: length.
        size: width and height in pixels.
        backgrounds: background from each time on; a new one is a cut.
        light: of the whole clip.
        noise: of the camera, sigma in gray levels.
    """

    actors: tuple[Actor, ...]
    seconds: float
    size: tuple[int, int] = (640, 360)
    backgrounds: tuple[tuple[float, Background], ...] = ((0.0, Background()),)
    light: Light = field(default_factory=Light)
    noise: float = 2.0


def render_clip(render: RenderFunction, script: Script, path: Path, seed: int = 0) -> int:
    """Render a clip and its tables.

    Args:
        render: `Renderer.render`.
        script: what happens.
        path: of the clip, e.g. clip.mp4.
        seed: of the camera's noise.

    Returns:
        The number of frames.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    count = round(script.seconds * RATE)
    stage = _Stage(render, script)
    # With PyAV's own file object, a file that is being written is not whole yet: a clip is written in memory first.
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.width, stream.height = script.size
        stream.pix_fmt = "yuv420p"
        for number in range(count):
            time = number / RATE
            image, boxes = stage.frame(time)
            noisy = np.clip(image + rng.normal(0, script.noise, image.shape[:2])[..., None], 0, 255).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(noisy, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
            for person, (box, visible) in boxes.items():
                place = dict(zip(("x0", "y0", "x1", "y1"), (round(float(edge), 1) for edge in box), strict=True))
                rows.append({"frame": number, "time": time, "person": person, **place, "visible": round(visible, 2)})
                rows[-1] |= {au: round(value, 3) for au, value in script.actors[person].intensities(time).items()}
        container.mux(stream.encode())
    atomic_write_bytes(path, file.getvalue())
    units = sorted({act.au for actor in script.actors for act in actor.acts}, key=lambda au: int(au[2:]))
    place_columns = ["frame", "time", "person", "x0", "y0", "x1", "y1", "visible"]
    _write_table(path.with_suffix(".tracks.csv"), [*place_columns, *units], rows)
    _write_table(
        path.with_suffix(".events.csv"), ["person", "au", "onset", "apex", "offset", "intensity"], _events(script)
    )
    return count


def _events(script: Script) -> list[dict[str, object]]:
    return [
        {
            "person": person,
            "au": act.au,
            "onset": round(act.onset, 4),
            "apex": round(act.apex, 4),
            "offset": round(act.offset, 4),
            "intensity": round(act.intensity, 3),
        }
        for person, actor in enumerate(script.actors)
        for act in sorted(actor.acts, key=lambda act: (act.onset, act.au))
    ]


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval=0)
    writer.writeheader()
    writer.writerows(rows)
    atomic_write_bytes(path, text.getvalue().encode())


class _Stage:
    """Lays rendered people over a background; keeps renderings, because many frames show the same one elsewhere."""

    def __init__(self, render: RenderFunction, script: Script) -> None:
        self._render, self._script = render, script
        self._sprites: dict[tuple, tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]] = {}
        self._walls: dict[Background, NDArray[np.uint8]] = {}

    def frame(self, time: float) -> tuple[NDArray[np.float32], dict[int, tuple[NDArray[np.float32], float]]]:
        """The image at a time, and of each person's face in it the box and the visible share."""
        width, height = self._script.size
        background = [one for start, one in self._script.backgrounds if time >= start - 1e-6][-1]
        canvas = self._wall(background).astype(np.float32)
        owner = np.full((height, width), -1, np.int32)
        placed = [(actor.path(time), person, actor) for person, actor in enumerate(self._script.actors)]
        boxes = {}
        seen = [(place, person, actor) for place, person, actor in placed if place is not None]
        for place, person, actor in sorted(seen, key=lambda one: one[0][2]):  # the nearest ones last
            image, matte, landmarks = self._sprite(person, actor, time, place[2] * height)
            face = _face_box(landmarks)
            at = np.array([place[0] * width, place[1] * height]) - (face[:2] + face[2:]) / 2
            left, top = round(float(at[0])), round(float(at[1]))
            x0, y0 = max(0, left), max(0, top)
            x1, y1 = min(width, left + image.shape[1]), min(height, top + image.shape[0])
            if x1 <= x0 or y1 <= y0:
                continue
            part = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
            share = matte[part][..., None]
            canvas[y0:y1, x0:x1] += share * (image[part] - canvas[y0:y1, x0:x1])
            owner[y0:y1, x0:x1][matte[part] > 0.5] = person
            boxes[person] = face + np.array([left, top, left, top], np.float32)
        return canvas, {person: (box, _visible_share(owner, box, person)) for person, box in boxes.items()}

    def _sprite(
        self, person: int, actor: Actor, time: float, face: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        yaw, pitch, roll = (2.0 * round(angle / 2) for angle in actor.turn(time))
        units = {au: round(value, 2) for au, value in actor.intensities(time).items() if value >= 0.01}
        # The face takes up a bit more than half of a sprite.
        size = max(48, 8 * round(face / 0.55 / 8))
        key = (person, size, yaw, pitch, roll, *sorted(units.items()))
        if key not in self._sprites:
            if len(self._sprites) > 200:
                self._sprites.clear()
            pose = replace(actor.scene.pose, yaw=yaw, pitch=pitch, roll=roll, zoom=HEAD_SHARE, shift=(0.0, 0.0))
            expression = replace(actor.scene.expression, action_units=units, emotion="", balance={})
            rendering = self._render(replace(actor.scene, pose=pose, expression=expression), size)
            self._sprites[key] = (*_with_torso(rendering.image, rendering.matte()), rendering.landmarks68)
        image, matte, landmarks = self._sprites[key]
        return image, matte, landmarks

    def _wall(self, background: Background) -> NDArray[np.uint8]:
        if background not in self._walls:
            width, height = self._script.size
            square = render_background(background, width)
            gray = np.clip(255 * np.clip(square, 0, 1) ** (1 / 2.2), 0, 255).astype(np.uint8)
            self._walls[background] = cv2.resize(gray, (width, width))[:height]
        return self._walls[background]


def _with_torso(image: NDArray[np.uint8], matte: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Continue the clothes downwards, in the colors of their lowest visible row; the model ends at the shoulders."""
    size = len(matte)
    solid = matte > 0.9
    rows = np.arange(size)[:, None]
    last = np.where(solid, rows, -1).max(0)
    bottom = int(np.median(last[last >= 0])) if (last >= 0).any() else size - 1
    image = np.concatenate([image, np.repeat(image[-1:], size, 0)])
    matte = np.concatenate([matte, np.zeros((size, matte.shape[1]), np.float32)])
    for column in np.flatnonzero(last >= bottom - size // 8):
        end = last[column]
        image[end - 1 :, column] = image[max(0, end - 4) : end - 1, column].mean(0)
        matte[end - 1 :, column] = 1
    return image, matte


def _face_box(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Box of a face from brows to chin, a little wider upwards, as face detectors draw it: (4,) x0, y0, x1, y1."""
    low, high = landmarks.min(0), landmarks.max(0)
    return np.array([low[0], low[1] - 0.12 * (high[1] - low[1]), high[0], high[1]], np.float32)


def _visible_share(owner: NDArray[np.int32], box: NDArray[np.float32], person: int) -> float:
    """Share of the middle of a face's box that shows the person."""
    x0, y0, x1, y1 = box
    inset_x, inset_y = 0.15 * (x1 - x0), 0.15 * (y1 - y0)
    wanted = max(1.0, (x1 - x0 - 2 * inset_x) * (y1 - y0 - 2 * inset_y))
    left, top, right, bottom = (round(float(edge)) for edge in (x0 + inset_x, y0 + inset_y, x1 - inset_x, y1 - inset_y))
    part = owner[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return min(1.0, float((part == person).sum()) / wanted)


def sample_acts(rng: np.random.Generator, seconds: float, often: float = 1.6) -> tuple[Act, ...]:
    """Sample movements of one or two action units at a time, each over before the next one begins.

    Args:
        rng: source of randomness.
        seconds: length of the clip.
        often: average seconds between two beginnings, beside their length.
    """
    acts: list[Act] = []
    time = float(rng.uniform(0.8, 1.4))
    while True:
        rise, hold, fall = rng.uniform(0.2, 0.6), rng.uniform(0.3, 0.9), rng.uniform(0.25, 0.7)
        if time + rise + hold + fall > seconds - 0.5:
            return tuple(acts)
        for au in rng.choice(EVENT_UNITS, size=int(rng.integers(1, 3)), replace=False):
            unit = str(au)
            intensity = float(rng.uniform(0.55, 1.0))
            for name in ("AU25", unit) if unit == "AU26" else (unit,):  # a dropped jaw shows where the lips part
                if not any(act.au == name and act.onset == time for act in acts):
                    acts.append(Act(name, time, rise, hold, fall, intensity))
        time += rise + hold + fall + float(rng.uniform(0.5, often))


def sample_actor_scene(rng: np.random.Generator, light: Light) -> Scene:
    """Sample a person without an expression, in the clip's light, well visible and seen by a good camera."""
    scene = sample_scene(rng, emotion="neutral", problems=NO_PROBLEMS)
    return replace(scene, light=light, camera=Camera(), expression=Expression())


def acting_script(seed: int, seconds: float = 8.0, size: tuple[int, int] = (320, 240)) -> Script:
    """One person, large in the picture, whose action units come and go; the head moves a little."""
    rng = np.random.default_rng(seed)
    light = sample_light(rng, "soft")
    sway, phase = rng.uniform(2, 6), rng.uniform(0, 6)

    def turn(time: float) -> tuple[float, float, float]:
        return (
            float(sway * np.sin(0.9 * time + phase)),
            float(0.5 * sway * np.sin(0.7 * time + 2 * phase)),
            float(0.3 * sway * np.sin(0.5 * time)),
        )

    def path(time: float) -> tuple[float, float, float]:
        return 0.5 + 0.03 * float(np.sin(0.8 * time + phase)), 0.52, 0.55

    actor = Actor(sample_actor_scene(rng, light), path, turn, sample_acts(rng, seconds))
    return Script((actor,), seconds, size, ((0.0, sample_background(rng)),), light)


def meeting_script(seed: int, people: int = 3, seconds: float = 6.0, *, hard: bool = False) -> Script:
    """People who walk, turn, cross, leave and return, in one view or, with a cut, in two.

    Args:
        seed: of people and movements.
        people: how many.
        seconds: length of the clip.
        hard: smaller faces, faster walks, wider turns and more cuts.
    """
    rng = np.random.default_rng(seed)
    light = sample_light(rng, "soft")
    cuts = [seconds * share for share in ((0.3, 0.6, 0.8) if hard else (0.55,))] if rng.random() < 0.5 or hard else []
    scenes = [sample_actor_scene(stream, light) for stream in rng.spawn(people)]
    actors = []
    for index, scene in enumerate(scenes):
        height = float(rng.uniform(0.16, 0.3) if hard else rng.uniform(0.24, 0.38))
        lane = 0.5 + float(rng.uniform(-0.06, 0.06))
        speed = float(rng.uniform(0.25, 0.5) if hard else rng.uniform(0.1, 0.25))
        phase, wide = float(rng.uniform(0, 1)), 35.0 if hard else 20.0
        away = float(rng.uniform(0.35, 0.7)) * seconds if rng.random() < 0.4 else None
        actors.append(
            Actor(
                replace(scene, expression=Expression()),
                _walk(index, people, height, lane, speed, phase, away, tuple(cuts)),
                _turns(wide, float(rng.uniform(0, 6))),
            )
        )
    walls = tuple((start, sample_background(rng)) for start in (0.0, *cuts))
    return Script(tuple(actors), seconds, (640, 360), walls, light)


def _walk(
    index: int,
    people: int,
    height: float,
    lane: float,
    speed: float,
    phase: float,
    away: float | None,
    cuts: tuple[float, ...],
) -> Callable[[float], tuple[float, float, float] | None]:
    def path(time: float) -> tuple[float, float, float] | None:
        if away is not None and away < time < away + 1.5:
            return None
        view = sum(time >= cut - 1e-6 for cut in cuts)
        start = (index + 0.5 + 0.7 * view) / people + 0.2 * phase
        # To and fro between the borders.
        at = (start + speed * time) % 2
        x = 0.1 + 0.8 * (at if at < 1 else 2 - at)
        return x, lane + 0.02 * float(np.sin(5 * time + index)), height * (1 + 0.15 * (view % 2))

    return path


def _turns(wide: float, phase: float) -> Callable[[float], tuple[float, float, float]]:
    def turn(time: float) -> tuple[float, float, float]:
        return float(wide * np.sin(1.1 * time + phase)), float(0.25 * wide * np.sin(0.8 * time + 2 * phase)), 0.0

    return turn
