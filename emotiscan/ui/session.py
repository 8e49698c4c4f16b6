"""What outlives one run of a page: the shared analyzer, and one visitor's own analysis.

The analyzer holds no photograph and is shared by all visitors. A photograph, its analysis and its
heat maps live in the visitor's own session only, and only the last one: the next photo replaces it.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from emotiscan.analysis import Analysis, Analyzer, Reading
from emotiscan.checkpoint import DEFAULT_WEIGHTS
from emotiscan.explain import HeatMap, heat_maps

WEIGHTS_VARIABLE = "EMOTISCAN_WEIGHTS"
"""Environment variable that names another checkpoint than the shipped one."""


def analyzer() -> Analyzer:
    """The analyzer of this process, loaded once.

    Raises:
        CheckpointError: the checkpoint cannot be used.
    """
    return _load(os.environ.get(WEIGHTS_VARIABLE) or str(DEFAULT_WEIGHTS))


@st.cache_resource(max_entries=1, show_spinner="Loading the model…")
def _load(weights: str) -> Analyzer:
    return Analyzer(Path(weights))


def analysis_of(data: bytes) -> Analysis:
    """The analysis of a picture file, made when it is first asked for in this session.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    key = hashlib.sha256(data).hexdigest()
    if st.session_state.get("analysis_key") != key:
        analysis = analyzer().analyze(data)
        st.session_state.update(analysis_key=key, analysis=analysis, heat_maps={})
    return st.session_state["analysis"]


def heat_maps_of(reading: Reading, number: int, targets: Sequence[str]) -> dict[str, HeatMap]:
    """Heat maps of one face of the session's analysis; those made before are not made again.

    Args:
        number: the face's place among the analysis's readings.
    """
    kept: dict[str, HeatMap] = st.session_state["heat_maps"].setdefault(number, {})
    missing = [target for target in targets if target not in kept]
    kept |= heat_maps(analyzer().model, reading.feature_map, missing)
    return {target: kept[target] for target in targets}
