"""The figures of evaluation, fairness and localisation that a checkpoint carries, as a page shows them."""

from emotiscan.ui.figures_of_merit.of_checkpoint import show
from emotiscan.ui.figures_of_merit.of_code import show_code

__all__ = ["show", "show_code"]
