"""Libraries are imported without what is never used of them, and nothing else is misled by that."""

import os
import subprocess
import sys
from types import ModuleType

import pytest

from emotiscan.stubbed_imports import COMPILER, PLOTTING, stubbed
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


READING = """
import sys
from emotiscan import Analyzer
[reading] = Analyzer(sys.argv[1]).analyze(sys.argv[2]).readings
print([name for name in ("torch._dynamo", "sympy", "sklearn", "matplotlib", "pandas", "plotly") if name in sys.modules])
from torchvision.ops import roi_align
import torch
print(roi_align.__globals__["is_compile_supported"]("cpu"))
print(torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(1)).item())
"""


def test_a_reading_loads_no_compiler_which_works_all_the_same(tiny_weights):
    assert run(READING, tiny_weights, SAMPLES / "smile.jpg").splitlines() == ["[]", "True", "2.0"]


PLAIN_IMPORTS = """
import sys
import torchvision
import pytorch_grad_cam
print(*sys.modules)
"""


def test_the_libraries_still_import_what_is_stubbed():
    """Should this fail, a library no longer loads what it does not need: remove it from the stubs."""
    loaded = run(PLAIN_IMPORTS).split()
    assert [name for name in COMPILER | PLOTTING if name not in loaded] == []


def test_a_stub_stands_for_the_real_thing_once_it_is_used(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with stubbed({"colorsys": ("rgb_to_hsv",)}):
        from colorsys import rgb_to_hsv
    assert rgb_to_hsv(1, 1, 1) == (0, 0, 1)


def test_loaded_modules_stay_and_stubs_are_removed():
    before = sys.modules["json"]
    with stubbed({"json": (), "emotiscan_nothing": ("Thing",)}):
        from emotiscan_nothing import Thing

        assert sys.modules["json"] is before
        assert isinstance(sys.modules["emotiscan_nothing"], ModuleType)
        with pytest.raises(ImportError, match="was used while its module was stubbed"):
            Thing()
    with pytest.raises(ModuleNotFoundError, match="emotiscan_nothing"):
        Thing()
    assert "emotiscan_nothing" not in sys.modules
    assert sys.modules["json"] is before
