import numpy as np
import pytest

from emotiscan import facs
from emotiscan.datasets.loaders import load_source, without_paths
from emotiscan.datasets.table import SPLITS, TableError
from emotiscan.evaluation.prediction import load_split
from emotiscan.training.data_module import split_table
from emotiscan.training.settings import TrainingSettings
from tests.support.trees import (
    CLIPS,
    COURSE_ACTION_UNITS,
    FERPLUS_ROWS,
    put,
    write_ckplus,
    write_course,
    write_csv,
    write_ferplus,
    write_rendered,
)


def au_of(table, row):
    return {au for au, value in zip(table.action_units, table.au_labels[row], strict=True) if value == 1}


# -- CK+, official folders


@pytest.fixture
def ckplus(tmp_path):
    return write_ckplus(tmp_path / "CK+")


def test_ckplus_gives_the_apex_of_each_coded_sequence(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    frame = table.frame
    assert len(table) == len(CLIPS)
    assert frame["image"][0] == "S005/001/S005_001_00000011.png"
    assert frame["image"].str.endswith("_00000011.png").all()
    assert sorted(frame["subject"].unique()) == sorted({subject for subject, *_ in CLIPS})
    assert table.action_units == facs.AU_NAMES


def test_ckplus_codes_are_present_at_any_intensity_and_else_absent(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    assert au_of(table, 0) == {"AU6", "AU12", "AU25"}  # AU25 has intensity 0: present, not scored
    assert set(np.unique(table.au_labels)) == {0, 1}


def test_ckplus_sequences_without_emotion_keep_their_codes(ckplus):
    table = load_source(f"ckplus:{ckplus}")
    row = table.frame["image"].tolist().index("S005/004/S005_004_00000011.png")
    assert table.emotion_classes[row] == -1
    assert au_of(table, row) == {"AU4", "AU7", "AU25"}  # and AU9, AU10, which no one asks for
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


def test_ckplus_names_a_missing_picture(ckplus):
    (ckplus / "cohn-kanade-images/S007/002/S007_002_00000011.png").unlink()
    with pytest.raises(TableError, match=r"no picture S007/002/S007_002_00000011\.png"):
        load_source(f"ckplus:{ckplus}")


# -- CK+, the course subset


@pytest.mark.parametrize("index", [False, True], ids=["plain", "with an index column"])
def test_course_csv(tmp_path, index):
    file = write_course(tmp_path, index=index)
    table = load_source(f"ckplus-course:{file}")
    assert table.emotions == facs.EMOTIONS
    assert table.action_units == facs.AU_NAMES  # and not the CSV's own order
    assert set(table.action_units) == set(COURSE_ACTION_UNITS)
    for row, (subject, sequence, expression, _) in enumerate(CLIPS):
        assert table.frame["image"][row] == f"cohn-kanade-images/{subject}/{sequence}/{subject}_{sequence}_00000011.png"
        assert table.frame["subject"][row] == subject
        wanted = {"happy": "positive", "surprise": "surprise"}.get(expression, "negative")
        assert facs.EMOTIONS[table.emotion_classes[row]] == wanted
    assert au_of(table, 0) == {"AU6", "AU12", "AU25"}
    assert not np.isnan(table.au_labels).any()


def test_course_csv_may_lie_apart_from_its_pictures(tmp_path):
    file = write_course(tmp_path / "pictures")
    moved = put(tmp_path / "labels/data_labels.csv", file.read_text())
    assert len(load_source(f"ckplus-course:{moved},images={tmp_path / 'pictures'}")) == len(CLIPS)
    assert len(load_source(f"ckplus-course:{tmp_path / 'pictures'}")) == len(CLIPS)  # the folder finds its CSV


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("high_level_emotion", "emotion", "line 1: the column “high_level_emotion” is missing"),
        ("AU14", "AU41", "line 1: the column “AU14” is missing"),
        ("positive", "neutral", "line 2: emotion “neutral” is none of this table's"),
        ("00000011.png", "00000012.png", "line 2: there is no picture cohn-kanade-images/S005/001"),
    ],
)
def test_course_csv_mistakes(tmp_path, old, new, message):
    file = write_course(tmp_path)
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(TableError) as error:
        load_source(f"ckplus-course:{file}")
    assert str(error.value).startswith(f"{file}, {message}")


# -- FER+


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
def test_ferplus_folder_and_zip_file(tmp_path, name, options):
    path = write_ferplus(tmp_path / name, **options)
    table = load_source(f"ferplus:{path}")
    prefix = options.get("prefix", "")
    # Left out: unreadable faces, removed pictures, the repeated line, the test part without its folder.
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


def test_ferplus_mistakes(tmp_path):
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


def test_ferplus_contradicting_lines_are_refused(tmp_path):
    again = ("Training", "fer0000002.png", 0, 9, 0, 0, 0, 0, 0, 0, 1, 0)
    path = write_ferplus(tmp_path / "ferplus", [*FERPLUS_ROWS, again])
    with pytest.raises(TableError, match=r"line 10: FER2013Train/fer0000002\.png was already labeled in line 3"):
        load_source(f"ferplus:{path}")


