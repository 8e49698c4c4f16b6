import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import png, put, write_csv


def test_csv_reads_every_column(tmp_path):
    columns = ["image", "subject", "split", "emotion", "AU12", "AU1", "note", "votes"]
    rows = [["happy0.png", "Ann", "train", "happiness", 1, "", "a", 3], ["surprise1.png", "", "test", "", 0, 1, "b", 4]]
    table = load_source(f"csv:{write_csv(tmp_path, columns, rows)}")
    assert table.action_units == ("AU12", "AU1")
    np.testing.assert_array_equal(table.au_labels, [[1, np.nan], [0, 1]])
    assert table.frame["subject"].tolist() == ["Ann", "surprise1.png"]  # an unnamed subject is one of their own
    assert table.frame["split"].tolist() == ["train", "test"]
    assert table.emotion_classes.tolist() == [1, -1]


def test_csv_is_named_after_its_folder_if_it_is_called_labels(tmp_path):
    folders = [tmp_path / "mine", tmp_path / "yours"]
    for folder in folders:
        write_csv(folder, ["image"], [["happy0.png"]])
    names = [load_source(f"csv:{folder}").frame["source"].tolist() for folder in folders]
    assert names == [["mine"], ["yours"]]


def test_csv_with_images_alone(tmp_path):
    file = write_csv(tmp_path, ["image"], [["happy0.png"], ["anger1.png"]])
    table = load_source(f"csv:{file}")
    assert table.frame["subject"].is_unique
    assert table.action_units == facs.MISSION_AU_NAMES
    assert np.isnan(table.au_labels).all()


def test_csv_au_columns_that_are_not_read_are_named_in_a_warning(tmp_path, caplog):
    columns = ["image", "AU12", "au4", "AU99", "AU1a", "AU45_r", "AU26_or_AU99", "age"]
    table = load_source(f"csv:{write_csv(tmp_path, columns, [['happy0.png', 1, 1, 1, 1, 1, 1, 30]])}")
    assert table.action_units == ("AU12", "AU4")
    assert "look like action units but are not read: AU99, AU1a, AU45_r, AU26_or_AU99;" in caplog.text


@pytest.mark.parametrize("option", ["au", "codes"])
def test_csv_blank_action_units_are_filled_from_a_file(tmp_path, option):
    file = write_csv(tmp_path, ["image", "AU12"], [["happy0.png", ""], ["happy1.png", 0]])
    soft = put(tmp_path / "soft.csv", "image,AU12\nhappy0.png,0.75\nhappy1.png,0.75\n")
    assert load_source(f"csv:{file},{option}={soft}").au_labels.tolist() == [[0.75], [0]]


@pytest.mark.parametrize("column", ["AU4", "AU04", "AU04_c", " AU04_c", "au04"])
def test_csv_presence_columns_in_every_usual_spelling(tmp_path, column):
    table = load_source(f"csv:{write_csv(tmp_path, ['image', column], [['happy0.png', 1], ['happy1.png', '0.0']])}")
    assert table.action_units == ("AU4",)
    assert table.au_labels.tolist() == [[1], [0]]


def test_csv_intensities_decide_presence_and_are_kept(tmp_path):
    values = ["0.00", "0.4", "1.99", "2", "5.0", ""]
    rows = [[f"happy{n}.png", value] for n, value in enumerate(values)]
    table = load_source(f"csv:{write_csv(tmp_path, ['image', ' AU12_r'], rows)}")
    nan = np.nan
    np.testing.assert_array_equal(table.au_labels[:, 0], [0, nan, nan, 1, 1, nan])
    np.testing.assert_allclose(table.intensities[:, 0], [0, 0.4, 1.99, 2, 5, nan])
    assert "AU12_intensity" in table.frame


def test_csv_presence_columns_decide_beside_intensities(tmp_path):
    columns = ["image", "AU01_r", "AU12_r", "AU12_c"]
    table = load_source(f"csv:{write_csv(tmp_path, columns, [['happy0.png', 3, 1.2, 1], ['happy1.png', 0, 2.5, 0]])}")
    assert table.action_units == ("AU1", "AU12")
    assert table.au_labels.tolist() == [[1, 1], [0, 0]]
    np.testing.assert_allclose(table.intensities, [[3, 1.2], [0, 2.5]])


def test_csv_joined_action_units_stay_one_column(tmp_path):
    file = write_csv(tmp_path, ["image", "AU26_or_AU27", "AU01"], [["happy0.png", 1, 0]])
    assert load_source(f"csv:{file}").action_units == ("AU26_or_AU27", "AU1")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no BOM", "BOM"])
