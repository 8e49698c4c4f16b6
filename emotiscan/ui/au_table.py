"""The table of the action units: what was seen first, the rest from the brows to the jaw, and a map for who points at a line.

Written as HTML of our own, because a table in the page's text grows with a phone, is read aloud line by line, and opens
a picture without asking the server. Nothing that a visitor wrote goes into it.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

import streamlit as st

from emotiscan import explain, facs
from emotiscan.analysis import Reading
from emotiscan.model.checkpoint import Card
from emotiscan.ui import wording
from emotiscan.ui.data_urls import picture_url
from emotiscan.ui.metrics import masked_action_units
from emotiscan.ui.samples import au_icon
from emotiscan.ui.session import Photo, heat_maps_of

THUMBNAIL_SIDE = 176
"""Pixels along each side of the picture that opens beside a line."""

MAX_DOUBTS = 3
"""Most action units that are named as read less surely beside what is seen."""

STYLE = """
<style>
.es-codes { --accent: light-dark(#0B5E67, #4FC3CC); --pale: color-mix(in srgb, currentColor 14%, transparent); }
.es-codes table { width: 100%; border-collapse: collapse; font-size: 0.95rem; line-height: 1.25; }
.es-codes th, .es-codes td { padding: 0.25rem 0.3rem; text-align: left; font-weight: 400; border: 0; }
.es-codes tr.code { border-top: 1px solid var(--pale); }
.es-codes tr.code:hover, .es-codes tr.code:focus-within { background: var(--pale); }
.es-codes tr.part th { padding-top: 0.8rem; font-size: 0.85rem; font-weight: 600; }
.es-codes tbody:first-of-type tr.part th { padding-top: 0; }
.es-codes td.icon { position: relative; width: 44px; }
.es-codes .drawn { display: block; width: 40px; height: 40px; border-radius: 6px; }
.es-codes tr.absent .drawn { opacity: 0.75; }
.es-codes a { color: var(--accent); font-weight: 600; text-decoration: none; }
.es-codes a:hover { text-decoration: underline; }
.es-codes .title { display: flex; gap: 0.25rem; }
.es-codes .short { flex: none; width: 3rem; }
.es-codes tr.present .name { font-weight: 600; }
.es-codes td.share { width: 42%; }
.es-codes .share div { display: flex; align-items: center; gap: 0.5rem; }
.es-codes .bar { position: relative; flex: 1; height: 8px; border-radius: 4px; background: var(--pale); }
.es-codes .fill { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: currentColor; opacity: 0.5; }
.es-codes tr.present .fill { background: var(--accent); opacity: 1; }
.es-codes .mark { position: absolute; top: -3px; bottom: -3px; width: 2px; background: currentColor; }
.es-codes .number { width: 3.2rem; text-align: right; font-variant-numeric: tabular-nums; }
.es-codes .heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.es-codes .peek { display: none; }
.es-codes tr:hover .peek, .es-codes tr:focus-within .peek {
  display: block; position: absolute; z-index: 5; left: 4px; top: calc(100% + 6px); width: 176px; height: 176px;
  max-width: none; border-radius: 10px; box-shadow: 0 4px 18px rgb(0 0 0 / 40%); pointer-events: none;
}
@media (min-width: 700px) {
  .es-codes tr:hover .peek, .es-codes tr:focus-within .peek { left: auto; right: calc(100% + 14px); top: -66px; }
}
</style>
"""


def show_action_units(photo: Photo, number: int, card: Card) -> None:
    """The table of one face's action units, and which of them are read less surely beside what is seen."""
    reading = photo.readings[number]
    st.subheader("Facial action action units", anchor=False)
    st.html(STYLE + au_table(reading, thumbnails(photo, number)))
    st.caption(
        "A bar is the probability that the movement is visible, not how strong it is; from the mark on it the action unit "
        "counts as seen. Point at a line, or tap it, to see where on the face; an action unit's name opens the guide."
    )
    doubts = less_sure(reading, masked_action_units(card))
    if doubts:
        st.caption(doubts)


def less_sure(reading: Reading, hidden: Iterable[Mapping]) -> str:
    """A sentence on the action units that are less sure in this reading, because one that was seen hides them; "" for none.

    Args:
        hidden: what is known of the model (`metrics.masked_action_units`), the worst first.
    """
    worst: dict[str, Mapping] = {}
    for pair in hidden:
        if pair["beside"] in reading.present and pair["code"] in reading.action_units:
            worst.setdefault(pair["code"], pair)
    if not worst:
        return ""
    named = ", ".join(
        f"{au} beside {pair['beside']} ({pair['auc']['value']:.2f})" for au, pair in list(worst.items())[:MAX_DOUBTS]
    )
    return f"Harder to tell beside what was seen: {named}. In brackets the AUC on rendered faces; 0.5 is guessing."


def au_table(reading: Reading, pictures: Mapping[str, str]) -> str:
    """A reading's action units as an HTML table.

    Args:
        pictures: of some action units, the address of a picture of where the action unit was seen.
    """
    bodies = "".join(
        f'<tbody><tr class="part"><th colspan="3" scope="rowgroup">{escape(title)}</th></tr>'
        + "".join(_line(reading, au, pictures.get(au)) for au in action_units)
        + "</tbody>"
        for title, action_units in _groups(reading)
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Picture", "Code", "Probability"))
    return f'<div class="es-codes"><table><thead class="heard"><tr>{heads}</tr></thead>{bodies}</table></div>'


def _groups(reading: Reading) -> Iterator[tuple[str, list[str]]]:
    yield ("Seen" if reading.present else "Seen: none of them"), list(reading.present)
    absent = [au for au in reading.action_units if au not in reading.present]
    for part in facs.PARTS:
        action_units = [au for au in absent if facs.ACTION_UNITS[au].part == part]
        if action_units:
            yield f"Not seen: {part}", action_units


def _line(reading: Reading, au: str, picture: str | None) -> str:
    unit, icon = facs.ACTION_UNITS[au], au_icon(au)
    seen = au in reading.present
    probability, threshold = reading.action_units[au], reading.thresholds[au]
    thumbnail = f'<img class="peek" src="{escape(picture)}" alt="">' if picture else ""
    drawn = f'<img class="drawn" src="{icon}" alt="">' if icon else ""
    said = f"{'seen' if seen else 'not seen'}, counts from {escape(wording.percent(threshold))}"
    return (
        f'<tr class="code {"present" if seen else "absent"}" data-code="{au}">'
        f'<td class="icon">{drawn}{thumbnail}</td>'
        f'<th scope="row" title="{escape(unit.appearance)}"><span class="title">'
        f'<a class="short" href="guide?code={au}" target="_blank">{au}</a> '
        f'<span class="name">{escape(unit.name)}</span></span></th>'
        f'<td class="share"><div><span class="bar"><span class="fill" style="width: {100 * probability:.0f}%"></span>'
        f'<span class="mark" style="left: {100 * threshold:.0f}%"></span></span>'
        f'<span class="number">{escape(wording.percent(probability))}</span></div>'
        f'<span class="heard">{said}</span></td></tr>'
    )


def thumbnails(photo: Photo, number: int) -> dict[str, str]:
    """Of each action unit that some place of a face speaks for, the face with its heat map as a data URL; made once."""
    if number not in photo.thumbnails:
        reading = photo.readings[number]
        crop = reading.crop.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        maps = heat_maps_of(photo, number, list(reading.action_units), explain.DEFAULT_METHOD)
        photo.thumbnails[number] = {
            au: picture_url(explain.overlay(crop, found), "JPEG") for au, found in maps.items() if not found.is_empty
        }
    return photo.thumbnails[number]
