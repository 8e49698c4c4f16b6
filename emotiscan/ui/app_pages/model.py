"""The model in use: what it is, what it learnt from, and how good its readings are, by its own reports."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui import components, metrics

LICENSE = """
The action unit is under the MIT license. The shipped weights were trained on FER+ (labels by Microsoft Research on pictures of
FER2013), on LFW and on faces drawn by this project; the pictures keep their own terms, and none of them is in this
project. `weights/README.md` has the whole model card: sources, steps, figures and limits, with the commands that make
them.
"""


def show_training(card: Card) -> None:
    """What the checkpoint says it learnt from."""
    st.subheader("What it learnt from", anchor=False)
    data = card.training.get("data")
    if isinstance(data, Mapping) and data:
        rows = [
            {"Data set": name} | {split.capitalize(): count for split, count in counts.items()}
            for name, counts in data.items()
            if isinstance(counts, Mapping)
        ]
        table = pd.DataFrame(rows).convert_dtypes().astype("string").fillna("–")
        st.table(table, border="horizontal", hide_index=True)
        st.caption(
            "Pictures of each part in the last training run, in which validation chose weights and thresholds, and "
            "nothing was learnt from it or from test. A run before it may have divided the pictures otherwise."
        )
    else:
        st.info("This checkpoint does not say what it learnt from.")
    st.markdown(LICENSE)


def main() -> None:
    """The page."""
    st.title("Model", anchor=False)
    st.markdown(
        "How good the readings are, on which faces, and where they are weak. All figures below come from the "
        "checkpoint itself; another one, opened with `EMOTISCAN_WEIGHTS`, shows its own."
    )
    analyzer = components.loaded_analyzer()
    if analyzer is None:
        return
    metrics.show(analyzer.card)
    show_training(analyzer.card)


main()
