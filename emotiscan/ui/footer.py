"""The line at the foot of every page: which version is running, and which checkpoint it reads with."""

import os
from functools import lru_cache
from pathlib import Path

import streamlit as st

import emotiscan
from emotiscan.model.checkpoint import CheckpointError, fingerprint_of
from emotiscan.ui.session import weights_path

NO_CHECKPOINT = "no usable checkpoint"


def show() -> None:
    """Draw it."""
    with st.container(horizontal_alignment="center"):
        st.space("small")
        st.caption(f"EmotiScan {emotiscan.__version__} · {checkpoint_in_words()}", width="content")


def checkpoint_in_words() -> str:
    """E.g. “checkpoint 0123456789ab”; of a file that cannot be used, that there is none."""
    path = weights_path()
    try:
        return f"checkpoint {_fingerprint(path, os.stat(path).st_mtime_ns)}"
    except (CheckpointError, OSError, ValueError):
        return NO_CHECKPOINT


@lru_cache(maxsize=4)
def _fingerprint(path: Path, _changed: int) -> str:
    return fingerprint_of(path)
