"""Parts of a page that show a reading."""

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.explain import METHODS
from emotiscan.model.checkpoint import CheckpointError
from emotiscan.ui import charts, heat_map_views, wording
from emotiscan.ui.links import PAGES
from emotiscan.ui.session import Photo, analyzer

FIRST_MAPS = 5
"""Action units whose heat maps are open before anybody chooses, at most; the emotion's is one more."""


def loaded_analyzer(needed: bool = True) -> Analyzer | None:
    """The analyzer of this process; None, said on the page, where the checkpoint cannot be used.

    Args:
        needed: whether the page is of no use without it.
    """
    try:
        return analyzer()
    except CheckpointError as error:
        if needed:
            show_outage(error)
        else:
            st.info("The model cannot be loaded at the moment, so its own figures are missing here.")
        return None


def show_outage(error: CheckpointError) -> None:
    """What a page says in place of its contents when the model cannot be loaded, and where else to go."""
    st.error(
        "**Photos cannot be read at the moment**, because the model cannot be loaded. Please come back later.  \n"
        f":small[For whoever runs this app: {wording.plain(str(error))}]",
        icon=":material/cloud_off:",
    )
    st.markdown("These pages work without the model:")
    st.page_link(PAGES / "guide.py", label="FACS guide", icon=":material/menu_book:")
    st.page_link(PAGES / "about.py", label="About", icon=":material/info:")


def choose_face(photo: Photo) -> int:
    """The photo with its numbered faces; returns the place of the one the visitor chose."""
    readings = photo.readings
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
            key=f"face-{photo.key}",
        )
    picture = charts.marked_photo(photo.picture, photo.faces, chosen)
    count = "one face" if len(readings) == 1 else f"{len(readings)} faces, numbered from left to right"
    place.image(picture, width="stretch", alt=f"Your photo with {count}; face {chosen + 1} is chosen.")
    if photo.passed_over:
        st.caption(f"The {len(readings)} largest faces were read; {photo.passed_over} smaller ones were not.")
    return chosen


def show_emotions(reading: Reading) -> None:
    """A sentence, and the bars."""
    st.subheader("Emotion", anchor=False)
    st.markdown(f"**{wording.headline(reading)}** {wording.movements(reading)}")
    if reading.face.too_small:
        st.warning("This face has very few pixels; the reading is a guess. Use a larger or closer photo.")
    figure = charts.emotion_bars(reading.emotions)
    words = charts.emotions_in_words(reading.emotions)
    charts.show(figure, "emotions", words)


def show_heat_maps(photo: Photo, number: int) -> None:
    """Overlays of the chosen action units, side by side."""
    reading = photo.readings[number]
    st.subheader("Where it was seen", anchor=False)
    chosen = choose_targets(reading, f"{photo.key}-{number}")
    with st.expander("How the maps look", icon=":material/tune:"):
        method = heat_map_views.choose_method("read")
        look = heat_map_views.choose_look("read")
    if not chosen:
        st.caption("Choose at least one action unit or emotion.")
        return
    with st.spinner("Drawing heat maps…"):
        maps = [heat_map_views.show(photo, number, target, method, wording.title_of(target)) for target in chosen]
    tiles = heat_map_views.tiles_of(maps, look)
    heat_map_views.show_grid(tiles)
    heat_map_views.show_legend(look)
    heat_map_views.show_meanings(chosen)
    note = f"Method: {METHODS[method].title}; {heat_map_views.scale_in_words(look)}."
    heat_map_views.offer_downloads(photo.name, tiles, maps, note, "read")


def choose_targets(reading: Reading, key: str) -> list[str]:
    """Action units and emotions whose maps are wanted: at first those of the address, or the present action units and the emotion.

    The address follows the choice, so that it can be shared.
    """
    usual = [*(reading.present or reading.likeliest_action_units[:1])[:FIRST_MAPS], reading.emotion]
    targets = [*reading.action_units, *reading.emotions]
    asked = [target for target in st.query_params.get_all("code") if target in targets]
    chosen = st.pills(
        "Action units and emotions to compare",
        targets,
        selection_mode="multi",
        default=asked or usual,
        format_func=short_title,
        wrap=True,
        key=f"targets-{key}",
    )
    if set(chosen) == set(usual):
        st.query_params.pop("code", None)
    else:
        st.query_params["code"] = chosen
    return chosen


def short_title(target: str) -> str:
    """An action unit as it is, an emotion with a capital."""
    return target if target in facs.ACTION_UNITS else target.capitalize()
