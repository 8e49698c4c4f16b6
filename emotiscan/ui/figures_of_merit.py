"""The figures of evaluation, fairness and localisation that a checkpoint carries, as a page shows them."""

from collections.abc import Callable, Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotiscan import facs
from emotiscan.checkpoint import Card
from emotiscan.ui import report_charts

DATA_NAMES = {
    "validation": "validation part of the training data",
    "test": "test part of the training data",
    "calibration": "faces that the probabilities were calibrated on",
    "photographs": "photographs whose codes were read by eye",
    "rendered": "drawn faces of people it was not trained on",
    "acted": "drawn faces that act an expression",
    "random": "drawn faces whose codes were combined at random",
    "places": "heat maps of drawn faces",
    "photo-places": "heat maps of photographs",
}

TABS = {
    "rendered": "Drawn faces",
    "acted": "Drawn, acted",
    "random": "Drawn, random",
    "places": "Heat maps, drawn",
    "photo-places": "Heat maps, photographs",
}
"""What a report's tab is called where its own name does not say it."""

EVALUATION, FAIRNESS, LOCALISATION = "evaluation", "fairness", "localisation"
"""Kinds of report; one that names none is an evaluation's."""

COMPARED = {"accuracy": "emotion accuracy", "code_auc": "mean AUC of the codes", "detected": "share of faces found"}
"""Measures of a fairness report that are shown, by key."""

ENDS = ("worst", "best")

CODE_MEASURES: dict[str, tuple[str, tuple[float, float], float | None, str]] = {
    "AUC": (
        "auc",
        (0.45, 1.02),
        0.5,
        "Of a face with the code and one without, how often the first gets the higher probability. Dotted: guessing.",
    ),
    "F1": ("f1", (-0.02, 1.02), None, "How well “present” and the truth agree, at the code's threshold; 1 at best."),
    "Calibration error": (
        "ece",
        (-0.005, 0.3),
        None,
        "How far the probabilities are from how often the code is there; 0 at best.",
    ),
}
"""Measures of a code that can be shown: key, axis, what to hold it against, and what it means."""

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
    kinds = {EVALUATION: _evaluation, FAIRNESS: _fairness, LOCALISATION: _localisation}
    return kinds.get(report.get("kind", EVALUATION))


def show_code(card: Card, code: str) -> None:
    """What every report in the card says of one code: how well it is read, and where its heat map lands."""
    readings, places = [], []
    for name, report in card.metrics.items():
        kind = report.get("kind", EVALUATION) if isinstance(report, Mapping) else None
        for key, scores in (report.get("codes") or {}).items() if kind in (EVALUATION, LOCALISATION) else ():
            if not scores or code not in key.split("_or_"):
                continue
            where = DATA_NAMES.get(name, name) + (f" ({key.replace('_or_', ' or ')})" if key != code else "")
            if kind == LOCALISATION:
                places.append({"On": where, "Faces with it": str(scores["faces"])} | _in_place(scores))
            elif scores["auc"]["value"] is not None:
                measured = {"AUC": _with_interval(scores["auc"]), "F1": _with_interval(scores["f1"])}
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
    if places:
        st.table(pd.DataFrame(places), border="horizontal", hide_index=True)
        st.caption(
            "How often the strongest point of the code's heat map, and how much of the whole map, lies where the code "
            "moves the skin. A map that knew nothing would have the place's share of the face in it."
        )


def _evaluation(report: Mapping, name: str) -> None:
    st.subheader(f"On the {DATA_NAMES.get(name, name)}", anchor=False)
    st.caption(" ".join(filter(None, (f"{report['samples']} faces.", report.get("note")))))
    _headlines(report)
    emotion, codes = report.get("emotion"), report.get("codes")
    if emotion:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**What each emotion is taken for**")
            _chart(
                report_charts.confusion(emotion["labels"], emotion["confusion"]),
                f"confusion-{name}",
                _confusion_in_words(emotion),
            )
        with right:
            st.markdown("**Can its probabilities be trusted?**")
            if "reliability" in emotion:
                bins = emotion["reliability"]
                words = "; ".join(f"said {b['confidence']:.0%}, right {b['accuracy']:.0%}" for b in bins if b["count"])
                _chart(report_charts.reliability(bins), f"reliability-{name}", f"Reliability of the emotions: {words}")
    if codes:
        st.markdown("**How well each code is read**")
        measure = st.segmented_control(
            "Measure", list(CODE_MEASURES), default="AUC", required=True, key=f"measure-{name}"
        )
        key, limits, level, words = CODE_MEASURES[measure]
        st.caption(words)
        lines = {code: scores[key] for code, scores in codes.items() if key in scores}
        _chart(report_charts.dots(lines, measure, limits, level), f"codes-{name}-{key}", _in_words(measure, lines))
        with st.expander("All figures of the codes"):
            _codes_table(codes, name)


