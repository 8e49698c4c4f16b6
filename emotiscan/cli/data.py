"""`emotiscan data`: report on a data set before training on it."""

import argparse
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import add_data

DESCRIPTION = """\
Report on a data set before training on it: counts of emotions and action units, which action units go together, images
per subject, what is missing, and rows that look like mistakes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data(parser, several=True)
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write dataset.json and plots to this folder")


def run(arguments: argparse.Namespace) -> int:
    """Print the report, and write what was asked for.

    Raises:
        TableError: a data set cannot be loaded.
        OSError: a file cannot be written.
    """
    from emotiscan.datasets.loaders import load_source
    from emotiscan.datasets.source_files import expand_sources
    from emotiscan.datasets.table import join_tables
    from emotiscan.evaluation.dataset_report import dataset_report
    from emotiscan.evaluation.text import dataset_text

    table = join_tables([load_source(source) for source in expand_sources(arguments.data)])
    report = dataset_report(table)
    print(dataset_text(report))
    if arguments.out:
        from emotiscan.cli.reports import write_json
        from emotiscan.evaluation.plots.dataset import au_pairs, label_distribution  # matplotlib, not needed otherwise

        write_json(report, arguments.out / "dataset.json")
        label_distribution(table, arguments.out / "label_distribution.png")
        au_pairs(report, arguments.out / "au_pairs.png")
    return OK
