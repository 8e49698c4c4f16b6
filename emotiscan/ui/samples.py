"""Pictures that come with the project, drawn by its own renderer: the samples, and each code's strip."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@dataclass(frozen=True)
class Sample:
    """A picture drawn by the project's renderer.

    Attributes:
        title: what the pages call it.
        alt: what it shows, for those who do not see it.
        file: its name in the samples' folder.
    """

    title: str
    alt: str
    file: str

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return (SAMPLES / self.file).read_bytes()


@cache
def samples() -> tuple[Sample, ...]:
    """All samples, in the order in which they are offered."""
    found = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    return tuple(Sample(sample["title"], sample["alt"], sample["file"]) for sample in found)


@cache
def code_pictures(code: str) -> tuple[Image.Image, ...]:
    """The same face with a code at rising intensities, evenly from 0 to 1; empty for a code that was not drawn."""
    file = SAMPLES / "codes" / f"{code}.webp"
    if not file.is_file():
        return ()
    with Image.open(file) as strip:
        side = strip.height
        return tuple(strip.crop((x, 0, x + side, side)).convert("RGB") for x in range(0, strip.width, side))
