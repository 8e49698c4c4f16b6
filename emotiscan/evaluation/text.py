"""Reports as plain text, for the command line and the model card. 95% intervals stand in brackets."""

from collections.abc import Iterator, Mapping

from emotiscan.evaluation.dataset_report import DatasetReport
from emotiscan.evaluation.fairness.metrics import METRICS
from emotiscan.evaluation.measurement_text import output_lines, pair_text, peer_text, quality_text, scale_text
from emotiscan.evaluation.recalibration import Recalibration
from emotiscan.explain import METHODS
from emotiscan.reports import (
    AttributeReport,
    Estimate,
    EvaluationReport,
    FairnessReport,
    LocalizationMetrics,
    LocalizationReport,
    Masking,
    PairReport,
    PeerReport,
    QualityReport,
    Report,
    ScaleReport,
)
from emotiscan.reports.localization import LOCALIZATION_METRICS

AU_COLUMNS = (("AUC", "auc"), ("F1", "f1"), ("ECE", "ece"))
"""Metrics of an action unit that are shown: name, and attribute of `AUReport`."""

LOCALIZATION_TITLES = {
    "pointing": "peak in place",
    "energy": "energy in place",
    "sides": "even sides",
    "area": "place's share of the crop",
}
"""Column titles by metric."""

MAX_SUSPICIOUS = 20
"""Suspicious rows that the dataset report lists; its JSON has all of them."""


def text_of(report: Report) -> str:
    """A report of any kind as text."""
    if isinstance(report, FairnessReport):
        return fairness_text(report)
    if isinstance(report, LocalizationReport):
        return localization_text(report)
    if isinstance(report, QualityReport):
        return quality_text(report)
    if isinstance(report, ScaleReport):
        return scale_text(report)
    if isinstance(report, PairReport):
        return pair_text(report)
    if isinstance(report, PeerReport):
        return peer_text(report)
    return evaluation_text(report)


def evaluation_text(report: EvaluationReport) -> str:
    """The headline metrics, a line for each action unit, and one for each that another one masks."""
    lines = [f"{report.samples} images, {report.subjects} subjects"]
    lines += [f"{name:26s} {metric}" for name, metric in report.headline().items()]
    for au, metrics in report.action_units.items():
        present = f"{metrics.support} of {metrics.known}"
        columns = "  ".join(f"{name} {getattr(metrics, key)!s:20s}" for name, key in AU_COLUMNS)
        lines.append(f"{au:14s} present {present:>12s}  {columns}")
    if report.masking:
        lines += _masking_lines(report.masking)
    if report.outputs:
        lines += output_lines(report.outputs)
    return _joined(lines)


def _masking_lines(masking: Masking) -> Iterator[str]:
    yield f"predicted worse beside another action unit: {len(masking.found)} of {masking.pairs} pairs"
    for pair in masking.found:
        present, beside = f"{pair.support} of {pair.known}", f"{pair.au} beside {pair.beside}"
        yield f"{beside:22s} {present:>12s}  AUC {pair.auc}  without {pair.beside} higher by {pair.lost}"


def localization_text(report: LocalizationReport) -> str:
    """A line for each action unit, then the mean, the baselines, and the methods where they were compared."""
    mean = report.mean or LocalizationMetrics()
    titles = " ".join(f"{LOCALIZATION_TITLES[name]:22s}" for name in mean.estimates)
    lines = [f"{report.samples} faces, {report.subjects} subjects", f"{'':20s} {'maps':>5s}  {titles}"]
    lines += [_localization_line(au, metrics) for au, metrics in report.action_units.items()]
    named = {"mean of the action units": mean, **report.baselines}
    lines += [_localization_line(name, metrics) for name, metrics in named.items()]
    if report.present_empty is not None:
        lines.append(f"{report.present_empty:.1%} of the maps of present action units show nothing, which is a miss")
    if report.absent_empty is not None:
        lines.append(f"{report.absent_empty:.1%} of the maps of absent action units show nothing")
    if report.methods_samples is not None:
        lines.append(f"methods, on {report.methods_samples} faces")
    lines += [_localization_line(METHODS[name].title, metrics) for name, metrics in report.methods.items()]
    return _joined(lines)


def _localization_line(name: str, metrics: LocalizationMetrics) -> str:
    faces = "" if metrics.faces is None else str(metrics.faces)
    columns = [f"{metrics.estimates[key]!s:22s}" for key in LOCALIZATION_METRICS[:-1] if key in metrics.estimates]
    area = Estimate(metrics.area.value)  # without its interval
    return f"{name:20s} {faces:>5s}  {' '.join(columns)} {area}"


