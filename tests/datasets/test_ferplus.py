import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import FERPLUS_ROWS, put, write_ferplus


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ferplus", {}),
        ("ferplus", {"beside": True}),
        ("ferplus.zip", {}),
        ("ferplus.zip", {"beside": True}),
        ("ferplus.zip", {"prefix": "data/"}),
    ],
)
def test_ferplus_reads_folders_and_zip_files(tmp_path, name, options):
    path = write_ferplus(tmp_path / name, **options)
    table = load_source(f"ferplus:{path}")
    prefix = options.get("prefix", "")
    # Left out: unreadable faces, removed images, the repeated line, the test part without its folder.
    assert table.frame["image"].tolist() == [
        f"{prefix}FER2013Train/fer0000000.png",
        f"{prefix}FER2013Train/fer0000002.png",
        f"{prefix}FER2013Valid/fer0028638.png",
    ]
    assert table.frame["split"].tolist() == ["train", "train", "validation"]
    assert table.frame["agreement"].tolist() == [6, 10, 7]
    assert table.emotions == ("negative", "positive", "surprise", "neutral")
    np.testing.assert_allclose(table.emotion_votes, [[0.6, 0, 0, 0.4], [0, 1, 0, 0], [2 / 9, 0, 7 / 9, 0]], rtol=1e-6)
    assert np.isnan(table.au_labels).all()
    assert table.frame["subject"].is_unique


def test_ferplus_keeps_the_votes_for_eight_expressions(tmp_path):
    table = load_source(f"ferplus:{write_ferplus(tmp_path / 'ferplus')}")
    names = ["neutral", "sadness", "anger", "disgust"]
    votes = table.frame[[f"expression_{name}" for name in names]]
    np.testing.assert_allclose(votes.iloc[0], [0.4, 0.1, 0.3, 0.2])
    np.testing.assert_allclose(table.expression_votes.sum(1), 1, rtol=1e-6)
    assert table.frame["expression_agreement"].tolist() == [4, 10, 7]
    assert set(table.expressions) == {*names, "happiness", "surprise", "fear"}  # nobody showed contempt


def test_ferplus_errors_say_what_is_missing(tmp_path):
    path = write_ferplus(tmp_path / "none", beside=True)
    labels = tmp_path / "fer2013new.csv"
    broken = [*FERPLUS_ROWS[:1], ("Training", "fer0000002.png", 0, "", 0, 0, 0, 0, 0, 0, 0, 0)]
    write_ferplus(tmp_path / "none", broken, beside=True)
    with pytest.raises(TableError, match=r"fer2013new\.csv, line 3: a number of votes is missing or not whole"):
        load_source(f"ferplus:{path}")

    labels.unlink()
    with pytest.raises(TableError, match=r"there is no fer2013new\.csv in it or beside it"):
        load_source(f"ferplus:{path}")

    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="none of the folders FER2013Train"):
        load_source(f"ferplus:{tmp_path / 'empty'}")

    with pytest.raises(TableError, match="neither a folder nor a zip file"):
        load_source(f"ferplus:{put(tmp_path / 'no.zip', 'no zip')}")


def test_ferplus_refuses_contradicting_lines(tmp_path):
    again = ("Training", "fer0000002.png", 0, 9, 0, 0, 0, 0, 0, 0, 1, 0)
    path = write_ferplus(tmp_path / "ferplus", [*FERPLUS_ROWS, again])
    with pytest.raises(TableError, match=r"line 10: FER2013Train/fer0000002\.png was already labeled in line 3"):
        load_source(f"ferplus:{path}")
