"""Helpers of the commands that make reports: progress on the error stream, JSON files, attached reports."""

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotiscan.files import atomic_write_bytes
from emotiscan.reports.record import Record


def log_progress() -> None:
    """Show log messages on the error stream: progress, and images that cannot be read."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


def write_json(report: Record, path: Path) -> Path:
    """Write a report as JSON; missing folders are made. Returns the path.

    Raises:
        OSError: it cannot be written.
    """
    return atomic_write_bytes(path, json.dumps(report.to_dict(), indent=1) + "\n")


def attach(report: Record | Mapping[str, Any], weights: Path, name: str | None) -> None:
    """Store a report in a checkpoint under a name, in the place of an older one; without a name, do nothing.

    Raises:
        CheckpointError: the checkpoint cannot be used.
    """
    from emotiscan.model.checkpoint import attach_report

    if name:
        attach_report(weights, name, report.to_dict() if isinstance(report, Record) else report)