def fairness_text(report: FairnessReport) -> str:
    """For each attribute and metric the worst group beside the best one, and the gap."""
    lines = []
    if report.baseline:
        lines.append(f"{report.subjects} rendered subjects, {report.samples} images. As rendered, with nothing varied:")
        for name, metric in METRICS.items():
            if name in report.baseline.metrics:
                lines.append(f"  {metric.title:18s} {report.baseline.metrics[name]}")
        lines += _attribute_lines(report.attributes)
    if report.photos:
        lines.append(f"{report.photos.samples} photos, {report.photos.subjects} subjects")
        lines += _attribute_lines(report.photos.attributes)
        if not report.photos.attributes:
            lines.append("  they differ in no attribute")
    lines.append("Gaps marked * are larger than chance explains.")
    return _joined(lines)


def _attribute_lines(attributes: Mapping[str, AttributeReport]) -> Iterator[str]:
    for attribute in attributes.values():
        yield f"{attribute.title}{' (' + attribute.note + ')' if attribute.note else ''}"
        for name, gap in attribute.gap.items():
            if gap is None:
                continue
            title = METRICS[name].title
            worst, best = (attribute.groups[group].metrics[name] for group in (gap.worst, gap.best))
            if gap.difference.value == 0:
                yield f"  {title:18s} {worst.value:.3f} in every group that is compared"
                continue
            mark = "*" if gap.is_significant else " "
            yield (
                f"  {title:18s} worst {gap.worst:>13s} {worst!s:22s} best {gap.best:>13s} {best!s:22s} "
                f"gap {gap.difference} {mark}"
            )


def recalibration_text(result: Recalibration) -> str:
    """The headline metrics and each action unit's calibration error, before and after."""
    before, after, calibration = result.before, result.after, result.calibration
    lines = [f"{after.samples} images; temperature {calibration.temperature:.3f}", f"{'':27s}before  after"]
    old = before.headline()
    for name, metric in after.headline().items():
        was = f"{old[name].value:.3f}" if name in old else "–"  # e.g. the accuracy if clear, where no face was
        lines.append(f"{name:26s} {was:>6s} {metric.value:6.3f}")
    for au, metrics in after.action_units.items():
        if metrics.known:
            slope, offset = calibration.slopes.get(au, 1.0), calibration.offsets.get(au, 0.0)
            errors = f"{before.action_units[au].ece.value:6.3f} {metrics.ece.value:6.3f}"
            fitted = f"slope {slope:.2f}, offset {offset:+.2f}, threshold {calibration.threshold(au):.2f}"
            lines.append(f"{au + ' calibration error':26s} {errors}   {fitted}")
    if result.dropped:
        lines.append(
            f"dropped, because the old calibration made them: {', '.join(result.dropped)}; "
            "make them again with emotiscan evaluate --attach"
        )
    return _joined(lines)


def dataset_text(report: DatasetReport) -> str:
    """What a data set holds: counts, what goes together, and suspicious rows."""
    per_subject = report.images_per_subject
    lines = [
        f"{report.images} images of {report.subjects} subjects, {per_subject.minimum} to {per_subject.maximum} of each "
        f"(median {per_subject.median:g})"
    ]
    for split, part in report.splits.items():
        lines.append(f"  split {split:12s} {part.images:>7d} images {part.subjects:>6d} subjects")
    lines += ["", "emotion           images"]
    lines += [f"{name:14s} {count:>9d}" for name, count in report.emotions.items()]
    lines += ["", "unit    present   absent  unknown   most often with"]
    for au, counts in report.action_units.items():
        others = {other: share for other, share in report.together[au].items() if other != au and share}
        nearest = sorted(others, key=lambda other: -others[other])[:2]
        named = ", ".join(f"{other} ({100 * others[other]:.0f}%)" for other in nearest)
        lines.append(f"{au:6s} {counts.present:>8d} {counts.absent:>8d} {counts.unknown:>8d}   {named}")
    lines += _further_counts(report)
    lines += ["", f"{len(report.suspicious)} suspicious rows" + (":" if report.suspicious else "")]
    lines += [f"  {row.image}: {row.reason}" for row in report.suspicious[:MAX_SUSPICIOUS]]
    if len(report.suspicious) > MAX_SUSPICIOUS:
        lines.append(f"  and {len(report.suspicious) - MAX_SUSPICIOUS} more; --out writes all of them to dataset.json")
    return _joined(lines)


def _further_counts(report: DatasetReport) -> Iterator[str]:
    if report.expressions:
        yield from ("", "expression        images")
        yield from (f"{name:14s} {count:>9d}" for name, count in report.expressions.items())
    if report.intensities or report.sides:
        yield from ("", "unit  intensity known  one-sided  two-sided")
        for au in {**report.intensities, **report.sides}:
            sides = report.sides.get(au)
            counts = f"{sides.one_sided:>10d} {sides.two_sided:>10d}" if sides else ""
            yield f"{au:6s} {report.intensities.get(au, 0):>14d} {counts}"
    if report.problems:
        yield from ("", "problem         present   absent  unknown")
        for problem, labels in report.problems.items():
            yield f"{problem:14s} {labels.present:>8d} {labels.absent:>8d} {labels.unknown:>8d}"
    if report.poses:
        yield from ("", f"pose known of {report.poses} images")


def _joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)
