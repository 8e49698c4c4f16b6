"""The command line: what scripts and spreadsheets are fed with, so its shape is kept."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.__main__ import main
from emotiscan.model import checkpoint
from tests.support.places import ROOT, SAMPLES

GROUP, SMILE = str(SAMPLES / "group.jpg"), str(SAMPLES / "smile.jpg")
KEYS = ["image", "face", "box", "confidence", "emotion", "clear", "emotions", "facs", "present"]


@pytest.fixture
def read(tiny_weights, capfdbinary):
    """Runs the command line with the tiny checkpoint: its exit status and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capfdbinary.readouterr()
        status = main([*arguments, "--weights", str(tiny_weights)])
        printed = capfdbinary.readouterr()
        assert printed.err == b""
        return status, printed.out.decode()

    return run


@pytest.fixture
def broken(tmp_path) -> str:
    path = tmp_path / "broken.jpg"
    path.write_bytes(Path(SMILE).read_bytes()[:3000])
    return str(path)


def rows_of(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_line_a_face_with_its_keys_in_their_order(read):
    status, text = read(GROUP)
    rows = rows_of(text)
    assert status == 0
    assert [row["face"] for row in rows] == [0, 1, 2, 3]
    for row in rows:
        assert list(row) == KEYS
        assert row["image"] == GROUP
        assert list(row["emotions"]) == ["negative", "positive", "surprise", "neutral"]
        assert list(row["facs"]) == list(facs.AU_NAMES)
        assert row["emotion"] == max(row["emotions"], key=row["emotions"].get)
        assert set(row["present"]) == {au for au, p in row["facs"].items() if p >= 0.5}
        assert len(row["box"]) == 4
        assert row["confidence"] > 0.9


def test_the_figures_are_the_analyzers(read, analyzer):
    (reading,) = analyzer.analyze(SMILE).readings
    (row,) = rows_of(read(SMILE)[1])
    assert row["box"] == pytest.approx(reading.face.box, abs=0.05)
    assert row["emotions"] == pytest.approx(reading.emotions, abs=5e-5)
    assert row["facs"] == pytest.approx(reading.action_units, abs=5e-5)
    assert row["present"] == list(reading.present)


def test_csv_has_a_column_for_each_figure(read):
    status, text = read(SMILE, GROUP, "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    emotions, action_units = ["negative", "positive", "surprise", "neutral"], list(facs.AU_NAMES)
    places = ["image", "face", "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"]
    assert status == 0
    assert rows[0] == [*places, *emotions, *action_units, "present", "error"]
    assert [len(row) for row in rows] == [len(rows[0])] * 6
    assert [row[:2] for row in rows[1:]] == [[SMILE, "0"], *([GROUP, str(face)] for face in range(4))]


def test_csv_and_jsonl_say_the_same(read):
    (row,) = rows_of(read(SMILE)[1])
    (flat,) = csv.DictReader(io.StringIO(read(SMILE, "--format", "csv")[1]))
    assert [float(flat[side]) for side in ("x0", "y0", "x1", "y1")] == row["box"]
    assert {name: float(flat[name]) for name in row["emotions"]} == row["emotions"]
    assert {au: float(flat[au]) for au in row["facs"]} == row["facs"]
    assert flat["present"].split() == row["present"]
    assert flat["error"] == ""


def test_what_cannot_be_read_gives_a_line_and_the_rest_go_on(read, broken):
    status, text = read(broken, SMILE, "nowhere.jpg")
    damaged, read_well, missing = rows_of(text)
    assert status == 1
    assert list(damaged) == list(missing) == ["image", "error"]
    assert damaged == {"image": broken, "error": damaged["error"]}
    assert "damaged" in damaged["error"]
    assert missing == {"image": "nowhere.jpg", "error": "There is no file nowhere.jpg."}
    assert read_well["image"] == SMILE


def test_csv_has_the_error_in_its_column(read, broken):
    status, text = read(broken, SMILE, "--format", "csv")
    damaged, read_well = csv.DictReader(io.StringIO(text))
    assert status == 1
    assert {name: value for name, value in damaged.items() if value}.keys() == {"image", "error"}
    assert read_well["emotion"]


def test_a_dash_reads_paths_from_standard_input(read, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SMILE}\r\n\n{GROUP}\n"))
    status, text = read("nowhere.jpg", "-")
    assert status == 1
    assert [row["image"] for row in rows_of(text)] == ["nowhere.jpg", SMILE, *[GROUP] * 4]


def test_a_photo_without_a_face_says_so_unless_it_is_said_to_be_one(read, tmp_path):
    path = tmp_path / "wall.png"
    Image.new("RGB", (80, 80), "grey").save(path)
    assert rows_of(read(str(path))[1]) == [{"image": str(path), "error": "No face was found."}]
    assert read(str(path))[0] == 0  # it could be read
    status, text = read(str(path), "--cropped")
    (row,) = rows_of(text)
    assert status == 0
    assert list(row) == KEYS
    assert (row["box"], row["confidence"]) == (None, None)
    (flat,) = csv.DictReader(io.StringIO(read(str(path), "--cropped", "--format", "csv")[1]))
    assert flat["x0"] == flat["confidence"] == ""


def test_a_heat_map_is_written_for_each_present_code(read, tmp_path):
    folder = tmp_path / "new" / "maps"
    _, text = read(GROUP, "--heatmaps", str(folder))
    expected = {f"0000-group-{row['face']}-{au}.png" for row in rows_of(text) for au in row["present"]}
    assert expected
    assert {file.name for file in folder.iterdir()} == expected
    for file in folder.iterdir():
        with Image.open(file) as picture:
            assert (picture.format, picture.size, picture.mode) == ("PNG", (224, 224), "RGB")


def test_heat_maps_of_photos_with_one_name_do_not_overwrite_each_other(read, tmp_path):
    twin = tmp_path / "twin" / Path(SMILE).name
    twin.parent.mkdir()
    twin.write_bytes(Path(SMILE).read_bytes())
    _, text = read(SMILE, str(twin), "--heatmaps", str(tmp_path / "maps"))
    assert len(list((tmp_path / "maps").iterdir())) == sum(len(row["present"]) for row in rows_of(text))


def test_a_folder_that_cannot_be_made_is_said_plainly(tiny_weights, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([SMILE, "--weights", str(tiny_weights), "--heatmaps", str(tmp_path / "file" / "maps")]) == 2
    assert capsys.readouterr().err.startswith("emotiscan: a result cannot be written")


def test_without_a_checkpoint_it_says_so_plainly(tmp_path, capsys):
    assert main([SMILE, "--weights", str(tmp_path / "none.safetensors")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("emotiscan: There is no checkpoint at")
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["--format", "xml", SMILE], ["--colour", SMILE]])
def test_a_wrong_command_line_is_refused_before_anything_is_loaded(arguments, capsys, monkeypatch):
    monkeypatch.setattr(checkpoint, "load_checkpoint", lambda *_: pytest.fail("loaded"))
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m emotiscan" in capsys.readouterr().err


def test_as_a_program(tiny_weights, broken, tmp_path):
    """Started from elsewhere, with a name that is not ASCII."""
    photo = tmp_path / "Lächeln 微笑.jpg"
    photo.write_bytes(Path(SMILE).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "emotiscan", "-", "--weights", tiny_weights],
        input=f"{photo}\n{broken}\n".encode(),
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    good, bad = rows_of(done.stdout.decode())
    assert (good["image"], list(good)) == (str(photo), KEYS)
    assert "error" in bad
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
