"""The FACS guide: each action unit, what to look for, and how well the model detects it."""

import streamlit as st

from emotiscan import facs
from emotiscan.ui import components, metrics
from emotiscan.ui.downloads import Download, show_button
from emotiscan.ui.links import AU_PARAMETER, OLD_AU_PARAMETER, au_link, linked_action_units, try_link
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import POSTER, au_pictures

INTRODUCTION = (
    "The Facial Action Coding System (FACS) describes what the muscles of a face do. Each visible movement is an "
    f"action unit with a number; what it means is left open. EmotiScan knows {len(facs.AU_NAMES)} of them. The face "
    "below is synthetic."
)
INTENSITIES = "FACS scores the intensity from A to E: A trace, B slight, C marked, D severe, E maximum."
SIDE_WIDTH = 132  # of a small picture, in CSS pixels: two fit side by side on a phone


def choose_au() -> str:
    """Let the visitor choose an action unit; the URL holds the choice, so that it can be shared."""
    if AU_PARAMETER not in st.session_state:
        linked = [au for au in linked_action_units() if au in facs.AU_NAMES]
        st.session_state[AU_PARAMETER] = (linked or facs.AU_NAMES)[0]
    st.query_params.pop(OLD_AU_PARAMETER, None)
    choices = facs.in_facs_order(facs.AU_NAMES)
    au = st.pills("Action unit", choices, key=AU_PARAMETER, required=True, wrap=True, bind="query-params")
    return au or choices[0]


def show_au(au: str) -> None:
    """Show one action unit: how it looks, which muscles make it, and what it is confused with."""
    unit = facs.ACTION_UNITS[au]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header(f"{au} {unit.name}", anchor=False, width="content")
        try_link(au)
    st.markdown(f"{unit.appearance}  \n**Region:** {', '.join(unit.regions)} · **Muscle:** {unit.muscles}")
    show_intensities(au)
    if unit.confused_with:
        show_confusions(au)
    show_metrics(au)


def show_intensities(au: str) -> None:
    """Show the synthetic face at rest and at rising intensities, and with the action unit on one side only."""
    pictures = au_pictures(au)
    if not pictures:
        st.caption("There is no picture of this action unit.")
        return
    name = f"{au} {facs.ACTION_UNITS[au].name}"
    with st.grid(min_column_width=SIDE_WIDTH, gap="small"):
        for place, picture in enumerate(pictures):
            letter = facs.intensity_letter(facs.MAX_INTENSITY * place / (len(pictures) - 1))
            title = f"Intensity {letter}" if letter else "At rest"
            show_picture(picture, f"A synthetic face with {name}, {title}", caption=title)
        for picture in au_pictures(f"{au}_left"):
            title = "Person’s left side only"
            show_picture(picture, f"A synthetic face with {name}, {title}", caption=title)
    sides = " It scores each side of the face on its own." if au in facs.SIDED_AUS else ""
    st.caption(INTENSITIES + sides)


def show_confusions(au: str) -> None:
    """Show the action unit beside each of those that it is often mistaken for, with how to tell them apart."""
    st.subheader("Often confused with", anchor=False)
    with st.grid(min_column_width=2 * SIDE_WIDTH + 60, gap="medium"):
        for other, difference in facs.ACTION_UNITS[au].confused_with.items():
            with st.container(border=True, gap="xsmall"):
                with st.grid(2, min_column_width=100, gap="small"):
                    for shown in (au, other):
                        with st.container(gap="xxsmall"):
                            pictures = au_pictures(shown)
                            if pictures:
                                show_picture(pictures[-1], f"A synthetic face with {shown}")
                            au_link(shown)
                st.markdown(difference)


def show_metrics(au: str) -> None:
    """Show how well the model in use detects the action unit."""
    st.subheader("How well the model detects it", anchor=False)
    analyzer = components.loaded_analyzer(needed=False)
    if analyzer is None:
        return
    if au in analyzer.card.config.action_units:
        metrics.show_au(analyzer.card, au)
    else:
        st.info(f"The model in use does not read {au}.")


def show_all() -> None:
    """Show all action units at a glance, by part of the face, and offer them as a poster."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader("All action units", anchor=False, width="content")
        if POSTER.is_file():
            name, icon = "emotiscan-action-units.pdf", ":material/print:"
            poster = Download("Poster (PDF, one page)", name, "application/pdf", POSTER.read_bytes, icon)
            show_button(poster, "guide-poster")
    for part in facs.PARTS:
        action_units = [au for au in facs.in_facs_order(facs.AU_NAMES) if facs.ACTION_UNITS[au].part == part]
        st.markdown(f"**{part.capitalize()}**")
        with st.grid(min_column_width=130, gap="small"):
            for au in action_units:
                with st.container():
                    pictures = au_pictures(au)
                    if pictures:
                        show_picture(pictures[-1], f"A synthetic face with {au}")
                    au_link(au)
                    st.caption(facs.ACTION_UNITS[au].name)


def main() -> None:
    """Show the page."""
    st.title("FACS guide", anchor=False)
    st.markdown(INTRODUCTION)
    show_au(choose_au())
    show_all()


main()
