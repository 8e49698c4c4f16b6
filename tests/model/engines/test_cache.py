"""Conversions in the cache: complete or not there, whatever other processes, killed processes and disks do."""

import os
import shutil
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from emotiscan.model.engines import cache


def write(folder: Path) -> None:
    (folder / "model.xml").write_text("the network")
    (folder / "model.bin").write_bytes(b"weights" * 1000)


def test_a_conversion_is_found_under_its_name_only():
    assert cache.find("one") is None
    assert cache.store("one", write)
    assert (cache.find("one") / "model.xml").read_text() == "the network"
    assert cache.find("two") is None


def test_the_cache_lies_in_the_users_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache.cache_folder() == Path(os.environ["XDG_CACHE_HOME"]) / "emotiscan" / "engines"
    monkeypatch.delenv("XDG_CACHE_HOME")
    for system, place in [("linux", ".cache"), ("darwin", "Library/Caches")]:
        monkeypatch.setattr(sys, "platform", system)
        assert cache.cache_folder() == tmp_path / place / "emotiscan" / "engines"


@pytest.mark.parametrize("damage", ["cut", "changed", "missing file", "no checksums", "not JSON"])
def test_a_damaged_conversion_is_not_found_and_replaced(damage):
    cache.store("one", write)
    folder = cache.find("one")
    if damage == "cut":
        (folder / "model.bin").write_bytes(b"weights")
    elif damage == "changed":
        (folder / "model.xml").write_text("another one")
    elif damage == "missing file":
        (folder / "model.bin").unlink()
    elif damage == "no checksums":
        (folder / cache.CHECKSUMS).unlink()
    else:
        (folder / cache.CHECKSUMS).write_text("{")
    assert cache.find("one") is None
    assert cache.store("one", write)
    assert cache.find("one") is not None


def test_a_conversion_that_failed_leaves_nothing():
    def fail(folder: Path) -> None:
        write(folder)
        raise OSError("no space left on device")

    assert not cache.store("one", fail)
    assert list(cache.cache_folder().iterdir()) == []


def test_without_a_writable_folder_nothing_is_stored(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert not cache.store("one", write)
    assert cache.find("one") is None


def test_old_conversions_and_what_killed_processes_left_are_removed():
    folder = cache.cache_folder()
    for number in range(cache.MAX_CONVERSIONS):
        cache.store(f"old {number}", write)
        then = time.time() - 1000 + number
        os.utime(folder / f"old {number}", (then, then))
    for name, age in [(".unfinished-killed", 3 * 24 * 3600), (".unfinished-alive", 60)]:
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age, time.time() - age))
    with cache.lock("new", wait=True):
        cache.store("new", write)
    kept = {path.name for path in folder.iterdir()}
    assert kept == {
        "new",
        ".new.lock",
        ".unfinished-alive",
        *(f"old {number}" for number in range(1, cache.MAX_CONVERSIONS)),
    }


def test_a_vanished_file_of_another_process_does_no_harm(monkeypatch):
    monkeypatch.setattr(cache, "_remove_old", lambda folder: shutil.rmtree(folder / "other"))  # raises
    assert cache.store("one", write)


def store_in_process(barrier) -> bool:
    barrier.wait()
    return cache.store("one", write)


def test_processes_that_store_the_same_conversion_do_not_disturb_each_other():
    context = get_context("spawn")
    with context.Manager() as manager, context.Pool(3) as pool:
        assert pool.map(store_in_process, [manager.Barrier(3)] * 3, chunksize=1) == [True] * 3
    assert cache.find("one") is not None
    assert [path.name for path in cache.cache_folder().iterdir()] == ["one"]


def convert_in_process(barrier, log: str) -> bool:
    barrier.wait()
    with cache.lock("one", wait=True):
        if cache.find("one") is None:
            with open(log, "a") as lines:
                lines.write("converted\n")
            time.sleep(0.2)
            cache.store("one", write)
    return cache.find("one") is not None


def test_of_several_processes_one_converts_and_the_others_wait(tmp_path):
    context, log = get_context("spawn"), str(tmp_path / "log")
    with context.Manager() as manager, context.Pool(3) as pool:
        barrier = manager.Barrier(3)
        assert pool.starmap(convert_in_process, [(barrier, log)] * 3, chunksize=1) == [True] * 3
    assert Path(log).read_text() == "converted\n"


def hold_lock(locked) -> None:
    with cache.lock("one", wait=True):
        locked.set()
        time.sleep(600)  # until it is killed


def test_a_lock_is_seen_and_ends_with_its_process():
    context = get_context("spawn")
    locked = context.Event()
    holder = context.Process(target=hold_lock, args=(locked,), daemon=True)
    holder.start()
    assert locked.wait(120)
    with cache.lock("one", wait=False) as ours, cache.lock("two", wait=False) as other:
        assert (ours, other) == (False, True)
    holder.kill()
    holder.join()
    with cache.lock("one", wait=True) as ours:
        assert ours


def test_without_a_writable_folder_nobody_waits(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with cache.lock("one", wait=True) as first, cache.lock("one", wait=True) as second:
        assert first
        assert second
