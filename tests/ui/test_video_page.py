"""The Video page's server side: what a browser sends becomes curves, events and single frames."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan.ui.video import clip as clips
from tests.support.clips import encode, only_sound
from tests.support.pages import VIDEO, as_bytes, texts
from tests.support.places import SAMPLES


@pytest.fixture
def at(app) -> AppTest:
    return app.run().switch_page(VIDEO).run()


def send(at: AppTest, **message) -> AppTest:
    """Send a message as the player does, and wait for the answer."""
    count = getattr(at, "sent", 0) + 1
    at.sent = count
    at.session_state["clip-arrived"] = {"number": f"visit-{count}", **message}
    at.run()
    assert not at.exception
    assert answer(at)["answered"] == f"visit-{count}"
    return at


def answer(at: AppTest) -> dict:
    """What the player was told last."""
    return json.loads(at.get("bidi_component")[0].proto.json)


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def frames(names: list[str], start: float = 0.0) -> list[dict]:
    """Frames of samples, a tenth of a second apart."""
    return [
        {"time": start + 0.1 * number, "picture": text_of((SAMPLES / f"{name}.jpg").read_bytes())}
        for number, name in enumerate(names)
    ]


def read_smile(at: AppTest) -> AppTest:
    """A man with a calm face, person 1, and for 0.4 s in between, somebody who laughs and looks different."""
    about = {"kind": "frames", "clip": 1, "name": "me.mp4", "duration": 1.2, "fps": 10}
    send(at, **about, frames=frames(["calm"] * 4), last=False)
    send(at, **about, frames=frames(["laugh"] * 4, 0.4), last=False)
    send(at, **about, frames=frames(["calm"] * 3, 0.8), last=True)
    return at.segmented_control(key="clip-person").set_value(2).run()


def test_clip_is_read_batch_by_batch(at):
    assert "Choose a clip" in texts(at)
    about = {"kind": "frames", "clip": 1, "name": "me.mp4", "duration": 1.2, "fps": 10}
    send(at, **about, frames=frames(["calm"] * 4), last=False)
    assert "4 frames read, 1 person seen." in texts(at)
    assert answer(at)["progress"] == pytest.approx(0.25)
    assert not answer(at)["done"]
    send(at, **about, frames=[], last=True)
    assert answer(at)["done"]
    assert "Download" in texts(at)


def test_smile_is_an_event_with_an_apex(at):
    read_smile(at)
    clip = at.session_state["clip-read"]
    smiles = [event for event in clip.timeline.events if event.au == "AU12"]
    assert len(smiles) == 1
    assert smiles[0].track == 2
    assert 0.4 <= smiles[0].apex <= 0.7
    assert "Apex of each action unit" in texts(at)
    assert "AU12 Lip corner puller" in texts(at)
    assert "AU12" in at.pills(key="clip-curves-2").value


def test_message_that_is_sent_again_counts_once(at):
    message = {"kind": "frames", "clip": 1, "name": "me.mp4", "duration": 1.2, "fps": 10, "last": False}
    send(at, **message, frames=frames(["calm"] * 2))
    at.session_state["clip-arrived"] = {"number": f"visit-{at.sent}", **message, "frames": frames(["calm"] * 2)}
    at.run()
    assert at.session_state["clip-read"].frames == 2


def test_another_clip_replaces_the_first(at):
    read_smile(at)
    about = {"kind": "frames", "clip": 2, "name": "other.mp4", "duration": 1.0, "fps": 10}
    send(at, **about, frames=frames(["surprise"]), last=True)
    assert at.session_state["clip-read"].frames == 1
    assert "other" in texts(at)


def test_apex_asks_the_browser_for_its_frame_which_is_read_like_a_photo(at):
    read_smile(at)
    at.button(key="clip-apex-2-AU12").click().run()
    place = answer(at)["seek"]
    assert place["time"] == pytest.approx(0.55, abs=0.2)
    send(at, kind="frame", clip=1, time=place["time"], picture=text_of((SAMPLES / "smile.jpg").read_bytes()))
    assert f"The frame at {place['time']:.2f} s" in texts(at)
    assert "Grad-CAM heat maps" in texts(at)


def test_all_faces_of_a_person_are_filtered_sorted_and_opened(at):
    read_smile(at)
    clip = at.session_state["clip-read"]
    faces = clip.faces_of(1)
    assert [round(face.time, 1) for face in faces] == [0.0, 0.1, 0.2, 0.3, 0.8, 0.9, 1.0]
    assert all(face.row["emotion"] == "neutral" and face.picture for face in faces)
    at.segmented_control(key="clip-person").set_value(1).run()
    assert "7 of 7 faces" in texts(at)
    at.pills(key="clip-faces-1-emotions").set_value(["positive"]).run()
    assert "0 of 7 faces" in texts(at)
    at.pills(key="clip-faces-1-emotions").set_value([])
    at.selectbox(key="clip-faces-1-order").set_value("AU12").run()
    at.segmented_control(key="clip-faces-1-view").set_value("Scatter plot").run()
    plot = json.loads(at.get("plotly_chart")[-1].proto.spec)
    assert sum(len(trace["x"]) for trace in plot["data"]) == 7
    at.segmented_control(key="clip-faces-1-view").set_value("Gallery").run()
    at.button(key="clip-faces-1-open-1-0.900").click().run()
    assert answer(at)["seek"]["time"] == pytest.approx(0.9)


def test_faces_of_a_checkpoint_with_intensities_are_shown_with_them(app, monkeypatch, full_weights):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(full_weights))
    at = app.run().switch_page(VIDEO).run()
    about = {"kind": "frames", "clip": 1, "name": "me.mp4", "duration": 0.4, "fps": 10}
    send(at, **about, frames=frames(["smile"] * 4), last=True)
    (face, *others) = at.session_state["clip-read"].faces_of(1)
    assert len(others) == 3
    present = face.row["present"]
    assert all(face.row["intensities"][au] >= 0.5 for au in present)
    assert set(face.row["expressions"]) == set(at.session_state["clip-read"].config.expressions)
    at.selectbox(key="clip-faces-1-order").set_value("AU12").run()
    assert not at.exception


def test_frame_without_a_face_says_so(at):
    read_smile(at)
    wall = as_bytes(Image.new("RGB", (320, 240), (180, 170, 160)))
    send(at, kind="frame", clip=1, time=0.2, picture=text_of(wall))
    assert "No face was found in this frame" in texts(at)
    send(at, kind="frame", clip=1, time=0.2, picture="no base64!")
    assert "image" in at.info[0].value


def test_clip_without_faces_says_so(at):
    wall = text_of(as_bytes(Image.new("RGB", (320, 240), (180, 170, 160))))
    send(at, kind="frames", clip=1, name="wall.mp4", duration=1, frames=[{"time": 0, "picture": wall}], last=True)
    assert "No face was found in this clip" in at.warning[0].value


def send_file(at: AppTest, data: bytes) -> AppTest:
    half = len(data) // 2
    about = {"kind": "file", "clip": 1, "name": "me.avi", "fps": 10}
    send(at, **about, part=text_of(data[:half]), first=True, last=False)
    return send(at, **about, part=text_of(data[half:]), first=False, last=True)


def test_clip_that_the_browser_cannot_decode_is_decoded_here(at):
    pytest.importorskip("av")
    smile = np.asarray(Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((320, 320)))
    send_file(at, encode([smile] * 20, format="avi", codec="mpeg4"))
    for _ in range(9):
        if answer(at)["done"]:
            break
        send(at, kind="step", clip=1)
    clip = at.session_state["clip-read"]
    assert clip.is_complete
    assert 7 <= clip.frames <= 9  # 20 frames at 25 a second, 10 a second of which are read
    assert clip.faces == clip.frames
    at.button(key="clip-apex-1-AU12").click().run()
    assert "Grad-CAM heat maps" in texts(at)


@pytest.mark.parametrize("data", [b"", b"no video", only_sound()], ids=["empty", "text", "sound"])
def test_unusable_file_is_refused_in_plain_words(at, data):
    pytest.importorskip("av")
    send_file(at, data)
    assert answer(at)["error"]
    assert "Traceback" not in answer(at)["error"]
    assert "clip-read" not in at.session_state
    read_smile(at)
    assert answer(at)["error"] is None


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "?"},
        {"kind": "step"},
        {"kind": "stop"},
        {"kind": "frames", "frames": [None, {"picture": 5}, {"time": "x", "picture": "AAAA"}]},
        {"kind": "frames", "name": None, "duration": "long", "fps": float("nan"), "frames": 0},
    ],
)
def test_messages_are_not_trusted(at, message):
    send(at, **message)


def test_long_clip_ends_at_the_limit(at, monkeypatch):
    monkeypatch.setattr(clips, "MAX_FRAMES", 3)
    send(at, kind="frames", clip=1, name="me.mp4", duration=9, frames=frames(["calm"] * 4), last=False)
    assert answer(at)["done"]
    assert "Only the first 3 frames were read" in at.warning[0].value


def test_annotated_clip_is_made_only_if_it_was_asked_for(at):
    av = pytest.importorskip("av")
    about = {"kind": "frames", "name": "me.mp4", "duration": 0.4, "fps": 10, "last": True}
    send(at, **about, clip=1, frames=frames(["calm"] * 2))
    assert at.session_state["clip-read"].annotated is None
    at.toggle(key="clip-annotate").set_value(True).run()
    send(at, **about, clip=2, frames=frames(["calm"] * 4))
    assert at.download_button(key="clip-emotiscan-clip.mp4").label == "Annotated clip (MP4)"
    with av.open(io.BytesIO(at.session_state["clip-read"].annotated.data())) as container:
        pictures = [np.asarray(frame.to_image()) for frame in container.decode(video=0)]
    assert len(pictures) == 4
    plain = np.asarray(Image.open(SAMPLES / "calm.jpg").convert("RGB").resize(pictures[0].shape[1::-1]))
    assert np.abs(pictures[0].astype(int) - plain).max() > 100, "a box is drawn"


def logged(capsys) -> list[dict]:
    """The log's lines about clips since the last call."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [fact for fact in map(json.loads, lines) if fact["event"] == "clip"]


def test_clip_is_logged_as_one_line_without_personal_data(at, capsys, monkeypatch):
    monkeypatch.setattr(clips, "MAX_FRAMES", 2)
    send(at, kind="frames", clip=1, name="Erika.mp4", duration=1, frames=frames(["smile"] * 2), last=True)
    send(at, kind="stop", clip=1)
    (line,) = logged(capsys)
    assert set(line) == {"event", "outcome", "frames", "faces", "seconds", "checkpoint"}
    assert (line["outcome"], line["frames"], line["faces"]) == ("read", 2, 2)


def test_refused_clip_is_logged_without_the_reason(at, capsys):
    pytest.importorskip("av")
    send_file(at, b"Erika Mustermann, born 1964")
    (line,) = logged(capsys)
    assert set(line) == {"event", "outcome", "frames", "faces", "seconds", "checkpoint"}
    assert (line["outcome"], line["frames"], line["faces"]) == ("refused", 0, 0)
