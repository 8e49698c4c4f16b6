"""An album: the readings of many photos, kept as records and thumbnails, never as the photos themselves."""

import html
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch
from PIL import Image

from emotiscan.analysis import Analysis, Reading
from emotiscan.export.records import NO_FACE, error_record, record
from emotiscan.export.text import percent
from emotiscan.images import ImageError
from emotiscan.ui.gallery.faces import GalleryFace
from emotiscan.ui.session import photo_key

PICTURE_QUALITY = 85
"""JPEG quality of a face's crop, which takes about 10 kB."""

MAX_FACES = 1000
"""Number of faces at which an album is full."""


@dataclass(frozen=True, eq=False)
class Entry(GalleryFace):
    """One face of the album, or a photo without a reading.

    Attributes:
        row: as returned by `records.record` or `records.error_record`.
        picture: the face's crop as JPEG bytes; None without a face.
        reading: of the face, without its crop and feature map; None without a face.
        photo: `session.photo_key` of the photo.
    """

    reading: Reading | None = None
    photo: str = ""

    @property
    def key(self) -> str:
        """The photo, and the face's index in it."""
        return f"{self.photo}-{self.row.get('face', '')}"

    @property
    def name(self) -> str:
        """The photo's file name, and the face's number in it."""
        return f"{self.row['image']}, face {self.row['face'] + 1}"

    @property
    def readable(self) -> bool:
        """Whether this is a face with a reading."""
        return "error" not in self.row


@dataclass
class Album:
    """The photos read so far.

    Attributes:
        photos: the entries of each photo, by `session.photo_key` of its file.
    """

    photos: dict[str, list[Entry]] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """All entries, in the order of reading."""
        return [entry for entries in self.photos.values() for entry in entries]

    @property
    def faces(self) -> list[Entry]:
        """The entries that are faces, in the order of reading."""
        return [entry for entry in self.entries if entry.readable]

    @property
    def full(self) -> bool:
        """Whether the album takes no more photos."""
        return sum(map(len, self.photos.values())) >= MAX_FACES

    def add(self, analyze: Callable[[bytes], Analysis], name: str, data: bytes) -> None:
        """Read a photo, unless the album already has it or is full."""
        key = photo_key(data)
        if key not in self.photos and not self.full:
            self.photos[key] = read_entries(analyze, name, data)


def read_entries(analyze: Callable[[bytes], Analysis], name: str, data: bytes) -> list[Entry]:
    """Read one photo; a photo that cannot be read or has no face becomes a single entry that says so."""
    try:
        analysis = analyze(data)
    except ImageError as error:
        return [Entry(error_record(name, str(error)))]
    entries, key = [], photo_key(data)
    for number, reading in enumerate(analysis.readings):
        file = io.BytesIO()
        reading.crop.save(file, "JPEG", quality=PICTURE_QUALITY)
        light = replace(reading, crop=Image.new("RGB", (1, 1)), feature_map=torch.empty(0), model=None)
        entries.append(Entry(record(name, number, reading, analysis.rotated), file.getvalue(), light, key))
    return entries or [Entry(error_record(name, NO_FACE))]


def json_text(entries: Iterable[Entry]) -> str:
    """Return all records as JSON."""
    return json.dumps([dict(entry.row) for entry in entries], indent=1) + "\n"


def html_report(entries: Sequence[Entry], checkpoint: str) -> str:
    """Return all faces as one web page that needs no other file.

    Args:
        entries: of the album.
        checkpoint: fingerprint of the checkpoint that read them.
    """
    faces = "\n".join(_html_face(entry) for entry in entries if entry.readable)
    failed = "\n".join(
        f"<li>{html.escape(entry.row['image'])}: {html.escape(entry.row['error'])}</li>"
        for entry in entries
        if not entry.readable
    )
    unread = f"<h2>Could not be read</h2><ul>{failed}</ul>" if failed else ""
    count = sum(entry.readable for entry in entries)
    faces_read = "1 face" if count == 1 else f"{count} faces"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>EmotiScan readings</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1d2a2e; background: #fbfaf7; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)) }}
img {{ width: 100%; border-radius: .5rem }} h3 {{ margin: .4rem 0 0; font-size: 1rem }} p {{ margin: .2rem 0 }}
small {{ color: #56666b; overflow-wrap: anywhere }}
</style>
<h1>EmotiScan readings</h1>
<p>{faces_read}. A neural network (checkpoint {html.escape(checkpoint)}) read visible movements, not feelings. Any of
these readings may be wrong.</p>
<main>
{faces}
</main>
{unread}
</html>
"""


def _html_face(entry: Entry) -> str:
    row = entry.row
    action_units = ", ".join(f"{au} {percent(row['facs'][au])}" for au in row["present"]) or "no action units"
    note = f"<p>{html.escape(entry.note)}</p>" if entry.note else ""
    where = html.escape(entry.name)
    return (
        f'<article><img src="{entry.picture_url}" alt="{where}"><h3>{html.escape(entry.title)}</h3>'
        f"<p>{action_units}</p>{note}<small>{where}</small></article>"
    )
