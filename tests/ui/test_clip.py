"""What a clip keeps on the server is bounded."""

from types import SimpleNamespace

import pytest
from PIL import Image

from emotiscan.ui.video.clip import Thumbnails
from emotiscan.ui.video.server_decoding import MAX_BYTES, UploadedClip
from emotiscan.video.errors import VideoError


def test_thumbnails_are_thinned_out_evenly_over_time():
    thumbnails = Thumbnails(limit=10)
    reading = SimpleNamespace(crop=Image.new("RGB", (256, 256)))
    for second in range(100):
        thumbnails.add(1, float(second), reading)
        thumbnails.add(2, float(second), reading)
        assert len(thumbnails) <= 11
    for second in range(0, 97):
        assert thumbnails.at(1, second, tolerance=32)
    assert thumbnails.at(3, 5) is None
    assert thumbnails.at(1, 500) is None


def test_file_above_the_limit_is_refused():
    file = UploadedClip(10)
    file.add(bytes(MAX_BYTES))
    with pytest.raises(VideoError, match="MP4"):
        file.add(b"x")
