"""Reports on whole photos: quality problems, scale consistency, pairs by strength, and peers."""

import pandas as pd
import streamlit as st

from emotiscan.reports import Estimate, PairReport, PeerReport, QualityReport, ScaleReport
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.face_outputs import show_problems
from emotiscan.ui.metrics.formatting import in_words
from emotiscan.ui.metrics.report_kinds import note_of

PEER_NAMES = {"mediapipe": "MediaPipe Face Landmarker", "fer": "fer (PyPI)", "face-api": "face-api (npm)"}
"""Titles of the programs that were compared."""


def show_measurement(report: QualityReport | ScaleReport | PairReport | PeerReport, name: str) -> None:
    """Show a report of one of these kinds."""
    if isinstance(report, QualityReport):
        _quality(report, name)
    elif isinstance(report, ScaleReport):
        _scale(report, name)
    elif isinstance(report, PairReport):
        _pairs(report, name)
    else:
        _peer(report, name)


def _quality(report: QualityReport, name: str) -> None:
    st.subheader("Quality problems", anchor=False)
    _caption(f"{report.samples} faces, as they are and after they were spoiled.", report.note)
    show_problems(report.problems, name)
    st.caption(f"{_percent(report.false_alarms)} of the faces without a known problem are called unusable.")


def _scale(report: ScaleReport, name: str) -> None:
    st.subheader("Small faces", anchor=False)
    _caption(
        f"Mean absolute change of each probability when {report.samples} faces are shrunk from {report.large} to "
        f"{report.small} px; 0 is best. Mean over the action units: {report.mean}.",
        report.note,
    )
    lines = {key: change.absolute for key, change in {**report.action_units, **report.emotions}.items()}
    top = max((estimate.high or estimate.value or 0 for estimate in lines.values()), default=0.1)
    show(charts.dots(lines, "Change", (-0.005, top + 0.02), 0.05), f"scale-{name}", in_words("Change", lines))


def _pairs(report: PairReport, name: str) -> None:
    st.subheader("Stronger and weaker movements", anchor=False)
    _caption(
        f"{report.samples} pairs of photos of one person, ordered by strength: how often the stronger movement has the "
        f"higher {report.compared}. Dotted line: guessing.",
        report.note,
    )
    lines = {f"{au} ({one.pairs} pairs)": one.told for au, one in report.action_units.items()}
    show(charts.dots(lines, "Stronger one told", (0.3, 1.02), 0.5), f"pairs-{name}", in_words("Told", lines))


def _peer(report: PeerReport, name: str) -> None:
    peer = PEER_NAMES.get(report.peer, report.peer)
    st.subheader(f"Beside {peer}", anchor=False)
    _caption(
        f"{peer} {report.version} found {_percent(report.found)} of {report.samples} faces; both are compared on "
        "these. Difference: this model minus the other one; above 0, this model is better.",
        report.note,
    )
    rows = [
        {
            "Metric": key if key[:2] != "AU" else f"AUC of {key}",
            "Faces": one.samples,
            "EmotiScan": str(one.ours),
            peer: str(one.theirs),
            "Difference": str(one.difference),
        }
        for key, one in {**report.emotions, **report.action_units, **report.mean}.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"peer-{name}")


def _caption(words: str, note: str) -> None:
    st.caption(" ".join(filter(None, (words, note_of(note)))))


def _percent(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.1%}"
