"""The app imports its libraries without what it never uses, and nothing else is misled by that."""

import os
import subprocess
import sys
from types import ModuleType

import pytest

from emotiscan.ui.stubbed_imports import UNUSED, stubbed
from tests.support.places import ROOT, SAMPLES


def run(script: str, *arguments: object) -> str:
    """Run a script in a fresh process; returns what it prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout


VISIT = """
import sys
from emotiscan.ui.app import configure

configure()
from emotiscan.analysis import Analyzer
from emotiscan.explain import METHODS, heat_maps

analyzer = Analyzer(sys.argv[1])
[reading, *_] = analyzer.analyze(sys.argv[2]).readings
for method in METHODS:
    heat_maps(analyzer.model, reading.feature_map, ["AU12", "positive"], method)
print([name for name in ("torch._dynamo", "sympy", "sklearn", "matplotlib", "triton") if sys.modules.get(name)])
from sklearn.decomposition import NMF
print(NMF.__module__)
"""


def test_readings_and_all_heat_maps_work_without_the_stubbed_libraries(tiny_weights):
    loaded, real = run(VISIT, tiny_weights, SAMPLES / "smile.jpg").splitlines()
    assert loaded == "[]"
    assert real.startswith("sklearn."), "the real library can no longer be imported afterwards"


PLAIN_IMPORTS = """
import sys
import torchvision
import pytorch_grad_cam
print(*sys.modules)
"""


def test_the_libraries_still_import_what_is_stubbed():
    """Should this fail, a library no longer loads what it does not need: remove it from UNUSED."""
    loaded = run(PLAIN_IMPORTS).split()
    assert [name for name in UNUSED if name not in loaded] == []


def test_loaded_modules_stay_and_stubs_are_removed():
    before = sys.modules["json"]
    with stubbed({"json": (), "emotiscan_nothing": ("Thing",)}):
        from emotiscan_nothing import Thing

        assert sys.modules["json"] is before
        assert isinstance(sys.modules["emotiscan_nothing"], ModuleType)
        with pytest.raises(NotImplementedError):
            Thing()
    assert "emotiscan_nothing" not in sys.modules
    assert sys.modules["json"] is before
