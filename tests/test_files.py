"""Atomic writes."""

import pytest

from emotiscan.files import atomic_write, atomic_write_bytes


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = atomic_write_bytes(tmp_path / "new folder/figures.json", "as it was")

    def write_half():
        with atomic_write(file) as unfinished:
            unfinished.write(b"half of")
            assert file.read_text() == "as it was"  # for other readers, meanwhile
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        write_half()
    assert file.read_text() == "as it was"
    assert [path.name for path in file.parent.iterdir()] == ["figures.json"]


def test_leftovers_of_a_killed_process_are_overwritten(tmp_path):
    (tmp_path / ".figures.json.unfinished").write_bytes(b"a long file of which only this was written")
    atomic_write_bytes(tmp_path / "figures.json", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"figures.json": "new"}
