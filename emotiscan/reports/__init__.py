"""Reports on a checkpoint as dataclasses: evaluation, heat map localization, fairness.

`emotiscan.evaluation` makes them, the command line prints them, and the app shows those that a checkpoint carries.
They need nothing but the standard library. Each writes itself with `to_dict()` to what `json.dumps` takes, and reads
itself with `from_dict()`, also from what earlier versions wrote:

    report = read_report(card.metrics["rendered"])
    if isinstance(report, EvaluationReport):
        print(report.action_units["AU12"].auc)  # 0.987 [0.981, 0.992]
"""

from collections.abc import Mapping

from emotiscan.reports.evaluation import (
    AUMean,
    AUReport,
    ClassMetrics,
    EmotionReport,
    EvaluationReport,
    MaskedAU,
    Masking,
    ReliabilityBin,
)
from emotiscan.reports.fairness import (
    AttributeReport,
    FairnessReport,
    Gap,
    GroupComparison,
    GroupReport,
    PhotoReport,
)
from emotiscan.reports.localization import LocalizationMetrics, LocalizationReport
from emotiscan.reports.record import UNDEFINED, Estimate, ReportError

__all__ = [
    "UNDEFINED",
    "AUMean",
    "AUReport",
    "AttributeReport",
    "ClassMetrics",
    "EmotionReport",
    "Estimate",
    "EvaluationReport",
    "FairnessReport",
    "Gap",
    "GroupComparison",
    "GroupReport",
    "LocalizationMetrics",
    "LocalizationReport",
    "MaskedAU",
    "Masking",
    "PhotoReport",
    "ReliabilityBin",
    "Report",
    "ReportError",
    "read_report",
]

Report = EvaluationReport | LocalizationReport | FairnessReport
"""Any report that a checkpoint can carry."""


def read_report(data: object) -> Report:
    """Read a report of any kind from its JSON.

    Raises:
        ReportError: it is not a report, or is of a kind that this version does not know.
    """
    if not isinstance(data, Mapping):
        raise ReportError(f"a report is a JSON object, not {type(data).__name__}")
    kind = data.get("kind")
    if kind is None:
        return EvaluationReport.from_dict(data)
    if kind == FairnessReport.KIND:
        return FairnessReport.from_dict(data)
    if kind in (LocalizationReport.KIND, LocalizationReport.OLD_KIND):
        return LocalizationReport.from_dict(data)
    raise ReportError(f"this version cannot read reports of the kind “{kind}”")