# -- one's own CSV


def test_csv_with_every_column(tmp_path):
    columns = ["image", "subject", "split", "emotion", "AU12", "AU1", "note", "votes"]
    rows = [["happy0.png", "Ann", "train", "happiness", 1, "", "a", 3], ["surprise1.png", "", "test", "", 0, 1, "b", 4]]
    table = load_source(f"csv:{write_csv(tmp_path, columns, rows)}")
    assert table.action_units == ("AU12", "AU1")
    np.testing.assert_array_equal(table.au_labels, [[1, np.nan], [0, 1]])
    assert table.frame["subject"].tolist() == ["Ann", "surprise1.png"]  # who is not named is somebody else
    assert table.frame["split"].tolist() == ["train", "test"]
    assert table.emotion_classes.tolist() == [1, -1]


def test_folders_that_both_hold_a_labels_csv_are_two_data_sets(tmp_path):
    folders = [tmp_path / "mine", tmp_path / "yours"]
    for folder in folders:
        write_csv(folder, ["image"], [["happy0.png"]])
    names = [load_source(f"csv:{folder}").frame["source"].tolist() for folder in folders]
    assert names == [["mine"], ["yours"]]


def test_csv_with_pictures_alone(tmp_path):
    file = write_csv(tmp_path, ["image"], [["happy0.png"], ["anger1.png"]])
    table = load_source(f"csv:{file}")
    assert table.frame["subject"].is_unique
    assert table.action_units == facs.AU_NAMES
    assert np.isnan(table.au_labels).all()


def test_csv_columns_that_look_like_codes_but_are_none_are_named(tmp_path, caplog):
    load_source(f"csv:{write_csv(tmp_path, ['image', 'AU12', 'au4', 'AU99'], [['happy0.png', 1, 1, 1]])}")
    assert [name in caplog.text for name in ("column au4", "column AU99", "column AU12")] == [True, True, False]


def test_csv_codes_from_a_file(tmp_path):
    file = write_csv(tmp_path, ["image", "AU12"], [["happy0.png", ""], ["happy1.png", 0]])
    soft = put(tmp_path / "soft.csv", "image,AU12\nhappy0.png,0.75\nhappy1.png,0.75\n")
    assert load_source(f"csv:{file},codes={soft}").au_labels.tolist() == [[0.75], [0]]


def test_of_several_files_of_codes_the_first_that_knows_one_decides(tmp_path):
    file = write_csv(tmp_path, ["image", "AU12"], [["happy0.png", ""], ["happy1.png", ""]])
    by_eye = put(tmp_path / "eye.csv", "image,AU12\nhappy0.png,1\nhappy1.png,\n")
    teacher = put(tmp_path / "teacher.csv", "image,AU12\nhappy0.png,0.25\nhappy1.png,0.25\n")
    assert load_source(f"csv:{file},codes={by_eye},codes={teacher}").au_labels.tolist() == [[1], [0.25]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"picture,AU12\na.png,1\n", "line 1: the column “image” is missing; its columns are: picture, AU12"),
        (b"", "line 1: the column “image” is missing"),
        (b"image,AU12\n", "it has no rows"),
        (b"image\n\xff\xfe\n", "save it as UTF-8 CSV"),
        (b'image\n"a.png\n', "it is no CSV text file"),
    ],
)
def test_csv_mistakes(tmp_path, text, message):
    file = put(tmp_path / "labels.csv", text)
    with pytest.raises(TableError) as error:
        load_source(f"csv:{file}")
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_csv_of_a_spreadsheet_with_a_byte_order_mark(tmp_path):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert len(load_source(f"csv:{file}")) == 1


# -- how a source is written


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{csv}", "write a data source as KIND:PATH, KIND being one of ckplus, ckplus-course, disfa, bp4d"),
        ("affectnet:{csv}", "KIND being one of"),
        ("csv:", "write a data source as KIND:PATH"),
        ("csv:{csv}.old", "there is no such file or folder"),
        ("csv:{csv},codes=gone.csv", "gone.csv: there is no such file or folder"),
        ("csv:{csv},labels=x.csv", "“labels=x.csv” is no option of a data source; use codes=FILE, images=DIR,"),
        ("csv:{csv},images", "“images” is no option"),
        ("ckplus:{folder},images={folder}", "ckplus takes no option images=DIR"),
        ("csv:{csv},share=0", "write a number above 0, e.g. share=0.5"),
        ("csv:{csv},share=half", "write a number above 0, e.g. share=0.5"),
        ("csv:{csv},learn=all", "write learn=emotions or learn=codes"),
        ("rendered:{csv},faces=sad", "write faces=acted or faces=random"),
        ("rendered:{csv},strength=weak", "write strength=slight or strength=marked or strength=strong"),
        ("csv:{csv},strength=slight", "is an option of rendered faces only; leave it out for csv"),
        ("csv:{csv},faces=acted", "is an option of rendered faces only; leave it out for csv"),
        ("csv:{csv},without=gone.csv", "gone.csv: there is no such file or folder"),
        ("csv:{csv},split=test", "write the seed of the run, a whole number from 0, e.g. split=0"),
        ("csv:{csv},split=0", "at least 3 are needed"),
        ("csv:{csv},images={csv}", "neither a folder nor a zip file"),
    ],
)
def test_a_source_that_cannot_be_used(tmp_path, source, message):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    with pytest.raises(TableError) as error:
        load_source(source.format(csv=file, folder=tmp_path))
    assert message in str(error.value)


