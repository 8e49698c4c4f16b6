"""Damaged label files of every kind of data set give a table or a `TableError`, never another exception."""

import random
from pathlib import Path

import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import (
    png,
    put,
    write_affectnet,
    write_ckplus,
    write_course,
    write_csv,
    write_ferplus,
    write_images,
    write_rafdb,
    write_rendered,
)

WORDS = (b"", b"nan", b"inf", b"-1", b"1e999", b"9" * 5000, b"\xff\xfe", b"\x00", b'"', b"\n", b",,,", b"=1+1", b"\xe9")


def trees(root: Path) -> dict[str, tuple[str, list[Path]]]:
    """Each kind's path and the label files to damage."""
    clips = (("S005", "001", "happy", True), ("S006", "001", "surprise", True))
    ckplus = write_ckplus(root / "ckplus", clips)
    course = write_course(root / "course", clips)
    ferplus = write_ferplus(root / "ferplus")
    plain = write_csv(
        root / "plain", ["image", "subject", "split", "emotion", "AU12"], [["happy1.png", "a", "", "", 1]]
    )
    rendered = write_rendered(root / "rendered", [{"AU12": 1.0}, {}])
    disfa, bp4d = root / "disfa", root / "bp4d"
    au = put(disfa / "ActionUnit_Labels/SN001/SN001_au12.txt", "1,0\n2,5\n")
    task = put(bp4d / "AU_OCC/F001_T1.csv", "0,1,12\n1,1,0\n2,0,9\n")
    for frame in (1, 2):
        put(disfa / f"Images/SN001/{frame:04}.png", png("calm", 48))
        put(bp4d / f"Images/F001/T1/{frame:04}.png", png("calm", 48))
    rafdb = write_rafdb(root / "rafdb")
    affectnet = write_images(root / "affectnet", ["Manually_Annotated_Images/1/a.jpg"])
    annotations = "subDirectory_filePath,expression\n1/a.jpg,3\n"
    lists = put(affectnet / "Manually_Annotated_file_lists/training.csv", annotations)
    arrays = write_affectnet(root / "affectnet8")
    return {
        "rafdb": (str(rafdb), [rafdb / "basic/EmoLabel/list_patition_label.txt"]),
        "affectnet": (str(affectnet), [lists]),
        "affectnet arrays": (str(arrays), [*arrays.glob("*/annotations/*_exp.npy")]),
        "ckplus": (str(ckplus), [*ckplus.glob("FACS/*/*/*.txt"), *ckplus.glob("Emotion/*/*/*.txt")]),
        "ckplus-course": (str(course), [course]),
        "ferplus": (str(ferplus), [ferplus / "fer2013new.csv"]),
        "csv": (str(plain), [plain]),
        "rendered": (str(rendered), [rendered / "labels.csv"]),
        "disfa": (str(disfa), [au]),
        "bp4d": (str(bp4d), [task]),
    }


def damaged(data: bytes, random_: random.Random) -> bytes:
    """A label file with parts lost, replaced and doubled."""
    for _ in range(random_.choice((1, 1, 2, 4))):
        place = random_.randrange(len(data) + 1)
        kind = random_.randrange(4)
        if kind == 0:
            data = data[:place]
        elif kind == 1:
            data = data[:place] + random_.choice(WORDS) + data[place + random_.choice((0, 1, 3)) :]
        elif kind == 2:
            data = data[:place] + bytes([random_.randrange(256)]) + data[place + 1 :]
        else:
            data = data[:place] + data[place // 2 :]
    return data


KINDS = ("ckplus", "ckplus-course", "ferplus", "csv", "rendered", "disfa", "bp4d")
KINDS += ("rafdb", "affectnet", "affectnet arrays")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_label_file_is_read_or_refused(tmp_path, kind):
    path, files = trees(tmp_path)[kind]
    source = f"{kind.split()[0]}:{path}"
    assert len(load_source(source))
    random_ = random.Random(kind)
    refusals = []
    for _ in range(60):
        file = random_.choice(files)
        whole = file.read_bytes()
        file.write_bytes(damaged(whole, random_))
        try:
            load_source(source)
        except TableError as error:
            refusals.append(str(error))
        finally:
            file.write_bytes(whole)
    assert len(refusals) > 10
    assert all(str(tmp_path) in words and len(words) < 700 for words in refusals), "which file is it, and in short?"
