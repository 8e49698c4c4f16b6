"""The few figures of a report that are named first wherever it is told."""

from collections.abc import Mapping

Figure = Mapping[str, float | None]


def headline(report: Mapping) -> dict[str, Figure]:
    """Name to figure (`value`, `low`, `high`), of those that the report has and that are defined.

    Args:
        report: of `evaluate`, or an older one that lacks some parts.
    """
    emotion, mean = report.get("emotion") or {}, report.get("codes_mean") or {}
    mission = emotion.get("mission") or {}
    figures = {
        "emotion accuracy": emotion.get("accuracy"),
        "emotion macro F1": emotion.get("macro_f1"),
        "emotion calibration error": emotion.get("ece"),
        "called clear": emotion.get("coverage"),
        "accuracy of those": emotion.get("accuracy_clear"),
        "accuracy without neutral": mission.get("accuracy"),
        "macro F1 without neutral": mission.get("macro_f1"),
        "action units' mean AUC": mean.get("auc"),
        "within one person": mean.get("within_person"),
        "action units' mean F1": mean.get("f1"),
        "action units' calibration error": mean.get("ece"),
    }
    return {name: figure for name, figure in figures.items() if figure and figure.get("value") is not None}


def figure_text(figure: Mapping) -> str:
    """Value and interval, e.g. ``"0.812 [0.790, 0.833]"``."""
    if figure["value"] is None:
        return "–"
    interval = "" if figure["low"] is None else f" [{figure['low']:.3f}, {figure['high']:.3f}]"
    return f"{figure['value']:.3f}{interval}"
