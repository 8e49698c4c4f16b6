"""The evaluation, fairness and localization reports of a checkpoint, as the pages show them."""

from emotiscan.ui.metrics.au_metrics import masked_action_units, show_au
from emotiscan.ui.metrics.checkpoint_metrics import show

__all__ = ["masked_action_units", "show", "show_au"]
