"""Heat maps: scale, empty maps, and the share of energy in the action unit's region."""

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
def test_regions_are_inside_the_crop_and_symmetric(au):
    mask = region_mask(au)
    assert mask.shape == (224, 224)
    assert 0.01 < mask.mean() < 0.3
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()
    assert (mask == mask[:, ::-1]).all()


def test_regions_are_ordered_from_brow_to_chin():
    heights = [np.nonzero(region_mask(au))[0].mean() for au in ("AU2", "AU7", "AU11", "AU25", "AU17")]
    assert heights == sorted(heights)


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_energy_is_the_share_inside_the_region(au):
    inside = region_mask(au).astype(np.float32)
    assert HeatMap(au, inside).energy_in_region() == pytest.approx(1)
    assert HeatMap(au, 1 - inside).energy_in_region() == 0
    assert HeatMap(au, np.ones_like(inside)).energy_in_region() == pytest.approx(inside.mean(), rel=1e-4)


def test_energy_of_an_emotion_map_needs_an_action_unit(mouth):
    emotion = HeatMap("positive", mouth.values)
    assert emotion.energy_in_region("AU25") > 0.9
    assert emotion.energy_in_region("AU1") == 0


def test_a_shared_scale_keeps_weak_maps_weak(mouth):
    weak = HeatMap("AU25", mouth.cells * 0.25)
    assert weak.values.max() == pytest.approx(1, abs=0.05)
    assert weak.scaled_to(1.0).max() == pytest.approx(0.25, abs=0.02)
    assert not weak.scaled_to(0.0).any()
