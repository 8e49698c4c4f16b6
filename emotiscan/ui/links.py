"""Links between pages that keep the session, and the action units that a page's URL names."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent / "app_pages"

AU_PARAMETER = "au"
"""Query parameter that names an action unit, e.g. `?au=AU12`."""

OLD_AU_PARAMETER = "code"
"""Its name in links from earlier versions, which keep working."""


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
