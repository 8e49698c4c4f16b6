"""The documentation's notebooks run from their first cell to their last."""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.places import ROOT

HOW_TO = ROOT / "docs" / "how-to"


@pytest.mark.parametrize("name", ["read-faces", "video"])
def test_notebook_is_kept_without_outputs(name):
    notebook = nbformat.read(HOW_TO / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]


def run(name: str, monkeypatch) -> tuple[list, list[set[str]]]:
    """Run a notebook; its cells of code, and the kinds of data that each shows."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(HOW_TO / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return code, [{kind for output in cell.outputs if "data" in output for kind in output.data} for cell in code]


def test_notebook_runs_and_shows_the_photo_and_the_heat_maps(monkeypatch):
    code, shown = run("read-faces", monkeypatch)
    assert {"text/html", "image/png"} & shown[1], "an analysis shows itself"
    assert "text/html" in shown[2], "a table"
    assert {"image/png", "text/html"} & shown[3], "heat maps"
    assert "AU12" in code[-1].outputs[0].data["text/html"]


def test_notebook_about_clips_plots_the_curves_and_finds_the_apex_frames(monkeypatch):
    code, shown = run("video", monkeypatch)
    assert "text/html" in shown[2], "the readings"
    assert "AU12" in code[3].outputs[0].data["text/html"], "the events"
    assert any("plotly" in kind for kind in shown[4])
    assert "image/png" in shown[5]
    apexes = next(output.text for output in code[5].outputs if "text" in output)
    assert [line.split()[0] for line in apexes.splitlines()] == ["AU12", "AU1", "AU5", "AU4"]
