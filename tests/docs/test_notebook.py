"""The documentation's notebook runs from its first cell to its last."""

import nbformat
from nbclient import NotebookClient

from tests.support.places import ROOT

NOTEBOOK = ROOT / "docs" / "how-to" / "read-faces.ipynb"


def test_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]


def test_notebook_runs_and_shows_the_photo_and_the_heat_maps(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [{kind for output in cell.outputs if "data" in output for kind in output.data} for cell in code]
    assert {"text/html", "image/png"} & shown[1], "an analysis shows itself"
    assert "text/html" in shown[2], "a table"
    assert {"image/png", "text/html"} & shown[3], "heat maps"
    assert "AU12" in code[-1].outputs[0].data["text/html"]
