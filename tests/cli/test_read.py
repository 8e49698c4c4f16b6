"""`emotiscan read`: scripts and spreadsheets depend on its output, whose shape must not change."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.cli.main import main
from emotiscan.model import checkpoint
from tests.support.places import ROOT, SAMPLES

GROUP, SMILE = str(SAMPLES / "group.jpg"), str(SAMPLES / "smile.jpg")
KEYS = ["image", "face", "box", "confidence", "emotion", "clear", "emotions", "facs", "present"]


@pytest.fixture
def read(tiny_weights, capfdbinary):
    """Runs `emotiscan read` with the tiny checkpoint; returns its exit status and what it printed."""

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


def test_each_face_gives_a_line_with_its_keys_in_order(read):
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


def test_numbers_are_those_of_the_analyzer(read, analyzer):
    (reading,) = analyzer.analyze(SMILE).readings
    (row,) = rows_of(read(SMILE)[1])
    assert row["box"] == pytest.approx(reading.face.box, abs=0.05)
    assert row["emotions"] == pytest.approx(reading.emotions, abs=5e-5)
    assert row["facs"] == pytest.approx(reading.action_units, abs=5e-5)
    assert row["present"] == list(reading.present)


def test_csv_has_a_column_for_each_number(read):
    status, text = read(SMILE, GROUP, "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    emotions, action_units = ["negative", "positive", "surprise", "neutral"], list(facs.AU_NAMES)
    places = ["image", "face", "rotated", "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"]
    assert status == 0
    assert rows[0] == [*places, *emotions, *action_units, "present", "error"]
    assert [len(row) for row in rows] == [len(rows[0])] * 6
    assert [row[:2] for row in rows[1:]] == [[SMILE, "0"], *([GROUP, str(face)] for face in range(4))]


def test_csv_and_jsonl_agree(read):
    (row,) = rows_of(read(SMILE)[1])
    (flat,) = csv.DictReader(io.StringIO(read(SMILE, "--format", "csv")[1]))
    assert [float(flat[side]) for side in ("x0", "y0", "x1", "y1")] == row["box"]
    assert {name: float(flat[name]) for name in row["emotions"]} == row["emotions"]
    assert {au: float(flat[au]) for au in row["facs"]} == row["facs"]
    assert flat["present"].split() == row["present"]
    assert flat["error"] == ""


def test_an_unreadable_image_gives_a_line_and_the_others_are_still_read(read, broken):
    status, text = read(broken, SMILE, "nowhere.jpg")
    damaged, good, missing = rows_of(text)
    assert status == 1
    assert list(damaged) == list(missing) == ["image", "error"]
    assert damaged == {"image": broken, "error": damaged["error"]}
    assert "damaged" in damaged["error"]
    assert missing == {"image": "nowhere.jpg", "error": "There is no file nowhere.jpg."}
    assert good["image"] == SMILE


def test_csv_has_a_column_for_the_error(read, broken):
    status, text = read(broken, SMILE, "--format", "csv")
    damaged, good = csv.DictReader(io.StringIO(text))
    assert status == 1
    assert {name: value for name, value in damaged.items() if value}.keys() == {"image", "error"}
    assert good["emotion"]


def test_a_dash_reads_paths_from_standard_input(read, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SMILE}\r\n\n{GROUP}\n"))
    status, text = read("nowhere.jpg", "-")
    assert status == 1
    assert [row["image"] for row in rows_of(text)] == ["nowhere.jpg", SMILE, *[GROUP] * 4]


def test_a_photo_without_a_face_gives_an_error_unless_it_is_cropped(read, tmp_path):
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


def test_a_heat_map_is_written_for_each_present_action_unit(read, tmp_path):
    folder = tmp_path / "new" / "maps"
    _, text = read(GROUP, "--heatmaps", str(folder))
    expected = {f"0000-group-{row['face']}-{au}.png" for row in rows_of(text) for au in row["present"]}
    assert expected
    assert {file.name for file in folder.iterdir()} == expected
    for file in folder.iterdir():
        with Image.open(file) as picture:
            assert (picture.format, picture.size, picture.mode) == ("PNG", (224, 224), "RGB")


def test_heat_maps_of_photos_with_the_same_name_do_not_overwrite_each_other(read, tmp_path):
    twin = tmp_path / "twin" / Path(SMILE).name
    twin.parent.mkdir()
    twin.write_bytes(Path(SMILE).read_bytes())
    _, text = read(SMILE, str(twin), "--heatmaps", str(tmp_path / "maps"))
    assert len(list((tmp_path / "maps").iterdir())) == sum(len(row["present"]) for row in rows_of(text))


def test_a_folder_that_cannot_be_made_is_named(tiny_weights, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([SMILE, "--weights", str(tiny_weights), "--heatmaps", str(tmp_path / "file" / "maps")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("emotiscan read: ")
    assert str(tmp_path / "file") in error


def test_a_missing_checkpoint_is_named(tmp_path, capsys):
    assert main([SMILE, "--weights", str(tmp_path / "none.safetensors")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("emotiscan read: There is no checkpoint at")
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["--format", "xml", SMILE], ["--colour", SMILE]])
def test_a_wrong_command_line_is_refused_before_anything_is_loaded(arguments, capsys, monkeypatch):
    monkeypatch.setattr(checkpoint, "load_checkpoint", lambda *_: pytest.fail("loaded"))
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: emotiscan" in capsys.readouterr().err


def test_it_runs_as_a_program_from_any_folder(tiny_weights, broken, tmp_path):
    """With a file name that is not ASCII."""
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


def test_method_chooses_how_heat_maps_are_computed(read, tmp_path):
    for method in ("gradcam", "layercam"):
        read(SMILE, "--heatmaps", str(tmp_path / method), "--method", method)
    one, other = ({file.name: file.read_bytes() for file in (tmp_path / m).iterdir()} for m in ("gradcam", "layercam"))
    assert one.keys() == other.keys()
    assert one != other


def test_an_unknown_method_is_refused_with_the_known_ones(capsys):
    assert main([SMILE, "--method", "guess"]) == 2
    assert "--method guess: choose one of" in capsys.readouterr().err


def test_the_table_has_a_line_for_each_face_and_each_error(read, broken):
    status, text = read(SMILE, GROUP, broken, "--format", "table")
    header, *lines = text.splitlines()
    assert status == 1
    assert header.split() == ["image", "face", "emotion", "action", "units"]
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["smile.jpg", "1"],
        *(["group.jpg", str(n)] for n in range(1, 5)),
    ]
    (row,) = rows_of(read(SMILE)[1])
    assert all(au in lines[0].split() for au in row["present"])
    assert "damaged" in lines[-1]


def test_read_is_the_default_command(read):
    assert read("read", SMILE) == read(SMILE)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_table_and_a_progress_bar_with_the_time_left(tiny_weights):
    import pty
    import termios

    main_end, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    command = [sys.executable, "-m", "emotiscan", SMILE, SMILE, SMILE, "--weights", tiny_weights]
    process = subprocess.Popen(command, stdout=terminal, stderr=terminal, cwd=ROOT)
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(main_end, 4096)
        except OSError:  # the program has ended
            break
        if not part:
            break
        shown += part
    os.close(main_end)
    assert process.wait() == 0
    assert b"action units" in shown
    assert re.search(rb"2/3 \[\d\d:\d\d<\d\d:\d\d", shown)  # time passed < time left
