"""Many photos of one visit: small records and small pictures, never the photos themselves."""

import html
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from emotiscan.analysis import Analysis
from emotiscan.export.records import record
from emotiscan.images import ImageError
from emotiscan.ui import wording
from emotiscan.ui.data_urls import data_url
from emotiscan.ui.session import key_of

PICTURE_SIDE = 176
"""Side of a kept face, in pixels: about 8 kB each."""

NO_FACE = "no face was found"

MAX_FACES = 1000
"""What one album holds."""


@dataclass(frozen=True)
class Entry:
    """One face of the album, or a photo without any.

    Attributes:
        row: of `records.record`, or `image` and `error`.
        picture: the face's crop as a JPEG file; None without a face.
    """

    row: Mapping
    picture: bytes | None = None

    @property
    def address(self) -> str:
        """The picture's address, which holds the picture itself."""
        return data_url(self.picture or b"", "JPEG")

    @property
    def readable(self) -> bool:
        """Whether there is a reading."""
        return "error" not in self.row


@dataclass
class Album:
    """What was read so far.

    Attributes:
        photos: the entries of each photo, by `session.key_of` its file.
    """

    photos: dict[str, list[Entry]] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """All of them, in the order of reading."""
        return [entry for entries in self.photos.values() for entry in entries]

    @property
    def full(self) -> bool:
        """Whether no more photos are read."""
        return sum(map(len, self.photos.values())) >= MAX_FACES

    def add(self, analyze: Callable[[bytes], Analysis], name: str, data: bytes) -> None:
        """Read a photo, unless it is here already or the album is full."""
        key = key_of(data)
        if key not in self.photos and not self.full:
            self.photos[key] = read_entries(analyze, name, data)


def read_entries(analyze: Callable[[bytes], Analysis], name: str, data: bytes) -> list[Entry]:
    """The faces of one photo; a photo that cannot be read, or has none, is one entry that says so."""
    try:
        readings = analyze(data).readings
    except ImageError as error:
        return [Entry({"image": name, "error": str(error)})]
    entries = []
    for number, reading in enumerate(readings):
        file = io.BytesIO()
        reading.crop.resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=85)
        entries.append(Entry(record(name, number, reading), file.getvalue()))
    return entries or [Entry({"image": name, "error": NO_FACE})]


def chosen(
    entries: Iterable[Entry], emotions: Sequence[str] = (), action_units: Sequence[str] = (), by: str | None = None
) -> list[Entry]:
    """Entries to show.

    Args:
        emotions: only faces that look like one of these; empty for all.
        action_units: only faces with all of these action units present.
        by: emotion or action unit whose most probable faces come first; None for the order of reading.
    """
    found = [
        entry
        for entry in entries
        if entry.readable
        and (not emotions or entry.row["emotion"] in emotions)
        and set(action_units) <= set(entry.row["present"])
    ]
    if by:
        found.sort(key=lambda entry: -(entry.row["emotions"] | entry.row["facs"])[by])
    return found


def title_of(entry: Entry) -> str:
    """A face's emotion in a few words, e.g. “Positive, 92 %”."""
    emotion = entry.row["emotion"]
    words = wording.emotion_title(emotion, entry.row["clear"])
    return f"{words}, {wording.percent(entry.row['emotions'][emotion])}"


def json_text(entries: Iterable[Entry]) -> str:
    """All records as JSON."""
    return json.dumps([dict(entry.row) for entry in entries], indent=1) + "\n"


def html_report(entries: Sequence[Entry], checkpoint: str) -> str:
    """All faces as one web page that needs no other file.

    Args:
        checkpoint: fingerprint of the network that read them.
    """
    faces = "\n".join(_html_face(entry) for entry in entries if entry.readable)
    failed = "\n".join(
        f"<li>{html.escape(entry.row['image'])}: {html.escape(entry.row['error'])}</li>"
        for entry in entries
        if not entry.readable
    )
    unread = f"<h2>Not read</h2><ul>{failed}</ul>" if failed else ""
    count = sum(entry.readable for entry in entries)
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
<p>{count} faces. Visible movements as a network read them (checkpoint {html.escape(checkpoint)}), not feelings; any of
them may be wrong.</p>
<main>
{faces}
</main>
{unread}
</html>
"""


def _html_face(entry: Entry) -> str:
    row = entry.row
    action_units = (
        ", ".join(f"{au} {wording.percent(row['facs'][au])}" for au in row["present"]) or "no action unit present"
    )
    where = f"{html.escape(row['image'])}, face {row['face'] + 1}"
    return (
        f'<article><img src="{entry.address}" alt="{where}"><h3>{html.escape(title_of(entry))}</h3>'
        f"<p>{action_units}</p><small>{where}</small></article>"
    )
