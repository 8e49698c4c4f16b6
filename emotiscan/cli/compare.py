"""`emotiscan compare`: compare training runs."""

import argparse
from pathlib import Path

from emotiscan.cli.main import OK

DESCRIPTION = "Compare training runs: what each reached, and the settings in which they differ."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan compare`."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run or of a cross-validation")
    parser.add_argument(
        "--on",
        default="validation",
        metavar="SPLIT",
        help="split whose report is compared: validation or test (default: validation)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison.

    Raises:
        SettingsError: a folder holds no run.
    """
    import pandas as pd

    from emotiscan.training.run_comparison import compare_metrics, compare_settings

    metrics, settings = compare_metrics(arguments.runs, arguments.on), compare_settings(arguments.runs)
    with pd.option_context("display.width", None, "display.max_columns", None, "display.max_colwidth", None):
        if metrics.empty:
            print("no report is there yet")
        else:
            print(f"on {arguments.on}:\n{metrics.T.fillna('–').to_string()}")
        if settings.empty:
            print("\nall settings are the same")
        else:
            print(f"\nsettings that differ:\n{settings.T.to_string()}")
    return OK
