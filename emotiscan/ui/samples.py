"""Pictures that come with the project, drawn by its own renderer: the samples, and each action unit's strip."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from emotiscan import facs
from emotiscan.resources import SAMPLES
from emotiscan.ui.data_urls import picture_url

ICON_SIDE = 72


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
    def slug(self) -> str:
        """Its name in the address of a page."""
        return Path(self.file).stem

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
def au_pictures(au: str) -> tuple[Image.Image, ...]:
    """The same face with an action unit at rising intensities, evenly from 0 to 1; empty for an action unit that was not drawn."""
    file = SAMPLES / "action_units" / f"{au}.webp"
    if not file.is_file():
        return ()
    with Image.open(file) as strip:
        side = strip.height
        return tuple(strip.crop((x, 0, x + side, side)).convert("RGB") for x in range(0, strip.width, side))


@cache
def au_icon(au: str) -> str | None:
    """Data URL of a small picture of where an action unit shows, as strong as it gets; None where it was not drawn."""
    pictures = au_pictures(au)
    if not pictures:
        return None
    places = [place for region in facs.ACTION_UNITS[au].regions for place in facs.REGIONS[region]]
    left, right = min(p.x - p.rx for p in places), max(p.x + p.rx for p in places)
    top, bottom = min(p.y - p.ry for p in places), max(p.y + p.ry for p in places)
    half = 0.55 * max(right - left, bottom - top)
    x, y = (min(max((low + high) / 2, half), 1 - half) for low, high in ((left, right), (top, bottom)))
    side = pictures[-1].width
    box = [round(side * edge) for edge in (x - half, y - half, x + half, y + half)]
    icon = pictures[-1].crop(box).resize((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)
    return picture_url(icon, "WEBP", quality=80)
