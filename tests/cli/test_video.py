"""`emotiscan video`: tables of clips that can be resumed, in the columns that other tools read."""

import csv
import io
import json

import av
import pandas as pd
import pytest
from PIL import Image

from emotiscan.cli.main import main
from tests.support.clips import encode, moving, numbered
from tests.support.places import SAMPLES


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """One person, eight frames, with sound."""
    face = Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((150, 150))
    path = tmp_path_factory.mktemp("clips") / "one.mp4"
    path.write_bytes(encode(moving([face], lambda at: [(10 + 4 * at, 20)], 8, (256, 190)), sound=True))
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "nobody.mp4"
    path.write_bytes(encode(numbered(3)))
    return path


@pytest.fixture
def video(tiny_weights):
    return lambda *arguments: main(["video", "--weights", str(tiny_weights), *map(str, arguments)])


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines_have_video_frame_time_and_track(video, clip, tmp_path):
    out = tmp_path / "out.jsonl"
    assert video(clip, "--out", out) == 0
    rows = lines(out)
    assert [row["frame"] for row in rows] == list(range(8))
    assert list(rows[0])[:4] == ["video", "frame", "time", "track"]
    assert rows[1]["time"] == pytest.approx(0.04)
    assert {row["track"] for row in rows} == {1}
    assert "image" not in rows[0]
    assert set(rows[0]["facs"]) >= {"AU1", "AU12"}


def test_an_interrupted_command_resumes_clip_by_clip(video, clip, empty, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nonsense")
    assert video(clip, "--out", out) == 0
    first = out.read_bytes()
    assert video(clip, empty, broken, "--out", out) == 1
    assert out.read_bytes().startswith(first)
    rows = lines(out)
    assert [row.get("error") for row in rows[8:]] == ["No face was found.", rows[-1]["error"]]
    assert "not a video" in rows[-1]["error"]
    assert "broken.mp4" in capsys.readouterr().err
    assert not list(tmp_path.glob(".emotiscan*")), "no clip in work is left"


def test_another_file_is_not_overwritten(video, clip, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("my notes\n")
    assert video(clip, "--out", out) == 2
    assert out.read_text() == "my notes\n"


def test_a_table_has_numbers_in_every_unit(video, clip, tmp_path):
    out = tmp_path / "out.csv"
    assert video(clip, "--out", out, "--format", "csv", "--fps", 12.5) == 0
    table = pd.read_csv(out)
    assert list(table["frame"]) == [0, 2, 4, 6]
    assert table[["AU1", "AU12", "time"]].dtypes.eq("float64").all()


def test_openface_columns(video, clip, tmp_path):
    out = tmp_path / "out.csv"
    assert video(clip, "--out", out, "--format", "openface") == 0
    table = pd.read_csv(out)
    assert list(table.columns[:5]) == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert list(table["frame"]) == list(range(1, 9))
    assert set(table["AU12_c"]) <= {0, 1}
    assert {"AU01_c", "AU25_c", "AU26_c"} <= set(table.columns)
    assert not any(" " in name for name in table.columns)


def test_py_feat_columns(video, clip, tmp_path):
    out = tmp_path / "out.csv"
    assert video(clip, "--out", out, "--format", "feat") == 0
    table = pd.read_csv(out)
    units = [name for name in table.columns if "AU" in name]
    assert all(len(name) == 4 and name[2:].isdigit() for name in units), "py-feat takes any AU in a name for a unit"
    assert {"FaceRectX", "FaceScore", "Pitch", "happiness", "neutral", "input", "frame"} <= set(table.columns)
    assert table["frame"].tolist() == list(range(8))
    assert table[units].dtypes.eq("float64").all()


def test_tables_of_other_tools_go_into_a_folder_if_there_are_several_clips(video, clip, empty, tmp_path):
    assert video(clip, empty, "--format", "openface") == 2
    assert video(clip, empty, "--format", "openface", "--out", tmp_path / "tables") == 0
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"one.csv", "nobody.csv"}


def test_events_and_an_annotated_clip_with_its_sound(video, clip, tmp_path):
    events, annotated = tmp_path / "events.csv", tmp_path / "annotated.mp4"
    assert video(clip, "--out", tmp_path / "o.jsonl", "--events", events, "--annotate", annotated) == 0
    assert next(csv.reader(io.StringIO(events.read_text())))[:4] == ["video", "track", "au", "onset"]
    with av.open(str(annotated)) as container:
        assert container.streams.audio
        frames = [frame.to_image() for frame in container.decode(container.streams.video[0])]
        assert [frame.size for frame in frames] == [(256, 190)] * 8
    with av.open(str(clip)) as container:
        plain = [frame.to_image() for frame in container.decode(container.streams.video[0])]
    assert sum(left != right for left, right in zip(frames[0].tobytes(), plain[0].tobytes(), strict=True)) > 1000


def test_records_go_to_standard_output(video, clip, capfdbinary):
    assert video(clip, "--end", 0.1) == 0
    rows = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["frame"] for row in rows] == [0, 1, 2]


def test_workers_give_the_same_in_the_same_order(video, clip, empty, tmp_path):
    for workers in (1, 2):
        assert video(empty, clip, "--out", tmp_path / f"{workers}.jsonl", "--workers", workers) == 0
    one, two = (lines(tmp_path / f"{workers}.jsonl") for workers in (1, 2))
    assert [(row["video"], row.get("frame")) for row in one] == [(row["video"], row.get("frame")) for row in two]


def test_reading_a_clip_as_a_photo_says_which_command_to_use(tiny_weights, clip, capfd):
    assert main(["read", "--weights", str(tiny_weights), str(clip)]) == 1
    assert "emotiscan video" in capfd.readouterr().out


@pytest.mark.parametrize("wrong", [["--fps", "no"], ["--start", "-1"], ["--format", "xml"]])
def test_wrong_options_are_refused(video, clip, wrong):
    with pytest.raises(SystemExit):
        video(clip, *wrong)


def test_a_folder_without_clips_is_refused(video, tmp_path, capsys):
    assert video(tmp_path) == 2
    assert "no clips" in capsys.readouterr().err
