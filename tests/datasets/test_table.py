import numpy as np
import pandas as pd
import pytest

from emotiscan import facs
from emotiscan.datasets.table import TableError, build_table, join_tables, with_soft_action_units


@pytest.fixture
def build(tmp_path):
    """A table of rows about the (empty) pictures a.png, b.png and c.png."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def build(*rows, **options):
        given = ({"subject": row["image"], "line": line} | row for line, row in enumerate(rows, start=2))
        return build_table(given, file="labels.csv", root=tmp_path, **({"source": "ours"} | options))

    return build


A, B, C = ({"image": f"{name}.png"} for name in "abc")


def test_what_is_not_said_is_blank(build):
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
        ({"image": "gone.png"}, 3, ["gone.png", "no picture", "delete this line"]),
        (A, 3, ["a.png", "line 2", "keep one"]),
        (B | {"split": "training"}, 3, ["“training”", "train, validation, test"]),
    ],
)
def test_a_broken_row_is_named_with_file_line_and_remedy(build, second, line, words):
    with pytest.raises(TableError) as error:
        build(A, second)
    assert str(error.value).startswith(f"labels.csv, line {line}: ")
    assert all(word in str(error.value) for word in words)


def test_an_emotion_outside_the_vocabulary_is_refused(build):
    with pytest.raises(TableError, match=r"line 2: emotion “neutral” is none of this table's: negative"):
        build(A | {"emotion": "neutral"}, emotions=facs.EMOTIONS)


def test_an_empty_table_is_refused(build):
    with pytest.raises(TableError, match=r"labels\.csv: it has no rows"):
        build()


def test_nobody_is_in_two_splits(build):
    rows = [A | {"subject": "Ann", "split": "train"}, B | {"subject": "Ann", "split": "test"}, C]
    with pytest.raises(TableError, match="subject Ann is in test and train; put each person into one split"):
        build(*rows)


def test_parts_are_the_rows_of_a_split(build):
    table = build(A, B, C).with_split(["train", "test", "train"])
    assert table.part("train").frame["image"].tolist() == ["a.png", "c.png"]
    assert len(table.part("validation")) == 0


def test_joining_keeps_blanks_blank_and_columns_apart(build):
    one = build(A | {"emotion": "anger", "AU12": 1}, C, action_units=("AU12", "AU4"), emotions=facs.EMOTIONS)
    other = build(B | {"emotion": "neutral", "AU4": 0}, action_units=("AU4", "AU1"), source="theirs")
    joined = join_tables([one, other])
    # Nobody is positive or surprised: those columns would only be learnt as “never”.
    assert joined.emotions == ("negative", "neutral")
    assert joined.action_units == ("AU1", "AU4", "AU12")
    nan = np.nan
    np.testing.assert_array_equal(joined.emotion_votes, [[1, 0], [nan, nan], [0, 1]])
    np.testing.assert_array_equal(joined.au_labels, [[nan, nan, 1], [nan, nan, nan], [nan, 0, nan]])
    assert joined.frame["source"].tolist() == ["ours", "ours", "theirs"]


def test_tables_without_any_emotion_keep_the_vocabulary(build):
    assert join_tables([build(A | {"AU12": 1})]).emotions == facs.EMOTIONS_WITH_NEUTRAL


def test_soft_codes_fill_only_blanks(build, tmp_path):
    table = build(A | {"AU12": 1}, B, C, action_units=("AU12", "AU4"))
    file = tmp_path / "soft.csv"
    # Other order, a picture that is not ours, a blank, and a column that nobody asked for.
    file.write_text("image,AU4,AU12,AU99\nelse.png,0.9,0.9,1\nb.png,0.25,,1\na.png,0.75,0.125,1\n")
    soft = with_soft_action_units(table, file)
    np.testing.assert_array_equal(soft.au_labels, [[1, 0.75], [np.nan, 0.25], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,AU12\na.png,0.5\nb.png,1.5\n", "line 3: AU12 is “1.5”; write a number from 0 to 1"),
        ("image,AU12\na.png,-0.1\n", "line 2: AU12 is “-0.1”"),
        ("image,AU12\na.png,often\n", "line 2: AU12 is “often”"),
        ("picture,AU12\na.png,1\n", "no column “image”"),
        ("image,smile\na.png,1\n", "no column for any of the action units AU12"),
        ("image,AU12\nother.png,1\n", "none of its pictures is in the table; names look like a.png"),
        ("", "it cannot be read as CSV"),
    ],
)
def test_broken_soft_codes_are_refused(build, tmp_path, text, message):
    file = tmp_path / "soft.csv"
    file.write_text(text)
    with pytest.raises(TableError) as error:
        with_soft_action_units(build(A, B, action_units=("AU12",)), file)
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_codes_keep_the_vocabularys_order(build):
    table = build(A | {"AU12": 1, "AU1": 0}, action_units=("AU12", "AU1"))
    assert join_tables([table]).action_units == ("AU1", "AU12")
    assert pd.notna(join_tables([table]).frame[["AU1", "AU12"]]).all(axis=None)
