"""Every report of a checkpoint, one on each tab."""

from collections.abc import Callable, Mapping

import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui.metrics.evaluation import show_evaluation
from emotiscan.ui.metrics.fairness import show_fairness
from emotiscan.ui.metrics.localization import show_localization
from emotiscan.ui.metrics.report_kinds import EVALUATION, FAIRNESS, LOCALIZATION, TABS


def show(card: Card) -> None:
    """Every report in the card.

    Of an evaluation the headline figures with intervals and a table of the action units; of fairness the worst
    group of every attribute beside the best one; of localization how often each action unit's heat map lands
    where the action unit moves the skin.
    """
    config = card.config
    st.caption(
        f"Checkpoint {card.fingerprint or 'without a fingerprint'}: {config.backbone}, {config.input_size} px crops"
        f"{', gray' if config.grayscale else ''}, trained {card.training.get('date', 'at an unknown date')}. "
        "Figures in brackets are 95 % bootstrap intervals."
    )
    if not card.metrics:
        st.info("This checkpoint carries no evaluation report.")
    shown = {name: report for name, report in card.metrics.items() if _shown_by(report)}
    if shown:
        for tab, (name, report) in zip(
            st.tabs([TABS.get(name, name.capitalize()) for name in shown]), shown.items(), strict=True
        ):
            with tab:
                _shown_by(report)(report, name)
    for name in card.metrics.keys() - shown.keys():
        st.caption(f"The checkpoint also carries “{name}”, which this version of the page cannot show.")


def _shown_by(report: object) -> Callable[[Mapping, str], None] | None:
    """What can show a report; None where nothing can."""
    if not isinstance(report, Mapping) or "samples" not in report:
        return None
    kinds = {EVALUATION: show_evaluation, FAIRNESS: show_fairness, LOCALIZATION: show_localization}
    return kinds.get(report.get("kind", EVALUATION))
