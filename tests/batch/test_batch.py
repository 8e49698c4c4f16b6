"""Large collections: no image left out, none read twice, and the same lines however many processes read."""

import io
import itertools
import json
import shutil
from queue import SimpleQueue

import pytest

from emotiscan.batch import InputImage, Job, Output, OutputError, Scorer, find_images, score
from emotiscan.batch.scorer import CHUNK_SIZE
from emotiscan.cli.main import main
from emotiscan.model.checkpoint import CheckpointError
from emotiscan.model.config import ModelConfig
from tests.support.places import SAMPLES

NAMES = ("smile.jpg", "group.jpg", "anger.jpg")
CONFIG = ModelConfig(emotions=("negative", "positive"), action_units=("AU1", "AU12"))


@pytest.fixture
def collection(tmp_path):
    """Folders with an image of four faces, two of one face, a broken image, and a file that is no image."""
    folder = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        target = folder / ("b", "a")[number % 2] / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / name, target)
    (folder / "broken.png").write_bytes(b"not an image")
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture
def read(tiny_weights, tmp_path):
    """The command line's exit status, and what it wrote."""

    def read(*arguments, out="lines"):
        status = main([*map(str, arguments), "--weights", str(tiny_weights), "--out", str(tmp_path / out)])
        return status, (tmp_path / out).read_bytes()

    return read


def test_folders_are_searched_with_their_subfolders_in_a_fixed_order(collection):
    listed = io.StringIO(f"x.jpg\r\n\n{collection / 'b'}\n")
    below = [str(collection / name) for name in ("broken.png", "a/group.jpg", "b/anger.jpg", "b/smile.jpg")]
    found = list(find_images([str(collection), "-", "a.txt"], listed))
    assert found == [InputImage(n, name) for n, name in enumerate([*below, "x.jpg", *below[2:], "a.txt"])]


def test_two_processes_write_the_same_lines_as_one(collection, read):
    status, alone = read(collection)
    assert status == 1
    lines = [json.loads(line) for line in alone.splitlines()]
    assert [line["image"].split("/")[-1] for line in lines] == [
        *["broken.png", *["group.jpg"] * 4, "anger.jpg", "smile.jpg"]
    ]
    assert read(collection, "--workers", "2", out="two") == (1, alone)


def test_ray_writes_the_same_lines_as_one_process(collection, read):
    pytest.importorskip("ray", reason="Ray is an optional extra (requirements-ray.txt)")
    alone = read(collection)
    assert read(collection, "--ray", "--workers", "2", out="ray") == alone


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_a_file_cut_off_anywhere_is_resumed_and_ends_the_same(tmp_path, format):
    rows = [[{"image": f"{n}, “{n}”.jpg", "face": face} for face in range(1 + n % 3)] for n in range(6)]
    file = tmp_path / "whole"

    def write(path):
        output = Output.to_file(path, format, CONFIG)
        left = [faces for faces in rows if faces[0]["image"] not in output.done]
        for faces in left:
            output.write(faces)
            ends.append(path.stat().st_size)
        return len(left)

    ends: list[int] = []
    assert write(file) == 6
    whole_ends = tuple(ends)
    whole = file.read_bytes()
    for length in range(len(whole) + 1):
        cut = tmp_path / "cut"
        cut.write_bytes(whole[:length])
        left = write(cut)
        assert cut.read_bytes() == whole
        there = sum(end <= length for end in whole_ends)
        assert left <= 6 - max(0, there - 1)  # of the complete ones, only the last is read again


def test_images_already_done_are_not_read_again(collection, read, monkeypatch):
    before = read(collection)
    read_again = []
    stream = Scorer.stream

    def record(self, images):
        return stream(self, (read_again.append(image.path) or image for image in images))

    monkeypatch.setattr(Scorer, "stream", record)
    assert read(collection)[1] == before[1]
    assert read_again == [str(collection / "b/smile.jpg")]  # the last: its lines might have been incomplete


@pytest.mark.parametrize(
    ("content", "format"), [("my thesis\n", "jsonl"), ("name,age\n", "csv"), ('{"name": 1}\n' * 2, "jsonl")]
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, tiny_weights, capsys, content, format):
    file = tmp_path / "mine"
    file.write_text(content)
    arguments = [str(SAMPLES / "smile.jpg"), "--weights", str(tiny_weights), "--out", str(file), "--format", format]
    assert main(arguments) == 2
    assert "name another --out" in capsys.readouterr().err
    assert file.read_text() == content


def test_a_csv_file_of_another_vocabulary_is_refused(tmp_path):
    Output.to_file(tmp_path / "table", "csv", CONFIG)
    with pytest.raises(OutputError, match="not a table of this checkpoint's readings"):
        Output.to_file(tmp_path / "table", "csv", ModelConfig(emotions=("negative",), action_units=("AU1",)))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_growing_list_is_read_as_it_grows(tiny_weights, workers):
    asked = []

    def endless():
        for index in itertools.count():
            asked.append(index)
            yield InputImage(index, str(SAMPLES / "smile.jpg"))

    scored = score(endless(), Job(tiny_weights), workers)
    assert next(scored)[0].index == 0
    assert len(asked) <= 2 * 2 * CHUNK_SIZE + 1
    scored.close()


def test_an_image_is_answered_before_the_next_path_arrives(tiny_weights):
    """A program can send a path, wait for the answer, and send the next one."""
    arriving: SimpleQueue[InputImage | None] = SimpleQueue()
    scored = score(iter(arriving.get, None), Job(tiny_weights))
    for index, name in enumerate(NAMES):
        arriving.put(InputImage(index, str(SAMPLES / name)))
        assert next(scored)[0].index == index
    arriving.put(None)
    assert list(scored) == []


def test_worker_processes_report_a_checkpoint_that_cannot_be_used(tmp_path):
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        list(score([InputImage(0, "a.jpg")], Job(tmp_path / "gone.safetensors"), 2))


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_a_number_of_processes_below_one_is_refused(count, capsys):
    with pytest.raises(SystemExit):
        main(["a.jpg", "--workers", count])
    assert "is not a whole number of at least 1" in capsys.readouterr().err


def test_a_table_for_people_cannot_be_resumed_and_is_refused(tmp_path, tiny_weights, capsys):
    arguments = [str(SAMPLES / "smile.jpg"), "--weights", str(tiny_weights), "--format", "table"]
    assert main([*arguments, "--out", str(tmp_path / "table.txt")]) == 2
    assert "jsonl or csv" in capsys.readouterr().err
    assert not (tmp_path / "table.txt").exists()
