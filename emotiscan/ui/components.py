"""Parts that several pages share: the loaded model, and one face's reading."""

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.export.boxes import marked_photo
from emotiscan.export.text import display_name, quality_note, turned_note
from emotiscan.model.checkpoint import CheckpointError
from emotiscan.ui import au_table, emotion_bars, heat_map_views, method_choice, wording
from emotiscan.ui.compare import questions
from emotiscan.ui.links import PAGES, link_action_units, linked_action_units
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.session import Photo, analyzer

FIRST_MAPS = 4
"""Number of heat maps that are shown before the visitor chooses, at most: they fit in one row."""

METHOD_KEY = "read-method"
"""Key of the widget in which to choose the heat map method of a reading."""

MAX_PICTURE_HEIGHT = 460
"""Height of the photo on a page, in CSS pixels: with it, a portrait leaves room for its caption on a laptop."""


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
    width = round(MAX_PICTURE_HEIGHT * picture.width / picture.height)
    show_picture(picture, f"The photo with {count}; face {chosen + 1} is selected.", width=width, place=place)
    if photo.rotated:
        st.info(turned_note(photo.rotated), icon=":material/screen_rotation:")
    if photo.skipped_faces:
        skipped = photo.skipped_faces
        st.caption(f"Only the {len(readings)} largest faces were read; {skipped} smaller ones were skipped.")
    return chosen


def show_verdict(reading: Reading) -> None:
    """Show the emotion in a sentence, and what is wrong with the face, if anything."""
    st.header(wording.headline(reading), anchor=False)
    problems = reading.quality.problems if reading.quality else (("small",) if reading.face.too_small else ())
    if problems:
        st.warning(quality_note(problems), icon=":material/visibility_off:")


def show_emotions(reading: Reading) -> None:
    """Show the verdict, the movements in a sentence, and the bars of all emotions."""
    show_verdict(reading)
    st.markdown(wording.movements(reading))
    emotion_bars.show_bars(reading)


def show_reading(photo: Photo, number: int) -> None:
    """Show one face's emotion, action units and heat maps so that the essentials fit on one screen."""
    reading = photo.readings[number]
    show_verdict(reading)
    left, right = st.columns([4, 7], gap="medium")
    with left:
        method = method_choice.current_method(METHOD_KEY)
        emotion_bars.show_bars(reading, au_table.thumbnails(photo, number, method))
    with right:
        au_table.show_action_units(photo, number, analyzer().card, method)
    show_heat_maps(photo, number)


def show_heat_maps(photo: Photo, number: int) -> None:
    """Show heat maps of the chosen action units and expressions side by side."""
    reading, card = photo.readings[number], analyzer().card
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader("Grad-CAM heat maps", anchor=False, width="stretch")
        with st.popover("Action units", icon=":material/checklist:"):
            chosen = choose_targets(reading, f"{photo.key}-{number}")
        settings = heat_map_views.choose_settings("read")
    method = method_choice.choose_method(METHOD_KEY)
    if not chosen:
        st.caption("Choose at least one action unit or expression.")
        return
    with st.spinner("Computing heat maps…"):
        maps = [heat_map_views.make_view(photo, number, target, method, display_name(target)) for target in chosen]
    tiles = heat_map_views.make_tiles(maps, settings)
    heat_map_views.show_grid(tiles, [view.short_caption for view in maps])
    st.caption(method_choice.describe_method(card, method))
    heat_map_views.show_legend(settings)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.popover("How the methods differ", icon=":material/help:"):
            method_choice.show_differences(card)
        heat_map_views.show_guide_links(chosen)
    questions.show_questions(photo, number, chosen, method)
    heat_map_views.offer_downloads(photo.name, tiles, maps, settings, "read")


def choose_targets(reading: Reading, key: str) -> list[str]:
    """Let the visitor choose action units, emotions and expressions.

    Those that the page's URL names are preselected, otherwise the present action units and the emotion. The URL follows
    the choice, so that it can be shared.
    """
    strongest = au_table.strongest_first(reading) or reading.likeliest_action_units[:1]
    defaults = [*strongest, reading.emotion][:FIRST_MAPS]
    targets = heat_map_views.targets_of(reading)
    linked = [target for target in linked_action_units() if target in targets]
    chosen = st.pills(
        "Action units and expressions",
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
