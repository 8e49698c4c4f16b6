"""`emotiscan export`: write the network for other runtimes."""

import argparse
import sys
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import add_weights, weights_of

DESCRIPTION = """\
Write the network as a file for other runtimes: ONNX, or OpenVINO's format.

Labels, calibration and what to do with pixels before are in the file's metadata."""

FORMATS = ("onnx", "openvino")
"""Values of `--format`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan export`."""
    parser.add_argument("--format", choices=FORMATS, default="onnx", help="format to write (default: onnx)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="file to write: .onnx, or .xml for openvino"
    )
    add_weights(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file.

    Raises:
        CheckpointError, ExportError, OSError: nothing can be exported, or it cannot be written.
    """
    from emotiscan.model.export import export_onnx, export_openvino

    export = export_onnx if arguments.format == "onnx" else export_openvino
    path = export(arguments.out, weights_of(arguments))
    print(f"Wrote {path}", file=sys.stderr)
    return OK
