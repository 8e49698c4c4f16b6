"""Parts of a page that show a reading."""

import base64
import io

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from emotiscan import facs
from emotiscan.analysis import Analysis, Reading
from emotiscan.explain import COLOUR_SCALE, HeatMap, overlay
from emotiscan.ui import charts, wording
from emotiscan.ui.session import heat_maps_of

FIRST_MAPS = 5
"""Codes whose heat maps are open before anybody chooses, at most; the emotion's is one more."""


def choose_face(analysis: Analysis) -> int:
    """The photo with its numbered faces; returns the place of the one the visitor chose."""
    readings = analysis.readings
    largest = max(range(len(readings)), key=lambda number: readings[number].face.side)
    chosen = largest
    place = st.container()
    if len(readings) > 1:
        chosen = st.segmented_control(
            "Which face?",
            range(len(readings)),
            default=largest,
            required=True,
            format_func=lambda number: str(number + 1),
            key=f"face-{st.session_state['analysis_key'][:12]}",
        )
    picture = charts.marked_photo(analysis.photo, [reading.face for reading in readings], chosen)
    count = "one face" if len(readings) == 1 else f"{len(readings)} faces, numbered from left to right"
    place.image(picture, width="stretch", alt=f"Your photo with {count}; face {chosen + 1} is chosen.")
    if analysis.passed_over:
        st.caption(f"The {len(readings)} largest faces were read; {analysis.passed_over} smaller ones were not.")
    return chosen


def show_emotions(reading: Reading) -> None:
    """A sentence, and the bars."""
    st.subheader("Emotion", anchor=False)
    st.markdown(f"**{wording.headline(reading)}** {wording.movements(reading)}")
    if reading.face.too_small:
        st.warning("This face has very few pixels; the reading is a guess. Use a larger or closer photo.")
    figure = charts.emotion_bars(reading.emotions)
    words = charts.emotions_in_words(reading.emotions)
    st.plotly_chart(figure, config={"displayModeBar": False}, alt=words, key="emotions")


def show_codes(reading: Reading) -> None:
    """The table of the codes, present ones marked in words."""
    st.subheader("Facial action codes", anchor=False)
    rows = [
        {
            "Code": code,
            "Name": facs.ACTION_UNITS[code].name,
            "Seen": "present" if code in reading.present else "–",
            "Probability": 100 * probability,
            "Threshold": 100 * reading.thresholds[code],
            "Muscle": facs.ACTION_UNITS[code].muscles,
        }
        for code, probability in reading.codes.items()
    ]
    column = st.column_config
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "Code": column.TextColumn(width=60, pinned=True),
            "Name": column.TextColumn(width=150),
            "Seen": column.TextColumn(width=70, help="Whether the probability reaches this code's threshold"),
            "Probability": column.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=130),
            "Threshold": column.NumberColumn(
                format="%.0f %%",
                width=80,
                help="The least probability that counts as present, chosen on validation data",
            ),
            "Muscle": column.TextColumn(width=240),
        },
        alt="; ".join(f"{row['Code']} {row['Name']}: {row['Probability']:.0f} %, {row['Seen']}" for row in rows),
        key="codes",
    )
    st.caption("A number is the probability that the movement is visible, not how strong it is.")


def show_heat_maps(reading: Reading, number: int) -> None:
    """Overlays of the chosen codes, side by side."""
    st.subheader("Where it was seen", anchor=False)
    targets = [*reading.codes, *reading.emotions]
    nearest = max(reading.codes, key=lambda code: reading.codes[code] / max(reading.thresholds[code], 1e-6))
    first = [*(reading.present or (nearest,))[:FIRST_MAPS], reading.emotion]
    chosen = st.pills(
        "Codes and emotions to compare",
        targets,
        selection_mode="multi",
        default=first,
        format_func=lambda target: target if target in facs.ACTION_UNITS else target.capitalize(),
        wrap=True,
        key=f"targets-{st.session_state['analysis_key'][:12]}-{number}",
    )
    opacity = st.slider("Strength of the overlay", 0.0, 1.0, 0.6, 0.05, format="percent", key="opacity", width=320)
    if not chosen:
        st.caption("Choose at least one code or emotion.")
        return
    with st.spinner("Drawing heat maps…"):
        maps = heat_maps_of(reading, number, chosen)
    with st.grid(min_column_width=160, gap="medium"):
        for target, heat_map in maps.items():
            with st.container():
                _show_heat_map(reading, target, heat_map, opacity)
    _legend()


def _show_heat_map(reading: Reading, target: str, heat_map: HeatMap, opacity: float) -> None:
    probability = (reading.codes | reading.emotions)[target]
    title = wording.title_of(target)
    words = f"{wording.percent(probability)}"
    if heat_map.empty:
        words += " · no place of the face speaks for it"
    elif target in facs.ACTION_UNITS:
        words += f" · {heat_map.focus():.0%} of the map in {' and '.join(facs.ACTION_UNITS[target].regions)}"
    st.image(overlay(reading.crop, heat_map, opacity), width="stretch", alt=f"Heat map of {title}: {words}")
    st.markdown(f"**{title}**  \n:small[{words}]")


def _legend() -> None:
    strip = Image.fromarray(np.tile(np.linspace(0, 1, 160, dtype=np.float32), (10, 1)))
    bar = overlay(Image.new("RGB", strip.size, "black"), HeatMap(COLOUR_SCALE, np.asarray(strip)), 1.0)
    st.caption(
        f"![Colour scale from dark to bright]({_data_url(bar)}) weak to strong evidence, each map on its own scale. "
        "Warm places speak for the code; the map does not say why the network decided so."
    )


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
