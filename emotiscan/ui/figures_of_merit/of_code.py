"""What a checkpoint's reports say of one code."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.checkpoint import Card
from emotiscan.ui.figures_of_merit.kinds import DATA_NAMES, EVALUATION, LOCALISATION
from emotiscan.ui.figures_of_merit.localisation import in_place
from emotiscan.ui.figures_of_merit.words import joined, with_interval


def hidden_codes(card: Card) -> list[Mapping]:
    """The codes of drawn faces that others hide, what loses most first: `found` of `emotiscan.evaluation.hiding`."""
    report = card.metrics.get("rendered")
    return list((report.get("hiding") or {}).get("found", ())) if isinstance(report, Mapping) else []


def show_code(card: Card, code: str) -> None:
    """What every report in the card says of one code: how well it is read, and where its heat map lands."""
    readings, places = [], {}
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        for key, scores in (report.get("codes") or {}).items() if kind in (EVALUATION, LOCALISATION) else ():
            if not scores or code not in key.split("_or_"):
                continue
            where = DATA_NAMES.get(name, name) + (f" ({joined(key)})" if key != code else "")
            if kind == LOCALISATION:
                places[where] = {"Faces with it": str(scores["faces"])} | in_place(scores)
            elif scores["auc"]["value"] is not None:
                measured = {"AUC": with_interval(scores["auc"]), "F1": with_interval(scores["f1"])}
                readings.append({"On": where, "Faces with it": f"{scores['support']} of {scores['known']}"} | measured)
    if not (readings or places):
        st.info("This checkpoint carries no figures on it.")
    if readings:
        st.table(pd.DataFrame(readings), border="horizontal", hide_index=True)
        st.caption(
            "AUC: how often, of a face with the code and one without, the model gives the first the higher "
            "probability; 0.5 is guessing, 1 is always. F1: how well “present” and the truth agree, 1 at best. "
            "Brackets: 95 % intervals."
        )
    hiding = [pair for pair in hidden_codes(card) if pair["code"] == code]
    if hiding:
        others = ", ".join(f"{joined(pair['beside'])} (AUC {with_interval(pair['auc'])})" for pair in hiding)
        st.markdown(f"**Read less surely beside** {others}, on drawn faces")
    if places:
        # Measures go downwards: side by side they are wider than a phone.
        measures = pd.DataFrame(places).fillna("–").rename_axis("On").reset_index()
        st.table(measures, border="horizontal", hide_index=True)
        st.caption(
            "How often the strongest point of the code's heat map, and how much of the whole map, lies where the code "
            "moves the skin. A map that knew nothing would have the place's share of the face in it. Even sides: 1 "
            "where each half of the face has its part of the map."
        )
