"""Links between pages that keep the session, and what a page's URL says: action units, method, photos."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent / "app_pages"

AU_PARAMETER = "au"
"""Query parameter that names an action unit, e.g. `?au=AU12`."""

OLD_AU_PARAMETER = "code"
"""Its name in links from earlier versions, which keep working."""

METHOD_PARAMETER = "method"
"""Query parameter that names a heat map method by its key in `explain.METHODS`, e.g. `?method=gradcam`."""

GOAL_PARAMETER = "goal"
"""Query parameter of the Live page that names the action unit to try."""


def au_link(au: str) -> None:
    """Show a link to an action unit in the FACS guide."""
    st.page_link(PAGES / "guide.py", label=au, query_params={AU_PARAMETER: au})


def linked_action_units() -> list[str]:
    """Return the targets that the page's URL names, in `AU_PARAMETER` or, without it, in `OLD_AU_PARAMETER`."""
    return st.query_params.get_all(AU_PARAMETER) or st.query_params.get_all(OLD_AU_PARAMETER)


def link_action_units(targets: list[str]) -> None:
    """Put these targets into the page's URL; an empty list removes the parameter."""
    st.query_params.pop(OLD_AU_PARAMETER, None)
    if targets:
        st.query_params[AU_PARAMETER] = targets
    else:
        st.query_params.pop(AU_PARAMETER, None)


def linked_method() -> str:
    """Return the heat map method that the page's URL names; the default one if it names none or an unknown one."""
    from emotiscan.explain import DEFAULT_METHOD, METHODS  # imports torch, which the app's first second does not need

    method = st.query_params.get(METHOD_PARAMETER, DEFAULT_METHOD)
    return method if method in METHODS else DEFAULT_METHOD


def link_method(method: str) -> None:
    """Put this method into the page's URL; the default one needs no parameter."""
    from emotiscan.explain import DEFAULT_METHOD

    set_parameters({METHOD_PARAMETER: None if method == DEFAULT_METHOD else method})


def set_parameters(values: Mapping[str, str | list[str] | None]) -> None:
    """Set parameters of the page's URL, and remove those whose value is None or empty."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def try_link(au: str) -> None:
    """Show a link to the Live page, with this action unit as the movement to try."""
    label = f"Try {au} with your camera"
    st.page_link(PAGES / "live.py", label=label, icon=":material/videocam:", query_params={GOAL_PARAMETER: au})
