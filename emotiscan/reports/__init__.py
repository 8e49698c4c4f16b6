"""Reports on a checkpoint as dataclasses: evaluation, localization, fairness, and measurements of whole photos.

`emotiscan.evaluation` makes them, the command line prints them, and the app shows those that a checkpoint carries.
They need nothing but the standard library. Each writes itself with `to_dict()` to what `json.dumps` takes, and reads
itself with `from_dict()`, also from what earlier versions wrote:

    report = read_report(card.metrics["rendered"])
    if isinstance(report, EvaluationReport):
        print(report.action_units["AU12"].auc)  # 0.987 [0.981, 0.992]
"""

from collections.abc import Mapping

from emotiscan.reports.emotions import ClassMetrics, EmotionReport, ReliabilityBin
from emotiscan.reports.evaluation import AUMean, AUReport, EvaluationReport, MaskedAU, Masking
from emotiscan.reports.face_outputs import (
    ExpressionsReport,
    FaceOutputs,
    IntensityMetrics,
    PoseReport,
    ProblemMetrics,
    SideMetrics,
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
from emotiscan.reports.measurements import (
    Change,
    Measurement,
    PairMetrics,
    PairReport,
    PeerComparison,
    PeerReport,
    QualityReport,
    ScaleReport,
)
from emotiscan.reports.record import UNDEFINED, Estimate, ReportError

__all__ = [
    "UNDEFINED",
    "AUMean",
    "AUReport",
    "AttributeReport",
    "Change",
    "ClassMetrics",
    "EmotionReport",
    "Estimate",
    "EvaluationReport",
    "ExpressionsReport",
    "FaceOutputs",
    "FairnessReport",
    "Gap",
    "GroupComparison",
    "GroupReport",
    "IntensityMetrics",
    "LocalizationMetrics",
    "LocalizationReport",
    "MaskedAU",
    "Masking",
    "Measurement",
    "PairMetrics",
    "PairReport",
    "PeerComparison",
    "PeerReport",
    "PhotoReport",
    "PoseReport",
    "ProblemMetrics",
    "QualityReport",
    "ReliabilityBin",
    "Report",
    "ReportError",
    "ScaleReport",
    "SideMetrics",
    "read_report",
]

Report = EvaluationReport | LocalizationReport | FairnessReport | QualityReport | ScaleReport | PairReport | PeerReport
"""Any report that a checkpoint can carry."""

MEASUREMENTS: dict[str, type[QualityReport] | type[ScaleReport] | type[PairReport] | type[PeerReport]] = {
    kind.KIND: kind for kind in (QualityReport, ScaleReport, PairReport, PeerReport)
}
"""Reports that read whole photos, by kind."""


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
    if kind in MEASUREMENTS:
        return MEASUREMENTS[kind].from_dict(data)
    raise ReportError(f"this version cannot read reports of the kind “{kind}”")
