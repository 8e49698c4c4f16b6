"""Run the app in a process of its own, for tests, benchmarks and screenshots that drive it in a browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
"""Flags that a headless Chromium needs in a container."""


@dataclass(frozen=True)
class RunningApp:
    """A running app.

    Attributes:
        address: its URL, without a trailing slash.
        process: its process ID.
    """

    address: str
    process: int


def chromium_path() -> str | None:
    """Return the browser named by EMOTISCAN_CHROMIUM, otherwise Debian's or Google's; None if there is none."""
    return os.environ.get("EMOTISCAN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def running_app(
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    begin: Callable[[], object] | None = None,
) -> Iterator[RunningApp]:
    """Start the app on a free port of this machine, and stop it at the end.

    Args:
        log: file for everything that it prints; None discards it.
        environment: variables in addition to this process's own.
        begin: called in its process before anything else.

    Raises:
        TimeoutError: it did not answer within a minute.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    with (log or Path(os.devnull)).open("wb") as printed:
        variables = os.environ | dict(environment or {})
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=printed, stderr=subprocess.STDOUT, preexec_fn=begin
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield RunningApp(address, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("the app did not start within a minute")
