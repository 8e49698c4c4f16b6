"""Annotated clips, in files and in memory."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from emotiscan.ui.video import annotated_clip
from emotiscan.ui.video.annotated_clip import AnnotatedClip
from emotiscan.video.annotate import Annotator
from emotiscan.video.errors import VideoError
from emotiscan.video.frame_reader import AnalyzedFrame


def frame(number: int, size: tuple[int, int] = (96, 64)) -> AnalyzedFrame:
    return AnalyzedFrame(number, number / 10, Image.new("RGB", size, (20 * number % 256, 90, 120)), (), ())


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("low_memory", [False, True])
def test_a_clip_in_memory_holds_each_frame_at_its_time(low_memory):
    file = io.BytesIO()
    annotator = Annotator(file, (96, 64), 10, low_memory=low_memory)
    for number in range(5):
        annotator.add(frame(number))
    annotator.finish()
    annotator.close()
    frames = decoded(file.getvalue())
    assert [one.time for one in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert np.median(frames[4].to_ndarray(format="rgb24"), axis=(0, 1)) == pytest.approx([80, 90, 120], abs=6)


def test_a_clip_without_frames_leaves_no_file(tmp_path):
    annotator = Annotator(tmp_path / "a.mp4", (96, 64), 10)
    with pytest.raises(VideoError):
        annotator.finish()
    annotator.close()
    assert not list(tmp_path.iterdir())


def test_a_visits_clip_plays_once_it_is_complete():
    clip = AnnotatedClip(10)
    for number in range(4):
        clip.add(frame(number, (3, 2)))
    assert not clip.is_complete
    clip.finish()
    assert clip.is_complete
    assert not clip.note
    assert len(decoded(clip.data())) == 4


def test_a_visits_clip_ends_where_it_becomes_too_large(monkeypatch):
    monkeypatch.setattr(annotated_clip, "MAX_BYTES", 1)
    clip = AnnotatedClip(10)
    for number in range(9):
        clip.add(frame(number))
    clip.finish()
    assert clip.is_complete
    assert "ends at" in clip.note
    assert 1 <= len(decoded(clip.data())) < 9


def test_a_visits_clip_that_cannot_be_encoded_says_so_and_keeps_nothing(monkeypatch):
    clip = AnnotatedClip(10)
    clip.add(frame(0))

    def fail(*_):
        raise VideoError("no")

    monkeypatch.setattr(Annotator, "add", fail)
    clip.add(frame(1))
    clip.add(frame(2))
    clip.finish()
    assert clip.note == "The annotated clip could not be made."
    assert not clip.is_complete
    assert clip.data() == b""


def test_a_visits_clip_without_frames_is_no_file():
    clip = AnnotatedClip(10)
    clip.finish()
    assert not clip.is_complete
