"""DISFA and BP4D, in trees of their layouts that the tests write."""

import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import png, put


@pytest.fixture
def disfa(tmp_path):
    """Two subjects with three labeled frames each; one frame was not extracted from its video."""
    for place, subject in enumerate(("SN001", "SN002")):
        for au, strengths in {1: (0, 1, 2), 12: (5, 0, 0), 5: (0, 0, 3)}.items():
            lines = "".join(f"{frame},{strength}\n" for frame, strength in enumerate(strengths, start=1))
            put(tmp_path / f"ActionUnit_Labels/{subject}/{subject}_au{au}.txt", lines)
        for frame in (1, 2, 3)[: 3 - place]:
            put(tmp_path / f"Images/{subject}/{subject}_{frame:04}.png", png("calm", 48, place))
    return tmp_path


def test_disfa_intensities_become_present_absent_or_unknown(disfa):
    frame = load_source(f"disfa:{disfa}").frame.set_index("image")
    assert list(frame.index) == [f"SN001/SN001_000{n}.png" for n in (1, 2, 3)] + [
        f"SN002/SN002_000{n}.png" for n in (1, 2)
    ]
    assert frame["AU1"].tolist()[:1] == [0]
    assert np.isnan(frame["AU1"].iloc[1])  # a trace
    assert frame["AU1"].iloc[2] == 1
    assert frame["AU12"].tolist() == [1, 0, 0, 1, 0]
    assert frame["AU14"].isna().all()  # DISFA does not label it
    assert frame["subject"].tolist() == ["SN001"] * 3 + ["SN002"] * 2


def test_disfa_intensities_are_kept(disfa):
    table = load_source(f"disfa:{disfa}")
    assert table.intensities[:, table.action_units.index("AU12")].tolist() == [5, 0, 0, 5, 0]
    assert np.isnan(table.intensities[:, table.action_units.index("AU14")]).all()


def test_video_loaders_ignore_files_of_the_operating_system(disfa):
    put(disfa / "ActionUnit_Labels/.DS_Store", b"\x00")
    put(disfa / "ActionUnit_Labels/SN001/._SN001_au1.txt", b"\x00\xff")
    put(disfa / "Images/SN001/._SN001_0001.png", b"\x00\xff")
    assert len(load_source(f"disfa:{disfa}")) == 5


def test_disfa_frames_may_be_in_another_folder(disfa, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("frames") / "left"
    (disfa / "Images").rename(elsewhere)
    assert len(load_source(f"disfa:{disfa},images={elsewhere}")) == 5


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("ActionUnit_Labels/SN002/SN002_au1.txt", "1,0\n2;3\n", r"au1\.txt.*line 2.*not a frame and its intensity"),
        ("ActionUnit_Labels/SN002/SN002_au1.txt", "1,6\n", "from 0 to 5"),
        ("ActionUnit_Labels/SN003/SN003_au1.txt", "1,0\n", "no images of SN003"),
    ],
)
def test_disfa_errors_name_file_and_line(disfa, file, text, message):
    put(disfa / file, text)
    with pytest.raises(TableError, match=message):
        load_source(f"disfa:{disfa}")


def test_disfa_names_a_missing_folder(disfa):
    (disfa / "Images").rename(disfa / "frames")
    with pytest.raises(TableError, match="there is no Images"):
        load_source(f"disfa:{disfa}")


@pytest.fixture
def bp4d(tmp_path):
    """One subject in two tasks: frames 5 to 7, of which the last has no image."""
    rows = "0,1,2,3,12\n5,1,0,0,9\n6,0,1,0,1\n7,0,0,0,0\n"
    for task in ("T1", "T2"):
        put(tmp_path / f"AU_OCC/F001_{task}.csv", rows)
        for frame in (4, 5, 6):
            put(tmp_path / f"Images/F001/{task}/{frame:04}.jpg", png("calm", 48, frame))
    return tmp_path


def test_bp4d_frames_have_their_action_units_and_hidden_ones_are_unknown(bp4d):
    frame = load_source(f"bp4d:{bp4d}").frame
    assert frame["image"].tolist() == [f"F001/{task}/000{n}.jpg" for task in ("T1", "T2") for n in (5, 6)]
    assert frame["AU1"].tolist() == [1, 0] * 2
    assert frame["AU2"].tolist() == [0, 1] * 2
    assert np.isnan(frame["AU12"].iloc[0])
    assert frame["AU12"].iloc[1] == 1
    assert set(frame["subject"]) == {"F001"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no action unit"),
        ("frame,a,b\n1,0,0\n", "names no action unit"),
        ("0,1\n5,2\n", "line 2.*AU1 is 2"),
        ("0,1\n5\n", "line 2.*whole numbers"),
        ("0,1\n5,x\n", "whole numbers"),
    ],
)
def test_bp4d_errors_name_file_and_line(bp4d, text, message):
    put(bp4d / "AU_OCC/F001_T1.csv", text)
    with pytest.raises(TableError, match=message):
        load_source(f"bp4d:{bp4d}")


def test_bp4d_names_tasks_without_images(bp4d):
    put(bp4d / "AU_OCC/M002_T8.csv", "0,1\n5,1\n")
    with pytest.raises(TableError, match=r"M002_T8\.csv.*no images"):
        load_source(f"bp4d:{bp4d}")
