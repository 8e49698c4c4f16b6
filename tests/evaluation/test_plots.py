"""The pictures: each is written, shows something, and shows other things for other numbers."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.image import imread

from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation import evaluate, plots
from emotiscan.facs import AU_NAMES, EMOTIONS, EMOTIONS_WITH_NEUTRAL


def report_of(emotions=EMOTIONS_WITH_NEUTRAL, action_units=AU_NAMES, n=60, seed=0, bootstraps=20):
    random = np.random.default_rng(seed)
    labels = (random.random((n, len(action_units))) < 0.4).astype(float)
    labels[random.random(labels.shape) < 0.2] = np.nan
    return evaluate(
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
    """(h, w, 3) in [0, 1]; fails where the picture is blank or not of the common width."""
    image = imread(path)[..., :3]
    assert image.shape[1] == 1280
    assert (image < 0.9).any(2).mean() > 0.01, "blank"
    return image


DRAWINGS = {
    "label_distribution": lambda seed: table_of(action_units=AU_NAMES[:6], seed=seed),
    "learning_curves": lambda seed: history_of(*plots.CURVES, seed=seed),
    "emotion_confusion": lambda seed: report_of(seed=seed),
    "reliability_diagram": lambda seed: report_of(seed=seed),
    "au_confusions": lambda seed: report_of(action_units=AU_NAMES[:6], seed=seed),
    "au_scores": lambda seed: report_of(action_units=AU_NAMES[:6], seed=seed),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_picture_depends_on_the_numbers_alone(name, tmp_path):
    draw, data = getattr(plots, name), DRAWINGS[name]
    first, again, other = (draw(data(seed), tmp_path / f"{i}.png") for i, seed in enumerate((0, 0, 1)))
    assert first == tmp_path / "0.png"
    assert first.read_bytes() == again.read_bytes()
    shown, changed = pixels(first), pixels(other)
    assert shown.shape == changed.shape
    assert (shown != changed).any()


def test_confusion_is_darkest_where_a_row_has_most(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "_text", lambda score: "")
    right = {"confusion": [[1, 0], [0, 1000]], "labels": ["a", "b"], "accuracy": None, "macro_f1": None}
    right["classes"] = {"a": {"support": 1}, "b": {"support": 1000}}
    wrong = right | {"confusion": [[0, 1], [0, 1000]]}
    one, two = (
        pixels(plots.emotion_confusion({"emotion": part}, tmp_path / f"{i}.png"))
        for i, part in enumerate((right, wrong))
    )
    # Colors go by rows: the one face of the first row is as dark as the thousand of the second.
    changed = np.argwhere((one != two).any(2))
    top, left = changed.min(0)
    bottom, right_edge = changed.max(0)
    row, column = top + 5, left + 5
    assert one[row, column].sum() < 1 < two[row, column].sum()
    assert one[row, right_edge - 5].sum() > 1 > two[row, right_edge - 5].sum()
    assert (right_edge - left) > 1.8 * (bottom - top)  # one row of two cells


def test_reliability_is_drawn_before_and_after(tmp_path):
    before, after = report_of(seed=0), report_of(seed=1)
    alone = pixels(plots.reliability_diagram(after, tmp_path / "alone.png"))
    one, two = (
        pixels(plots.reliability_diagram(after, tmp_path / f"{i}.png", uncalibrated=report))
        for i, report in enumerate((before, after))
    )
    middle = one.shape[1] // 2
    assert (one[:, middle:] == two[:, middle:]).all()  # after: the same in both
    assert (one[:, :middle] != two[:, :middle]).any()
    assert (one != alone).any()
    both = plots.write_plots(after, tmp_path / "both", uncalibrated=before)
    assert (pixels(tmp_path / "both" / "reliability_diagram.png") == one).all()
    assert tmp_path / "both" / "reliability_diagram.png" in both


def test_reports_of_older_checkpoints_are_drawn_as_far_as_they_go(tmp_path):
    older = report_of()
    for part in (older["emotion"], older["emotion"]["mission"], *older["codes"].values(), older["codes_mean"]):
        part.pop("ece", None)
        part.pop("reliability", None)
    names = {path.stem for path in plots.write_plots(older, tmp_path)}
    assert names == {"emotion_confusion", "au_confusions", "au_scores"}


def test_a_report_takes_away_pictures_that_it_has_nothing_for(tmp_path):
    plots.write_plots(report_of(), tmp_path, table_of(), history_of("train_loss", "val_loss"))
    (tmp_path / "mine.png").write_bytes(b"kept")
    plots.write_plots(report_of() | {"codes": None, "codes_mean": None}, tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    # What the run drew of its table and its epochs still holds: a later report says nothing of these.
    assert left == {
        "emotion_confusion.png",
        "reliability_diagram.png",
        "label_distribution.png",
        "learning_curves.png",
        "mine.png",
    }


def test_writes_what_there_is_to_show(tmp_path):
    history = history_of("train_loss", "val_loss")
    paths = plots.write_plots(report_of(), tmp_path / "new" / "figures", table_of(), history)
    assert {path.name for path in paths} == {f"{name}.png" for name in DRAWINGS}
    for path in paths:
        pixels(path)


def test_writes_nothing_of_missing_parts(tmp_path):
    nothing = {"samples": 0, "subjects": 0, "emotion": None, "codes": None, "codes_mean": None}
    blank = pd.DataFrame({"epoch": [0, 1], "val_loss": [np.nan, np.nan]})
    assert plots.write_plots(nothing, tmp_path) == []
    assert plots.write_plots(nothing, tmp_path, table_of().part("elsewhere"), blank) == []
    only_action_units = report_of(action_units=AU_NAMES[:2]) | {"emotion": None}
    assert [path.name for path in plots.write_plots(only_action_units, tmp_path)] == [
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
def test_draws_reports_of_any_size(report, tmp_path):
    paths = plots.write_plots(report, tmp_path)
    assert len(paths) == 4
    for path in paths:
        pixels(path)


@pytest.mark.filterwarnings("error")
def test_draws_tables_of_any_size(tmp_path):
    pixels(plots.label_distribution(table_of(splits=("",)), tmp_path / "unassigned.png"))
    pixels(plots.label_distribution(table_of(4, emotions=EMOTIONS, action_units=AU_NAMES[:1]), tmp_path / "small.png"))
    pixels(plots.label_distribution(table_of(action_units=()), tmp_path / "no_codes.png"))


@pytest.mark.filterwarnings("error")
def test_draws_histories_of_any_size(tmp_path):
    pixels(plots.learning_curves(history_of("val_loss", epochs=1), tmp_path / "one_epoch.png"))
    gaps = history_of("train_loss", "val_au_auc", epochs=6)
    gaps.loc[::2, "train_loss"], gaps.loc[1::2, "val_au_auc"] = np.nan, np.nan
    pixels(plots.learning_curves(gaps, tmp_path / "gaps.png"))
    pixels(plots.learning_curves(gaps.drop(columns="epoch"), tmp_path / "no_epoch.png"))


def test_says_why_there_is_nothing_to_draw(tmp_path):
    path = tmp_path / "never.png"
    with pytest.raises(ValueError, match="no rows"):
        plots.label_distribution(table_of().part("elsewhere"), path)
    with pytest.raises(ValueError, match="train_loss"):
        plots.learning_curves(pd.DataFrame({"epoch": [0]}), path)
    with pytest.raises(ValueError, match="no emotions"):
        plots.emotion_confusion({"emotion": None}, path)
    with pytest.raises(ValueError, match="no reliability"):
        plots.reliability_diagram({"emotion": None}, path)
    with pytest.raises(ValueError, match="no reliability"):
        plots.reliability_diagram(report_of(), path, uncalibrated={"emotion": {"accuracy": {}}})
    for draw in (plots.au_confusions, plots.au_scores):
        with pytest.raises(ValueError, match="no action unit"):
            draw({"codes": None}, path)
    assert not path.exists()


def test_leaves_the_settings_of_pyplot_alone(tmp_path):
    before = dict(pyplot.rcParams)
    plots.write_plots(report_of(action_units=AU_NAMES[:2]), tmp_path)
    assert pyplot.get_fignums() == []
    assert dict(pyplot.rcParams) == before
