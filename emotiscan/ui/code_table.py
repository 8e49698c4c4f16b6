"""The table of the codes: what was seen first, the rest from the brows to the jaw, and a map for who points at a line.

Written as HTML of our own, because a table in the page's text grows with a phone, is read aloud line by line, and opens
a picture without asking the server. Nothing that a visitor wrote goes into it.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

import streamlit as st

from emotiscan import explain, facs
from emotiscan.analysis import Reading
from emotiscan.checkpoint import Card
from emotiscan.ui import wording
from emotiscan.ui.data_urls import picture_url
from emotiscan.ui.figures_of_merit import hidden_codes
from emotiscan.ui.samples import code_icon
from emotiscan.ui.session import Photo, heat_maps_of

PEEK_SIDE = 176
"""Pixels along each side of the picture that opens beside a line."""

MOST_DOUBTS = 3
"""Most codes that are named as read less surely beside what is seen."""

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


def show_codes(photo: Photo, number: int, card: Card) -> None:
    """The table of one face's codes, and which of them are read less surely beside what is seen."""
    reading = photo.readings[number]
    st.subheader("Facial action codes", anchor=False)
    st.html(STYLE + code_table(reading, peeks(photo, number)))
    st.caption(
        "A bar is the probability that the movement is visible, not how strong it is; from the mark on it the code "
        "counts as seen. Point at a line, or tap it, to see where on the face; a code's name opens the guide."
    )
    doubts = less_sure(reading, hidden_codes(card))
    if doubts:
        st.caption(doubts)


def less_sure(reading: Reading, hidden: Iterable[Mapping]) -> str:
    """A sentence on the codes that are less sure in this reading, because one that was seen hides them; "" for none.

    Args:
        hidden: what is known of the model (`figures_of_merit.hidden_codes`), the worst first.
    """
    worst: dict[str, Mapping] = {}
    for pair in hidden:
        if pair["beside"] in reading.present and pair["code"] in reading.codes:
            worst.setdefault(pair["code"], pair)
    if not worst:
        return ""
    named = ", ".join(
        f"{code} beside {pair['beside']} ({pair['auc']['value']:.2f})"
        for code, pair in list(worst.items())[:MOST_DOUBTS]
    )
    return f"Harder to tell beside what was seen: {named}. In brackets the AUC on drawn faces; 0.5 is guessing."


def code_table(reading: Reading, pictures: Mapping[str, str]) -> str:
    """A reading's codes as an HTML table.

    Args:
        pictures: of some codes, the address of a picture of where the code was seen.
    """
    bodies = "".join(
        f'<tbody><tr class="part"><th colspan="3" scope="rowgroup">{escape(title)}</th></tr>'
        + "".join(_line(reading, code, pictures.get(code)) for code in codes)
        + "</tbody>"
        for title, codes in _groups(reading)
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Picture", "Code", "Probability"))
    return f'<div class="es-codes"><table><thead class="heard"><tr>{heads}</tr></thead>{bodies}</table></div>'


def _groups(reading: Reading) -> Iterator[tuple[str, list[str]]]:
    yield ("Seen" if reading.present else "Seen: none of them"), list(reading.present)
    absent = [code for code in reading.codes if code not in reading.present]
    for part in facs.PARTS:
        codes = [code for code in absent if facs.ACTION_UNITS[code].part == part]
        if codes:
            yield f"Not seen: {part}", codes


def _line(reading: Reading, code: str, picture: str | None) -> str:
    unit, icon = facs.ACTION_UNITS[code], code_icon(code)
    seen = code in reading.present
    probability, threshold = reading.codes[code], reading.thresholds[code]
    peek = f'<img class="peek" src="{escape(picture)}" alt="">' if picture else ""
    drawn = f'<img class="drawn" src="{icon}" alt="">' if icon else ""
    said = f"{'seen' if seen else 'not seen'}, counts from {escape(wording.percent(threshold))}"
    return (
        f'<tr class="code {"present" if seen else "absent"}" data-code="{code}">'
        f'<td class="icon">{drawn}{peek}</td>'
        f'<th scope="row" title="{escape(unit.looks)}"><span class="title">'
        f'<a class="short" href="guide?code={code}" target="_blank">{code}</a> '
        f'<span class="name">{escape(unit.name)}</span></span></th>'
        f'<td class="share"><div><span class="bar"><span class="fill" style="width: {100 * probability:.0f}%"></span>'
        f'<span class="mark" style="left: {100 * threshold:.0f}%"></span></span>'
        f'<span class="number">{escape(wording.percent(probability))}</span></div>'
        f'<span class="heard">{said}</span></td></tr>'
    )


def peeks(photo: Photo, number: int) -> dict[str, str]:
    """Of each code that some place of a face speaks for, the face with its heat map as a data URL; made once."""
    if number not in photo.peeks:
        reading = photo.readings[number]
        crop = reading.crop.resize((PEEK_SIDE, PEEK_SIDE))
        maps = heat_maps_of(photo, number, list(reading.codes), explain.DEFAULT_METHOD)
        photo.peeks[number] = {
            code: picture_url(explain.overlay(crop, found), "JPEG") for code, found in maps.items() if not found.empty
        }
    return photo.peeks[number]
