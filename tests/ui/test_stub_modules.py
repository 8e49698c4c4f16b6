"""The pages load the libraries without what they never use, and nobody else is misled by that."""

import os
import subprocess
import sys
from types import ModuleType

import pytest

from emotiscan.ui.stub_modules import stubbed
from tests.conftest import ROOT

A_VISIT = """
import sys
import emotiscan.ui
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


def test_a_reading_and_all_heat_maps_need_neither_compiler_nor_plots(tiny_weights):
    command = [sys.executable, "-c", A_VISIT, str(tiny_weights), str(ROOT / "samples" / "smile.jpg")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    said = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    loaded, real = said.splitlines()
    assert loaded == "[]"
    assert real.startswith("sklearn.")  # who needs it afterwards gets the real one


def test_what_is_loaded_already_stays_and_a_stand_in_goes():
    before = sys.modules["json"]
    with stubbed({"json": (), "emotiscan_nothing": ("Thing",)}):
        from emotiscan_nothing import Thing

        assert sys.modules["json"] is before
        assert isinstance(sys.modules["emotiscan_nothing"], ModuleType)
        with pytest.raises(NotImplementedError):
            Thing()
    assert "emotiscan_nothing" not in sys.modules
    assert sys.modules["json"] is before
