"""The figures of evaluation, fairness and localisation that a checkpoint carries, as a page shows them."""

from emotiscan.ui.figures_of_merit.of_checkpoint import show
from emotiscan.ui.figures_of_merit.of_code import hidden_codes, show_code

__all__ = ["hidden_codes", "show", "show_code"]
