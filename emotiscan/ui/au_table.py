"""The table of action units: those present first, the others folded by part of the face, each with a heat map on hover.

It is HTML of our own: such a table adapts to a phone, is read aloud row by row, and opens a picture without asking the
server. Nothing that a visitor wrote goes into it.
"""

from collections.abc import Iterable, Mapping, Sequence
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

MAX_IN_SIGHT = 5
"""Maximum number of present action units that are shown unfolded: the strongest."""

MAX_UNCERTAIN = 3
"""Maximum number of action units named as harder to detect beside those that are present."""

PROBABILITIES = "Bar: probability that the movement is present; the tick is the decision threshold."
INTENSITIES = "Squares: its intensity in FACS, A trace, B slight, C marked, D severe, E maximum."

STYLE = """
<style>
.es-aus { --accent: light-dark(#0B5E67, #4FC3CC); --strong: light-dark(#B4540A, #F0A04B);
  --pale: color-mix(in srgb, currentColor 14%, transparent); container-type: inline-size; line-height: 1.25; }
.es-aus table { width: 100%; border-collapse: collapse; font-size: 0.95rem; }
.es-aus th, .es-aus td { padding: 0.16rem 0.3rem; text-align: left; font-weight: 400; border: 0; }
.es-aus thead th { padding-top: 0; font-size: 0.8rem; opacity: 0.8; }
.es-aus tr.au { border-top: 1px solid var(--pale); }
.es-aus tr.au:hover, .es-aus tr.au:focus-within { background: var(--pale); }
.es-aus td.icon { position: relative; width: 38px; }
.es-aus .picture { display: block; width: 34px; height: 34px; border-radius: 6px; }
.es-aus tr.absent .picture { opacity: 0.75; }
.es-aus a { color: var(--accent); font-weight: 600; text-decoration: none; }
.es-aus a:hover { text-decoration: underline; }
.es-aus .title { display: flex; gap: 0.25rem; }
.es-aus .short { flex: none; width: 2.9rem; }
.es-aus tr.present .name { font-weight: 600; }
.es-aus .side { display: block; font-weight: 400; font-size: 0.82rem; opacity: 0.85; }
.es-aus td.probability { width: 34%; }
.es-aus .share { display: flex; align-items: center; gap: 0.5rem; }
.es-aus .bar { position: relative; flex: 1; height: 8px; border-radius: 4px; background: var(--pale); }
.es-aus .fill { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: currentColor; opacity: 0.5; }
.es-aus tr.present .fill { background: var(--accent); opacity: 1; }
.es-aus .threshold { position: absolute; top: -3px; bottom: -3px; width: 2px; background: currentColor; }
.es-aus .number { width: 3.2rem; text-align: right; font-variant-numeric: tabular-nums; }
.es-aus td.intensity { width: 5.6rem; }
.es-aus .steps { display: flex; align-items: center; gap: 2px; }
.es-aus .steps i { width: 9px; height: 9px; border-radius: 2px; background: var(--pale); }
.es-aus .steps i.on { background: var(--strong); }
.es-aus .steps b { margin-left: 0.4rem; font-weight: 700; }
.es-aus .rest { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.4rem; margin-top: 0.45rem;
  font-size: 0.82rem; }
.es-aus details[open] { flex-basis: 100%; }
.es-aus summary { padding: 0.15rem 0.5rem; border: 1px solid var(--pale); border-radius: 1rem; cursor: pointer;
  width: fit-content; }
.es-aus details[open] summary { margin-bottom: 0.3rem; }
.es-aus p { margin: 0.4rem 0 0; font-size: 0.85rem; }
.es-aus .screen-reader { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.es-aus .thumbnail { display: none; }
.es-aus tr:hover .thumbnail, .es-aus tr:focus-within .thumbnail {
  display: block; position: absolute; z-index: 5; left: 4px; top: calc(100% + 6px); width: 176px; height: 176px;
  max-width: none; border-radius: 10px; box-shadow: 0 4px 18px rgb(0 0 0 / 40%); pointer-events: none;
}
@container (max-width: 25rem) {
  .es-aus td.icon { width: 0; padding: 0; } .es-aus .picture, .es-aus td.probability .bar { display: none; }
  .es-aus td.probability, .es-aus thead th:nth-child(3) { width: 3.4rem; }
}
@container (max-width: 20rem) {
  .es-aus .steps i { display: none; } .es-aus td.intensity { width: auto; } .es-aus .short { width: auto; }
}
@media (min-width: 700px) {
  .es-aus tr:hover .thumbnail, .es-aus tr:focus-within .thumbnail { left: auto; right: calc(100% + 14px); top: -66px; }
}
</style>
"""


