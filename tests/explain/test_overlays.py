"""Overlays of maps, differences and outlines."""

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.explain import (
    HeatMap,
    difference,
    outline,
    outline_on_photo,
    overlay,
    overlay_difference,
    overlay_on_photo,
    region_mask,
)
from emotiscan.explain.overlays import LESS, MORE, color_bar, difference_bar
from emotiscan.faces import Face, apply, invert


@pytest.fixture(scope="module")
def mouth() -> HeatMap:
    """Evidence in a small disc where the lips are."""
    y, x = (np.mgrid[0:224, 0:224] + 0.5) / 224
    values = np.clip(1 - np.hypot(x - 0.5, y - 0.76) / 0.1, 0, 1).astype(np.float32)
    return HeatMap("AU25", values)


@pytest.fixture(scope="module")
def smiling_face(detector, smile) -> Face:
    (face,) = detector.detect(smile)
    return face


def change(one, other) -> np.ndarray:
    """Largest change of any channel at each pixel."""
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).max(-1)


@pytest.mark.parametrize("side", [224, 96, 500])
def test_overlay_keeps_the_size_and_changes_only_where_there_is_evidence(smile, mouth, side):
    crop = smile.resize((side, side))
    changed = change(overlay(crop, mouth), crop)
    assert changed.shape == (side, side)
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    away = np.hypot(x - 0.5, y - 0.76)
    assert not changed[away > 0.13].any()
    assert changed[away < 0.03].min() > 20


def test_opacity_controls_how_much_of_the_skin_shows(smile, mouth):
    crop = smile.resize((224, 224))
    assert overlay(crop, mouth, opacity=0).tobytes() == crop.tobytes()
    faint, strong = (change(overlay(crop, mouth, opacity), crop).sum() for opacity in (0.2, 0.8))
    assert 3 * faint < strong


def test_overlay_on_the_photo_covers_the_mouth_and_nothing_else(smile, smiling_face, mouth):
    placed = overlay_on_photo(smile, smiling_face, mouth)
    assert (placed.size, placed.mode) == (smile.size, "RGB")
    changed = change(placed, smile)
    weights = np.where(changed > 0.5 * changed.max(), changed, 0)
    y, x = np.mgrid[0 : smile.height, 0 : smile.width] + 0.5
    center = np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()
    lips = smiling_face.landmarks[3:].mean(0)
    assert np.linalg.norm(center - lips) < 0.1 * smiling_face.side
    places = apply(smiling_face.to_crop, np.stack([x.ravel(), y.ravel()], 1))
    away = np.hypot(*(places - [0.5, 0.76]).T).reshape(x.shape)
    assert not changed[away > 0.12].any()


def test_overlays_on_photo_and_crop_look_the_same(smile, smiling_face, mouth):
    on_photo = smiling_face.crop(overlay_on_photo(smile, smiling_face, mouth))
    on_crop = overlay(smiling_face.crop(smile), mouth)
    assert change(on_photo, on_crop).mean() < 3


def test_a_map_beyond_the_edge_of_the_photo_is_clipped(smile):
    from_crop = np.array([[300.0, 0, -100], [0, 300.0, 400]])
    face = Face(None, None, None, invert(from_crop))
    warm = HeatMap("AU1", np.ones((224, 224), np.float32))
    changed = change(overlay_on_photo(smile, face, warm), smile) > 0
    assert changed[405:, :195].mean() > 0.95
    assert not changed[:395].any()
    assert not changed[:, 205:].any()


def test_a_face_outside_the_photo_changes_nothing(smile, mouth):
    beyond = Face(None, None, None, invert(np.array([[300.0, 0, 900], [0, 300.0, 0]])))
    assert overlay_on_photo(smile, beyond, mouth).tobytes() == smile.tobytes()


def test_a_shared_scale_makes_weak_maps_pale(smile, mouth):
    crop = smile.resize((224, 224))
    own, shared = overlay(crop, mouth), overlay(crop, mouth, peak=4 * mouth.peak)
    assert change(shared, crop).sum() < 0.4 * change(own, crop).sum()


# -- differences


def test_a_difference_is_orange_where_the_first_map_is_stronger_and_violet_elsewhere(mouth):
    brow = HeatMap("AU1", mouth.values[::-1].copy())
    values = difference(mouth, brow)
    assert np.allclose(values, -difference(brow, mouth), atol=1e-6)
    assert not difference(mouth, mouth).any()
    picture = np.asarray(overlay_difference(Image.new("RGB", (224, 224), "white"), values, 1.0))
    assert np.abs(picture[170, 112] - np.array(MORE, int)).max() < 40
    assert np.abs(picture[224 - 171, 112] - np.array(LESS, int)).max() < 40
    assert (picture[112, 112] == 255).all()


def test_a_difference_of_probabilities_keeps_their_scale():
    weak, strong = (HeatMap("AU1", np.full((6, 6), p, np.float32), True) for p in (0.2, 0.9))
    assert difference(strong, weak) == pytest.approx(0.7, abs=1e-5)


# -- outlines and legends


@pytest.mark.parametrize("au", ["AU1", "AU12", "AU17"])
def test_the_outline_surrounds_the_action_units_region(au):
    drawn = change(outline(Image.new("RGB", (224, 224), (128, 128, 128)), au), Image.new("RGB", (224, 224), (128,) * 3))
    mask = region_mask(au)
    y, x = np.nonzero(drawn)
    assert len(y) > 100
    ys, xs = np.nonzero(mask)
    assert abs(y.min() - ys.min()) <= 4 or len(facs.ACTION_UNITS[au].regions) > 1
    assert xs.min() - 4 <= x.min()
    assert x.max() <= xs.max() + 4
    assert y.max() <= ys.max() + 4


def test_outlines_on_photo_and_crop_are_in_the_same_place(smile, smiling_face):
    on_photo = smiling_face.crop(outline_on_photo(smile, smiling_face, "AU24"))
    changed = change(on_photo, smiling_face.crop(smile)) > 40
    y, x = np.nonzero(changed)
    region = facs.REGIONS["lips"][0]
    assert abs(y.mean() / 224 - region.y) < 0.03
    assert abs(x.mean() / 224 - region.x) < 0.03


def test_legends_go_from_dark_to_bright_and_from_violet_to_orange():
    bar = np.asarray(color_bar(100, 8), int)
    assert bar.shape == (8, 100, 3)
    assert bar[0, 0].sum() < 60 < 400 < bar[0, -1].sum()
    signed = np.asarray(difference_bar(101, 8), int)
    assert signed.shape == (8, 101, 3)
    assert tuple(signed[0, 0]) == LESS
    assert tuple(signed[0, -1]) == MORE
    assert (signed[0, 50] == 255).all()
