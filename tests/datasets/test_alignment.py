import zipfile

import numpy as np
import pytest

from emotiscan import faces
from emotiscan.datasets import alignment, storage
from emotiscan.datasets.aligned import align_table
from emotiscan.datasets.alignment import align
from emotiscan.datasets.loaders import load_source
from tests.support.trees import png, put, write_csv


def table_of(folder, names):
    return load_source(f"csv:{write_csv(folder, ['image'], [[name] for name in names])}")


@pytest.fixture
def searched(monkeypatch):
    """Sizes of the images in which a face was searched; the stub's answer depends on the image's size alone."""
    found = []

    class Detector:
        def locate(self, photo):
            found.append(photo.size)
            return faces.Face(None, None, None, faces.framed_transform(*photo.size))

    monkeypatch.setattr(alignment, "FaceDetector", Detector)
    return found


def test_align_finds_faces_and_reports_progress(tmp_path):
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


def test_worker_processes_find_the_same_faces(tmp_path, monkeypatch):
    table = table_of(tmp_path, ["happy0.png", "anger1.png", "calm2.png"])
    here = align(table, tmp_path / "one", workers=0)
    monkeypatch.setattr(alignment, "CHUNK", 2)
    there = align(table, tmp_path / "two", workers=2)
    # One thread or two: convolutions may add up in another order.
    np.testing.assert_allclose(there.transforms, here.transforms, rtol=1e-3, atol=1e-6)
    assert there.found.tolist() == here.found.tolist()


def test_faces_are_searched_once_and_then_cached(tmp_path, searched):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    first = align(table, tmp_path / "cache", workers=0)
    assert len(searched) == 2
    again = align(table, tmp_path / "cache", workers=0)
    assert len(searched) == 2
    np.testing.assert_array_equal(again.transforms, first.transforms)
    np.testing.assert_array_equal(again.found, first.found)


def test_only_new_images_are_searched(tmp_path, searched):
    table = table_of(tmp_path, ["happy0.png", "anger1.png", "calm2.png"])
    put(tmp_path / "calm2.png", png("calm", 64))
    some = [align(table.where(np.array(rows, bool)), tmp_path / "cache", workers=0) for rows in ([1, 1, 0], [0, 1, 1])]
    assert [size for size, _ in searched] == [96, 96, 64]
    everything = align(table, tmp_path / "cache", workers=0)
    assert len(searched) == 3
    np.testing.assert_array_equal(everything.transforms[[0, 1, 1, 2]], np.concatenate([a.transforms for a in some]))


def test_same_names_in_another_folder_are_other_images(tmp_path, searched, monkeypatch):
    for folder in ("a", "b"):
        table_of(tmp_path / folder, ["happy0.png"])
        monkeypatch.chdir(tmp_path / folder)
        align(load_source("csv:labels.csv"), tmp_path / "cache", workers=0)
    assert len(searched) == 2


def test_unreadable_images_are_marked_and_tried_again(tmp_path, searched):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    put(tmp_path / "anger1.png", b"no image")
    aligned = align(table, tmp_path / "cache", workers=0)
    assert aligned.readable.tolist() == [True, False]
    assert aligned.found.tolist() == [False, False]
    put(tmp_path / "anger1.png", png("anger"))
    assert align(table, tmp_path / "cache", workers=0).readable.all()
    assert len(searched) == 2


def test_replaced_images_are_searched_again(tmp_path, searched):
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    align(table, tmp_path / "cache", workers=0)
    put(tmp_path / "anger1.png", png("calm", 64))
    align(table, tmp_path / "cache", workers=0)
    assert [size for size, _ in searched] == [96, 96, 64]


def test_replaced_images_in_zip_files_are_searched_again(tmp_path, searched):
    for expression in ("happy", "happy", "calm"):
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            archive.writestr("a.png", png(expression))
        storage._zip.cache_clear()
        alignment._align_folder(str(tmp_path / "faces.zip"), ["a.png"], tmp_path / "cache", 0, None)
    assert len(searched) == 2


def test_cache_is_saved_before_the_end(tmp_path, searched, monkeypatch):
    monkeypatch.setattr(alignment, "SAVE_EVERY", 1)
    table = table_of(tmp_path, ["happy0.png", "anger1.png"])
    detector = alignment.FaceDetector
    locate = detector.locate

    def stopped_at_the_second(self, photo):
        if len(searched) == 1:
            raise KeyboardInterrupt
        return locate(self, photo)

    monkeypatch.setattr(detector, "locate", stopped_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        align(table, tmp_path / "cache", workers=0)
    monkeypatch.setattr(detector, "locate", locate)
    align(table, tmp_path / "cache", workers=0)
    assert len(searched) == 2


def test_damaged_cache_is_rebuilt(tmp_path, searched, caplog):
    table = table_of(tmp_path, ["happy0.png"])
    first = align(table, tmp_path / "cache", workers=0)
    (file,) = (tmp_path / "cache").glob("*.npz")
    file.write_bytes(file.read_bytes()[:200])
    again = align(table, tmp_path / "cache", workers=0)
    assert len(searched) == 2
    assert "searched for again" in caplog.text
    np.testing.assert_array_equal(again.transforms, first.transforms)


def test_an_aligned_table_leaves_out_unreadable_images_with_a_warning(tmp_path, caplog):
    labels = write_csv(tmp_path / "data", ["image", "AU12"], [["happy0.png", 1], ["happy1.png", 0]])
    put(tmp_path / "data" / "happy1.png", b"no image")
    data = align_table(load_source(f"csv:{labels}"), tmp_path / "cache", workers=0)
    assert data.table.frame["image"].tolist() == ["happy0.png"]
    assert data.transforms.shape == (1, 2, 3)
    assert data.found.shape == (1,)
    assert "1 of 2 images cannot be read and are left out: happy1.png" in caplog.text
