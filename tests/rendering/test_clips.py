"""Rendered clips know where everybody is and when each movement begins."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from emotiscan.rendering.clips import Act, Actor, Script, acting_script, meeting_script, render_clip
from emotiscan.rendering.scenes import Scene
from emotiscan.video.decode import Video


def render(scene, size):
    """A red disc in place of a person."""
    y, x = np.mgrid[:size, :size] / size - 0.5
    matte = (np.hypot(x, y) < 0.4).astype(np.float32)
    marks = np.array([[0.3, 0.3], [0.7, 0.7]], np.float32) * size
    image = np.full((size, size, 3), (200, 30, 30), np.uint8)
    return SimpleNamespace(image=image, matte=lambda: matte, landmarks68=marks)


def test_a_movement_rises_stays_and_falls():
    act = Act("AU12", 1, 0.4, 0.6, 0.2, 0.8)
    assert [act.at(time) for time in (0.9, 1.4, 1.7, 2.0, 2.3)] == pytest.approx([0, 0.8, 0.8, 0.8, 0])
    assert (act.apex, act.offset) == pytest.approx((1.7, 2.2))


def test_a_clip_comes_with_tracks_and_events(tmp_path):
    acts = (Act("AU12", 0.2, 0.1, 0.2, 0.1, 0.5),)
    still = Actor(Scene(), lambda time: (0.5, 0.5, 0.4) if time < 0.6 else None, lambda time: (0.0, 0.0, 0.0), acts)
    path = tmp_path / "clip.mp4"
    assert render_clip(render, Script((still,), 1.0, (160, 120)), path) == 25
    assert len(list(Video(path))) == 25
    tracks = list(csv.DictReader(path.with_suffix(".tracks.csv").open()))
    assert len(tracks) == 15
    assert (float(tracks[0]["x0"]) + float(tracks[0]["x1"])) / 2 == pytest.approx(80, abs=1)
    assert float(tracks[0]["visible"]) > 0.9
    assert max(float(row["AU12"]) for row in tracks) == pytest.approx(0.5)
    (event,) = csv.DictReader(path.with_suffix(".events.csv").open())
    assert (event["au"], float(event["onset"]), float(event["apex"])) == ("AU12", 0.2, 0.4)


def test_who_stands_in_front_hides_the_others(tmp_path):
    front, behind = (
        Actor(Scene(), lambda time, size=size: (0.5, 0.5, size), lambda time: (0.0, 0.0, 0.0)) for size in (0.5, 0.3)
    )
    path = tmp_path / "clip.mp4"
    render_clip(render, Script((front, behind), 0.08, (160, 120)), path)
    visible = {row["person"]: float(row["visible"]) for row in csv.DictReader(path.with_suffix(".tracks.csv").open())}
    assert visible["0"] > 0.9
    assert visible["1"] < 0.1


def test_scripts_depend_on_their_seed_alone():
    assert acting_script(3).actors[0].acts == acting_script(3).actors[0].acts
    one, same = meeting_script(4, 3), meeting_script(4, 3)
    assert [actor.path(1.3) for actor in one.actors] == [actor.path(1.3) for actor in same.actors]
    acts = acting_script(5, 30).actors[0].acts
    assert len({(act.au, act.onset) for act in acts}) == len(acts)
