import zipfile
from multiprocessing import get_context

import pytest

from emotiscan.datasets.storage import _zip, image_names_in, names_in, read_file
from emotiscan.images import ImageError
from tests.support.trees import put


@pytest.fixture(params=["folder", "zip"])
def store(request, tmp_path):
    """The same two files in a folder and in a zip file."""
    content = {"a.png": b"first", "S005/001/b.png": b"second"}
    if request.param == "folder":
        for name, data in content.items():
            put(tmp_path / "store" / name, data)
        return tmp_path / "store"
    with zipfile.ZipFile(tmp_path / "store.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return tmp_path / "store.zip"


def test_folders_and_zip_files_look_the_same(store):
    assert names_in(store) == {"a.png", "S005/001/b.png"}
    assert read_file(store, "S005/001/b.png") == b"second"


def test_files_of_operating_systems_are_ignored_in_folders_and_zip_files(store):
    junk = ("__MACOSX/._a.png", "._a.png", "S005/.DS_Store", "S005/Thumbs.db", "desktop.ini")
    for name in junk:
        if store.is_dir():
            put(store / name, b"junk")
        else:
            with zipfile.ZipFile(store, "a") as archive:
                archive.writestr(name, b"junk")
    _zip.cache_clear()
    assert names_in(store) == {"a.png", "S005/001/b.png"}


def test_images_are_found_by_their_ending_but_not_in_hidden_folders(tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt", ".cache/c.png"):
        put(tmp_path / name, b"")
    assert image_names_in(tmp_path) == ["a.png", "b.JPG"]


def test_a_missing_file_is_named(store):
    with pytest.raises(ImageError, match=r"c\.png cannot be read from .*store"):
        read_file(store, "c.png")


def test_a_root_that_is_neither_folder_nor_zip_file_is_refused(tmp_path):
    for path in (put(tmp_path / "labels.csv", "image\n"), tmp_path / "nowhere.zip"):
        with pytest.raises(ImageError, match="neither a folder nor a zip file"):
            names_in(path)


@pytest.mark.parametrize("stored_as", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_file_in_a_zip_file_is_an_image_error(tmp_path, stored_as):
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", stored_as) as archive:
        archive.writestr("a.png", b"hello, picture " * 20)
    data = bytearray(path.read_bytes())
    start = data.index(b"a.png") + len("a.png")
    data[start : start + 12] = b"\xff" * 12
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"a\.png cannot be read"):
        read_file(path, "a.png")


def test_forked_workers_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "many.zip"
    content = {f"{n}.bin": bytes([n]) * 20_000 for n in range(40)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    read_file(path, "0.bin")  # opened before the fork, as when the labels lie in the same file
    with get_context("fork").Pool(2) as pool:
        read = pool.starmap(read_file, [(path, name) for name in content], chunksize=5)
    assert read == list(content.values())
