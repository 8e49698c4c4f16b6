"""Data computed once for a face model, and the cache that keeps it."""

import logging
import shutil

import numpy as np
import pytest

from emotiscan.rendering import baking
from emotiscan.rendering.baking import bake
from emotiscan.rendering.skin_masks import CHANNELS, LASH_LINE, LIPS, SIDE


def test_a_damaged_cache_is_computed_again(small_model, small_cache, small_baked, tmp_path, monkeypatch, caplog):
    cached = next(small_cache.glob("*.npz"))
    shutil.copy(cached, tmp_path)
    (tmp_path / cached.name).write_bytes(cached.read_bytes()[:1000])
    monkeypatch.setattr(baking, "_bake", lambda model: small_baked)
    with caplog.at_level(logging.WARNING):
        again = bake(small_model, tmp_path)
    assert "is damaged" in caplog.text
    assert again is small_baked
    assert np.array_equal(bake(small_model, tmp_path).openness, small_baked.openness)


def test_the_outside_of_the_head_is_open_and_the_mouth_is_not(small_model, small_baked):
    first, end = small_model.layout.mouth_lining
    assert small_baked.openness[small_model.landmarks[30]] > 0.6  # the tip of the nose
    assert small_baked.openness[first:end].mean() < 0.3
    assert (small_baked.openness >= 0).all()


def test_masks_lie_on_the_features_they_are_named_after(small_model, small_baked):
    assert small_baked.masks.shape == (SIDE, SIDE, len(CHANNELS))
    u, v = (small_model.uvs[small_model.landmarks] * (SIDE - 1)).astype(int).T
    assert small_baked.masks[v[57] + 10, u[57], LIPS] > 150
    assert small_baked.masks[v[30], u[30], LIPS] == 0
    assert small_baked.masks[v[37] : v[37] + 8, u[37], LASH_LINE].max() > 60
    assert small_baked.masks[v[8], u[8], LASH_LINE] == 0


def test_brow_patterns_differ_and_are_symmetric_in_extent(small_baked):
    covered = small_baked.brows > 40
    assert covered.any((1, 2)).all()
    assert len({pattern.tobytes() for pattern in small_baked.brows}) == len(small_baked.brows)
    left, right = covered[:, :, : covered.shape[2] // 2], covered[:, :, covered.shape[2] // 2 :]
    assert left.mean() == pytest.approx(right.mean(), rel=0.2)


def test_hair_roots_lie_on_the_scalp(small_baked):
    x, y, z = small_baked.root_places.T
    in_the_face = (y < 6) & (z > 6)
    assert not in_the_face.any()
    assert np.allclose(small_baked.root_weights.sum(1), 1, atol=1e-5)
    assert abs(x.mean()) < 0.5
