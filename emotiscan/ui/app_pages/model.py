"""The Model page: what the model is, what it learned from, and how good its predictions are by its own reports."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.model.checkpoint import Card
from emotiscan.ui import components, metrics

LICENSE = """
The code is released under the MIT license. The shipped weights were trained on FER+ (labels by Microsoft Research for
images of FER2013), on LFW and on faces rendered by this project. The action units of the FER+ and LFW photos were
AI-annotated by a vision-language model, not by certified FACS coders. The images keep their own terms, and none of them
is part of this project. The model card in `weights/README.md` lists sources, steps, metrics and limits, with the
commands that produced them.
"""


def show_training(card: Card) -> None:
    """Show what the checkpoint says about its training data."""
    st.subheader("Training data", anchor=False)
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
            "Images per split in the last training run. The validation split chose the weights and the thresholds; "
            "nothing was learned from it or from the test split. Earlier runs may have split the images differently."
        )
    else:
        st.info("This checkpoint does not say what it was trained on.")
    st.markdown(LICENSE)


def main() -> None:
    """Show the page."""
    st.title("Model", anchor=False)
    st.markdown(
        "How good the predictions are, on which faces, and where they are weak. All numbers come from the checkpoint "
        "itself; another checkpoint, chosen with the environment variable `EMOTISCAN_WEIGHTS`, shows its own. "
        "“AI-annotated” marks numbers that compare the model with labels from a vision-language model."
    )
    analyzer = components.loaded_analyzer()
    if analyzer is None:
        return
    metrics.show(analyzer.card)
    show_training(analyzer.card)


main()
