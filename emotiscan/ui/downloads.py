"""Files that are made when they are asked for, and stay until they have been fetched.

Streamlit deletes such a file when, after its making, pages of any visitors have run twice. The page of a live camera
runs many times a second: over a slow connection, the file would be gone before a browser fetches it. So the visit that
asked for a file holds on to it until its page runs anew.
"""

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx


class Download(NamedTuple):
    """A file to offer: its label and icon on the page, its name and type, and what makes it."""

    label: str
    file_name: str
    mime: str
    make: Callable[[], str | bytes]
    icon: str = ":material/download:"


def show_buttons(files: Iterable[Download], key: str) -> None:
    """Show a download button for each file.

    Args:
        files: made when they are asked for.
        key: prefix of the buttons' keys.
    """
    for file in files:
        show_button(file, f"{key}-{file.file_name}")


def show_button(file: Download, key: str) -> None:
    """Show a download button.

    Args:
        file: made when it is asked for.
        key: of the button.
    """
    st.download_button(
        file.label,
        held(file.make, file.file_name, file.mime),
        file.file_name,
        file.mime,
        icon=file.icon,
        on_click="ignore",  # a rerun could remove the file before it is fetched
        key=key,
    )


def held(make: Callable[[], str | bytes], file_name: str, mime: str) -> Callable[[], bytes]:
    """Return a function for `st.download_button` that makes a file which this visit holds on to.

    Args:
        make: makes the file.
        file_name: as given to the button.
        mime: as given to the button.
    """
    context = get_script_run_ctx()

    def make_and_hold() -> bytes:
        made = make()
        data = made.encode() if isinstance(made, str) else made
        if context is not None and runtime.exists():
            files = runtime.get_instance().media_file_mgr
            # The file belongs to the visit whose context the thread has. This thread has none, and others use it, too.
            thread = threading.Thread(
                target=files.add,
                args=(data, mime, f"held-{file_name}", file_name),
                kwargs={"is_for_static_download": True},
            )
            add_script_run_ctx(thread, context)
            thread.start()
            thread.join()
        return data

    return make_and_hold
