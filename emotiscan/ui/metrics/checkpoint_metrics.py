"""All reports of a checkpoint, one per tab."""

from collections.abc import Callable, Mapping

import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui.metrics.evaluation import show_evaluation
from emotiscan.ui.metrics.fairness import show_fairness
from emotiscan.ui.metrics.localization import show_localization
from emotiscan.ui.metrics.report_kinds import EVALUATION, FAIRNESS, LOCALIZATION, TABS


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
        "In brackets: 95 % bootstrap intervals."
    )
    if not card.metrics:
        st.info("This checkpoint has no evaluation report.")
    shown = {name: report for name, report in card.metrics.items() if _shown_by(report)}
    if shown:
        for tab, (name, report) in zip(
            st.tabs([TABS.get(name, name.capitalize()) for name in shown]), shown.items(), strict=True
        ):
            with tab:
                _shown_by(report)(report, name)
    for name in card.metrics.keys() - shown.keys():
        st.caption(f"The checkpoint also has a report “{name}”, which this version of the app cannot show.")


def _shown_by(report: object) -> Callable[[Mapping, str], None] | None:
    """Return the function that shows a report, or None if there is none."""
    if not isinstance(report, Mapping) or "samples" not in report:
        return None
    kinds = {EVALUATION: show_evaluation, FAIRNESS: show_fairness, LOCALIZATION: show_localization}
    return kinds.get(report.get("kind", EVALUATION))
