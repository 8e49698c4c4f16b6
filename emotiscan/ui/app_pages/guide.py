"""The FACS guide: each code, what to look for, and how well the model reads it."""

import streamlit as st

from emotiscan import facs
from emotiscan.ui import components, figures_of_merit
from emotiscan.ui.links import code_link
from emotiscan.ui.samples import code_pictures

INTRODUCTION = (
    "The Facial Action Coding System names what the muscles of a face do, one number for each movement, and leaves "
    "open what it means. EmotiScan reads fifteen of them. The face below is drawn by a computer; nobody sat for it."
)


def choose_code() -> str:
    """The code that the guide is open at; the address says which."""
    st.session_state.setdefault("code", facs.CODES[0])
    code = st.pills("Code", facs.CODES, key="code", required=True, wrap=True, bind="query-params")
    return code or facs.CODES[0]


def show_code(code: str) -> None:
    """One code: how it looks, what makes it, what it is mistaken for."""
    unit = facs.ACTION_UNITS[code]
    left, right = st.columns([2, 3], gap="large")
    with left:
        show_pictures(code)
    with right:
        st.subheader(f"{code} {unit.name}", anchor=False)
        st.markdown(unit.looks)
        st.markdown(f"**Where:** {' and '.join(unit.regions)}  \n**Muscle:** {unit.muscles}")
        if unit.confused:
            st.markdown("**Often mistaken for**")
            for other, difference in unit.confused.items():
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    code_link(other)
                    st.markdown(difference)
    show_figures(code)


def show_pictures(code: str) -> None:
    """The drawn face, from calm to as strong as the code gets."""
    pictures = code_pictures(code)
    if not pictures:
        st.caption("There is no drawn picture of this code.")
        return
    steps = [round(100 * place / (len(pictures) - 1)) for place in range(len(pictures))]
    place = st.container()
    step = st.select_slider("How strong", steps, value=steps[-1], format_func=lambda step: f"{step} %", key="strength")
    unit = facs.ACTION_UNITS[code]
    place.image(
        pictures[steps.index(step)], width="stretch", alt=f"A drawn face with {code} {unit.name} at {step} % strength"
    )


def show_figures(code: str) -> None:
    """How well the model in use reads the code."""
    st.subheader("How well this model reads it", anchor=False)
    analyzer = components.loaded_analyzer(needed=False)
    if analyzer is None:
        return
    if code in analyzer.card.config.codes:
        figures_of_merit.show_code(analyzer.card, code)
    else:
        st.info(f"The model in use does not read {code}.")


def show_all() -> None:
    """All codes at a glance, by part of the face."""
    st.subheader("All codes", anchor=False)
    for part in facs.PARTS:
        codes = [code for code, unit in facs.ACTION_UNITS.items() if unit.part == part]
        st.markdown(f"**{part.capitalize()}**")
        with st.grid(min_column_width=130, gap="small"):
            for code in codes:
                with st.container():
                    pictures = code_pictures(code)
                    if pictures:
                        st.image(pictures[-1], width="stretch", alt=f"A drawn face with {code}")
                    code_link(code)
                    st.caption(facs.ACTION_UNITS[code].name)


def main() -> None:
    """The page."""
    st.title("FACS guide", anchor=False)
    st.markdown(INTRODUCTION)
    show_code(choose_code())
    show_all()


main()
