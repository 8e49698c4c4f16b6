"""How well emotions and action units are read, on one set of faces."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan import facs
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words, interval, joined, number, with_interval
from emotiscan.ui.metrics.report_kinds import DATA_NAMES

AU_MEASURES: dict[str, tuple[str, tuple[float, float], float | None, str]] = {
    "AUC": (
        "auc",
        (0.45, 1.02),
        0.5,
        "Of a face with the action unit and one without, how often the first gets the higher probability. Dotted: guessing.",
    ),
    "Within one person": (
        "within_person",
        (0.45, 1.02),
        0.5,
        "Of two pictures of one person, one with the action unit and one without, how often the first gets the higher "
        "probability. Dotted: guessing.",
    ),
    "F1": (
        "f1",
        (-0.02, 1.02),
        None,
        "How well “present” and the truth agree, at the action unit's threshold; 1 at best.",
    ),
    "Calibration error": (
        "ece",
        (-0.005, 0.3),
        None,
        "How far the probabilities are from how often the action unit is there; 0 at best.",
    ),
}
"""Measures of an action unit that can be shown: key, axis, what to hold it against, and what it means."""


def show_evaluation(report: Mapping, name: str) -> None:
    """Headline figures, what each emotion is taken for, whether probabilities can be trusted, and the action units."""
    st.subheader(f"On the {DATA_NAMES.get(name, name)}", anchor=False)
    st.caption(" ".join(filter(None, (f"{report['samples']} faces.", report.get("note")))))
    _headlines(report)
    emotion, action_units = report.get("emotion"), report.get("codes")
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
    if action_units:
        st.markdown("**How well each action unit is read**")
        measures = [
            measure for measure, (key, *_) in AU_MEASURES.items() if measure == "AUC" or _known(action_units, key)
        ]
        measure = st.segmented_control("Measure", measures, default="AUC", required=True, key=f"measure-{name}")
        key, limits, level, words = AU_MEASURES[measure]
        st.caption(words)
        lines = {joined(au): scores[key] for au, scores in action_units.items() if key in scores}
        show(charts.dots(lines, measure, limits, level), f"codes-{name}-{key}", in_words(measure, lines))
        with st.expander("All figures of the action units"):
            _au_table(action_units, name)
    if (report.get("hiding") or {}).get("found"):
        _masking(report["hiding"], name)


def _masking(masking: Mapping, name: str) -> None:
    st.markdown("**Action units that others hide**")
    st.caption(
        f"The AUC of an action unit among the faces that show another one as well. Of {masking['pairs']} pairs these are read "
        f"worse than where the other action unit is absent, by {masking['found'][-1]['lost']['value']:.2f} to "
        f"{masking['found'][0]['lost']['value']:.2f}; one in twenty of them may be chance. Dotted: guessing."
    )
    lines = {f"{joined(pair['code'])} beside {joined(pair['beside'])}": pair["auc"] for pair in masking["found"]}
    show(charts.dots(lines, "AUC", AU_MEASURES["AUC"][1], 0.5), f"hiding-{name}", in_words("AUC", lines))


def _known(action_units: Mapping[str, Mapping], measure: str) -> bool:
    return any((scores.get(measure) or {}).get("value") is not None for scores in action_units.values())


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
        ("Action units: mean AUC", mean.get("auc")),
        ("Within one person", mean.get("within_person")),
        ("Action units: mean F1", mean.get("f1")),
        ("Action units: calibration", mean.get("ece")),
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


def _au_table(action_units: Mapping[str, Mapping], name: str) -> None:
    rows = [
        {
            "Code": joined(au),
            "Name": " or ".join(facs.ACTION_UNITS[part].name for part in au.split("_or_")),
            "Present in": f"{scores['support']} of {scores['known']}",
            "AUC": with_interval(scores["auc"]),
            "F1": with_interval(scores["f1"]),
            "Precision": number(scores["precision"]),
            "Recall": number(scores["recall"]),
            "Threshold": number(scores["threshold"]),
        }
        | ({"Calibration error": with_interval(scores["ece"])} if "ece" in scores else {})
        for au, scores in action_units.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"codes-{name}")
