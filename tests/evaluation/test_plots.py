"""Plots: each is written, shows something, and depends on the numbers alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.image import imread

from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation import evaluate_predictions
from emotiscan.evaluation.plots import write_plots
from emotiscan.evaluation.plots.dataset import label_distribution
from emotiscan.evaluation.plots.evaluation import au_confusions, au_scores, emotion_confusion, reliability_diagram
from emotiscan.evaluation.plots.learning_curves import CURVES, learning_curves
from emotiscan.facs import AU_NAMES, EMOTIONS, EMOTIONS_WITH_NEUTRAL
from emotiscan.reports import ClassMetrics, EmotionReport, EvaluationReport


def report_of(emotions=EMOTIONS_WITH_NEUTRAL, action_units=AU_NAMES, n=60, seed=0, bootstraps=20):
    random = np.random.default_rng(seed)
    labels = (random.random((n, len(action_units))) < 0.4).astype(float)
    labels[random.random(labels.shape) < 0.2] = np.nan
    return evaluate_predictions(
        emotions=emotions,
        action_units=action_units,
        emotion_probabilities=random.dirichlet(np.ones(len(emotions)), n),
        au_probabilities=random.random((n, len(action_units))),
        emotion_classes=random.integers(0, len(emotions), n),
        au_labels=labels,
        subjects=np.arange(n) // 2,
        thresholds={},
        bootstraps=bootstraps,
    )


def table_of(
    n=60, splits=("train", "validation", "test"), emotions=EMOTIONS_WITH_NEUTRAL, action_units=AU_NAMES, seed=0
):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"image": [f"{i}.png" for i in range(n)], "split": random.choice(splits, n)})
    votes = np.eye(len(emotions))[random.integers(0, len(emotions), n)]
    votes[:3] = np.nan
    labels = random.choice([0.0, 1.0, np.nan], (n, len(action_units)))
    frame = frame.join(pd.DataFrame(votes, columns=list(emotions))).join(
        pd.DataFrame(labels, columns=list(action_units))
    )
    return LabelTable(frame, emotions, action_units)


def history_of(*columns, epochs=8, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame({"epoch": range(epochs)} | {column: random.random(epochs) for column in columns})


def pixels(path):
    """(h, w, 3) in [0, 1]; fails where the plot is blank or not of the common width."""
    image = imread(path)[..., :3]
    assert image.shape[1] == 1280
    assert (image < 0.9).any(2).mean() > 0.01, "blank"
    return image


PLOTS = {
    label_distribution: lambda seed: table_of(action_units=AU_NAMES[:6], seed=seed),
    learning_curves: lambda seed: history_of(*CURVES, seed=seed),
    emotion_confusion: lambda seed: report_of(seed=seed),
    reliability_diagram: lambda seed: report_of(seed=seed),
    au_confusions: lambda seed: report_of(action_units=AU_NAMES[:6], seed=seed),
    au_scores: lambda seed: report_of(action_units=AU_NAMES[:6], seed=seed),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_plot_depends_on_the_numbers_alone(plot, tmp_path):
    first, again, other = (plot(PLOTS[plot](seed), tmp_path / f"{i}.png") for i, seed in enumerate((0, 0, 1)))
    assert first == tmp_path / "0.png"
    assert first.read_bytes() == again.read_bytes()
    shown, changed = pixels(first), pixels(other)
    assert shown.shape == changed.shape
    assert (shown != changed).any()


def test_confusion_is_darkest_where_a_row_has_most(tmp_path):
    classes = {"a": ClassMetrics(support=1), "b": ClassMetrics(support=1000)}
    one, two = (
        pixels(emotion_confusion(EvaluationReport(1001, emotion=emotion), tmp_path / f"{i}.png"))
        for i, emotion in enumerate(
            EmotionReport(1001, ("a", "b"), confusion=[first, [0, 1000]], classes=classes) for first in ([1, 0], [0, 1])
        )
    )
    # Colors are shares of the row: the one face in the first row is as dark as the thousand in the second.
    changed = np.argwhere((one != two).any(2))
    top, left = changed.min(0)
    bottom, right_edge = changed.max(0)
    row, column = top + 5, left + 5
    assert one[row, column].sum() < 1 < two[row, column].sum()
    assert one[row, right_edge - 5].sum() > 1 > two[row, right_edge - 5].sum()
    assert (right_edge - left) > 1.8 * (bottom - top)  # one row of two cells


def test_reliability_is_plotted_before_and_after_calibration(tmp_path):
    before, after = report_of(seed=0), report_of(seed=1)
    alone = pixels(reliability_diagram(after, tmp_path / "alone.png"))
    one, two = (
        pixels(reliability_diagram(after, tmp_path / f"{i}.png", uncalibrated=report))
        for i, report in enumerate((before, after))
    )
    middle = one.shape[1] // 2
    assert (one[:, middle:] == two[:, middle:]).all()  # after: the same in both
    assert (one[:, :middle] != two[:, :middle]).any()
    assert (one != alone).any()
    both = write_plots(after, tmp_path / "both", uncalibrated=before)
    assert (pixels(tmp_path / "both" / "reliability_diagram.png") == one).all()
    assert tmp_path / "both" / "reliability_diagram.png" in both


def test_reports_of_older_checkpoints_are_plotted_as_far_as_possible(tmp_path):
    older = report_of().to_dict()
    emotion, action_units = older["emotion"], older["action_units"]
    for part in (emotion, emotion["without_neutral"], *action_units.values(), older["action_units_mean"]):
        part.pop("ece", None)
        part.pop("reliability", None)
    names = {path.stem for path in write_plots(EvaluationReport.from_dict(older), tmp_path)}
    assert names == {"emotion_confusion", "au_confusions", "au_scores"}


def test_plots_that_a_new_report_has_no_data_for_are_deleted(tmp_path):
    write_plots(report_of(), tmp_path, table_of(), history_of("train_loss", "val_loss"))
    (tmp_path / "mine.png").write_bytes(b"kept")
    write_plots(replace(report_of(), action_units={}, action_units_mean=None), tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    # Plots of the table and of the epochs stay: a later report does not replace them.
    assert left == {
        "emotion_confusion.png",
        "reliability_diagram.png",
        "label_distribution.png",
        "learning_curves.png",
        "mine.png",
    }


def test_all_plots_with_data_are_written(tmp_path):
    history = history_of("train_loss", "val_loss")
    paths = write_plots(report_of(), tmp_path / "new" / "figures", table_of(), history)
    assert {path.name for path in paths} == {f"{plot.__name__}.png" for plot in PLOTS}
    for path in paths:
        pixels(path)


def test_missing_parts_get_no_plot(tmp_path):
    nothing = EvaluationReport(samples=0)
    blank = pd.DataFrame({"epoch": [0, 1], "val_loss": [np.nan, np.nan]})
    assert write_plots(nothing, tmp_path) == []
    assert write_plots(nothing, tmp_path, table_of().part("elsewhere"), blank) == []
    only_action_units = replace(report_of(action_units=AU_NAMES[:2]), emotion=None)
    assert [path.name for path in write_plots(only_action_units, tmp_path)] == [
        "au_confusions.png",
        "au_scores.png",
    ]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "report",
    [
        report_of(EMOTIONS, ("AU1",)),
        report_of(action_units=("AU1", "AU99", *AU_NAMES[3:8])),
        report_of(action_units=AU_NAMES[:3], bootstraps=0),
        report_of(action_units=AU_NAMES[:3], n=1),
    ],
    ids=["three emotions, one action unit", "an action unit that facs.py lacks", "no intervals", "one face"],
)
def test_reports_of_any_size_are_plotted(report, tmp_path):
    paths = write_plots(report, tmp_path)
    assert len(paths) == 4
    for path in paths:
        pixels(path)


@pytest.mark.filterwarnings("error")
def test_tables_of_any_size_are_plotted(tmp_path):
    pixels(label_distribution(table_of(splits=("",)), tmp_path / "unassigned.png"))
    pixels(label_distribution(table_of(4, emotions=EMOTIONS, action_units=AU_NAMES[:1]), tmp_path / "small.png"))
    pixels(label_distribution(table_of(action_units=()), tmp_path / "no_action_units.png"))


@pytest.mark.filterwarnings("error")
def test_histories_of_any_size_are_plotted(tmp_path):
    pixels(learning_curves(history_of("val_loss", epochs=1), tmp_path / "one_epoch.png"))
    gaps = history_of("train_loss", "val_au_auc", epochs=6)
    gaps.loc[::2, "train_loss"], gaps.loc[1::2, "val_au_auc"] = np.nan, np.nan
    pixels(learning_curves(gaps, tmp_path / "gaps.png"))
    pixels(learning_curves(gaps.drop(columns="epoch"), tmp_path / "no_epoch.png"))


def test_the_error_says_why_there_is_nothing_to_plot(tmp_path):
    path = tmp_path / "never.png"
    with pytest.raises(ValueError, match="no rows"):
        label_distribution(table_of().part("elsewhere"), path)
    with pytest.raises(ValueError, match="train_loss"):
        learning_curves(pd.DataFrame({"epoch": [0]}), path)
    with pytest.raises(ValueError, match="no emotions"):
        emotion_confusion(EvaluationReport(0), path)
    with pytest.raises(ValueError, match="no reliability"):
        reliability_diagram(EvaluationReport(0), path)
    with pytest.raises(ValueError, match="no reliability"):
        reliability_diagram(report_of(), path, uncalibrated=EvaluationReport(9, emotion=EmotionReport()))
    for plot in (au_confusions, au_scores):
        with pytest.raises(ValueError, match="no action unit"):
            plot(EvaluationReport(0), path)
    assert not path.exists()


def test_the_settings_of_pyplot_stay_as_they_are(tmp_path):
    before = dict(pyplot.rcParams)
    write_plots(report_of(action_units=AU_NAMES[:2]), tmp_path)
    assert pyplot.get_fignums() == []
    assert dict(pyplot.rcParams) == before
