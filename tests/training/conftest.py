"""Fixtures of the tests that train."""

import pytest
import torch
from tiny_runs import FROM_NOTHING
from trees import write_ckplus

from emotiscan.training import reporting
from emotiscan.training.fit import main


@pytest.fixture(autouse=True)
def _numbers_as_before():
    """Training makes the processor flush the smallest numbers to zero; other tests (Hypothesis) mind."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def ckplus(tmp_path_factory):
    """A miniature CK+; no test may change it."""
    return write_ckplus(tmp_path_factory.mktemp("data") / "CK+")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Faces are found once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def run(ckplus, cache, tmp_path_factory):
    """A whole run on the miniature CK+: its exit status and its folder."""
    out = tmp_path_factory.mktemp("runs") / "first"
    arguments = ["--data", f"ckplus:{ckplus}", "--out", str(out), "--cache", str(cache), *FROM_NOTHING]
    return main([*arguments, "--sizes", "32:1,48:1"]), out


@pytest.fixture
def train(cache, tmp_path, monkeypatch):
    """`main` without the report at the run's end: its exit status and its folder."""
    monkeypatch.setattr(reporting, "finish", lambda *_: None)

    def train(*arguments, out="run"):
        return main(["--out", str(tmp_path / out), "--cache", str(cache), *arguments]), tmp_path / out

    return train
