"""Several visitors at once, over the network like browsers: each one receives only their own photos."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.conftest import SAMPLES
from tests.support.running_app import running_app
from tests.support.visitor import Visitor

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
