"""How well emotions and codes are read, on one set of faces."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan import facs
from emotiscan.ui.charts import show
from emotiscan.ui.figures_of_merit import charts
from emotiscan.ui.figures_of_merit.kinds import DATA_NAMES
from emotiscan.ui.figures_of_merit.words import in_words, interval, joined, number, with_interval

CODE_MEASURES: dict[str, tuple[str, tuple[float, float], float | None, str]] = {
    "AUC": (
        "auc",
        (0.45, 1.02),
        0.5,
        "Of a face with the code and one without, how often the first gets the higher probability. Dotted: guessing.",
    ),
    "Within one person": (
        "within_person",
        (0.45, 1.02),
        0.5,
        "Of two pictures of one person, one with the code and one without, how often the first gets the higher "
        "probability. Dotted: guessing.",
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


def show_evaluation(report: Mapping, name: str) -> None:
    """Headline figures, what each emotion is taken for, whether probabilities can be trusted, and the codes."""
    st.subheader(f"On the {DATA_NAMES.get(name, name)}", anchor=False)
    st.caption(" ".join(filter(None, (f"{report['samples']} faces.", report.get("note")))))
    _headlines(report)
    emotion, codes = report.get("emotion"), report.get("codes")
    if emotion:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**What each emotion is taken for**")
            show(
                charts.confusion(emotion["labels"], emotion["confusion"]),
                f"confusion-{name}",
                _confusion_in_words(emotion),
            )
        with right:
            st.markdown("**Can its probabilities be trusted?**")
            if "reliability" in emotion:
                bins = emotion["reliability"]
                words = "; ".join(f"said {b['confidence']:.0%}, right {b['accuracy']:.0%}" for b in bins if b["count"])
                show(charts.reliability(bins), f"reliability-{name}", f"Reliability of the emotions: {words}")
    if codes:
        st.markdown("**How well each code is read**")
        measures = [measure for measure, (key, *_) in CODE_MEASURES.items() if measure == "AUC" or _known(codes, key)]
        measure = st.segmented_control("Measure", measures, default="AUC", required=True, key=f"measure-{name}")
        key, limits, level, words = CODE_MEASURES[measure]
        st.caption(words)
        lines = {joined(code): scores[key] for code, scores in codes.items() if key in scores}
        show(charts.dots(lines, measure, limits, level), f"codes-{name}-{key}", in_words(measure, lines))
        with st.expander("All figures of the codes"):
            _codes_table(codes, name)
    if (report.get("hiding") or {}).get("found"):
        _hiding(report["hiding"], name)


def _hiding(hiding: Mapping, name: str) -> None:
    st.markdown("**Codes that others hide**")
    st.caption(
        f"The AUC of a code among the faces that show another one as well. Of {hiding['pairs']} pairs these are read "
        f"worse than where the other code is absent, by {hiding['found'][-1]['lost']['value']:.2f} to "
        f"{hiding['found'][0]['lost']['value']:.2f}; one in twenty of them may be chance. Dotted: guessing."
    )
    lines = {f"{joined(pair['code'])} beside {joined(pair['beside'])}": pair["auc"] for pair in hiding["found"]}
    show(charts.dots(lines, "AUC", CODE_MEASURES["AUC"][1], 0.5), f"hiding-{name}", in_words("AUC", lines))


def _known(codes: Mapping[str, Mapping], measure: str) -> bool:
    return any((scores.get(measure) or {}).get("value") is not None for scores in codes.values())


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
        ("Within one person", mean.get("within_person")),
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
                delta=interval(figure),
                delta_color="off",
                delta_arrow="off",
            )


def _codes_table(codes: Mapping[str, Mapping], name: str) -> None:
    rows = [
        {
            "Code": joined(code),
            "Name": " or ".join(facs.ACTION_UNITS[part].name for part in code.split("_or_")),
            "Present in": f"{scores['support']} of {scores['known']}",
            "AUC": with_interval(scores["auc"]),
            "F1": with_interval(scores["f1"]),
            "Precision": number(scores["precision"]),
            "Recall": number(scores["recall"]),
            "Threshold": number(scores["threshold"]),
        }
        | ({"Calibration error": with_interval(scores["ece"])} if "ece" in scores else {})
        for code, scores in codes.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"codes-{name}")
