"""An evaluation report: how well emotions and action units are predicted on one set of faces."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan import facs
from emotiscan.reports import AUMean, AUReport, EmotionReport, Estimate, EvaluationReport, Masking
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.face_outputs import show_face_outputs
from emotiscan.ui.metrics.formatting import in_words, joined, number
from emotiscan.ui.metrics.report_kinds import DATA_NAMES, note_of

AU_MEASURES: dict[str, tuple[str, tuple[float, float], float | None, str]] = {
    "AUC": (
        "auc",
        (0.45, 1.02),
        0.5,
        "How often a face with the action unit gets a higher probability than one without it. Dotted line: guessing.",
    ),
    "Within subject": (
        "within_subject",
        (0.45, 1.02),
        0.5,
        "Of two images of the same person, one with the action unit and one without, how often the first gets the "
        "higher probability. Dotted line: guessing.",
    ),
    "F1": (
        "f1",
        (-0.02, 1.02),
        None,
        "Agreement of “present” with the label at the action unit's threshold; at best 1.",
    ),
    "Calibration error": (
        "ece",
        (-0.005, 0.3),
        None,
        "How far the probabilities are from how often the action unit is present; 0 at best.",
    ),
}
"""Metrics of an action unit that can be shown: key, axis range, reference line and explanation."""


def show_evaluation(report: EvaluationReport, name: str) -> None:
    """Show headline metrics, the confusion matrix, the reliability diagram and the action units."""
    st.subheader(f"On the {DATA_NAMES.get(name, name)}", anchor=False)
    st.caption(" ".join(filter(None, (f"{report.samples} faces.", note_of(report.note)))))
    _headlines(report)
    emotion, action_units = report.emotion, report.action_units
    if emotion:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Confusion matrix**")
            st.caption("What does the model take each emotion for?")
            show(
                charts.confusion(emotion.labels, emotion.confusion),
                f"confusion-{name}",
                _confusion_in_words(emotion),
            )
        with right:
            if emotion.reliability:
                st.markdown("**Calibration (reliability diagram)**")
                st.caption("Can its probabilities be trusted? On the dotted line, they can.")
                bins = emotion.reliability
                points = ", ".join(f"{b.confidence:.0%}: {b.accuracy:.0%}" for b in bins if b.count)
                show(charts.reliability(bins), f"reliability-{name}", f"Accuracy at each confidence: {points}")
    if action_units:
        st.markdown("**Action units**")
        measures = [
            measure for measure, (key, *_) in AU_MEASURES.items() if measure == "AUC" or _known(action_units, key)
        ]
        measure = st.segmented_control("Metric", measures, default="AUC", required=True, key=f"measure-{name}")
        key, limits, level, words = AU_MEASURES[measure]
        st.caption(words)
        lines = {joined(au): getattr(scores, key) for au, scores in action_units.items()}
        show(charts.dots(lines, measure, limits, level), f"action-units-{name}-{key}", in_words(measure, lines))
        with st.expander("All metrics of the action units"):
            _au_table(action_units, name)
    if report.masking and report.masking.found:
        _masking(report.masking, name)
    if report.outputs:
        show_face_outputs(report.outputs, name)


def _masking(masking: Masking, name: str) -> None:
    st.markdown("**Action units masked by others**")
    st.caption(
        f"The AUC of an action unit among faces that also show another one. Of {masking.pairs} pairs, these have a "
        f"lower AUC than where the other one is absent, by {masking.found[-1].lost.value:.2f} to "
        f"{masking.found[0].lost.value:.2f}; one in twenty of them may be chance. Dotted line: guessing."
    )
    lines = {f"{joined(pair.au)} with {joined(pair.beside)}": pair.auc for pair in masking.found}
    show(charts.dots(lines, "AUC", AU_MEASURES["AUC"][1], 0.5), f"masking-{name}", in_words("AUC", lines))


def _known(action_units: Mapping[str, AUReport], metric: str) -> bool:
    return any(getattr(scores, metric).value is not None for scores in action_units.values())


def _confusion_in_words(emotion: EmotionReport) -> str:
    labels, counts = emotion.labels, emotion.confusion
    return "Confusion matrix: " + "; ".join(
        f"{truth} predicted as " + ", ".join(f"{label} {count}" for label, count in zip(labels, row, strict=True))
        for truth, row in zip(labels, counts, strict=True)
    )


def _headlines(report: EvaluationReport) -> None:
    emotion, mean = report.emotion or EmotionReport(), report.action_units_mean or AUMean()
    metrics: dict[str, Estimate | None] = {
        f"Accuracy, {len(emotion.labels)} emotions": emotion.accuracy,
        "Macro F1": emotion.macro_f1,
        "Without neutral": emotion.without_neutral.accuracy if emotion.without_neutral else None,
        "Calibration error": emotion.ece,
        "Called clear": emotion.coverage,
        "Accuracy if clear": emotion.accuracy_clear,
        "AU mean AUC": mean.auc,
        "AU AUC within subject": mean.within_subject,
        "AU mean F1": mean.f1,
        "AU calibration error": mean.ece,
    }
    with st.grid(min_column_width=158):
        for label, estimate in metrics.items():
            if estimate is None or estimate.value is None:
                continue
            st.metric(
                label,
                number(estimate.value),
                border=True,
                delta=estimate.interval() or None,
                delta_color="off",
                delta_arrow="off",
            )


def _au_table(action_units: Mapping[str, AUReport], name: str) -> None:
    rows = [
        {
            "Action unit": joined(au),
            "Name": " or ".join(facs.ACTION_UNITS[part].name for part in facs.au_parts(au)),
            "Present in": f"{scores.support} of {scores.known}",
            "AUC": str(scores.auc),
            "F1": str(scores.f1),
            "Precision": number(scores.precision),
            "Recall": number(scores.recall),
            "Threshold": number(scores.threshold),
        }
        | ({"Calibration error": str(scores.ece)} if _known(action_units, "ece") else {})
        for au, scores in action_units.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"action-units-{name}")
