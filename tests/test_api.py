"""What `import emotiscan` offers, and what it costs."""

import subprocess
import sys

import pytest

import emotiscan
from tests.support.places import ROOT


@pytest.mark.parametrize("name", [name for name in emotiscan.__all__ if name != "__version__"])
def test_every_public_name_can_be_imported(name):
    assert getattr(emotiscan, name).__name__ == name
    assert name in dir(emotiscan)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'emotiscan' has no attribute 'Analyser'"):
        _ = emotiscan.Analyser
    with pytest.raises(ImportError):
        from emotiscan import Analyser  # noqa: F401


def test_importing_the_package_loads_no_library_and_sets_no_variable():
    code = """
import os, sys
before = dict(os.environ)
import emotiscan
emotiscan.__version__, dir(emotiscan)
heavy = {"numpy", "PIL", "torch", "pandas"} & set(sys.modules)
assert not heavy, heavy
assert dict(os.environ) == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
