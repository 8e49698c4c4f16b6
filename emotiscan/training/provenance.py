"""What a run was made with: software, machine, action unit and data."""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from emotiscan.datasets.table import LabelTable

PACKAGES = ("torch", "torchvision", "lightning", "numpy", "pillow", "facenet-pytorch", "scipy")
"""Packages whose version can change a run's numbers."""

FILE = "environment.json"
"""Of a run folder."""


def environment(table: LabelTable) -> dict:
    """Versions, machine, commit and the data's fingerprint, for `json.dumps`; no name of a person or path."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "commit": commit(),
        "data": fingerprint(table),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def fingerprint(table: LabelTable) -> str:
    """16 hex digits that change with any label, name, split or order of a table, but not with the pictures' bytes."""
    frame = table.frame.drop(columns="root")  # where it lies is no part of it
    return hashlib.sha256(frame.to_csv(index=False, float_format="%.6g").encode()).hexdigest()[:16]


def commit() -> str:
    """Commit of the working tree, with a mark where it has changes; "" outside a git checkout."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
