"""A clip is read as its frames are read as photos, with one number a person, and ends as a table."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.support.clips import encode, moving, numbered
from tests.support.places import SAMPLES


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Two people who pass each other; one leaves the picture."""
    sprites = [Image.open(SAMPLES / name).convert("RGB").resize((130, 130)) for name in ("smile.jpg", "anger.jpg")]
    return encode(
        moving(sprites, lambda at: [(5 + 2 * at, 10), (300 - 4 * at, 90) if at < 14 else None], 20, (440, 230))
    )


@pytest.fixture(scope="module")
def frames(analyzer, clip):
    analysis = analyzer.analyze_video(clip)
    return analysis, list(analysis)


def test_each_frame_has_its_time_and_its_people(frames):
    _, read = frames
    assert [frame.number for frame in read] == list(range(20))
    assert [frame.time for frame in read] == pytest.approx(np.arange(20) / 25)
    assert [frame.tracks for frame in read[:14]] == [(1, 2)] * 14
    assert {frame.tracks for frame in read[15:]} == {(1,)}
    assert all(len(frame.tracks) == len(frame.readings) for frame in read)


def test_a_frame_is_read_as_a_photo(frames, analyzer):
    _, read = frames
    photo = analyzer.analyze(read[0].image, beside_others=True).readings  # on one core, as clips are searched
    for reading, expected in zip(read[0].readings, photo, strict=True):
        assert reading.face.box == expected.face.box
        assert reading.emotions == pytest.approx(expected.emotions, abs=1e-4)


def test_the_table_has_one_row_a_face_and_frame(frames):
    analysis, read = frames
    table = analysis.to_frame()
    assert list(table.columns[:4]) == ["video", "frame", "time", "track"]
    assert len(table) == sum(len(frame.readings) for frame in read)
    first = table.iloc[0]
    reading = read[0].readings[0]
    assert first["AU12"] == pytest.approx(reading.action_units["AU12"], abs=1e-4)
    assert first["emotion"] == reading.emotion
    assert first["present"] == " ".join(reading.present)
    assert not set(table.columns) & {"image", "face", "error"}
    assert all(pd.api.types.is_float_dtype(table[au]) for au in reading.action_units)


def test_without_a_loop_the_table_reads_the_clip_itself(analyzer, clip):
    table = analyzer.analyze_video(clip, fps=5, start=0.2).to_frame()
    assert sorted(set(table["frame"])) == [5, 10, 15]


def test_a_clip_without_faces_gives_an_empty_table(analyzer):
    analysis = analyzer.analyze_video(encode(numbered(4)))
    assert [frame.readings for frame in analysis] == [()] * 4
    assert analysis.to_frame().empty


def test_who_stops_reading_stops_the_decoding(analyzer, clip):
    frames = iter(analyzer.analyze_video(clip))
    next(frames)
    frames.close()
    deadline = time.monotonic() + 5
    while any(thread.name == "read-ahead" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())
