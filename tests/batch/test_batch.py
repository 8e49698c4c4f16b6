"""Large collections: nothing left out, nothing twice, the same lines whoever reads."""

import io
import itertools
import json
import shutil

import pytest

from emotiscan.__main__ import main
from emotiscan.batch import Job, Output, OutputError, Picture, Scorer, WorkerError, pictures, score
from tests.support.places import SAMPLES

NAMES = ("smile.jpg", "group.jpg", "anger.jpg")
VOCABULARY = (("negative", "positive"), ("AU1", "AU12"))


@pytest.fixture
def collection(tmp_path):
    """Two folders with a picture of four faces, two of one, one of none, a broken one, and something else."""
    folder = tmp_path / "photos"
    for place, name in enumerate(NAMES):
        target = folder / ("b", "a")[place % 2] / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / name, target)
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not a picture, and none is meant")
    return folder


@pytest.fixture
def read(tiny_weights, tmp_path):
    """The command line's exit status, and what it wrote."""

    def read(*arguments, out="lines"):
        status = main([*map(str, arguments), "--weights", str(tiny_weights), "--out", str(tmp_path / out)])
        return status, (tmp_path / out).read_bytes()

    return read


def test_a_folder_is_read_to_its_depth_in_one_order(collection):
    listed = io.StringIO(f"x.jpg\r\n\n{collection / 'b'}\n")
    below = [str(collection / name) for name in ("broken.png", "a/group.jpg", "b/anger.jpg", "b/smile.jpg")]
    found = list(pictures([str(collection), "-", "a.txt"], listed))
    assert found == [Picture(n, name) for n, name in enumerate([*below, "x.jpg", *below[2:], "a.txt"])]


def test_two_processes_write_what_one_writes(collection, read):
    status, alone = read(collection)
    assert status == 1
    lines = [json.loads(line) for line in alone.splitlines()]
    assert [line["image"].split("/")[-1] for line in lines] == [
        *["broken.png", *["group.jpg"] * 4, "anger.jpg", "smile.jpg"]
    ]
    assert read(collection, "--workers", "2", out="two") == (1, alone)


def test_ray_writes_what_one_process_writes(collection, read):
    pytest.importorskip("ray", reason="Ray is an optional extra (requirements-ray.txt)")
    alone = read(collection)
    assert read(collection, "--ray", "--workers", "2", out="ray") == alone


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_cut_anywhere_a_file_is_gone_on_with_and_ends_the_same(tmp_path, kind):
    rows = [[{"image": f"{n}, “{n}”.jpg", "face": face} for face in range(1 + n % 3)] for n in range(6)]
    file = tmp_path / "whole"

    def write(path):
        output = Output.to_file(path, kind, *VOCABULARY)
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
        assert left <= 6 - max(0, there - 1)  # of those that are whole only the last is read again


def test_what_is_done_is_not_read_again(collection, read, monkeypatch):
    before = read(collection)
    read_again = []
    call = Scorer.__call__
    monkeypatch.setattr(
        Scorer, "__call__", lambda self, picture: read_again.append(picture.name) or call(self, picture)
    )
    assert read(collection)[1] == before[1]
    assert read_again == [str(collection / "b/smile.jpg")]  # the last: its lines might not have been all


@pytest.mark.parametrize(
    ("content", "kind"), [("my thesis\n", "jsonl"), ("name,age\n", "csv"), ('{"name": 1}\n' * 2, "jsonl")]
)
def test_another_file_is_refused_and_left_alone(tmp_path, tiny_weights, capsys, content, kind):
    file = tmp_path / "mine"
    file.write_text(content)
    arguments = [str(SAMPLES / "smile.jpg"), "--weights", str(tiny_weights), "--out", str(file), "--format", kind]
    assert main(arguments) == 2
    assert "name another --out" in capsys.readouterr().err
    assert file.read_text() == content


def test_a_table_of_another_vocabulary_is_refused(tmp_path):
    Output.to_file(tmp_path / "table", "csv", *VOCABULARY)
    with pytest.raises(OutputError, match="no table of this checkpoint's readings"):
        Output.to_file(tmp_path / "table", "csv", ("negative",), ("AU1",))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_list_that_still_grows_is_read_as_it_grows(tiny_weights, workers):
    asked = []

    def endless():
        for place in itertools.count():
            asked.append(place)
            yield Picture(place, str(SAMPLES / "smile.jpg"))

    scored = score(endless(), Job(tiny_weights), workers)
    assert next(scored)[0].place == 0
    assert len(asked) <= 10
    scored.close()


def test_a_process_that_dies_is_told_in_plain_words(tmp_path):
    with pytest.raises(WorkerError, match="try fewer --workers"):
        list(score([Picture(0, "a.jpg")], Job(tmp_path / "gone.safetensors"), 2))


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_a_number_of_processes_that_cannot_be(count, capsys):
    with pytest.raises(SystemExit):
        main(["a.jpg", "--workers", count])
    assert "no whole number from 1 on" in capsys.readouterr().err
