"""Files of heat maps: an image of all maps, and their numbers."""

import io

import numpy as np
import pytest
from PIL import Image

from emotiscan.explain import HeatMap, Tile, npz, png, sheet
from emotiscan.explain.overlays import color_bar

BAR, ENDS = color_bar(200, 12), ("none", "most")


def tiles(count, words="92%"):
    return [Tile(Image.new("RGB", (224, 224), (200, 40 * place, 0)), f"AU{place}", words) for place in range(count)]


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 2, 1), (4, 4, 1), (5, 4, 2), (19, 4, 5)])
def test_a_sheet_has_room_for_every_image(count, columns, rows):
    page = sheet("Action units", tiles(count), "Small print.", BAR, ENDS)
    assert page.width == 64 + columns * 240 + (columns - 1) * 20
    assert 240 * rows < page.height < 340 * rows + 240
    colors = {color for _, color in page.getcolors(page.width * page.height)}
    assert {(200, 40 * place, 0) for place in range(min(count, 6))} <= colors


def test_long_captions_are_wrapped_and_make_the_sheet_longer():
    short, long = (sheet("Action units", tiles(2, words), "Note.", BAR, ENDS) for words in ("92%", "many words " * 20))
    assert long.width == short.width
    assert long.height > short.height + 100
    edge = np.asarray(long)[:, -16:]
    assert (edge == 255).all()  # nothing extends into the margin


def test_a_wide_photo_is_scaled_to_fit():
    photo = Image.new("RGB", (400, 100), (10, 200, 10))
    page = np.asarray(sheet("Photo", [Tile(photo, "Face")], "", BAR, ENDS))
    green = (page == (10, 200, 10)).all(-1)
    assert green.sum() == 240 * 60


def test_a_sheet_without_images_is_rejected():
    with pytest.raises(ValueError, match="at least one"):
        sheet("Action units", [], "", BAR, ENDS)


def test_png_and_npz_files_hold_image_and_numbers():
    page = sheet("Action units", tiles(1), "Note.", BAR, ENDS)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(page)))), np.asarray(page))
    cells = np.arange(36, dtype=np.float32).reshape(6, 6)
    with np.load(io.BytesIO(npz({"face1_AU12": HeatMap("AU12", cells)}))) as arrays:
        assert list(arrays) == ["face1_AU12"]
        assert np.array_equal(arrays["face1_AU12"], cells)
