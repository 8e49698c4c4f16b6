import zipfile

import numpy as np
import pytest

from emotiscan import faces
from emotiscan.datasets import alignment
from emotiscan.datasets import storage as stores
from emotiscan.datasets.alignment import align
from emotiscan.datasets.loaders import load_source
from tests.support.trees import png, put, write_csv


def table_of(folder, names):
    return load_source(f"csv:{write_csv(folder, ['image'], [[name] for name in names])}")


@pytest.fixture
def looks(monkeypatch):
    """Number of pictures that a face was looked for in; what is found depends on the picture's size alone."""
    found = []

    class Detector:
        def locate(self, photo):
            found.append(photo.size)
            return faces.Face(None, None, None, faces.framed_transform(*photo.size))

    monkeypatch.setattr(alignment.faces, "FaceDetector", Detector)
    alignment._detector.cache_clear()
    yield found
    alignment._detector.cache_clear()


def test_faces_are_found_and_put_where_the_canonical_crop_has_them(tmp_path):
    table = table_of(tmp_path, ["happy0.png", "surprise1.png"])
    put(tmp_path / "happy0.png", png("happy", 128))
    steps = []
    aligned = align(table, tmp_path / "cache", workers=0, progress=lambda *step: steps.append(step))
    assert aligned.found.tolist() == aligned.readable.tolist() == [True, True]
    np.testing.assert_array_equal(
        aligned.transforms[0], faces.FaceDetector().locate(_photo(tmp_path / "happy0.png")).to_crop
    )
    assert steps[-1] == (2, 2)


def _photo(path):
    from emotiscan.images import read_image

    return read_image(path)


def test_processes_find_what_this_one_finds(tmp_path, monkeypatch):
    table = table_of(tmp_path, ["happy0.png", "anger1.png", "calm2.png"])
    here = align(table, tmp_path / "one", workers=0)
    monkeypatch.setattr(alignment, "CHUNK", 2)
    there = align(table, tmp_path / "two", workers=2)
    # One thread or two: convolutions may add up in another order.
    np.testing.assert_allclose(there.transforms, here.transforms, rtol=1e-3, atol=1e-6)
    assert there.found.tolist() == here.found.tolist()


def test_a_face_is_looked_for_once(tmp_path, looks):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    first = align(table, tmp_path / "cache", workers=0)
    assert len(looks) == 2
    again = align(table, tmp_path / "cache", workers=0)
    assert len(looks) == 2
    np.testing.assert_array_equal(again.transforms, first.transforms)
    np.testing.assert_array_equal(again.found, first.found)


def test_only_pictures_that_are_new_are_looked_at(tmp_path, looks):
    table = table_of(tmp_path, ["happy0.png", "anger1.png", "calm2.png"])
    put(tmp_path / "calm2.png", png("calm", 64))
    some = [align(table.where(np.array(rows, bool)), tmp_path / "cache", workers=0) for rows in ([1, 1, 0], [0, 1, 1])]
    assert [size for size, _ in looks] == [96, 96, 64]
    everything = align(table, tmp_path / "cache", workers=0)
    assert len(looks) == 3
    np.testing.assert_array_equal(everything.transforms[[0, 1, 1, 2]], np.concatenate([a.transforms for a in some]))


def test_the_same_names_in_another_folder_are_other_pictures(tmp_path, looks, monkeypatch):
    for folder in ("a", "b"):
        table_of(tmp_path / folder, ["happy0.png"])
        monkeypatch.chdir(tmp_path / folder)
        align(load_source("csv:labels.csv"), tmp_path / "cache", workers=0)
    assert len(looks) == 2


def test_an_unreadable_picture_is_marked_and_tried_again(tmp_path, looks):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    put(tmp_path / "anger1.png", b"no picture")
    aligned = align(table, tmp_path / "cache", workers=0)
    assert aligned.readable.tolist() == [True, False]
    assert aligned.found.tolist() == [False, False]
    put(tmp_path / "anger1.png", png("anger"))
    assert align(table, tmp_path / "cache", workers=0).readable.all()
    assert len(looks) == 2


def test_a_picture_that_was_replaced_is_looked_at_again(tmp_path, looks):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    align(table, tmp_path / "cache", workers=0)
    put(tmp_path / "anger1.png", png("calm", 64))
    align(table, tmp_path / "cache", workers=0)
    assert [size for size, _ in looks] == [96, 96, 64]


def test_a_picture_in_an_archive_that_was_replaced_is_looked_at_again(tmp_path, looks):
    for expression in ("happy", "happy", "calm"):
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            archive.writestr("a.png", png(expression))
        stores._zip.cache_clear()
        alignment._align_folder(str(tmp_path / "faces.zip"), ["a.png"], tmp_path / "cache", 0, None)
    assert len(looks) == 2


def test_what_is_found_is_kept_long_before_the_end(tmp_path, looks, monkeypatch):
    monkeypatch.setattr(alignment, "SAVE_EVERY", 1)
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    detector = alignment.faces.FaceDetector
    locate = detector.locate

    def stopped_at_the_second(self, photo):
        if len(looks) == 1:
            raise KeyboardInterrupt
        return locate(self, photo)

    monkeypatch.setattr(detector, "locate", stopped_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        align(table, tmp_path / "cache", workers=0)
    monkeypatch.setattr(detector, "locate", locate)
    align(table, tmp_path / "cache", workers=0)
    assert len(looks) == 2


def test_a_damaged_file_of_what_was_found_is_made_anew(tmp_path, looks, caplog):
    table = table_of(tmp_path, ["happy0.png"])
    first = align(table, tmp_path / "cache", workers=0)
    (file,) = (tmp_path / "cache").glob("*.npz")
    file.write_bytes(file.read_bytes()[:200])
    again = align(table, tmp_path / "cache", workers=0)
    assert len(looks) == 2
    assert "found anew" in caplog.text
    np.testing.assert_array_equal(again.transforms, first.transforms)
