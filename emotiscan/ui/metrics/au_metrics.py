"""What a checkpoint's reports say about one action unit."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui.metrics.formatting import joined, with_interval
from emotiscan.ui.metrics.localization import in_place
from emotiscan.ui.metrics.report_kinds import DATA_NAMES, EVALUATION, LOCALIZATION


def masked_action_units(card: Card) -> list[Mapping]:
    """Pairs of action units of which one is predicted less well beside the other, on rendered faces; the worst first.

    These are the entries of `found` in the report of `emotiscan.evaluation.masking`.
    """
    report = card.metrics.get("rendered")
    return list((report.get("hiding") or {}).get("found", ())) if isinstance(report, Mapping) else []


def show_au(card: Card, au: str) -> None:
    """Show what every report in the card says about one action unit: prediction quality and heat map location."""
    readings, places = [], {}
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        for key, scores in (report.get("codes") or {}).items() if kind in (EVALUATION, LOCALIZATION) else ():
            if not scores or au not in key.split("_or_"):
                continue
            where = DATA_NAMES.get(name, name) + (f" ({joined(key)})" if key != au else "")
            if kind == LOCALIZATION:
                places[where] = {"Faces": str(scores["faces"])} | in_place(scores)
            elif scores["auc"]["value"] is not None:
                measured = {"AUC": with_interval(scores["auc"]), "F1": with_interval(scores["f1"])}
                readings.append({"On": where, "Present in": f"{scores['support']} of {scores['known']}"} | measured)
    if not (readings or places):
        st.info("This checkpoint has no metrics for this action unit.")
    if readings:
        st.table(pd.DataFrame(readings), border="horizontal", hide_index=True)
        st.caption(
            "AUC: how often the model gives a face with the action unit a higher probability than a face without it; "
            "0.5 is guessing, 1 is perfect. F1: agreement of “present” with the label, at best 1. In brackets: 95 % "
            "intervals. AI-annotated: labeled by a vision-language model, not by certified FACS coders."
        )
    masking = [pair for pair in masked_action_units(card) if pair["code"] == au]
    if masking:
        others = ", ".join(f"{joined(pair['beside'])} (AUC {with_interval(pair['auc'])})" for pair in masking)
        st.markdown(f"**Harder to tell when present together with** {others} (rendered faces)")
    if places:
        # One row per metric: as columns they would be wider than a phone.
        measures = pd.DataFrame(places).fillna("–").rename_axis("On").reset_index()
        st.table(measures, border="horizontal", hide_index=True)
        st.caption(
            "Peak in region: how often the heat map is strongest where the action unit moves the skin. Energy in "
            "region: the share of the whole map that lies there. An uninformed map would reach the region's share of "
            "the face. Left–right balance: 1 where each half of the face has its share of the map."
        )
