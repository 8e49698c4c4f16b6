"""The newer parts of an evaluation report, and the reports on whole photos, as plain text."""

from collections.abc import Iterator, Mapping

from emotiscan.reports import (
    EmotionReport,
    ExpressionsReport,
    FaceOutputs,
    IntensityMetrics,
    PairReport,
    PeerComparison,
    PeerReport,
    ProblemMetrics,
    QualityReport,
    ScaleReport,
    SideMetrics,
)


def output_lines(outputs: FaceOutputs) -> Iterator[str]:
    """Yield lines for expressions, intensities, sides, pose and quality, where they were measured."""
    if outputs.expressions:
        yield from _expression_lines(outputs.expressions)
    if outputs.intensities:
        yield "intensities (0 to 5)"
        columns = ("Pearson", "ICC(3,1)", "Pearson if shown", "ICC if shown", "MAE if shown")
        yield _row("", "shown", columns)
        for au, metrics in outputs.intensities.items():
            yield _intensity_line(au, f"{metrics.shown} of {metrics.known}", metrics)
        if outputs.intensities_mean:
            yield _intensity_line("mean", "", outputs.intensities_mean)
    if outputs.sides:
        yield "sides (even: called “both” where both sides move)"
        yield _row("", "one : two-sided", ("AUC one-sided", "right side", "even"))
        for au, sides in outputs.sides.items():
            counts = f"{sides.two_sided} taken for even" if sides.assumed else f"{sides.one_sided} : {sides.two_sided}"
            yield _side_line(au, counts, sides)
        if outputs.sides_mean:
            yield _side_line("mean", "", outputs.sides_mean)
    if outputs.pose:
        pose = outputs.pose
        yield (
            f"pose, mean absolute error of {pose.samples} faces within {pose.limit:g}°: pitch {pose.pitch:.1f}  "
            f"yaw {pose.yaw:.1f}  roll {pose.roll:.1f}  mean {pose.mean:.1f}"
        )
    if outputs.quality:
        yield from _problem_lines(outputs.quality)


def _expression_lines(expressions: ExpressionsReport) -> Iterator[str]:
    rules = (("majority", expressions.majority), ("five of ten agree", expressions.agreed))
    for rule, report in rules:
        if report:
            yield f"{len(report.labels)} expressions, {rule}: {report.samples} images"
            yield f"{'  accuracy':26s} {report.accuracy}"
            yield f"{'  macro F1':26s} {report.macro_f1}"
            yield f"{'  calibration error':26s} {report.ece}"
            yield from _recall_lines(report)
    emotions = expressions.emotions_majority
    if emotions:
        yield f"summed to {len(emotions.labels)} emotions, majority: accuracy {emotions.accuracy}"
        rest = emotions.without_neutral
        if rest:
            yield f"without neutral, majority: accuracy {rest.accuracy}"


def _recall_lines(report: EmotionReport) -> Iterator[str]:
    width = max(len(name) for name in report.labels)
    predicted = " ".join(f"{name[:8]:>8s}" for name in report.labels)
    yield f"  {'':{width}s}   faces  recall      F1   predicted as  {predicted}"
    for name, row in zip(report.labels, report.confusion, strict=True):
        one = report.classes[name]
        recall, f1 = ("–" if value is None else f"{value:.3f}" for value in (one.recall, one.f1))
        counts = " ".join(f"{count:8d}" for count in row)
        yield f"  {name:{width}s} {one.support:>7d} {recall:>7s} {f1:>7s} {'':14s}{counts}"


def _row(name: str, count: str, columns: tuple[object, ...]) -> str:
    return f"{name:14s} {count:>19s}  {' '.join(f'{column!s:22s}' for column in columns)}"


def _intensity_line(name: str, count: str, metrics: IntensityMetrics) -> str:
    return _row(name, count, tuple(getattr(metrics, key) for key in IntensityMetrics.ESTIMATES))


def _side_line(name: str, count: str, metrics: SideMetrics) -> str:
    return _row(name, count, (metrics.auc, metrics.right_side, metrics.called_both))


def _problem_lines(problems: Mapping[str, ProblemMetrics]) -> Iterator[str]:
    yield "quality problems"
    yield _row("", "with it", ("AUC", "named", "false alarms"))
    for problem, metrics in problems.items():
        count = f"{metrics.present} of {metrics.present + metrics.absent}"
        yield _row(problem, count, (metrics.auc, metrics.recall, metrics.false_alarms))


def quality_text(report: QualityReport) -> str:
    """A line for each problem, and the share of ordinary faces that are called unusable."""
    lines = [f"{report.samples} faces, {report.subjects} subjects", *_problem_lines(report.problems)]
    lines.append(f"called unusable without any problem: {report.false_alarms:.1%}")
    lines.append(f"photos in which no face was found: {report.not_found:.1%}")
    return "\n".join(line.rstrip() for line in lines)


def scale_text(report: ScaleReport) -> str:
    """A line for each action unit and emotion: mean absolute and mean signed change."""
    lines = [
        f"{report.samples} faces, {report.subjects} subjects, shrunk from {report.large} to {report.small} px",
        _row("", "", ("mean absolute change", "mean change")),
    ]
    for name, change in {**report.action_units, **report.emotions}.items():
        lines.append(_row(name, "", (change.absolute, change.signed)))
    lines.append(_row("mean of the AUs", "", (report.mean,)))
    lines.append(f"not found at {report.small} px: {report.not_found:.1%}")
    if report.too_small:
        lines.append(f"left out, because the face is smaller than {report.large} px: {report.too_small} photos")
    return "\n".join(line.rstrip() for line in lines)


def pair_text(report: PairReport) -> str:
    """A line for each action unit: how often the stronger photo is told."""
    lines = [
        f"{report.samples} pairs of photos, {report.subjects} subjects; compared by {report.compared}",
        _row("", "pairs", ("stronger one told", "tied")),
    ]
    lines += [_row(au, str(one.pairs), (one.told, one.tied)) for au, one in report.action_units.items()]
    lines.append(_row("mean", "", (report.mean,)))
    return "\n".join(line.rstrip() for line in lines)


def peer_text(report: PeerReport) -> str:
    """This checkpoint beside the peer, with the difference; a mark stands where the peer is better."""
    lines = [
        f"{report.samples} images, {report.subjects} subjects; {report.peer} {report.version} found "
        f"{report.found:.1%} of the faces, on which both are compared",
        f"{'':34s} {'faces':>6s}  {'EmotiScan':22s} {report.peer:22s} difference",
    ]
    for name, one in {**report.emotions, **report.action_units, **report.mean}.items():
        lines.append(_peer_line(name, one))
    lines.append("Marked -: the peer is better by more than chance explains; +: EmotiScan is.")
    return "\n".join(line.rstrip() for line in lines)


def _peer_line(name: str, one: PeerComparison) -> str:
    low, high = one.difference.low, one.difference.high
    mark = "+" if low is not None and low > 0 else "-" if high is not None and high < 0 else " "
    return f"{name:34s} {one.samples:6d}  {one.ours!s:22s} {one.theirs!s:22s} {one.difference!s:23s} {mark}"
