import numpy as np
import pandas as pd
import pytest

from emotiscan import facs
from emotiscan.datasets.emotion_words import LABEL_OF_WORD
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.table import LabelRow, build_table, join_tables, presence_of


def label_row(values):
    """A row from a flat dict, in which action units stand beside the other fields."""
    action_units = {name: value for name, value in values.items() if name.startswith("AU")}
    return LabelRow(**{name: values[name] for name in values.keys() - action_units}, action_units=action_units)


@pytest.fixture
def build(tmp_path):
    """Makes a table of rows, given as dicts, about the (empty) images a.png, b.png and c.png."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def build(*rows, **options):
        labeled = [label_row({"line": line} | row) for line, row in enumerate(rows, start=2)]
        return build_table(labeled, file="labels.csv", root=tmp_path, **({"source": "ours"} | options))

    return build


A, B, C = ({"image": f"{name}.png"} for name in "abc")


def test_unknown_labels_are_blank(build):
    table = build(A | {"emotion": "happiness", "AU12": 1, "AU4": "0", "AU6": ""}, B)
    assert table.emotion_classes.tolist() == [facs.EMOTIONS_WITH_NEUTRAL.index("positive"), -1]
    labels = dict(zip(table.action_units, table.au_labels[0], strict=True))
    assert (labels["AU12"], labels["AU4"]) == (1, 0)
    assert np.isnan([labels["AU6"], labels["AU1"]]).all()
    assert np.isnan(table.au_labels[1]).all()
    assert np.isnan(table.emotion_votes[1]).all()


def test_votes_stay_a_distribution(build):
    table = build(A | {"votes": {"negative": 6, "neutral": 4}})
    assert dict(zip(table.emotions, table.emotion_votes[0].round(6).tolist(), strict=True)) == pytest.approx(
        {"negative": 0.6, "positive": 0, "surprise": 0, "neutral": 0.4}
    )
    assert table.frame["agreement"].tolist() == [6]


@pytest.mark.parametrize(
    ("second", "line", "words"),
    [
        (B | {"emotion": "joyful"}, 3, ["joyful", "use one of", "happiness"]),
        (B | {"AU12": 2}, 3, ["AU12", "“2”", "1 (present), 0 (absent)"]),
        (B | {"AU12": "yes"}, 3, ["AU12", "“yes”", "blank (unknown)"]),
        (B | {"AU12": "0.5"}, 3, ["AU12", "“0.5”"]),
        ({"image": "gone.png"}, 3, ["gone.png", "no image", "delete this line"]),
        (A, 3, ["a.png", "line 2", "keep one"]),
        (B | {"split": "training"}, 3, ["“training”", "train, validation, test"]),
    ],
)
def test_broken_row_is_reported_with_file_line_and_remedy(build, second, line, words):
    with pytest.raises(TableError) as error:
        build(A, second)
    assert str(error.value).startswith(f"labels.csv, line {line}: ")
    assert all(word in str(error.value) for word in words)


def test_an_emotion_outside_the_vocabulary_is_refused(build):
    with pytest.raises(TableError, match=r"line 2: emotion “neutral” is none of this table's emotions: negative"):
        build(A | {"emotion": "neutral"}, emotions=facs.EMOTIONS)


def test_an_empty_table_is_refused(build):
    with pytest.raises(TableError, match=r"labels\.csv: it has no rows"):
        build()


def test_subject_in_two_splits_is_refused(build):
    rows = [A | {"subject": "Ann", "split": "train"}, B | {"subject": "Ann", "split": "test"}, C]
    with pytest.raises(TableError, match="subject Ann is in test and train; put each subject into one split"):
        build(*rows)


def test_parts_are_the_rows_of_a_split(build):
    table = build(A, B, C).with_split(["train", "test", "train"])
    assert table.part("train").frame["image"].tolist() == ["a.png", "c.png"]
    assert len(table.part("validation")) == 0


def test_joining_keeps_blanks_blank_and_columns_apart(build):
    one = build(A | {"emotion": "anger", "AU12": 1}, C, action_units=("AU12", "AU4"), emotions=facs.EMOTIONS)
    other = build(B | {"emotion": "neutral", "AU4": 0}, action_units=("AU4", "AU1"), source="theirs")
    joined = join_tables([one, other])
    # Nobody is positive or surprised: a network would learn those columns as “never”.
    assert joined.emotions == ("negative", "neutral")
    assert joined.action_units == ("AU1", "AU4", "AU12")
    nan = np.nan
    np.testing.assert_array_equal(joined.emotion_votes, [[1, 0], [nan, nan], [0, 1]])
    np.testing.assert_array_equal(joined.au_labels, [[nan, nan, 1], [nan, nan, nan], [nan, 0, nan]])
    assert joined.frame["source"].tolist() == ["ours", "ours", "theirs"]


def test_tables_without_any_emotion_keep_the_vocabulary(build):
    assert join_tables([build(A | {"AU12": 1})]).emotions == facs.EMOTIONS_WITH_NEUTRAL


def test_joined_action_units_are_in_the_vocabularys_order(build):
    table = build(A | {"AU12": 1, "AU1": 0}, action_units=("AU12", "AU1"))
    assert join_tables([table]).action_units == ("AU1", "AU12")
    assert pd.notna(join_tables([table]).frame[["AU1", "AU12"]]).all(axis=None)


def test_intensities_are_kept_beside_the_labels_and_joined(build):
    graded = build(A | {"AU12": 1, "intensities": {"AU12": 3.5}}, B, action_units=("AU12", "AU4"))
    nan = np.nan
    np.testing.assert_array_equal(graded.intensities, [[3.5, nan], [nan, nan]])
    assert graded.frame["AU12_intensity"].tolist()[0] == 3.5
    joined = join_tables([graded, build(C | {"AU4": 0}, action_units=("AU4",))])
    np.testing.assert_array_equal(joined.intensities, [[nan, 3.5], [nan, nan], [nan, nan]])  # AU4, AU12
    assert np.isnan(graded.without_labels(["AU12"]).intensities).all()


@pytest.mark.parametrize(("intensity", "presence"), [(0, 0), (0.5, None), (1.9, None), (2, 1), (5, 1)])
def test_action_unit_is_present_from_intensity_2_and_absent_at_0(intensity, presence):
    assert presence_of(intensity) == presence


@pytest.mark.parametrize(("word", "label"), LABEL_OF_WORD.items())
def test_every_word_for_an_emotion_has_a_high_level_emotion(build, word, label):
    table = build(A | {"emotion": f" {word.upper()} "})
    assert table.emotions[table.emotion_classes[0]] == facs.high_level_emotion(label)


# -- expressions, intensities, sides, pose and quality


def test_a_word_for_an_expression_gives_expression_and_emotion(build):
    table = build(A | {"emotion": "angry"}, B | {"emotion": "happiness"}, C)
    assert table.emotion_classes.tolist() == [0, 1, -1]
    assert table.frame["expression_anger"].tolist()[:2] == [1, 0]
    assert np.isnan(table.expression_votes[2]).all()


def test_data_with_high_level_emotions_have_no_expressions(build):
    table = build(A | {"emotion": "negative"}, B | {"emotion": "surprise"})
    assert table.expressions == ()
    assert np.isnan(table.expression_votes).all()
    assert not [name for name in table.frame if name.startswith("expression")]


def test_expressions_make_up_every_emotion_of_the_table(build):
    angry = build(A | {"emotion": "anger"}, B | {"emotion": "neutral"}, source="one")
    assert angry.expressions == ("neutral", "happiness", "surprise", "anger")  # nobody is shown happy or surprised
    joined = join_tables([angry, build(A | {"emotion": "positive"}, source="two")])
    assert joined.emotions == ("negative", "positive", "neutral")
    assert joined.expressions == ("neutral", "happiness", "anger")


def test_joining_keeps_further_labels_and_leaves_them_unknown_elsewhere(build):
    labeled = build(
        A
        | {
            "intensities": {"AU12": 3.5},
            "sides": {"AU12": (1, None)},
            "side_intensities": {"AU12": (3.5, 0.6)},
            "pose": {"pitch": 1.0, "yaw": -2.0, "roll": 3.0},
            "quality": {"blurred": 0.0, "mouth covered": 1.0},
        },
        source="one",
    )
    table = join_tables([labeled, build(B | {"AU12": 1}, source="two")])
    place = table.action_units.index("AU12")
    np.testing.assert_array_equal(table.intensities[:, place], [3.5, np.nan])
    np.testing.assert_array_equal(table.sides[:, place], [[1, np.nan], [np.nan] * 2])
    np.testing.assert_allclose(table.side_intensities[:, place], [[3.5, 0.6], [np.nan] * 2])
    np.testing.assert_array_equal(table.pose, [[1, -2, 3], [np.nan] * 3])
    assert table.problems == ("blurred", "mouth covered")
    assert table.frame["quality_mouth_covered"].tolist() == pytest.approx([1, np.nan], nan_ok=True)
    without = table.without_labels(["AU12"])
    for values in (without.intensities, without.sides, without.side_intensities):
        assert np.isnan(values).all()


def test_faces_can_be_taken_to_be_sharp_and_uncovered_where_nothing_is_known(build):
    table = build(A | {"quality": {"blurred": 1.0}}, B).without_problems()
    assert table.problems == ("blurred", "mouth covered", "eyes covered")
    assert table.frame["quality_blurred"].tolist() == [1, 0]
    assert table.frame["quality_eyes_covered"].tolist() == [0, 0]
