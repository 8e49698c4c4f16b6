"""The Live page's server side: a camera's frames become what the browser draws, and a recording of the last minute."""

import base64
import io
import json

import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.pages import LIVE, as_bytes, texts
from tests.support.places import SAMPLES


@pytest.fixture
def at(app) -> AppTest:
    return app.run().switch_page(LIVE).run()


def send(at: AppTest, **message) -> dict:
    """Send a message as the camera does; returns the answer."""
    at.sent = getattr(at, "sent", 0) + 1
    at.session_state["live-arrived"] = {"number": f"visit-{at.sent}", **message}
    at.run()
    assert not at.exception
    answer = json.loads(at.get("bidi_component")[0].proto.json)
    assert answer["answered"] == f"visit-{at.sent}"
    return answer


def picture(name: str) -> str:
    return base64.b64encode((SAMPLES / f"{name}.jpg").read_bytes()).decode()


def table(at: AppTest) -> pd.DataFrame:
    """The recording, as the download button would write it."""
    return pd.read_csv(io.StringIO(at.session_state["live-session"].csv_text()))


def test_frame_is_answered_with_what_the_browser_draws(at):
    answer = send(at, kind="frame", time=0.1, picture=picture("smile"), target="AU12", first=True)
    [face] = answer["faces"]
    assert "AU12" in face["present"]
    assert face["emotion"] == "positive"
    assert len(face["units"]) == len(answer["units"])
    assert len(face["emotions"]) == len(answer["emotions"])
    assert face["map"]["target"] == "AU12"


def test_heat_map_lies_on_the_mouth_for_a_smile(at):
    [face] = send(at, kind="frame", time=0.1, picture=picture("smile"), target="AU12", first=True)["faces"]
    cells, (a, b, c, d, e, f) = face["map"]["cells"], face["map"]["matrix"]
    size = len(cells)
    row, column = max(((y, x) for y in range(size) for x in range(size)), key=lambda at: cells[at[0]][at[1]])
    x, y = (column + 0.5) / size, (row + 0.5) / size
    x, y = a * x + c * y + e, b * x + d * y + f
    x0, y0, x1, y1 = face["box"]
    assert x0 <= x <= x1
    assert y0 + 0.5 * (y1 - y0) <= y <= y1 + 0.1 * (y1 - y0)


@pytest.mark.parametrize(("target", "shown"), [("auto", True), ("", False), ("AU99", False), (None, False)])
def test_heat_map_follows_the_choice(at, target, shown):
    [face] = send(at, kind="frame", time=0.1, picture=picture("smile"), target=target, first=True)["faces"]
    assert ("map" in face) == shown


def test_only_the_largest_face_has_a_heat_map(at):
    both = Image.new("RGB", (480, 360), (120, 120, 110))
    both.paste(Image.open(SAMPLES / "surprise.jpg").resize((160, 160)), (10, 100))
    both.paste(Image.open(SAMPLES / "smile.jpg").resize((260, 260)), (200, 60))
    picture = base64.b64encode(as_bytes(both)).decode()
    large, small = send(at, kind="frame", time=0.1, picture=picture, target="auto", first=True)["faces"]
    assert large["box"][0] > small["box"][2]
    assert "map" in large
    assert "map" not in small


def test_recording_holds_the_last_minute(at):
    for number, time in enumerate((0.0, 30.0, 59.0, 70.0)):
        send(at, kind="frame", time=time, picture=picture("smile"), target="", first=number == 0)
    assert table(at)["time"].tolist() == [30, 59, 70]
    assert (table(at)["track"] == table(at)["track"][0]).all()
    assert (table(at)["AU12"] > 0.5).all()


def test_camera_that_starts_again_begins_a_new_recording(at):
    send(at, kind="frame", time=9.0, picture=picture("smile"), target="", first=True)
    send(at, kind="frame", time=0.1, picture=picture("calm"), target="", first=True)
    assert table(at)["time"].tolist() == [0.1]


def test_recording_without_readings_is_an_empty_table(at):
    assert at.download_button(key="live-csv")
    assert not len(table(at))


def test_paused_frame_is_read_like_a_photo(at):
    answer = send(at, kind="inspect", time=1, picture=picture("surprise"), large=picture("surprise"))
    assert answer["faces"][0]["emotion"] == "surprise"
    assert "The frame at which you paused" in texts(at)
    assert "Grad-CAM heat maps" in texts(at)
    wall = base64.b64encode(as_bytes(Image.new("RGB", (320, 240), (180, 170, 160)))).decode()
    send(at, kind="inspect", time=2, picture=wall, large=wall)
    assert "No face was found in this frame" in texts(at)


def test_movement_to_try_is_sent_to_the_browser(at):
    at.selectbox(key="challenge").set_value("Lift your whole brows").run()
    answer = send(at, kind="frame", time=0.1, picture=picture("surprise"), target="", first=True)
    assert answer["challenge"] == {"title": "Lift your whole brows", "units": ["AU1", "AU2"]}


def test_link_from_the_guide_sets_the_action_unit_to_try(app):
    app.query_params["goal"] = "AU12"
    at = app.switch_page(LIVE).run()
    assert not at.exception
    assert at.selectbox(key="challenge").value == "AU12"
    answer = send(at, kind="frame", time=0.1, picture=picture("smile"), target="", first=True)
    assert answer["challenge"] == {"title": "AU12 Lip corner puller", "units": ["AU12"]}
    at.selectbox(key="challenge").set_value("Frown").run()
    assert "goal" not in at.query_params
    at.selectbox(key="challenge").set_value("AU4").run()
    assert at.query_params["goal"] in ("AU4", ["AU4"])


def test_goal_that_the_model_does_not_read_says_so(app, monkeypatch, tmp_path):
    import torch

    from emotiscan.model.checkpoint import Card, save_checkpoint
    from emotiscan.model.network import FaceModel, ModelConfig

    torch.manual_seed(0)
    config = ModelConfig("densenet121", action_units=("AU12",), input_size=64, hidden=16)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a", FaceModel(config), Card(config))))
    app.query_params["goal"] = "AU4"
    at = app.switch_page(LIVE).run()
    assert not at.exception
    assert "does not read AU4" in at.info[0].value
    assert at.selectbox(key="challenge").value is None


@pytest.mark.parametrize("goal", ["AU99", "<b>", ""])
def test_nonsense_goal_is_ignored(app, goal):
    app.query_params["goal"] = goal
    at = app.switch_page(LIVE).run()
    assert not at.exception
    assert not at.info
    assert at.selectbox(key="challenge").value is None


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "?"},
        {"kind": "frame"},
        {"kind": "frame", "picture": "AAAA", "time": "soon", "target": 5},
        {"kind": "inspect", "picture": None},
    ],
)
def test_messages_are_not_trusted(at, message):
    assert not send(at, **message)["faces"]


def test_session_is_logged_once_it_is_stopped_and_stays_to_download(at, capsys):
    send(at, kind="frame", time=0.1, picture=picture("smile"), target="", first=True)
    assert not send(at, kind="stop")["faces"]
    send(at, kind="stop")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [fact for fact in map(json.loads, lines) if fact["event"] == "live"]
    assert set(line) == {"event", "outcome", "frames", "seconds", "checkpoint"}
    assert line["frames"] == 1
    assert table(at)["time"].tolist() == [0.1]
