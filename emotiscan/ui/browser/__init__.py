"""What runs in the browser: how a component loads its files, and files that several components share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_SHARED = Path(__file__).parent


def component(module_file: str, *shared: str) -> Callable[..., Any]:
    """Declare a component whose folder holds its HTML, CSS and JavaScript.

    Args:
        module_file: `__file__` of the component's package. The component is named like its folder, and so are its HTML
            and CSS files; all JavaScript files of the folder belong to it.
        shared: names of files of this folder that come first.
    """
    folder = Path(module_file).parent
    files = [*(_SHARED / name for name in shared), *sorted(folder.glob("*.*"))]
    contents = {
        suffix: "\n".join(file.read_text(encoding="utf-8") for file in files if file.suffix == suffix)
        for suffix in (".html", ".css", ".js")
    }
    return st.components.v2.component(
        f"emotiscan_{folder.name}", html=contents[".html"], css=contents[".css"], js=contents[".js"]
    )
