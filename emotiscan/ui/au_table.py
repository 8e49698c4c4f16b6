"""The table of action units: those present first, the others from the brows to the jaw, each with a heat map on hover.

It is HTML of our own: such a table adapts to a phone, is read aloud row by row, and opens a picture without asking the
server. Nothing that a visitor wrote goes into it.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

import streamlit as st

from emotiscan import explain, facs
from emotiscan.analysis import Reading
from emotiscan.export.data_urls import picture_url
from emotiscan.export.text import NOT_VISIBLE, percent
from emotiscan.model.checkpoint import Card
from emotiscan.reports import MaskedAU
from emotiscan.ui.links import AU_PARAMETER
from emotiscan.ui.metrics import masked_action_units
from emotiscan.ui.samples import au_icon
from emotiscan.ui.session import Photo, heat_maps_of

THUMBNAIL_SIDE = 176
"""Side of the heat map that opens beside a row, in pixels."""

MAX_UNCERTAIN = 3
"""Maximum number of action units named as harder to detect beside those that are present."""

LETTERS = "The letter after the percentage is its strength in FACS: A trace, B slight, C marked, D severe, E maximum."

STYLE = """
<style>
.es-aus { --accent: light-dark(#0B5E67, #4FC3CC); --pale: color-mix(in srgb, currentColor 14%, transparent); }
.es-aus table { width: 100%; border-collapse: collapse; font-size: 0.95rem; line-height: 1.25; }
.es-aus th, .es-aus td { padding: 0.25rem 0.3rem; text-align: left; font-weight: 400; border: 0; }
.es-aus tr.au { border-top: 1px solid var(--pale); }
.es-aus tr.au:hover, .es-aus tr.au:focus-within { background: var(--pale); }
.es-aus tr.part th { padding-top: 0.8rem; font-size: 0.85rem; font-weight: 600; }
.es-aus tbody:first-of-type tr.part th { padding-top: 0; }
.es-aus td.icon { position: relative; width: 44px; }
.es-aus .picture { display: block; width: 40px; height: 40px; border-radius: 6px; }
.es-aus tr.absent .picture { opacity: 0.75; }
.es-aus a { color: var(--accent); font-weight: 600; text-decoration: none; }
.es-aus a:hover { text-decoration: underline; }
.es-aus .title { display: flex; gap: 0.25rem; }
.es-aus .short { flex: none; width: 3rem; }
.es-aus tr.present .name { font-weight: 600; }
.es-aus td.share { width: 42%; }
.es-aus .share div { display: flex; align-items: center; gap: 0.5rem; }
.es-aus .bar { position: relative; flex: 1; height: 8px; border-radius: 4px; background: var(--pale); }
.es-aus .fill { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: currentColor; opacity: 0.5; }
.es-aus tr.present .fill { background: var(--accent); opacity: 1; }
.es-aus .threshold { position: absolute; top: -3px; bottom: -3px; width: 2px; background: currentColor; }
.es-aus .number { width: 3.2rem; text-align: right; font-variant-numeric: tabular-nums; }
.es-aus .letter { width: 0.8rem; font-weight: 600; }
.es-aus .side { font-weight: 400; opacity: 0.8; white-space: nowrap; }
.es-aus .screen-reader { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.es-aus .thumbnail { display: none; }
.es-aus tr:hover .thumbnail, .es-aus tr:focus-within .thumbnail {
  display: block; position: absolute; z-index: 5; left: 4px; top: calc(100% + 6px); width: 176px; height: 176px;
  max-width: none; border-radius: 10px; box-shadow: 0 4px 18px rgb(0 0 0 / 40%); pointer-events: none;
}
@media (min-width: 700px) {
  .es-aus tr:hover .thumbnail, .es-aus tr:focus-within .thumbnail { left: auto; right: calc(100% + 14px); top: -66px; }
}
</style>
"""


def show_action_units(photo: Photo, number: int, card: Card) -> None:
    """Show the table of one face's action units, and which are harder to detect beside those present."""
    reading = photo.readings[number]
    st.subheader("Facial action units (FACS)", anchor=False)
    st.html(STYLE + au_table(reading, thumbnails(photo, number)))
    st.caption(
        "Bars show the probability that the movement is present (not its strength). The tick marks the decision "
        "threshold. Point at a row, or tap it, to see where the model saw it; each AU number links to the FACS guide."
        + (f" {LETTERS}" if reading.intensities else "")
    )
    uncertain = harder_to_detect(reading, masked_action_units(card))
    if uncertain:
        st.caption(uncertain)


def harder_to_detect(reading: Reading, masked: Iterable[MaskedAU]) -> str:
    """Name the action units that are harder to detect because one that is present masks them; "" for none.

    Args:
        reading: of one face.
        masked: the pairs that the model is known to confuse (`metrics.masked_action_units`), the worst first.
    """
    worst: dict[str, MaskedAU] = {}
    for pair in masked:
        if pair.beside in reading.present and pair.au in reading.action_units:
            worst.setdefault(pair.au, pair)
    if not worst:
        return ""
    named = ", ".join(
        f"{au} beside {pair.beside} ({pair.auc.value:.2f})" for au, pair in list(worst.items())[:MAX_UNCERTAIN]
    )
    return (
        f"Harder to detect in this face: {named}. In brackets: AUC on rendered faces with the second action unit; "
        "0.5 is guessing."
    )


def au_table(reading: Reading, pictures: Mapping[str, str]) -> str:
    """Return a reading's action units as an HTML table.

    Args:
        reading: of one face.
        pictures: URLs of heat maps, by action unit; some may be missing.
    """
    bodies = "".join(
        f'<tbody><tr class="part"><th colspan="3" scope="rowgroup">{escape(title)}</th></tr>'
        + "".join(_row(reading, au, pictures.get(au)) for au in action_units)
        + "</tbody>"
        for title, action_units in _groups(reading)
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Picture", "Action unit", "Probability"))
    return f'<div class="es-aus"><table><thead class="screen-reader"><tr>{heads}</tr></thead>{bodies}</table></div>'


def _groups(reading: Reading) -> Iterator[tuple[str, list[str]]]:
    yield ("Present" if reading.present else "Present: none"), list(reading.present)
    if reading.not_visible:
        yield "Not visible: covered", list(reading.not_visible)
    absent = [au for au in reading.action_units if au not in {*reading.present, *reading.not_visible}]
    for part in facs.PARTS:
        action_units = [au for au in absent if facs.ACTION_UNITS[au].part == part]
        if action_units:
            yield f"Not present: {part}", action_units


def _row(reading: Reading, au: str, picture: str | None) -> str:
    unit, icon = facs.ACTION_UNITS[au], au_icon(au)
    present = au in reading.present
    thumbnail = f'<img class="thumbnail" src="{escape(picture)}" alt="">' if picture else ""
    close_up = f'<img class="picture" src="{icon}" alt="">' if icon else ""
    return (
        f'<tr class="au {"present" if present else "absent"}" data-au="{au}">'
        f'<td class="icon">{close_up}{thumbnail}</td>'
        f'<th scope="row" title="{escape(unit.appearance)}"><span class="title">'
        f'<a class="short" href="guide?{AU_PARAMETER}={au}" target="_blank">{au}</a> '
        f'<span class="name">{escape(unit.name)}{_side(reading, au)}</span></span></th>'
        f'<td class="share">{_share(reading, au)}</td></tr>'
    )


def _side(reading: Reading, au: str) -> str:
    """Name the side of an action unit that is present on one side only; else ""."""
    side = reading.sides[au].label if au in reading.sides else "both"
    return "" if side == "both" else f' <span class="side">(person’s {side})</span>'


def _share(reading: Reading, au: str) -> str:
    """The bar of an action unit, with probability and intensity; or that it is not visible."""
    if au in reading.not_visible:
        return f'<span class="side">{NOT_VISIBLE}</span>'
    probability, threshold = reading.action_units[au], reading.thresholds[au]
    intensity = reading.intensities.get(au)
    letter = "" if intensity is None else f'<span class="letter">{facs.intensity_letter(intensity)}</span>'
    description = f"{'present' if au in reading.present else 'not present'}, threshold {escape(percent(threshold))}"
    if letter and au in reading.present:
        description += f", intensity {intensity:.1f} of 5"
    return (
        f'<div><span class="bar"><span class="fill" style="width: {100 * probability:.0f}%"></span>'
        f'<span class="threshold" style="left: {100 * threshold:.0f}%"></span></span>'
        f'<span class="number">{escape(percent(probability))}</span>{letter}</div>'
        f'<span class="screen-reader">{description}</span>'
    )


def thumbnails(photo: Photo, number: int) -> dict[str, str]:
    """Return data URLs of the face with each action unit's heat map, except empty ones; made once per face."""
    if number not in photo.thumbnails:
        reading = photo.readings[number]
        crop = reading.crop.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        visible = [au for au in reading.action_units if au not in reading.not_visible]
        maps = heat_maps_of(photo, number, visible, explain.DEFAULT_METHOD)
        photo.thumbnails[number] = {
            au: picture_url(explain.overlay(crop, found), "JPEG") for au, found in maps.items() if not found.is_empty
        }
    return photo.thumbnails[number]
