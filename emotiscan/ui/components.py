"""Parts that several pages share: the loaded model, and one face's reading."""

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.explain import METHODS
from emotiscan.export.boxes import marked_photo
from emotiscan.export.text import display_name, quality_note, turned_note
from emotiscan.model.checkpoint import CheckpointError
from emotiscan.ui import charts, heat_map_views, wording
from emotiscan.ui.links import PAGES, link_action_units, linked_action_units
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.session import Photo, analyzer

FIRST_MAPS = 5
"""Maximum number of action units whose heat maps are shown before the visitor chooses; the emotion's comes on top."""


def loaded_analyzer(needed: bool = True) -> Analyzer | None:
    """Return the analyzer of this process, or None after saying on the page that the checkpoint cannot be used.

    Args:
        needed: whether the page is of no use without it.
    """
    try:
        return analyzer()
    except CheckpointError as error:
        if needed:
            show_outage(error)
        else:
            st.info("The model cannot be loaded at the moment, so its metrics are missing here.")
        return None


def show_outage(error: CheckpointError) -> None:
    """Show what a page says instead of its contents when the model cannot be loaded, and where else to go."""
    st.error(
        "**Photos cannot be read at the moment** because the model could not be loaded. Please try again later.  \n"
        f":small[For the operator of this app: {wording.escape_markdown(str(error))}]",
        icon=":material/cloud_off:",
    )
    st.markdown("These pages work without the model:")
    st.page_link(PAGES / "guide.py", label="FACS guide", icon=":material/menu_book:")
    st.page_link(PAGES / "about.py", label="About", icon=":material/info:")


def choose_face(photo: Photo) -> int:
    """Show the photo with its faces numbered; returns the index of the face that the visitor chose."""
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
    picture = marked_photo(photo.picture, photo.faces, chosen)
    count = "one face" if len(readings) == 1 else f"{len(readings)} faces, numbered from left to right"
    show_picture(picture, f"The photo with {count}; face {chosen + 1} is selected.", place=place)
    if photo.rotated:
        st.info(turned_note(photo.rotated), icon=":material/screen_rotation:")
    if photo.skipped_faces:
        skipped = photo.skipped_faces
        st.caption(f"Only the {len(readings)} largest faces were read; {skipped} smaller ones were skipped.")
    return chosen


def show_emotions(reading: Reading) -> None:
    """Show the emotion in a sentence, and the bars of all of them."""
    st.subheader("Emotion", anchor=False)
    st.markdown(f"**{wording.headline(reading)}** {wording.movements(reading)}")
    problems = reading.quality.problems if reading.quality else (("small",) if reading.face.too_small else ())
    if problems:
        st.warning(quality_note(problems))
    charts.show(charts.emotion_bars(reading.emotions), "emotions", charts.describe_emotions(reading.emotions))
    if reading.expressions:
        with st.expander(f"{len(reading.expressions)} expressions"):
            figure = charts.emotion_bars(reading.expressions)
            charts.show(figure, "expressions", charts.describe_emotions(reading.expressions, "expression"))


def show_heat_maps(photo: Photo, number: int) -> None:
    """Show heat maps of the chosen action units and emotions side by side."""
    reading = photo.readings[number]
    st.subheader("Grad-CAM heat maps", anchor=False)
    st.caption("Where the model saw each action unit and the emotion")
    chosen = choose_targets(reading, f"{photo.key}-{number}")
    with st.expander("Heat map settings", icon=":material/tune:"):
        method = heat_map_views.choose_method("read")
        settings = heat_map_views.choose_settings("read")
    if not chosen:
        st.caption("Choose at least one action unit or emotion.")
        return
    with st.spinner("Computing heat maps…"):
        maps = [heat_map_views.make_view(photo, number, target, method, display_name(target)) for target in chosen]
    tiles = heat_map_views.make_tiles(maps, settings)
    heat_map_views.show_grid(tiles)
    heat_map_views.show_legend(settings)
    heat_map_views.show_guide_links(chosen)
    note = f"Method: {METHODS[method].title}; {heat_map_views.describe_scale(settings)}."
    heat_map_views.offer_downloads(photo.name, tiles, maps, note, "read")


def choose_targets(reading: Reading, key: str) -> list[str]:
    """Let the visitor choose action units and emotions.

    Those that the page's URL names are preselected, otherwise the present action units and the emotion. The URL follows
    the choice, so that it can be shared.
    """
    defaults = [*(reading.present or reading.likeliest_action_units[:1])[:FIRST_MAPS], reading.emotion]
    targets = [*reading.action_units, *reading.emotions]
    linked = [target for target in linked_action_units() if target in targets]
    chosen = st.pills(
        "Action units and emotions",
        targets,
        selection_mode="multi",
        default=linked or defaults,
        format_func=short_title,
        wrap=True,
        key=f"targets-{key}",
    )
    link_action_units([] if set(chosen) == set(defaults) else chosen)
    return chosen


def short_title(target: str) -> str:
    """Return an action unit's short name, or an emotion with a capital letter."""
    return target if target in facs.ACTION_UNITS else target.capitalize()
