"""Memory does not grow with the length of a clip."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.places import SAMPLES

STATUS = Path("/proc/self/status")


def resident() -> float:
    """Memory of this process in MB."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")) / 1024


def long_clip(count: int) -> bytes:
    """One face, half a second between two frames."""
    face = np.asarray(Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((120, 120)))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=2)
        stream.width, stream.height, stream.pix_fmt = 480, 272, "yuv420p"
        for number in range(count):
            frame = np.full((272, 480, 3), 90, np.uint8)
            left = 2 * (number % 150)
            frame[60:180, left : left + 120] = face
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 2)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.skipif(not STATUS.exists(), reason="reads the memory of a process as Linux tells it")
def test_memory_stays_flat_however_long_a_clip_is(analyzer):
    analysis = analyzer.analyze_video(long_clip(300))
    measured = [resident() for frame in analysis if frame.number in (100, 299)]
    assert len(analysis.to_frame()) >= 290
    assert measured[1] - measured[0] < 40, "200 frames of 400 kB would be 80 MB"
