"""The FACS guide: each action unit, what to look for, and how well the model detects it."""

import streamlit as st

from emotiscan import facs
from emotiscan.ui import components, metrics
from emotiscan.ui.links import AU_PARAMETER, OLD_AU_PARAMETER, au_link, linked_action_units
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import au_pictures

INTRODUCTION = (
    "The Facial Action Coding System (FACS) describes what the muscles of a face do. Each visible movement is an "
    f"action unit with a number; what it means is left open. EmotiScan knows {len(facs.AU_NAMES)} of them. The face "
    "below is synthetic."
)


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
    left, right = st.columns([2, 3], gap="large")
    with left:
        show_pictures(au)
    with right:
        st.subheader(f"{au} {unit.name}", anchor=False)
        st.markdown(unit.appearance)
        st.markdown(f"**Region:** {', '.join(unit.regions)}  \n**Muscle:** {unit.muscles}")
        if unit.confused_with:
            st.markdown("**Often confused with**")
            for other, difference in unit.confused_with.items():
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    au_link(other)
                    st.markdown(difference)
    show_metrics(au)


def show_pictures(au: str) -> None:
    """Show a synthetic face with the action unit at the intensity that the visitor chooses."""
    pictures = au_pictures(au)
    if not pictures:
        st.caption("There is no picture of this action unit.")
        return
    steps = [round(100 * place / (len(pictures) - 1)) for place in range(len(pictures))]
    place = st.container()
    step = st.select_slider("Intensity", steps, value=steps[-1], format_func=lambda step: f"{step}%", key="intensity")
    unit = facs.ACTION_UNITS[au]
    alt = f"A synthetic face with {au} {unit.name} at {step}% intensity"
    show_picture(pictures[steps.index(step)], alt, place=place)
    one_sided = au_pictures(f"{au}_left")
    if one_sided:
        st.caption("FACS scores it on each side. On the person's left half alone:")
        show_picture(one_sided[-1], f"A synthetic face with {au} {unit.name} on the person's left half alone")


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
    """Show all action units at a glance, by part of the face."""
    st.subheader("All action units", anchor=False)
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
