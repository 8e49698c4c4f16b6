"""Photos that are decoded as far as needed."""

import numpy as np
import pytest
from PIL import Image

from emotiscan.images import ImageError, decode_photo, read_image
from tests.support.pages import as_bytes

SIDES = Image.fromarray(np.repeat(np.arange(0, 240, 2, np.uint8)[None], 90, axis=0)).convert("RGB").resize((1200, 900))


def test_a_jpeg_is_decoded_at_the_smallest_fraction_that_is_enough():
    data = as_bytes(SIDES, "JPEG")
    for enough, side in ((150, 150), (151, 300), (300, 300), (600, 600), (601, 1200), (5000, 1200)):
        photo = decode_photo(data, enough)
        assert (max(photo.small.size), photo.size, photo.scale) == (side, (1200, 900), 1200 / side)


def test_the_whole_photo_is_the_one_that_read_image_gives():
    data = as_bytes(SIDES, "JPEG")
    photo = decode_photo(data, 400)
    assert not photo.is_whole
    assert photo.whole.tobytes() == read_image(data).tobytes()
    assert decode_photo(data, 1000).is_whole
    assert decode_photo(as_bytes(SIDES, "PNG"), 400).is_whole


def test_the_size_is_that_of_the_upright_photo():
    lying = Image.Exif()
    lying[0x0112] = 6
    photo = decode_photo(as_bytes(SIDES, "JPEG", exif=lying), 400)
    assert (photo.size, photo.small.size) == ((900, 1200), (450, 600))
    assert photo.whole.size == (900, 1200)


def test_places_in_the_copy_are_those_in_the_photo_divided_by_the_scale():
    """Also where the photo's sides are odd, so that the copy is not exactly half as large."""
    photo = decode_photo(as_bytes(SIDES.crop((0, 0, 1199, 899)), "JPEG"), 400)
    assert (photo.small.size, photo.scale) == ((600, 450), 2)


@pytest.mark.parametrize("turn", list(Image.Transpose))
def test_a_turned_photo_is_turned_in_full_too(turn):
    photo = decode_photo(as_bytes(SIDES, "JPEG"), 400)
    turned = photo.turned(turn)
    assert turned.small.tobytes() == photo.small.transpose(turn).tobytes()
    assert turned.whole.tobytes() == photo.whole.transpose(turn).tobytes()
    assert turned.size == turned.whole.size


def test_no_side_is_longer_than_asked_for():
    photo = decode_photo(as_bytes(SIDES, "JPEG"), 400, max_side=900)
    assert (photo.size, photo.whole.size) == ((1200, 900), (900, 675))
    scaled = decode_photo(as_bytes(SIDES, "PNG"), 400, max_side=900)
    assert (scaled.size, scaled.small.size, scaled.scale) == ((1200, 900), (900, 675), pytest.approx(4 / 3))
    assert scaled.is_whole


def test_a_damaged_file_is_refused_at_once():
    with pytest.raises(ImageError, match="damaged"):
        decode_photo(as_bytes(SIDES, "JPEG")[:3000], 400)
