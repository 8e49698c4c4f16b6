"""The choice of a heat map method, in sight and in the page's URL, with what sets the methods apart."""

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from emotiscan.explain import DEFAULT_METHOD, METHODS
from emotiscan.model.checkpoint import Card
from emotiscan.reports import LocalizationMetrics, LocalizationReport
from emotiscan.ui.links import link_method, linked_method
from emotiscan.ui.metrics import report_of
from emotiscan.ui.metrics.localization import in_place

MEASURED_ON = {"places": "rendered faces", "photo-places": "AI-annotated photos"}
"""Faces on which the methods were compared, by the name of the report."""


def current_method(key: str) -> str:
    """Return the method that the visitor has chosen, before the widget `key` of `choose_method` is shown."""
    return st.session_state.get(key) or linked_method()


def choose_method(key: str) -> str:
    """Let the visitor choose a method; the URL holds the choice.

    Returns:
        The method's key in `explain.METHODS`.
    """
    if key not in st.session_state:
        st.session_state[key] = linked_method()
    method = st.pills(
        "Heat map method",
        list(METHODS),
        key=key,
        required=True,
        wrap=True,
        format_func=lambda name: METHODS[name].title,
        label_visibility="collapsed",
    )
    method = method or DEFAULT_METHOD
    link_method(method)
    return method


def describe_method(card: Card, method: str) -> str:
    """Say in one sentence what a method does, and in another how often its maps lie in the right place, if known."""
    shares = [
        f"{_share(metrics[method])} of {where} (all methods: {_range(metrics)})"
        for where, metrics in _measured(card)
        if method in metrics
    ]
    description = METHODS[method].description
    if not shares:
        return description
    return f"{description} The map peaks where the action unit moves the face in {' and '.join(shares)}."


def show_differences(card: Card) -> None:
    """Show a table of all methods: what each does, and how often its maps lie in the right place, if known."""
    for method in METHODS.values():
        st.markdown(f"**{method.title}.** {method.description}")
    for where, metrics in _measured(card):
        rows = [{"Method": METHODS[name].title} | in_place(metrics[name]) for name in METHODS if name in metrics]
        st.markdown(f"**On {where}**")
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    st.caption(
        "Peak in region: share of the maps that are strongest where the action unit moves the skin. Energy in region: "
        "share of the whole map that lies there. Left–right balance: 1 where each half of the face has its share. "
        "In brackets: 95% bootstrap intervals."
    )


def _measured(card: Card) -> Iterator[tuple[str, dict[str, LocalizationMetrics]]]:
    """Yield the mean metrics of each method, with the faces that they were measured on."""
    for name, where in MEASURED_ON.items():
        report = report_of(card, name)
        if isinstance(report, LocalizationReport):
            known = {
                key: one for key, one in report.methods.items() if key in METHODS and one.pointing.value is not None
            }
            if known:
                yield where, known


def _share(metrics: LocalizationMetrics) -> str:
    return f"{100 * (metrics.pointing.value or 0):.0f}%"


def _range(metrics: dict[str, LocalizationMetrics]) -> str:
    shares = sorted(one.pointing.value or 0 for one in metrics.values())
    return f"{100 * shares[0]:.0f}–{100 * shares[-1]:.0f}%"