def show_action_units(photo: Photo, number: int, card: Card, method: str = explain.DEFAULT_METHOD) -> None:
    """Show the table of one face's action units.

    Args:
        photo: the photo.
        number: index of the face among its readings.
        card: of the checkpoint in use; it knows which action units are harder to detect beside others.
        method: of the heat maps that open beside the rows, a key of `explain.METHODS`.
    """
    reading = photo.readings[number]
    notes = harder_to_detect(reading, masked_action_units(card))
    st.html(STYLE + _theme() + au_table(reading, thumbnails(photo, number, method), notes))


def _theme() -> str:
    """Style that makes the colors follow the page's theme in dialogs, too: those are outside of the page."""
    theme = st.context.theme.type
    return f"<style>.es-aus {{ color-scheme: {theme}; }}</style>" if theme in ("light", "dark") else ""


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


def au_table(reading: Reading, pictures: Mapping[str, str], note: str = "") -> str:
    """Return a reading's action units as HTML: a table of those present, and folded tables of the others.

    Args:
        reading: of one face.
        pictures: URLs of heat maps, by action unit; some may be missing.
        note: text for a last fold about how to read the table.
    """
    present = strongest_first(reading)
    folds = _folds(reading, "Also present", {"others": present[MAX_IN_SIGHT:]}, pictures)
    folds += _folds(reading, "Not visible", {"covered": list(reading.not_visible)}, pictures)
    words = " ".join(filter(None, (PROBABILITIES, INTENSITIES if reading.intensities else "", note)))
    legend = f"<details><summary>Legend</summary><p>{escape(words)}</p></details>"
    folds += _folds(reading, "Not present", _absent_by_part(reading), pictures, legend)
    shown = present[:MAX_IN_SIGHT]
    first = (
        _table(reading, shown, pictures, "Present")
        if shown
        else "<p>Present: none. No action unit reaches its decision threshold.</p>"
    )
    return f'<div class="es-aus">{first}{folds}</div>'


def strongest_first(reading: Reading) -> list[str]:
    """Sort the present action units by their intensity, or, without intensities, by their probability."""
    return sorted(reading.present, key=lambda au: (-reading.intensities.get(au, 0.0), -reading.action_units[au]))


def _absent_by_part(reading: Reading) -> dict[str, list[str]]:
    absent = [au for au in reading.action_units if au not in {*reading.present, *reading.not_visible}]
    return {part: facs.in_facs_order(au for au in absent if facs.ACTION_UNITS[au].part == part) for part in facs.PARTS}


def _folds(
    reading: Reading,
    title: str,
    groups: Mapping[str, Sequence[str]],
    pictures: Mapping[str, str],
    last: str = "",
) -> str:
    """A line of folded tables, one for each group that has action units, and then `last`; "" if there is neither."""
    folds = "".join(
        f"<details><summary>{escape(name.capitalize())} <b>{len(group)}</b></summary>"
        f"{_table(reading, group, pictures, f'{title}: {name}')}</details>"
        for name, group in groups.items()
        if group
    )
    heading = f"<span>{title}:</span>" if folds else ""
    return f'<div class="rest">{heading}{folds}{last}</div>' if folds or last else ""


