"""Provenance of a run: software, machine, code and data."""

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

ENVIRONMENT_FILE = "environment.json"
"""File of a run folder that holds the environment."""


def environment(table: LabelTable) -> dict:
    """Describe versions, machine, commit and data, for `json.dumps`; without any path or name of a person."""
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
    """16 hex digits that change with any label, name, split or order of a table, but not with the images' bytes."""
    frame = table.frame.drop(columns="root")  # the same data may lie anywhere
    return hashlib.sha256(frame.to_csv(index=False, float_format="%.6g").encode()).hexdigest()[:16]


def commit() -> str:
    """Commit of the working tree, ending in "-dirty" if it has changes; "" outside a git checkout."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
