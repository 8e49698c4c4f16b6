import numpy as np
import pytest

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import CLIPS, COURSE_ACTION_UNITS, put, write_ckplus, write_course


def au_of(table, row):
    return {au for au, value in zip(table.action_units, table.au_labels[row], strict=True) if value == 1}


@pytest.fixture
def ckplus(tmp_path):
    return write_ckplus(tmp_path / "CK+")


def test_ckplus_gives_the_apex_of_each_labeled_sequence(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    frame = table.frame
    assert len(table) == len(CLIPS)
    assert frame["image"][0] == "S005/001/S005_001_00000011.png"
    assert frame["image"].str.endswith("_00000011.png").all()
    assert sorted(frame["subject"].unique()) == sorted({subject for subject, *_ in CLIPS})
    assert table.action_units == facs.AU_NAMES


def test_ckplus_action_units_are_present_at_any_intensity_and_otherwise_absent(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    assert au_of(table, 0) == {"AU6", "AU12", "AU25"}  # AU25 has intensity 0: present, not scored
    assert set(np.unique(table.au_labels)) == {0, 1}


def test_ckplus_sequences_without_an_emotion_keep_their_action_units(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    row = table.frame["image"].tolist().index("S005/004/S005_004_00000011.png")
    assert table.emotion_classes[row] == -1
    assert au_of(table, row) == {"AU4", "AU7", "AU9", "AU10", "AU25"}
    named = [facs.EMOTIONS_WITH_NEUTRAL[c] for c in table.emotion_classes if c >= 0]
    assert {name: named.count(name) for name in set(named)} == {"negative": 8, "positive": 8, "surprise": 8}


@pytest.mark.parametrize("folder", ["cohn-kanade-images", "FACS"])
def test_ckplus_names_a_missing_folder(ckplus, folder):
    (ckplus / folder).rename(ckplus / "elsewhere")
    with pytest.raises(TableError, match=f"no folder {folder}; unpack the CK"):
        load_source(f"ckplus:{ckplus}")


FACS_FILE, EMOTION_FILE = "FACS/S006/001/S006_001_00000011_facs.txt", "Emotion/S006/001/S006_001_00000011_emotion.txt"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (FACS_FILE, "   1.2e+01   2.0e+00\n   six   1.0e+00\n", "line 2: “six   1.0e+00” is not a number"),
        (FACS_FILE, "   1.2000000e+01\n", "line 1: “1.2000000e+01” is not an action unit and its intensity"),
        (FACS_FILE, "   nan   1.0\n", "line 1: “nan   1.0” is not an action unit"),
        (EMOTION_FILE, "   8.0000000e+00\n", "line 1: it must hold one number from 0 to 7"),
        (EMOTION_FILE, "happy\n", "line 1: “happy” is not a number"),
        (EMOTION_FILE, "", "it must hold one number from 0 to 7"),
    ],
)
def test_ckplus_names_a_broken_file(ckplus, file, text, message):
    put(ckplus / file, text)
    with pytest.raises(TableError) as error:
        load_source(f"ckplus:{ckplus}")
    assert str(error.value).startswith(str(ckplus / file))
    assert message in str(error.value)


def test_ckplus_names_a_missing_image(ckplus):
    (ckplus / "cohn-kanade-images/S007/002/S007_002_00000011.png").unlink()
    with pytest.raises(TableError, match=r"no image S007/002/S007_002_00000011\.png"):
        load_source(f"ckplus:{ckplus}")


SPELLINGS = {
    "the zip files' own folders": {
        "cohn-kanade-images": "extended-cohn-kanade-images/cohn-kanade-images",
        "FACS": "FACS_labels/FACS",
        "Emotion": "Emotion_labels/Emotion",
    },
    "other capitals": {"cohn-kanade-images": "Cohn-Kanade-Images", "FACS": "facs", "Emotion": "EMOTION"},
    "one folder around everything": {name: f"CK+/{name}" for name in ("cohn-kanade-images", "FACS", "Emotion")},
}


@pytest.mark.parametrize("moves", SPELLINGS.values(), ids=SPELLINGS)
def test_ckplus_folders_are_found_in_every_usual_spelling(ckplus, moves):
    expected = load_source(f"ckplus:{ckplus}")
    for old, new in moves.items():
        (ckplus / "moved" / new).parent.mkdir(parents=True, exist_ok=True)
        (ckplus / old).rename(ckplus / "moved" / new)
    found = load_source(f"ckplus:{ckplus / 'moved'}")
    columns = ["image", "subject", *found.emotions, *found.action_units]
    assert found.frame[columns].equals(expected.frame[columns])


def test_ckplus_ignores_hidden_and_system_files(ckplus):
    expected = len(load_source(f"ckplus:{ckplus}"))
    for folder in ("FACS", "Emotion", "cohn-kanade-images"):
        put(ckplus / folder / ".DS_Store", b"\x00")
        put(ckplus / folder / "S005/.DS_Store", b"\x00")
        put(ckplus / folder / "S005/001/Thumbs.db", b"\x00")
        put(ckplus / "__MACOSX" / folder / "S005/001/._S005_001_00000011_facs.txt", b"\x00\xff")
    put(ckplus / "FACS/S005/001/._S005_001_00000011_facs.txt", b"\x00\xff")
    put(ckplus / "Emotion/S005/004/._S005_004_00000011_emotion.txt", b"\x00\xff")
    put(ckplus / "cohn-kanade-images/S005/001/._S005_001_00000011.png", b"\x00\xff")
    assert len(load_source(f"ckplus:{ckplus}")) == expected


def test_ckplus_images_may_have_another_ending(ckplus):
    image = ckplus / "cohn-kanade-images/S005/001/S005_001_00000011.png"
    image.rename(image.with_suffix(".PNG"))
    assert load_source(f"ckplus:{ckplus}").frame["image"][0] == "S005/001/S005_001_00000011.PNG"


# -- the course subset


@pytest.mark.parametrize("index", [False, True], ids=["plain", "with an index column"])
def test_course_csv_gives_emotions_and_action_units(tmp_path, index):
    file = write_course(tmp_path, index=index)
    table = load_source(f"ckplus-course:{file}")
    assert table.emotions == facs.EMOTIONS
    assert table.action_units == facs.MISSION_AU_NAMES  # not the CSV's own order
    assert set(table.action_units) == set(COURSE_ACTION_UNITS)
    for row, (subject, sequence, expression, _) in enumerate(CLIPS):
        assert table.frame["image"][row] == f"cohn-kanade-images/{subject}/{sequence}/{subject}_{sequence}_00000011.png"
        assert table.frame["subject"][row] == subject
        wanted = {"happy": "positive", "surprise": "surprise"}.get(expression, "negative")
        assert facs.EMOTIONS[table.emotion_classes[row]] == wanted
    assert au_of(table, 0) == {"AU6", "AU12", "AU25"}
    assert not np.isnan(table.au_labels).any()


def test_course_csv_may_be_in_another_folder_than_its_images(tmp_path):
    file = write_course(tmp_path / "images")
    moved = put(tmp_path / "labels/data_labels.csv", file.read_text())
    assert len(load_source(f"ckplus-course:{moved},images={tmp_path / 'images'}")) == len(CLIPS)
    assert len(load_source(f"ckplus-course:{tmp_path / 'images'}")) == len(CLIPS)  # the folder finds its CSV


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("high_level_emotion", "emotion", "line 1: the column “high_level_emotion” is missing"),
        ("AU14", "AU41", "line 1: the column “AU14” is missing"),
        ("positive", "neutral", "line 2: emotion “neutral” is none of this table's emotions"),
        ("00000011.png", "00000012.png", "line 2: there is no image cohn-kanade-images/S005/001"),
    ],
)
def test_course_csv_errors_name_file_and_line(tmp_path, old, new, message):
    file = write_course(tmp_path)
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(TableError) as error:
        load_source(f"ckplus-course:{file}")
    assert str(error.value).startswith(f"{file}, {message}")
