"""The figures of evaluation, fairness and localisation that a checkpoint carries, as a page shows them."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan import facs
from emotiscan.checkpoint import Card

DATA_NAMES = {
    "validation": "validation part of the training data",
    "test": "test part of the training data",
    "calibration": "faces that the probabilities were calibrated on",
    "photographs": "photographs whose codes were read by eye",
    "rendered": "drawn faces of people it was not trained on",
}

EVALUATION, FAIRNESS, LOCALISATION = "evaluation", "fairness", "localisation"
"""Kinds of report; one that names none is an evaluation's."""

COMPARED = {"accuracy": "emotion accuracy", "code_auc": "mean AUC of the codes", "detected": "share of faces found"}
"""Measures of a fairness report that are shown, by key."""

ENDS = ("worst", "best")

PLACES = {"pointing": "Peak in place", "energy": "Energy in place", "area": "Place's share of the face"}
"""Measures of a localisation report, by key."""


def show(card: Card) -> None:
    """Every report in the card.

    Of an evaluation the headline figures with intervals and a table of the codes; of fairness the worst
    group of every attribute beside the best one; of localisation how often each code's heat map lands
    where the code moves the skin.
    """
    config = card.config
    st.caption(
        f"Checkpoint {card.fingerprint or 'without a fingerprint'}: {config.backbone}, {config.input_size} px crops"
        f"{', grey' if config.grayscale else ''}, trained {card.training.get('date', 'at an unknown date')}. "
        "Figures in brackets are 95 % bootstrap intervals."
    )
    if not card.metrics:
        st.info("This checkpoint carries no evaluation report.")
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        shown_by = {EVALUATION: _evaluation, FAIRNESS: _fairness, LOCALISATION: _localisation}.get(kind)
        if shown_by is None or "samples" not in report:
            st.caption(f"The checkpoint also carries “{name}”, which this version of the page cannot show.")
        else:
            shown_by(report, name)


def show_code(card: Card, code: str) -> None:
    """What every report in the card says of one code."""
    rows = []
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        for key, scores in (report.get("codes") or {}).items() if kind in (EVALUATION, LOCALISATION) else ():
            if not scores or code not in key.split("_or_"):
                continue
            where = DATA_NAMES.get(name, name) + (f" ({key.replace('_or_', ' or ')})" if key != code else "")
            if kind == LOCALISATION:
                measured = {"Peak of the heat map in place": _with_interval(scores["pointing"])}
                rows.append({"On": "heat maps of drawn faces", "Faces with it": str(scores["faces"]), **measured})
            elif scores["auc"]["value"] is not None:
                measured = {"AUC": _with_interval(scores["auc"]), "F1": _with_interval(scores["f1"])}
                rows.append({"On": where, "Faces with it": f"{scores['support']} of {scores['known']}", **measured})
    if not rows:
        st.info("This checkpoint carries no figures on it.")
        return
    st.dataframe(pd.DataFrame(rows).fillna("–"), hide_index=True, height="content", key=f"figures-{code}")
    st.caption(
        "AUC: how often, of a face with the code and one without, the model gives the first the higher probability; "
        "0.5 is guessing, 1 is always. F1: how well “present” and the truth agree, 1 at best. Brackets: 95 % intervals."
    )


def _evaluation(report: Mapping, name: str) -> None:
    st.markdown(f"**On the {DATA_NAMES.get(name, name)}** ({report['samples']} faces)")
    if report.get("note"):
        st.caption(report["note"])
    _headlines(report)
    if report.get("codes"):
        _codes_table(report["codes"], name)


def _headlines(report: Mapping) -> None:
    emotion, mean = report.get("emotion") or {}, report.get("codes_mean") or {}
    mission = emotion.get("mission") or {}
    figures = [
        (f"Emotion accuracy, {len(emotion.get('labels') or ())} classes", emotion.get("accuracy")),
        ("Emotion macro F1", emotion.get("macro_f1")),
        ("Accuracy without neutral", mission.get("accuracy")),
        ("Emotion calibration error", emotion.get("ece")),
        ("Share of faces called clear", emotion.get("coverage")),
        ("Emotion accuracy of clear faces", emotion.get("accuracy_clear")),
        ("Mean AUC over codes", mean.get("auc")),
        ("Mean F1 over codes", mean.get("f1")),
        ("Mean calibration error over codes", mean.get("ece")),
    ]
    known = [(label, figure) for label, figure in figures if figure and figure.get("value") is not None]
    with st.grid(min_column_width=190):
        for label, figure in known:
            st.metric(
                label,
                f"{figure['value']:.3f}",
                border=True,
                delta=_interval(figure),
                delta_color="off",
                delta_arrow="off",
            )


def _codes_table(codes: Mapping[str, Mapping], name: str) -> None:
    rows = [
        {
            "Code": code,
            "Name": " or ".join(facs.ACTION_UNITS[part].name for part in code.split("_or_")),
            "Present in": f"{scores['support']} of {scores['known']}",
            "AUC": _with_interval(scores["auc"]),
            "F1": _with_interval(scores["f1"]),
            "Precision": _number(scores["precision"]),
            "Recall": _number(scores["recall"]),
            "Threshold": _number(scores["threshold"]),
        }
        | ({"Calibration error": _with_interval(scores["ece"])} if "ece" in scores else {})
        for code, scores in codes.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"codes-{name}")


def _fairness(report: Mapping, name: str) -> None:
    """For each attribute the worst group beside the best one."""
    parts = {
        "drawn faces in which one thing at a time was varied": report,
        "photographs, by how they were taken": report.get("photographs") or {},
    }
    for place, (what, part) in enumerate(parts.items()):
        rows = [row for about in (part.get("attributes") or {}).values() for row in _gap_rows(about)]
        if not rows:
            continue
        st.markdown(f"**On {what}** ({part['subjects']} persons, {part['samples']} pictures)")
        st.caption("Gap: the best group less the worst one. Where its interval reaches 0, it may be chance.")
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"fairness-{name}-{place}")


def _gap_rows(about: Mapping) -> list[dict[str, str]]:
    rows = []
    for measure, label in COMPARED.items():
        gap = about["gap"].get(measure)
        if gap:
            worst, best = (f"{_number(about['groups'][gap[end]][measure]['value'])} ({gap[end]})" for end in ENDS)
            titles = {"Varied": about["title"], "Measure": label, "Worst group": worst, "Best group": best}
            rows.append(titles | {"Gap": _with_interval(gap)})
    return rows


def _localisation(report: Mapping, name: str) -> None:
    """For each code how often the map's peak, and how much of its energy, lies where the code moves the skin."""
    st.markdown(f"**Where heat maps land** ({report['subjects']} persons, {report['samples']} faces)")
    st.caption(
        "Peak in place: share of faces whose map is strongest where the code moves the skin. Energy in place: the "
        "share of the whole map there. The last lines are maps that know nothing of the face or of the code."
    )
    if report.get("note"):
        st.caption(report["note"])
    lines = {**report["codes"], "mean of the codes": report["mean"], **report.get("baselines", {})}
    rows = [
        {"Map of": line, "Faces": str(scores.get("faces", ""))}
        | {title: _with_interval(scores[key]) for key, title in PLACES.items()}
        for line, scores in lines.items()
        if scores
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"places-{name}")


def _interval(figure: Mapping) -> str | None:
    if figure.get("low") is None:
        return None
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]"


def _with_interval(figure: Mapping) -> str:
    interval = _interval(figure)
    return _number(figure["value"]) + (f" {interval}" if interval else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