def _chart(figure: go.Figure, key: str, words: str) -> None:
    st.plotly_chart(figure, config={"displayModeBar": False}, alt=words, key=key)


def _in_words(measure: str, lines: Mapping[str, Mapping]) -> str:
    return f"{measure}: " + ", ".join(f"{line} {_with_interval(figure)}" for line, figure in lines.items())


def _confusion_in_words(emotion: Mapping) -> str:
    labels, counts = emotion["labels"], emotion["confusion"]
    return "Of each emotion: " + "; ".join(
        f"{truth} read as " + ", ".join(f"{label} {count}" for label, count in zip(labels, row, strict=True))
        for truth, row in zip(labels, counts, strict=True)
    )


def _headlines(report: Mapping) -> None:
    emotion, mean = report.get("emotion") or {}, report.get("codes_mean") or {}
    mission = emotion.get("mission") or {}
    figures = [
        (f"Accuracy, {len(emotion.get('labels') or ())} emotions", emotion.get("accuracy")),
        ("Macro F1", emotion.get("macro_f1")),
        ("Without neutral", mission.get("accuracy")),
        ("Calibration error", emotion.get("ece")),
        ("Called clear", emotion.get("coverage")),
        ("Accuracy if clear", emotion.get("accuracy_clear")),
        ("Codes: mean AUC", mean.get("auc")),
        ("Codes: mean F1", mean.get("f1")),
        ("Codes: calibration", mean.get("ece")),
    ]
    known = [(label, figure) for label, figure in figures if figure and figure.get("value") is not None]
    with st.grid(min_column_width=158):
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
    """For each attribute its groups, and the worst one beside the best."""
    st.subheader("Fairness", anchor=False)
    parts = {
        "drawn faces in which one thing at a time was varied": report,
        "photographs, by how they were taken": report.get("photographs") or {},
    }
    for place, (what, part) in enumerate(parts.items()):
        rows = [row for about in (part.get("attributes") or {}).values() for row in _gap_rows(about)]
        if not rows:
            continue
        st.markdown(f"**On {what}** ({part['subjects']} persons, {part['samples']} pictures)")
        _groups(part["attributes"], f"{name}-{place}")
        with st.expander("All that was varied: the worst group beside the best"):
            st.caption("Gap: the best group less the worst one. Where its interval reaches 0, it may be chance.")
            st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"fairness-{name}-{place}")


def _groups(attributes: Mapping[str, Mapping], key: str) -> None:
    """One attribute's groups side by side, as the visitor chooses."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    attribute = left.selectbox(
        "Varied", list(attributes), format_func=lambda name: attributes[name]["title"], key=f"attribute-{key}"
    )
    groups = attributes[attribute]["groups"]
    measures = [measure for measure in COMPARED if any(measure in group for group in groups.values())]
    measure = right.selectbox(
        "Measure", measures, format_func=lambda name: COMPARED[name].capitalize(), key=f"compared-{key}"
    )
    lines = {name: group[measure] for name, group in groups.items() if group.get(measure)}
    least = min((figure["low"] or figure["value"] or 0 for figure in lines.values()), default=0)
    words = COMPARED[measure].capitalize()
    _chart(
        report_charts.dots(lines, words, (max(-0.02, least - 0.05), 1.02)),
        f"groups-{key}-{attribute}-{measure}",
        _in_words(words, lines),
    )


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
    st.subheader("Where heat maps land", anchor=False)
    st.caption(
        f"{report['subjects']} persons, {report['samples']} faces. "
        "Peak in place: share of faces whose map is strongest where the code moves the skin. Energy in place: the "
        "share of the whole map there. The last lines are maps that know nothing of the face or of the code."
    )
    if report.get("note"):
        st.caption(report["note"])
    lines = {**report["codes"], "mean of the codes": report["mean"], **report.get("baselines", {})}
    rows = [
        {"Map of": line, "Faces": str(scores.get("faces", ""))} | _in_place(scores)
        for line, scores in lines.items()
        if scores
    ]
    peaks = {line: scores["pointing"] for line, scores in report["codes"].items() if scores}
    words = PLACES["pointing"]
    others = [scores["pointing"]["value"] for scores in report.get("baselines", {}).values() if scores]
    level = max((other for other in others if other is not None), default=None)
    _chart(report_charts.dots(peaks, words, (-0.02, 1.02), level), f"peaks-{name}", _in_words(words, peaks))
    if level is not None:
        st.caption("Dotted: the best of the maps that know nothing of the face or of the code.")
    with st.expander("All figures of the maps"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"places-{name}")


def _in_place(scores: Mapping) -> dict[str, str]:
    return {title: _with_interval(scores[key]) for key, title in PLACES.items()}


def _interval(figure: Mapping) -> str | None:
    if figure.get("low") is None:
        return None
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]"


def _with_interval(figure: Mapping) -> str:
    interval = _interval(figure)
    return _number(figure["value"]) + (f" {interval}" if interval else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
