"""What a checkpoint's reports say about one action unit."""

import pandas as pd
import streamlit as st

from emotiscan import facs
from emotiscan.model.checkpoint import Card
from emotiscan.reports import EvaluationReport, LocalizationReport, MaskedAU
from emotiscan.ui.metrics.formatting import joined
from emotiscan.ui.metrics.localization import in_place
from emotiscan.ui.metrics.report_kinds import DATA_NAMES, report_of, reports_of


def masked_action_units(card: Card) -> tuple[MaskedAU, ...]:
    """Action units that are predicted less well beside another one, on rendered faces; the worst first."""
    report = report_of(card, "rendered")
    return report.masking.found if isinstance(report, EvaluationReport) and report.masking else ()


def show_au(card: Card, au: str) -> None:
    """Show what every report in the card says about one action unit: prediction quality and heat map location."""
    readings, places = [], {}
    for name, report in reports_of(card).items():

        def where(label: str, name: str = name) -> str:
            return DATA_NAMES.get(name, name) + (f" ({joined(label)})" if label != au else "")

        if isinstance(report, LocalizationReport):
            for label, located in report.action_units.items():
                if au in facs.au_parts(label):
                    places[where(label)] = {"Faces": str(located.faces)} | in_place(located)
        elif isinstance(report, EvaluationReport):
            for label, scores in report.action_units.items():
                if au in facs.au_parts(label) and scores.auc.value is not None:
                    measured = {"AUC": str(scores.auc), "F1": str(scores.f1)}
                    present = {"Present in": f"{scores.support} of {scores.known}"}
                    readings.append({"On": where(label)} | present | measured)
    if not (readings or places):
        st.info("This checkpoint has no metrics for this action unit.")
    if readings:
        st.table(pd.DataFrame(readings), border="horizontal", hide_index=True)
        st.caption(
            "AUC: how often the model gives a face with the action unit a higher probability than a face without it; "
            "0.5 is guessing, 1 is perfect. F1: agreement of “present” with the label, at best 1. In brackets: 95% "
            "intervals. AI-annotated: labeled by a vision-language model, not by certified FACS coders."
        )
    masking = [pair for pair in masked_action_units(card) if pair.au == au]
    if masking:
        others = ", ".join(f"{joined(pair.beside)} (AUC {pair.auc})" for pair in masking)
        st.markdown(f"**Harder to detect when present together with** {others} (rendered faces)")
    if places:
        # One row per metric: as columns they would be wider than a phone.
        measures = pd.DataFrame(places).fillna("–").rename_axis("On").reset_index()
        st.table(measures, border="horizontal", hide_index=True)
        st.caption(
            "Peak in region: how often the heat map is strongest where the action unit moves the skin. Energy in "
            "region: the share of the whole map that lies there. An uninformed map would reach the region's share of "
            "the face. Left–right balance: 1 where each half of the face has its share of the map."
        )
