"""A map's scale, its emptiness, and how much of it lies in the action unit's region."""

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.explain import HeatMap, region_mask


@pytest.fixture(scope="module")
def mouth() -> HeatMap:
    """Evidence in a small disc where the lips are."""
    y, x = (np.mgrid[0:224, 0:224] + 0.5) / 224
    values = np.clip(1 - np.hypot(x - 0.5, y - 0.76) / 0.1, 0, 1).astype(np.float32)
    return HeatMap("AU25", values)


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_regions_lie_in_the_crop_on_both_sides_alike(au):
    mask = region_mask(au)
    assert mask.shape == (224, 224)
    assert 0.01 < mask.mean() < 0.3
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()
    assert (mask == mask[:, ::-1]).all()


def test_regions_lie_where_the_face_has_them():
    heights = [np.nonzero(region_mask(au))[0].mean() for au in ("AU2", "AU7", "AU11", "AU25", "AU17")]
    assert heights == sorted(heights)


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_focus_is_the_share_inside(au):
    inside = region_mask(au).astype(np.float32)
    assert HeatMap(au, inside).focus() == pytest.approx(1)
    assert HeatMap(au, 1 - inside).focus() == 0
    assert HeatMap(au, np.ones_like(inside)).focus() == pytest.approx(inside.mean(), rel=1e-4)


def test_focus_of_an_emotions_map_is_asked_with_a_code(mouth):
    emotion = HeatMap("positive", mouth.values)
    assert emotion.focus("AU25") > 0.9
    assert emotion.focus("AU1") == 0


def test_a_shared_scale_keeps_weak_maps_pale(mouth):
    weak = HeatMap("AU25", mouth.cells * 0.25)
    assert weak.values.max() == pytest.approx(1, abs=0.05)
    assert weak.scaled_to(1.0).max() == pytest.approx(0.25, abs=0.02)
    assert not weak.scaled_to(0.0).any()
