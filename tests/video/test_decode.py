"""Every frame of a clip once, with the container's own time, upright; and plain words about what is damaged."""

import io
import itertools

import av
import numpy as np
import pytest
from PIL import Image

from emotiscan.video.container import deinterlaced
from emotiscan.video.decode import Video, find_clips, increasing_times
from emotiscan.video.errors import VideoError
from tests.support.clips import encode, number_of, numbered, only_sound
from tests.support.places import SAMPLES

CODECS = {
    "h264 in mp4": {},
    "hevc, 10 bit": {"codec": "libx265", "pixels": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    "h264 in mov": {"format": "mov"},
    "vp9 in mkv": {"format": "matroska", "codec": "libvpx-vp9"},
    "vp9 in webm": {"format": "webm", "codec": "libvpx-vp9"},
    "h264 in a transport stream": {"format": "mpegts"},
    "mjpeg in avi": {"format": "avi", "codec": "mjpeg", "pixels": "yuvj420p"},
    "mpeg4 in avi": {"format": "avi", "codec": "mpeg4"},
    "av1 in mp4": {"codec": "libsvtav1"},
}


def own_times(data: bytes) -> list[float]:
    """Presentation times of all frames by a decode of our own."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        return [float(frame.pts * stream.time_base) for packet in container.demux(stream) for frame in packet.decode()]


@pytest.mark.parametrize("kind", CODECS)
def test_each_frame_comes_once_in_order_with_its_own_time(kind):
    options = CODECS[kind]
    if options.get("codec", "libx264") not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg has no encoder {options['codec']}")
    data = encode(numbered(40), **options)
    frames = list(Video(data))
    assert [number_of(frame.image) for frame in frames] == list(range(40))
    assert [frame.number for frame in frames] == list(range(40))
    assert [frame.time for frame in frames] == pytest.approx(own_times(data))


def test_a_variable_rate_and_a_late_start_keep_their_times():
    times = (0.85 + np.cumsum([0.0137, 0.0417, 0.033] * 10)).round(3)
    assert [frame.time for frame in Video(encode(numbered(30), times=times))] == pytest.approx(times, abs=0.002)


def test_times_that_go_backwards_are_passed_on_and_mentioned():
    data = encode(numbered(30), format="avi", options={"bf": "2", "b_strategy": "0"})
    video = Video(data)
    frames = list(video)
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    times = [frame.time for frame in frames]
    assert times == pytest.approx(own_times(data))
    assert any(late > early for late, early in itertools.pairwise(times)), "this container reorders"
    assert "before that of the frame before" in " ".join(video.notes)
    assert (np.diff(increasing_times(times)) > 0).all()


@pytest.mark.parametrize(("rotation", "corner"), [(90, (0, -1)), (-90, (-1, 0)), (180, (-1, -1)), (0, (0, 0))])
def test_rotated_clips_are_shown_upright(rotation, corner):
    video = Video(encode(numbered(3), rotation=rotation))
    image = np.asarray(next(iter(video)).image)
    assert (video.width, video.height) == image.shape[1::-1] == ((64, 96) if rotation in (90, -90) else (96, 64))
    x, y = (-5 if side else 5 for side in corner)
    white = {90: (5, -5), -90: (-5, 5)}.get(rotation, (x, y))
    assert image[white[1], white[0]].min() > 200


def test_narrow_pixels_become_square():
    video = Video(encode(numbered(3), pixel_ratio="4/3"))
    assert (video.width, video.height) == (128, 64)
    assert number_of(next(iter(video)).image) == 0


def test_an_interlaced_frame_shows_one_moment():
    first, second = np.full((8, 8, 3), 40, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    woven = first.copy()
    woven[1::2] = second[1::2]
    assert (deinterlaced(woven) == first).all()
    assert (deinterlaced(woven[:7]) == first[:7]).all()
    assert len(list(Video(encode(numbered(5), options={"flags": "+ildct+ilme", "x264opts": "tff=1"})))) == 5


def test_frames_a_second_are_chosen_by_time():
    data = encode(numbered(50))
    chosen = list(Video(data, fps=10))
    assert [frame.number for frame in chosen] == [start + part for start in range(0, 50, 5) for part in (0, 3)]
    assert [number_of(frame.image) for frame in chosen] == [frame.number for frame in chosen]
    assert len(list(Video(data, fps=100))) == 50, "no frame is invented"


def test_a_stretch_is_read_without_its_end_so_that_stretches_share_no_frame():
    data = encode(numbered(50))
    parts = [[frame.number for frame in Video(data, start=start, end=start + 0.5)] for start in (0, 0.5, 1, 1.5)]
    assert list(itertools.chain(*parts)) == list(range(50))
    assert not list(Video(data, start=5)), "after the end"


def test_a_path_bytes_and_a_file_give_the_same(tmp_path):
    data = encode(numbered(5))
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with path.open("rb") as file:
        for source in (path, str(path), data, file, io.BytesIO(data)):
            video = Video(source)
            assert [number_of(frame.image) for frame in video] == list(range(5))
            assert len(list(video)) == 5, "a second time"
        assert not file.closed
    assert Video(path).name == str(path)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_animations_keep_their_times(format):
    images = [Image.fromarray(frame) for frame in numbered(4)]
    file = io.BytesIO()
    images[0].save(file, format, save_all=True, append_images=images[1:], duration=[100, 50, 200, 40], lossless=True)
    frames = list(Video(file.getvalue()))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.15, 0.35])


def test_a_clip_cut_off_gives_what_is_there_and_says_so():
    data = encode(numbered(100), format="matroska")
    video = Video(data[: len(data) * 2 // 3])
    assert 20 < len(list(video)) < 100
    assert "before the length that the file declares" in " ".join(video.notes)


def test_damage_in_the_middle_is_mentioned_and_the_rest_is_read():
    data = bytearray(encode(numbered(100), options={"g": "10", "x264opts": "keyint=10"}))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    video = Video(bytes(data))
    frames = list(video)
    assert number_of(frames[-1].image) == 99
    assert video.notes


def test_a_declared_count_that_is_wrong_is_mentioned():
    data = encode(numbered(30))
    at = data.index(b"stsz") + 12  # sample count of the sample size table
    assert int.from_bytes(data[at : at + 4], "big") == 30
    video = Video(data)
    video.declared_frames = 870
    assert len(list(video)) == 30
    assert video.notes == ["The file declares 870 frames and holds 30."]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"nonsense" * 50, "not a video"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not a video"),
        (b"#EXTM3U\n#EXTINF:5,\nfile:///etc/hostname\n", "not a video"),
        (b"%PDF-1.7 and so on", "a PDF document"),
        ((SAMPLES / "smile.jpg").read_bytes(), "a photo, not a video"),
        (encode(numbered(5))[:300], "not a video|damaged"),
        (only_sound(), "only sound"),
    ],
)
def test_what_is_no_video_is_refused_in_plain_words(data, words):
    with pytest.raises(VideoError, match=words):
        list(Video(data))


def test_wrong_arguments_are_refused(tmp_path):
    data = encode(numbered(3))
    for arguments in ({"fps": 0}, {"fps": -1}, {"start": 2, "end": 1}):
        with pytest.raises(VideoError):
            Video(data, **arguments)
    with pytest.raises(VideoError, match="no file"):
        Video(tmp_path / "missing.mp4")
    with pytest.raises(VideoError, match="folder"):
        Video(tmp_path)
    with pytest.raises(TypeError, match="not int"):
        Video(5)


def test_clips_are_found_in_folders(tmp_path):
    for name in ("b/two.MP4", "b/notes.txt", "a/one.webm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_clips([str(tmp_path), "x.dat"]) == [str(tmp_path / "a/one.webm"), str(tmp_path / "b/two.MP4"), "x.dat"]
