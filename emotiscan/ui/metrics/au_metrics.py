"""What a checkpoint's reports say of one action unit."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui.metrics.formatting import joined, with_interval
from emotiscan.ui.metrics.localization import in_place
from emotiscan.ui.metrics.report_kinds import DATA_NAMES, EVALUATION, LOCALIZATION


def masked_action_units(card: Card) -> list[Mapping]:
    """The action units of rendered faces that others hide, what loses most first: `found` of `emotiscan.evaluation.masking`."""
    report = card.metrics.get("rendered")
    return list((report.get("hiding") or {}).get("found", ())) if isinstance(report, Mapping) else []


def show_au(card: Card, au: str) -> None:
    """What every report in the card says of one action unit: how well it is read, and where its heat map lands."""
    readings, places = [], {}
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        for key, scores in (report.get("codes") or {}).items() if kind in (EVALUATION, LOCALIZATION) else ():
            if not scores or au not in key.split("_or_"):
                continue
            where = DATA_NAMES.get(name, name) + (f" ({joined(key)})" if key != au else "")
            if kind == LOCALIZATION:
                places[where] = {"Faces with it": str(scores["faces"])} | in_place(scores)
            elif scores["auc"]["value"] is not None:
                measured = {"AUC": with_interval(scores["auc"]), "F1": with_interval(scores["f1"])}
                readings.append({"On": where, "Faces with it": f"{scores['support']} of {scores['known']}"} | measured)
    if not (readings or places):
        st.info("This checkpoint carries no figures on it.")
    if readings:
        st.table(pd.DataFrame(readings), border="horizontal", hide_index=True)
        st.caption(
            "AUC: how often, of a face with the action unit and one without, the model gives the first the higher "
            "probability; 0.5 is guessing, 1 is always. F1: how well “present” and the truth agree, 1 at best. "
            "Brackets: 95 % intervals."
        )
    masking = [pair for pair in masked_action_units(card) if pair["code"] == au]
    if masking:
        others = ", ".join(f"{joined(pair['beside'])} (AUC {with_interval(pair['auc'])})" for pair in masking)
        st.markdown(f"**Read less surely beside** {others}, on rendered faces")
    if places:
        # Measures go downwards: side by side they are wider than a phone.
        measures = pd.DataFrame(places).fillna("–").rename_axis("On").reset_index()
        st.table(measures, border="horizontal", hide_index=True)
        st.caption(
            "How often the strongest point of the action unit's heat map, and how much of the whole map, lies where the action unit "
            "moves the skin. A map that knew nothing would have the place's share of the face in it. Even sides: 1 "
            "where each half of the face has its part of the map."
        )
