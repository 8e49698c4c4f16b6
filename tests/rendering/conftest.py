"""Fixtures of the renderer's tests."""

from pathlib import Path

import pytest

from emotiscan.rendering.baking import Baked, bake
from emotiscan.rendering.head_model import HeadModel, load_model
from tests.support.small_head import write_small_head


@pytest.fixture(scope="session")
def small_head(tmp_path_factory) -> Path:
    """The file of a face model: a small synthetic head."""
    return write_small_head(tmp_path_factory.mktemp("head") / "small_head.npz")


@pytest.fixture(scope="session")
def small_model(small_head) -> HeadModel:
    return load_model(small_head)


@pytest.fixture(scope="session")
def small_cache(tmp_path_factory, small_model) -> Path:
    """A cache folder with the small head's baked data, which takes some seconds."""
    folder = tmp_path_factory.mktemp("cache")
    bake(small_model, folder)
    return folder


@pytest.fixture(scope="session")
def small_baked(small_model, small_cache) -> Baked:
    return bake(small_model, small_cache)
