"""Readings as HTML without other files, for notebooks.

All styles are inline, because notebooks remove style sheets of outputs that they do not trust. Text has the notebook's
own color, and everything else is visible on a light and on a dark background.
"""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from PIL import Image

from emotiscan.export.boxes import marked_photo
from emotiscan.export.data_urls import picture_url
from emotiscan.export.records import NO_FACE
from emotiscan.export.text import display_name, percent, quality_note, turned_note
from emotiscan.facs import intensity_letter

if TYPE_CHECKING:  # analysis imports this module
    from emotiscan.analysis import Analysis
    from emotiscan.reading import Reading

PHOTO_SIDE = 640
"""Longer side of the photo in pixels."""

CROP_SIDE = 96
"""Side of each face in pixels."""

MAX_EXPRESSIONS = 3
"""Number of expressions that are named."""

_ACCENT, _TRACK = "#1f8f9c", "rgba(128, 128, 128, 0.3)"


def analysis_html(analysis: "Analysis") -> str:
    """Show the photo with numbered boxes, and for each face its emotions and the action units that are present."""
    faces = [reading.face for reading in analysis.readings]
    photo = picture_url(marked_photo(analysis.photo, faces, side=PHOTO_SIDE), "JPEG")
    name = analysis.name or "the photo"
    if analysis.readings:
        body = "".join(_reading(reading, f"Face {number}") for number, reading in enumerate(analysis.readings, 1))
    else:
        body = f"<p>{NO_FACE}</p>"
    if analysis.rotated:
        body = f"<p>{turned_note(analysis.rotated)}</p>{body}"
    if analysis.skipped_faces:
        count = analysis.skipped_faces
        body += f"<p>{count} smaller {'face was' if count == 1 else 'faces were'} not analyzed.</p>"
    return (
        '<div style="display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start">'
        f'<img src="{photo}" alt="{escape(name)} with a box around each face" style="max-width: min(100%, 480px)">'
        f'<div style="flex: 1; min-width: 280px; max-width: 520px">{body}</div></div>'
    )


def reading_html(reading: "Reading") -> str:
    """Show a face with its emotions and the action units that are present."""
    return f'<div style="max-width: 520px">{_reading(reading, "Face")}</div>'


def _reading(reading: "Reading", title: str) -> str:
    crop = reading.crop.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.LANCZOS)
    emotion = reading.emotion.capitalize() if reading.is_clear else "Unclear"
    present = {_au_title(reading, au): reading.action_units[au] for au in reading.present}
    note = f"<p>{quality_note(reading.quality.problems)}</p>" if reading.quality and reading.quality.problems else ""
    if reading.expressions:
        likeliest = list(_sorted(reading.expressions).items())[:MAX_EXPRESSIONS]
        named = ", ".join(f"{name} {percent(p)}" for name, p in likeliest)
        note += f"<p>Likeliest expressions: {escape(named)}</p>"
    units = _bars(present) if present else "<p>No action unit is present.</p>"
    if reading.not_visible:
        units += f"<p>Not visible: {escape(', '.join(reading.not_visible))}</p>"
    return (
        '<div style="display: flex; gap: 12px; margin-bottom: 20px">'
        f'<img src="{picture_url(crop, "JPEG")}" alt="{escape(title)}" width="{CROP_SIDE}" height="{CROP_SIDE}" '
        'style="flex: none; border-radius: 6px">'
        f'<div style="flex: 1"><div style="font-weight: 600; font-size: 1.1em">{escape(title)}: {escape(emotion)}</div>'
        f"{_bars({name.capitalize(): p for name, p in _sorted(reading.emotions).items()})}{note}"
        f'<div style="font-weight: 600; margin-top: 8px">Action units present</div>{units}</div></div>'
    )


def _au_title(reading: "Reading", au: str) -> str:
    """Name of an action unit that is present, its side if it is on one only, and the letter of its intensity."""
    side = reading.sides[au].label if au in reading.sides else "both"
    letter = intensity_letter(reading.intensities.get(au, 0.0))
    details = ([f"{side} side"] if side != "both" else []) + ([letter] if letter else [])
    return display_name(au) + (f" ({', '.join(details)})" if details else "")


def _sorted(probabilities: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(probabilities.items(), key=lambda item: -item[1]))


def _bars(probabilities: Mapping[str, float]) -> str:
    """One line for each name: the name, a bar, and the probability."""
    return "".join(
        '<div style="display: flex; align-items: center; gap: 8px; line-height: 1.6">'
        f'<span style="flex: 0 0 11em">{escape(name)}</span>'
        f'<span style="flex: 1; height: 8px; border-radius: 4px; background: {_TRACK}">'
        f'<span style="display: block; width: {100 * p:.0f}%; height: 8px; border-radius: 4px; background: {_ACCENT}">'
        f'</span></span><span style="flex: 0 0 4em; text-align: right">{escape(percent(p))}</span></div>'
        for name, p in probabilities.items()
    )
