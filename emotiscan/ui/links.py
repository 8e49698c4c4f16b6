"""Ways from one page to another that keep the visit."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent / "app_pages"


def au_link(au: str) -> None:
    """A link to an action unit in the FACS guide."""
    st.page_link(PAGES / "guide.py", label=au, query_params={"code": au})
