"""Synthetic faces that ship with the project: the samples, and a strip of pictures for each action unit."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from emotiscan import facs
from emotiscan.export.data_urls import picture_url
from emotiscan.resources import SAMPLES

POSTER = SAMPLES / "action_units" / "poster.pdf"
"""All action units on one page, for print (`scripts/au_poster.py`)."""

ICON_SIDE = 72
"""Side of an action unit's icon, in pixels; shown at 40 CSS pixels."""


@dataclass(frozen=True)
class Sample:
    """A picture made by the project's renderer.

    Attributes:
        title: its name on the pages.
        alt: description for screen readers.
        file: its file name in the samples folder.
    """

    title: str
    alt: str
    file: str

    @property
    def slug(self) -> str:
        """Its name in a page's URL."""
        return Path(self.file).stem

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return (SAMPLES / self.file).read_bytes()


@cache
def samples() -> tuple[Sample, ...]:
    """Return all samples in display order."""
    found = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    return tuple(Sample(sample["title"], sample["alt"], sample["file"]) for sample in found)


@cache
def au_pictures(au: str) -> tuple[Image.Image, ...]:
    """Return the same face with an action unit at evenly rising intensities from 0 to 1; empty if there is no strip."""
    file = SAMPLES / "action_units" / f"{au}.webp"
    if not file.is_file():
        return ()
    with Image.open(file) as strip:
        side = strip.height
        return tuple(strip.crop((x, 0, x + side, side)).convert("RGB") for x in range(0, strip.width, side))


@cache
def au_icon(au: str) -> str | None:
    """Return a data URL of a close-up of an action unit at full intensity, or None if there is no strip."""
    pictures = au_pictures(au)
    if not pictures:
        return None
    places = [place for region in facs.ACTION_UNITS[au].regions for place in facs.REGIONS[region]]
    left, right = min(p.x - p.rx for p in places), max(p.x + p.rx for p in places)
    top, bottom = min(p.y - p.ry for p in places), max(p.y + p.ry for p in places)
    half = 0.55 * max(right - left, bottom - top)
    x, y = (min(max((low + high) / 2, half), 1 - half) for low, high in ((left, right), (top, bottom)))
    side = pictures[-1].width
    left, top, right, bottom = (round(side * edge) for edge in (x - half, y - half, x + half, y + half))
    icon = pictures[-1].crop((left, top, right, bottom)).resize((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)
    return picture_url(icon, "WEBP", quality=80)
