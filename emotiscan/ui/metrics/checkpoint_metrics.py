"""All reports of a checkpoint, one per tab."""

import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.reports import EvaluationReport, FairnessReport, LocalizationReport, Report
from emotiscan.ui.metrics.evaluation import show_evaluation
from emotiscan.ui.metrics.fairness import show_fairness
from emotiscan.ui.metrics.localization import show_localization
from emotiscan.ui.metrics.measurements import show_measurement
from emotiscan.ui.metrics.report_kinds import TABS, reports_of


def show(card: Card) -> None:
    """Show every report in the card.

    For an evaluation, the headline metrics with intervals and a table of the action units; for fairness, the worst
    group of every attribute beside the best; for localization, how often each action unit's heat map lies where the
    action unit moves the skin.
    """
    config = card.config
    st.caption(
        f"Checkpoint {card.fingerprint or 'without a fingerprint'}: {config.backbone}, {config.input_size} px "
        f"{'grayscale ' if config.grayscale else ''}crops, trained {card.training.get('date', 'at an unknown date')}. "
        "In brackets: 95% bootstrap intervals."
    )
    if not card.metrics:
        st.info("This checkpoint has no evaluation report.")
    shown = reports_of(card)
    if shown:
        for tab, (name, report) in zip(
            st.tabs([TABS.get(name, name.capitalize()) for name in shown]), shown.items(), strict=True
        ):
            with tab:
                _show_report(report, name)
    for name in card.metrics.keys() - shown.keys():
        st.caption(f"The checkpoint also has a report “{name}”, which this version of the app cannot show.")


def _show_report(report: Report, name: str) -> None:
    if isinstance(report, EvaluationReport):
        show_evaluation(report, name)
    elif isinstance(report, LocalizationReport):
        show_localization(report, name)
    elif isinstance(report, FairnessReport):
        show_fairness(report, name)
    else:
        show_measurement(report, name)
