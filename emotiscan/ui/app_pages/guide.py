"""The FACS guide: each action unit, what to look for, and how well the model reads it."""

import streamlit as st

from emotiscan import facs
from emotiscan.ui import components, metrics
from emotiscan.ui.links import au_link
from emotiscan.ui.samples import au_pictures

INTRODUCTION = (
    "The Facial Action Coding System names what the muscles of a face do, one number for each movement, and leaves "
    "open what it means. EmotiScan reads fifteen of them. The face below is drawn by a computer; nobody sat for it."
)


def choose_au() -> str:
    """The action unit that the guide is open at; the address says which."""
    st.session_state.setdefault("code", facs.AU_NAMES[0])
    au = st.pills("Code", facs.AU_NAMES, key="code", required=True, wrap=True, bind="query-params")
    return au or facs.AU_NAMES[0]


def show_au(au: str) -> None:
    """One action unit: how it looks, what makes it, what it is mistaken for."""
    unit = facs.ACTION_UNITS[au]
    left, right = st.columns([2, 3], gap="large")
    with left:
        show_pictures(au)
    with right:
        st.subheader(f"{au} {unit.name}", anchor=False)
        st.markdown(unit.appearance)
        st.markdown(f"**Where:** {' and '.join(unit.regions)}  \n**Muscle:** {unit.muscles}")
        if unit.confused_with:
            st.markdown("**Often mistaken for**")
            for other, difference in unit.confused_with.items():
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    au_link(other)
                    st.markdown(difference)
    show_figures(au)


def show_pictures(au: str) -> None:
    """The rendered face, from calm to as strong as the action unit gets."""
    pictures = au_pictures(au)
    if not pictures:
        st.caption("There is no rendered picture of this action unit.")
        return
    steps = [round(100 * place / (len(pictures) - 1)) for place in range(len(pictures))]
    place = st.container()
    step = st.select_slider("How strong", steps, value=steps[-1], format_func=lambda step: f"{step} %", key="strength")
    unit = facs.ACTION_UNITS[au]
    place.image(
        pictures[steps.index(step)], width="stretch", alt=f"A rendered face with {au} {unit.name} at {step} % strength"
    )


def show_figures(au: str) -> None:
    """How well the model in use reads the action unit."""
    st.subheader("How well this model reads it", anchor=False)
    analyzer = components.loaded_analyzer(needed=False)
    if analyzer is None:
        return
    if au in analyzer.card.config.action_units:
        metrics.show_au(analyzer.card, au)
    else:
        st.info(f"The model in use does not read {au}.")


def show_all() -> None:
    """All action units at a glance, by part of the face."""
    st.subheader("All action units", anchor=False)
    for part in facs.PARTS:
        action_units = [au for au, unit in facs.ACTION_UNITS.items() if unit.part == part]
        st.markdown(f"**{part.capitalize()}**")
        with st.grid(min_column_width=130, gap="small"):
            for au in action_units:
                with st.container():
                    pictures = au_pictures(au)
                    if pictures:
                        st.image(pictures[-1], width="stretch", alt=f"A rendered face with {au}")
                    au_link(au)
                    st.caption(facs.ACTION_UNITS[au].name)


def main() -> None:
    """The page."""
    st.title("FACS guide", anchor=False)
    st.markdown(INTRODUCTION)
    show_au(choose_au())
    show_all()


main()