def test_persons_can_be_left_out_with_all_their_pictures(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ann"], ["calm0.png", "ben"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    held_out = put(tmp_path / "held_out.csv", b"image,AU12\nhappy1.png,1\nof_another_set.png,0\n")
    assert list(load_source(f"csv:{file},without={held_out}").frame["image"]) == ["calm0.png"]


def test_persons_of_several_files_can_be_left_out(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ben"], ["calm0.png", "cem"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    one, other = (put(tmp_path / f"{name}.csv", f"image\n{name}.png\n") for name in ("happy0", "calm0"))
    assert list(load_source(f"csv:{file},without={one},without={other}").frame["image"]) == ["happy1.png"]
    twice = f"csv:{file},without={one},without={other},without={one}"
    assert list(load_source(twice).frame["image"]) == ["happy1.png"]


def test_the_persons_whom_a_run_held_out_are_found_again_by_its_seed(tmp_path):
    rows = [[f"happy{i}.png", f"person {i // 2}"] for i in range(40)]
    source = f"csv:{write_csv(tmp_path, ['image', 'subject'], rows)}"
    trained_on = split_table(load_source(source), TrainingSettings(data=(source,), out="", seed=7))
    for split in SPLITS:
        images = list(load_split(f"{source},split=7", split).frame["image"])
        assert images == list(trained_on.part(split).frame["image"])
    with pytest.raises(TableError, match="no rows in the split “test”; behind it, split=SEED divides it"):
        load_split(source, "test")


def test_the_persons_left_out_can_be_measured_alone(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ann"], ["calm0.png", "ben"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    held_out = put(tmp_path / "held_out.csv", b"image,AU12\nhappy1.png,1\nof_another_set.png,0\n")
    assert list(load_source(f"csv:{file},only={held_out}").frame["image"]) == ["happy0.png", "happy1.png"]
    strangers = put(tmp_path / "strangers.csv", b"image\nof_another_set.png\n")
    with pytest.raises(TableError, match="none of its pictures is in the table"):
        load_source(f"csv:{file},only={strangers}")


@pytest.mark.parametrize(
    ("names", "message"),
    [("of_another_set.png", "none of its pictures is in the table"), ("happy0.png", "without= with this file leaves")],
)
def test_leaving_out_nobody_or_everybody_is_a_mistake(tmp_path, names, message):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    held_out = put(tmp_path / "held_out.csv", f"image\n{names}\n".encode())
    with pytest.raises(TableError, match=message):
        load_source(f"csv:{file},without={held_out}")


@pytest.mark.parametrize(("learn", "blank"), [("codes", "positive"), ("emotions", "AU12")])
def test_a_source_can_teach_one_thing_only(tmp_path, learn, blank):
    file = write_csv(tmp_path, ["image", "emotion", "AU12"], [["happy0.png", "happy", "1"]])
    row = load_source(f"csv:{file},learn={learn}").frame.iloc[0]
    assert {name for name in ("positive", "AU12") if np.isnan(row[name])} == {blank}


def test_rendered_codes_of_one_strength_are_held_against_absent_ones(tmp_path):
    folder = write_rendered(tmp_path, [{"AU12": intensity} for intensity in (0.3, 0.5, 0.75, 1.0, 0.0)])
    labels = {
        of: load_source(f"rendered:{folder},strength={of}").frame["AU12"] for of in ("slight", "marked", "strong")
    }
    none = pytest.approx(np.nan, nan_ok=True)
    assert [*labels["slight"]] == [1, none, none, none, 0]
    assert [*labels["marked"]] == [none, 1, none, none, 0]
    assert [*labels["strong"]] == [none, none, 1, 1, 0]


def test_rendered_faces_that_act_and_those_of_random_codes_can_be_taken_apart(tmp_path):
    faces = [{"AU12": 1.0}, {"AU7": 1.0}, {}]
    folder = write_rendered(tmp_path / "both", faces, emotions=["happiness", "", "neutral"])
    pictures = {kind: [*load_source(f"rendered:{folder},faces={kind}").frame["image"]] for kind in ("acted", "random")}
    assert pictures == {"acted": ["images/000000.jpg", "images/000002.jpg"], "random": ["images/000001.jpg"]}
    with pytest.raises(TableError, match="none of its faces is acted; leave faces=acted out"):
        load_source(f"rendered:{write_rendered(tmp_path / 'one', faces)},faces=acted")


def test_a_source_tells_what_was_trained_on_without_where_it_lies():
    source = "csv:/home/anna/lfw,codes=/home/anna/codes.csv,images=b,without=c,only=d,share=0.25,learn=codes,split=3"
    assert without_paths(source) == "csv,share=0.25,learn=codes,split=3"