def _table(reading: Reading, action_units: Sequence[str], pictures: Mapping[str, str], title: str) -> str:
    with_intensity = bool(reading.intensities) and action_units[0] in reading.present
    heads = ["Action unit", "Probability", *(["Intensity"] if with_intensity else [])]
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rows = "".join(_row(reading, au, pictures.get(au), with_intensity) for au in action_units)
    hidden = "" if action_units[0] in reading.present else ' class="screen-reader"'
    return (
        f'<table aria-label="{escape(title)}"><thead{hidden}><tr><td class="icon"></td>{cells}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(reading: Reading, au: str, picture: str | None, with_intensity: bool) -> str:
    unit, icon = facs.ACTION_UNITS[au], au_icon(au)
    thumbnail = f'<img class="thumbnail" src="{escape(picture)}" alt="">' if picture else ""
    close_up = f'<img class="picture" src="{icon}" alt="">' if icon else ""
    intensity = f'<td class="intensity">{_intensity(reading.intensities[au])}</td>' if with_intensity else ""
    return (
        f'<tr class="au {"present" if au in reading.present else "absent"}" data-au="{au}">'
        f'<td class="icon">{close_up}{thumbnail}</td>'
        f'<th scope="row" title="{escape(unit.appearance)}"><span class="title">'
        f'<a class="short" href="guide?{AU_PARAMETER}={au}" target="_blank">{au}</a> '
        f'<span class="name">{escape(unit.name)}{_side(reading, au)}</span></span></th>'
        f'<td class="probability">{_probability(reading, au)}</td>{intensity}</tr>'
    )


def _side(reading: Reading, au: str) -> str:
    """Name the side of an action unit that is present on one side only; else ""."""
    side = reading.sides[au].label if au in reading.sides else "both"
    return "" if side == "both" else f' <span class="side">(person’s {side})</span>'


def _probability(reading: Reading, au: str) -> str:
    """The bar of an action unit; or that it is not visible."""
    if au in reading.not_visible:
        return f'<span class="side">{NOT_VISIBLE}</span>'
    probability, threshold = reading.action_units[au], reading.thresholds[au]
    state = "present" if au in reading.present else "not present"
    return (
        f'<div class="share"><span class="bar"><span class="fill" style="width: {100 * probability:.0f}%"></span>'
        f'<span class="threshold" style="left: {100 * threshold:.0f}%"></span></span>'
        f'<span class="number">{escape(percent(probability))}</span></div>'
        f'<span class="screen-reader">{state}, threshold {escape(percent(threshold))}</span>'
    )


def _intensity(intensity: float) -> str:
    """FACS' letter of an intensity, and five squares of which as many are filled."""
    letter = facs.intensity_letter(intensity)
    filled = "ABCDE".find(letter) + 1 if letter else 0
    squares = "".join('<i class="on"></i>' if place < filled else "<i></i>" for place in range(5))
    return (
        f'<span class="steps" title="{intensity:.1f} of 5"><span aria-hidden="true" class="steps">{squares}</span>'
        f'<b>{letter}</b></span><span class="screen-reader">intensity {intensity:.1f} of 5</span>'
    )


def thumbnails(photo: Photo, number: int, method: str = explain.DEFAULT_METHOD) -> dict[str, str]:
    """Return data URLs of the face with each heat map that is not empty, by target; made once per face and method.

    The arguments are those of `show_action_units`.
    """
    if (number, method) not in photo.thumbnails:
        reading = photo.readings[number]
        crop = reading.crop.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        visible = [target for target in reading.probabilities if target not in reading.not_visible]
        maps = heat_maps_of(photo, number, visible, method)
        photo.thumbnails[number, method] = {
            target: picture_url(explain.overlay(crop, found), "JPEG")
            for target, found in maps.items()
            if not found.is_empty
        }
    return photo.thumbnails[number, method]
