"""The bars of the emotions, with those of the expressions one tap below, each with a heat map on hover.

They are HTML of our own: they open without asking the server, adapt to a phone, and are read aloud as a list.
"""

from collections.abc import Mapping
from html import escape

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.export.text import percent
from emotiscan.ui.charts import EMOTION_COLORS

STYLE = """
<style>
.es-emotions { --pale: color-mix(in srgb, currentColor 14%, transparent); line-height: 1.25;
  container-type: inline-size; }
.es-emotions ul { list-style: none; margin: 0; padding: 0; }
.es-emotions li { display: grid; grid-template-columns: 5.4rem 1fr 3.2rem; gap: 0.6rem; align-items: center;
  position: relative; margin: 0; padding: 0.28rem 0; font-size: 0.95rem; }
.es-emotions li:first-child { font-weight: 600; }
.es-emotions .bar { height: 12px; border-radius: 6px; background: var(--pale); overflow: hidden; }
.es-emotions .fill { display: block; height: 100%; border-radius: 6px; }
.es-emotions .number { text-align: right; font-variant-numeric: tabular-nums; }
.es-emotions summary { padding: 0.4rem 0; font-size: 0.9rem; cursor: pointer; }
.es-emotions details li { font-size: 0.9rem; padding: 0.15rem 0; }
.es-emotions details .bar { height: 8px; }
.es-emotions .thumbnail { display: none; position: absolute; z-index: 5; left: 4px; top: calc(100% + 6px);
  width: 176px; height: 176px; max-width: none; border-radius: 10px; box-shadow: 0 4px 18px rgb(0 0 0 / 40%);
  pointer-events: none; }
.es-emotions li:hover .thumbnail { display: block; }
@container (max-width: 15rem) { /* name and number above the bar */
  .es-emotions li { grid-template-columns: 1fr auto; gap: 0.2rem; } .es-emotions .bar { grid-area: 2 / 1 / 3 / 3; }
}
@media (min-width: 700px) { .es-emotions .thumbnail { left: calc(100% + 14px); top: -66px; } }
</style>
"""


def show_bars(reading: Reading, pictures: Mapping[str, str] | None = None) -> None:
    """Show the probability of each emotion, and, folded, of each expression if the checkpoint knows them.

    Args:
        reading: of one face.
        pictures: URLs of heat maps that open on hover, by emotion or expression; some may be missing.
    """
    st.html(STYLE + bars(reading, pictures or {}))


def bars(reading: Reading, pictures: Mapping[str, str]) -> str:
    """Return the bars as HTML; the arguments are those of `show_bars`."""
    expressions = (
        f"<details><summary>{len(reading.expressions)} expressions</summary>"
        f"{_list(reading.expressions, pictures)}</details>"
        if reading.expressions
        else ""
    )
    return f'<div class="es-emotions">{_list(reading.emotions, pictures)}{expressions}</div>'


def _list(probabilities: Mapping[str, float], pictures: Mapping[str, str]) -> str:
    """Bars of emotions or expressions, the most probable on top."""
    order = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    return f"<ul>{''.join(_bar(name, probabilities[name], pictures.get(name)) for name in order)}</ul>"


def _bar(name: str, probability: float, picture: str | None) -> str:
    thumbnail = f'<img class="thumbnail" src="{escape(picture)}" alt="">' if picture else ""
    color = EMOTION_COLORS.get(facs.EMOTION_OF_LABEL.get(name, name), "#0B5E67")
    return (
        f"<li><span>{escape(name.capitalize())}</span>"
        f'<span class="bar"><span class="fill" style="width: {100 * probability:.1f}%; background: {color}"></span>'
        f'</span><span class="number">{escape(percent(probability))}</span>{thumbnail}</li>'
    )
