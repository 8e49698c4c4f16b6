"""Several visitors at once, over the network like browsers: each receives only their own photos, clips and frames."""

import base64
import io
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import SAMPLES
from tests.support.pages import as_bytes
from tests.support.running_app import running_app
from tests.support.visitor import Visitor

CAMERA, PLAYER = "emotiscan_live_camera", "emotiscan_clip_player"

OWN = {  # for each visitor: photo, color of its frame, and a part of its reading
    "smile": ((250, 40, 40), "a positive expression"),
    "surprise": ((40, 250, 40), "a surprised expression"),
    "anger": ((40, 40, 250), "a negative expression"),
    "calm": ((250, 250, 40), "a neutral expression"),
}


@pytest.fixture(scope="module")
def server():
    """Address of the app, running in a process of its own."""
    with running_app() as app:
        yield app.address


def framed(name: str, width: int) -> bytes:
    """A sample in a frame of its visitor's color, as JPEG bytes."""
    photo = Image.new("RGB", (480 + 2 * width,) * 2, OWN[name][0])
    photo.paste(Image.open(SAMPLES / f"{name}.jpg").resize((480, 480)), (width, width))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=90)
    return file.getvalue()


def test_simultaneous_visitors_see_only_their_own_photos(server):
    def visit(name: str) -> list[str]:
        """Visit the app once; returns what went wrong."""
        wrong = []
        others = [f"private-{other}.jpg".encode() for other in OWN if other != name]
        with Visitor(server) as visitor:
            visitor.open()
            for width in (40, 80):
                page = visitor.upload(f"private-{name}.jpg", framed(name, width))
                traffic = b"".join(page.raw)
                wrong += [f"{name} was sent {other!r}" for other in others if other in traffic]
                if not any(OWN[name][1] in text for text in page.texts):
                    wrong.append(f"{name} read {page.texts[:6]}")
                photo = Image.open(io.BytesIO(visitor.picture(page.pictures[0].url))).convert("RGB")
                frame = photo.getpixel((photo.width // 2, 10))
                if max(abs(a - b) for a, b in zip(frame, OWN[name][0], strict=True)) > 20:
                    wrong.append(f"{name} saw a frame of color {frame}")
        return wrong

    with ThreadPoolExecutor(len(OWN)) as pool:
        assert not [words for wrong in pool.map(visit, OWN) for words in wrong]


def test_visitors_who_leave_early_do_not_block_the_others(server):
    for width in (40, 60, 80):
        with Visitor(server) as leaves:
            leaves.open()
            leaves.upload("private-leaves.jpg", framed("anger", width), wait=False)
    with Visitor(server) as stays:
        stays.open()
        page = stays.upload("private-stays.jpg", framed("surprise", 50))
    assert any(OWN["surprise"][1] in text for text in page.texts)


VIEWERS = {  # for each viewer: sample, and the emotion that is read
    "smile": "positive",
    "surprise": "surprise",
    "anger": "negative",
    "calm": "neutral",
    "laugh": "positive",
    "fear": "negative",
    "disgust": "negative",
    "sadness": "negative",
}
SIDE = 240  # of a viewer's face in the frames, in pixels
PLACES = {name: (55 * number, 30 * number) for number, name in enumerate(VIEWERS)}


def frame_of(name: str) -> str:
    """A frame with a viewer's face at a place of its own, as the browser sends it."""
    frame = Image.new("RGB", (640, 480), (110, 120, 125))
    frame.paste(Image.open(SAMPLES / f"{name}.jpg").resize((SIDE, SIDE)), PLACES[name])
    return base64.b64encode(as_bytes(frame)).decode()


def viewer_at(box: Sequence[float]) -> str:
    """The viewer at whose place a face is."""
    center = (box[0] + box[2] - SIDE) / 2, (box[1] + box[3] - SIDE) / 2
    return min(PLACES, key=lambda name: math.dist(PLACES[name], center))


def at_once(visit: Callable[[str, Barrier], list[str]]) -> list[str]:
    """Let all viewers visit at the same time; returns what went wrong."""
    together = Barrier(len(VIEWERS))
    with ThreadPoolExecutor(len(VIEWERS)) as pool:
        return [words for wrong in pool.map(visit, VIEWERS, [together] * len(VIEWERS)) for words in wrong]


def test_eight_cameras_at_once_are_answered_with_their_own_readings(server):
    def watch(name: str, together: Barrier) -> list[str]:
        got = []
        with Visitor(server) as visitor:
            visitor.open("live")
            together.wait(120)
            for number in range(2):
                message = {"kind": "frame", "time": float(number), "target": "", "first": number == 0}
                faces = visitor.send(CAMERA, message | {"picture": frame_of(name)})["faces"]
                got.append([(viewer_at(face["box"]), face["emotion"]) for face in faces])
            together.wait(120)  # everyone has been read
            recording = pd.read_csv(io.BytesIO(visitor.download("Last 60 seconds (CSV)")))
        rows = recording[["x0", "y0", "x1", "y1", "emotion"]].itertuples(index=False)
        got += [[(viewer_at(row[:4]), row[4])] for row in rows]
        return [f"{name} got {got}"] if got != [[(name, VIEWERS[name])]] * 4 else []

    assert not at_once(watch)


def test_eight_clips_at_once_show_their_own_people(server):
    def watch(name: str, together: Barrier) -> list[str]:
        others = [f"private-{other}.mp4".encode() for other in VIEWERS if other != name]
        about = {"clip": 1, "name": f"private-{name}.mp4", "duration": 0.3, "fps": 10}
        picture, traffic = frame_of(name), b""
        with Visitor(server) as visitor:
            visitor.open("video")
            together.wait(120)
            for number in range(2):
                frames = [{"time": 0.1 * number, "picture": picture}]
                visitor.send(PLAYER, about | {"kind": "frames", "frames": frames, "last": number == 1})
                traffic += b"".join(visitor.page.raw)
            visitor.send(PLAYER, {"kind": "frame", "clip": 1, "time": 0.1, "picture": picture})
            traffic += b"".join(visitor.page.raw)
            [inspected] = [image for image in visitor.page.pictures if image.alt.startswith("The photo with one face")]
            shown = Image.open(io.BytesIO(visitor.picture(inspected.url))).convert("RGB")
            together.wait(120)  # everyone has been read
            rows = json.loads(visitor.download("Readings (JSON)"))
        wrong = [f"{name} was sent {other!r}" for other in others if other in traffic]
        got = [
            (row["video"], viewer_at([row[edge] for edge in ("x0", "y0", "x1", "y1")]), row["emotion"]) for row in rows
        ]
        if got != [(about["name"], name, VIEWERS[name])] * 2:
            wrong.append(f"{name} got {got}")
        sent = Image.open(io.BytesIO(base64.b64decode(picture)))
        if shown.size != sent.size or np.abs(np.asarray(shown, float) - np.asarray(sent, float)).mean() > 8:
            wrong.append(f"{name} was shown another picture")
        return wrong

    assert not at_once(watch)


def test_download_over_a_slow_connection_survives_what_others_do_meanwhile(server):
    with Visitor(server) as slow, Visitor(server) as other:
        slow.open("live")
        message = {"kind": "frame", "time": 0.0, "target": "", "first": True, "picture": frame_of("smile")}
        slow.send(CAMERA, message)
        path = slow.made_file("Last 60 seconds (CSV)")
        for _ in range(3):
            other.open("live")
            slow.send(CAMERA, {"kind": "stop"})
        assert b"AU12" in slow.picture(path)
