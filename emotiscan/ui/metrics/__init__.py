"""The evaluation, fairness and localization reports of a checkpoint, as the pages show them."""

from emotiscan.ui.metrics.au_metrics import masked_action_units, show_au
from emotiscan.ui.metrics.checkpoint_metrics import show
from emotiscan.ui.metrics.report_kinds import report_of

__all__ = ["masked_action_units", "report_of", "show", "show_au"]
