"""Images that a validation part shares with its training part."""

import csv

from PIL import Image

from emotiscan.resources import SAMPLES
from scripts.near_duplicates import main


def test_a_photo_saved_again_is_found_and_another_one_is_not(tmp_path):
    smile, frown = (Image.open(SAMPLES / name).convert("L").resize((96, 96)) for name in ("smile.jpg", "surprise.jpg"))
    smile.save(tmp_path / "a.png")
    frown.save(tmp_path / "b.png")
    smile.resize((64, 64)).save(tmp_path / "again.jpg", quality=60)
    frown.rotate(180).save(tmp_path / "other.png")
    (tmp_path / "labels.csv").write_text(
        "image,emotion,split\na.png,happiness,train\nb.png,surprise,train\n"
        "again.jpg,happiness,validation\nother.png,surprise,validation\n"
    )
    out = tmp_path / "duplicates.csv"
    assert main(["--data", f"csv:{tmp_path / 'labels.csv'}", "--out", str(out)]) == 0
    (row,) = csv.DictReader(out.read_text().splitlines())
    assert (row["image"], row["duplicate_of"]) == ("again.jpg", "a.png")
