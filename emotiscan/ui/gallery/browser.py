"""Browse faces on a page: filter and sort them, see them as a gallery or as a scatter plot, and open one."""

from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from emotiscan import facs
from emotiscan.model.config import ModelConfig
from emotiscan.ui.gallery import scatter
from emotiscan.ui.gallery.faces import Face, GalleryFace, describe_target, select, targets_of
from emotiscan.ui.wording import escape_markdown

GALLERY, SCATTER = "Gallery", "Scatter plot"

OPEN_ICON = ":material/open_in_full:"
PLAY_ICON = ":material/play_arrow:"

TILE_WIDTH = 150
"""Minimum width of a face in the gallery, in CSS pixels: two fit side by side on a phone."""


def browse(
    faces: Sequence[Face],
    config: ModelConfig,
    key: str,
    open_face: Callable[[Face], None],
    *,
    given_order: str = "upload order",
    per_page: int = 60,
    icon: str = OPEN_ICON,
) -> None:
    """Show faces, filtered and sorted as the visitor chooses.

    Args:
        faces: to show; at least one.
        config: of the checkpoint that read them.
        key: prefix of the keys of all widgets.
        open_face: called with a face that the visitor clicks, before the page runs anew.
        given_order: name of the order that `faces` are in.
        per_page: number of faces on a page of the gallery.
        icon: of the buttons that open a face.
    """
    found = _choose(faces, config, key, given_order)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        view = st.segmented_control(
            "Show as",
            [GALLERY, SCATTER],
            default=GALLERY,
            required=True,
            key=f"{key}-view",
            label_visibility="collapsed",
        )
        st.caption(f"{len(found)} of {len(faces)} faces")
    if not found:
        st.info("No face matches all filters. Remove one of them.")
    elif view == SCATTER:
        _show_scatter(found, config, key, open_face)
    else:
        _show_pages(found, key, open_face, per_page, icon)


def _choose(faces: Sequence[Face], config: ModelConfig, key: str, given_order: str) -> list[Face]:
    """Show the filters; returns the faces that pass them, sorted."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        emotions = _pills("Emotion", config.emotions, key=f"{key}-emotions")
        order = st.selectbox(
            "Sort by",
            [None, *targets_of(config)],
            format_func=lambda target: given_order if target is None else describe_target(target, config),
            key=f"{key}-order",
            width=240,
        )
    singles = config.single_expressions  # surprise and neutral are emotions, too
    expressions = _pills("Expression", singles, key=f"{key}-expressions") if singles else []
    action_units = _pills("Action units present", facs.in_facs_order(config.action_units), key=f"{key}-aus")
    letters = [letter for letter in facs.INTENSITY_LETTERS.values() if letter]
    weakest = letters[0]
    if config.intensities and action_units:
        weakest = st.segmented_control(
            "Intensity at least", letters, default=weakest, required=True, key=f"{key}-intensity"
        )
    return select(
        faces,
        emotions=emotions,
        expressions=expressions,
        action_units=action_units,
        min_intensity=_lowest(weakest or letters[0]),
        by=order,
    )


def _pills(label: str, options: Sequence[str], key: str) -> list[str]:
    def title(name: str) -> str:
        return name if name in facs.ACTION_UNITS else name.capitalize()

    return st.pills(label, options, selection_mode="multi", format_func=title, wrap=True, key=key)


def _lowest(letter: str) -> float:
    """The lowest intensity that has a letter."""
    return next(value for value, known in facs.INTENSITY_LETTERS.items() if known == letter) - 0.5


def _show_pages(faces: Sequence[Face], key: str, open_face: Callable[[Face], None], per_page: int, icon: str) -> None:
    pages = max(1, -(-len(faces) // per_page))
    page = st.number_input("Page", 1, pages, key=f"{key}-page", width=160) if pages > 1 else 1
    show_tiles(faces[(page - 1) * per_page : page * per_page], f"{key}-open", open_face, icon=icon)


def show_tiles(
    faces: Iterable[Face],
    key: str,
    open_face: Callable[[Face], None],
    heading: Callable[[Face], str] | None = None,
    icon: str = OPEN_ICON,
) -> None:
    """Show faces side by side, each with its emotion, its action units, and a button that opens it.

    Args:
        faces: to show.
        key: prefix of the buttons' keys.
        open_face: as in `browse`.
        heading: returns what to say of a face, as Markdown, in place of its emotion and action units.
        icon: of the buttons.
    """
    with st.grid(min_column_width=TILE_WIDTH, gap="medium"):
        for face in faces:
            with st.container(gap="xsmall"):
                if face.picture is not None:
                    st.image(face.picture_url, width="stretch", alt=f"{face.name}: {_alt(face)}")
                st.markdown(heading(face) if heading else _heading(face))
                st.button(
                    escape_markdown(face.name),
                    type="tertiary",
                    icon=icon,
                    key=f"{key}-{face.key}",
                    on_click=open_face,
                    args=(face,),
                )


def _alt(face: GalleryFace) -> str:
    return f"{face.title}; {face.movements or 'no action units'}"


def _heading(face: GalleryFace) -> str:
    note = f"  \n:small[{face.note}]" if face.note else ""
    return f"**{face.title}**  \n:small[{face.movements or 'no action units'}]{note}"


def _show_scatter(faces: Sequence[Face], config: ModelConfig, key: str, open_face: Callable[[Face], None]) -> None:
    targets = targets_of(config)
    first_x, first_y = scatter.first_axes(config)
    with st.container(horizontal=True, gap="medium"):
        x, y = (
            st.selectbox(
                label,
                targets,
                index=targets.index(first),
                format_func=lambda target: describe_target(target, config),
                key=f"{key}-{axis}",
                width=240,
            )
            for label, axis, first in (("Across", "x", first_x), ("Upward", "y", first_y))
        )
    groups = scatter.groups_of(faces, x, y, config)
    # A chart that is selected in keeps its selection: the next click on the same face would only undo it.
    count = st.session_state.get(f"{key}-opened", 0)
    chart = f"{key}-scatter-{count}"

    def opened() -> None:
        for point in st.session_state[chart].selection.points:
            face = scatter.face_at(groups, point)
            if face is not None:
                st.session_state[f"{key}-opened"] = count + 1
                open_face(face)
                return

    st.plotly_chart(
        scatter.scatter(groups, x, y, config),
        config={"displayModeBar": False},
        alt=scatter.describe(groups, x, y, config),
        key=chart,
        on_select=opened,
        selection_mode="points",
    )
    hidden = len(faces) - sum(map(len, groups))
    left_out = f" {hidden} more cannot be plotted: one of the two is not visible." if hidden else ""
    st.caption(
        "Each point is a face. Click one to open it; the gallery opens the same faces by keyboard. Faces that would "
        f"cover each other are moved apart a little.{left_out}"
    )