def test_csv_dialects(tmp_path, delimiter, ending, mark):
    write_csv(tmp_path, ["image"], [["happy0.png"], ["happy1.png"]])
    lines = [["filename", "label", "AU06_r"], ["happy0.png", "joy", "2.5"], ["happy1.png", "", ""]]
    text = mark + "".join(delimiter.join(line) + ending for line in lines)
    table = load_source(f"csv:{put(tmp_path / 'labels.csv', text)}")
    assert table.emotion_classes.tolist() == [1, -1]
    assert table.action_units == ("AU6",)
    assert table.intensities[0, 0] == 2.5


def test_csv_with_semicolons_may_have_decimal_commas(tmp_path):
    write_csv(tmp_path, ["image"], [["happy0.png"]])
    file = put(tmp_path / "labels.csv", "image;AU06_r\nhappy0.png;2,5\n")
    assert load_source(f"csv:{file}").intensities.tolist() == [[2.5]]


@pytest.mark.parametrize("image", ["image", "filename", "filepath", "file", "path", "FileName"])
@pytest.mark.parametrize("emotion", ["emotion", "label", "expression", "Emotion"])
def test_csv_image_and_emotion_columns_in_every_usual_name(tmp_path, image, emotion):
    file = write_csv(tmp_path, [image, emotion], [["happy0.png", "Happy"]])
    assert load_source(f"csv:{file}").emotion_classes.tolist() == [1]


@pytest.mark.parametrize("written", ["./faces/a.png", "faces\\a.png", "{root}/faces/a.png"])
def test_csv_image_names_may_be_written_as_paths(tmp_path, written):
    put(tmp_path / "faces/a.png", png("happy"))
    file = put(tmp_path / "labels.csv", f"path\n{written.format(root=tmp_path)}\n")
    assert load_source(f"csv:{file}").frame["image"].tolist() == ["faces/a.png"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(facs.AU_NAMES), unique=True, min_size=1), st.data())
def test_csv_reads_any_mix_of_spellings_alike(tmp_path_factory, names, data):
    folder = tmp_path_factory.mktemp("csv")
    put(folder / "happy0.png", b"")
    spellings = [
        data.draw(st.sampled_from([au, f"AU{int(au[2:]):02}", f"AU{int(au[2:]):02}_c", f" {au.lower()}_C "]))
        for au in names
    ]
    values = [data.draw(st.sampled_from(["0", "1", ""])) for _ in names]
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    text = "\r\n".join(delimiter.join(row) for row in (["image", *spellings], ["happy0.png", *values]))
    table = load_source(f"csv:{put(folder / 'labels.csv', text)}")
    assert table.action_units == tuple(names)
    expected = [float(value) if value else np.nan for value in values]
    np.testing.assert_array_equal(table.au_labels[0], expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"picture,AU12\na.png,1\n", "line 1: the column “image” is missing; its columns are: picture, AU12"),
        (b"", "line 1: the column “image” is missing"),
        (b"image,AU12\n", "it has no rows"),
        (b"image\n\xff\xfe\n", "save it as UTF-8 CSV"),
        (b'image\n"a.png\n', "it is not a CSV text file"),
        (b"image,AU1,AU01\n", "line 1: the columns AU1 and AU01 both hold the presence of AU1; keep one"),
        (b"image,AU01_c,AU1\n", "line 1: the columns AU01_c and AU1 both hold the presence of AU1"),
        (b"image,AU01_r,AU1_r\n", "line 1: the columns AU01_r and AU1_r both hold the intensity of AU1"),
        (b"image,Image\n", "line 1: the columns image and Image have the same name; keep one"),
        (b"image,AU01_r\nhappy0.png,6\n", "line 2: AU01_r is “6”; it must be an intensity from 0 to 5, or blank"),
        (b"image,AU01_r\nhappy0.png,high\n", "line 2: AU01_r is “high”; it must be an intensity"),
        (b"image,AU01_c\nhappy0.png,0.7\n", "line 2: AU1 is “0.7”; write 1 (present), 0 (absent)"),
        (b"image,label\nhappy0.png,3\n", "line 2: unknown emotion “3”; use one of"),
        (b"image,AU1\nhappy0.png,1,2\n", "line 2: it has 3 values but 2 columns"),
        (b"image,AU1\n,1\n", "line 2: the image's name is blank"),
    ],
)
def test_csv_errors_name_file_and_line(tmp_path, text, message):
    put(tmp_path / "happy0.png", png("happy"))
    file = put(tmp_path / "labels.csv", text)
    with pytest.raises(TableError) as error:
        load_source(f"csv:{file}")
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_csv_saved_by_a_spreadsheet_is_read(tmp_path):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert len(load_source(f"csv:{file}")) == 1
