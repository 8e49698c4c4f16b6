"""`emotiscan app`: start the web app."""

import argparse
import importlib.util
import json
import os
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import emotiscan
from emotiscan.cli.main import OK
from emotiscan.cli.options import UsageError, whole_number

PACKAGE = Path(emotiscan.__file__).resolve().parent

DESCRIPTION = "Start the web app, and open it in the browser. Photos stay on the computer that runs it."

EPILOG = """\
Options after -- are passed to Streamlit, e.g. `emotiscan app -- --server.headless true`.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan app`."""
    parser.add_argument(
        "--port", type=whole_number(1, 65535), metavar="N", help="port to serve on (default: Streamlit's, 8501)"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="checkpoint to use (default: $EMOTISCAN_WEIGHTS or the shipped one)",
    )
    parser.add_argument("streamlit", nargs="*", metavar="-- OPTION", help="options of `streamlit run`")


def run(arguments: argparse.Namespace) -> int:
    """Run the app until it is stopped; Streamlit ends this process.

    Raises:
        UsageError: Streamlit is not installed.
    """
    # The app starts without a checkpoint, too; its pages say what is missing.
    if arguments.weights:
        os.environ["EMOTISCAN_WEIGHTS"] = str(arguments.weights.absolute())
    if importlib.util.find_spec("streamlit") is None:
        raise UsageError("the app needs Streamlit: pip install streamlit")
    sys.argv = ["streamlit", *streamlit_arguments(arguments.port, arguments.streamlit)]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)  # as `python -m streamlit`
    return OK


def streamlit_arguments(port: int | None, extra: Sequence[str]) -> list[str]:
    """Arguments of the command `streamlit` that start the app.

    Streamlit looks for its configuration in the working folder and beside the script. The app must look and behave the
    same from any folder, so its settings are passed as options; a setting's environment variable takes precedence.

    Args:
        port: to serve on, or None for Streamlit's choice.
        extra: further options of Streamlit, which override the app's own.
    """
    settings = tomllib.loads(_config_file().read_text(encoding="utf-8"))
    options = [f"--{name}={value}" for name, value in _flat(settings) if environment_variable(name) not in os.environ]
    options += [f"--server.port={port}"] if port else []
    return ["run", str(PACKAGE / "ui" / "app.py"), *options, *extra]


def _config_file() -> Path:
    """The app's Streamlit configuration: in a wheel inside the package, in a checkout beside it."""
    inside = PACKAGE / "_resources" / "streamlit" / "config.toml"
    return inside if inside.is_file() else PACKAGE.parent / ".streamlit" / "config.toml"


def environment_variable(setting: str) -> str:
    """The environment variable of a Streamlit setting: STREAMLIT_SERVER_MAX_UPLOAD_SIZE of server.maxUploadSize."""
    return "STREAMLIT_" + re.sub(r"(?<=[a-z])(?=[A-Z])|\.", "_", setting).upper()


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)
