"""The last line of every page: the version and the checkpoint in use."""

import os
from functools import lru_cache
from pathlib import Path

import streamlit as st

import emotiscan
from emotiscan.model.checkpoint import CheckpointError, fingerprint_of
from emotiscan.ui.session import weights_path

NO_CHECKPOINT = "no usable checkpoint"


def show() -> None:
    """Show the line."""
    with st.container(horizontal_alignment="center"):
        st.space("small")
        st.caption(f"EmotiScan {emotiscan.__version__} · {describe_checkpoint()}", width="content")


def describe_checkpoint() -> str:
    """Return e.g. “checkpoint 0123456789ab”, or `NO_CHECKPOINT` if the file cannot be used."""
    path = weights_path()
    try:
        return f"checkpoint {_fingerprint(path, os.stat(path).st_mtime_ns)}"
    except (CheckpointError, OSError, ValueError):
        return NO_CHECKPOINT


@lru_cache(maxsize=4)
def _fingerprint(path: Path, _changed: int) -> str:
    return fingerprint_of(path)
