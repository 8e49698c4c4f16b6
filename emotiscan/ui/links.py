"""Ways from one page to another that keep the visit."""

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent / "app_pages"


def code_link(code: str) -> None:
    """A link to a code in the FACS guide."""
    st.page_link(PAGES / "guide.py", label=code, query_params={"code": code})
