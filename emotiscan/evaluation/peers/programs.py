"""The peers: how each is started, and what its outputs mean."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emotiscan.evaluation.peers.mapping import BLENDSHAPES, FACE_API_EXPRESSIONS, FER_EXPRESSIONS
from emotiscan.evaluation.peers.process import WORKERS, PeerError


@dataclass(frozen=True)
class PeerOptions:
    """Where a peer is installed.

    Attributes:
        python: interpreter that has the peer's package; None for this one.
        model: MediaPipe's `face_landmarker.task`.
        node_folder: folder whose `node_modules` has face-api.
    """

    python: str | None = None
    model: Path | None = None
    node_folder: Path | None = None


@dataclass(frozen=True)
class Peer:
    """A program to compare with.

    Attributes:
        title: its name for display.
        command: makes the command that starts its worker.
        install: how to install it, a sentence for messages.
        expressions: its name of each expression; empty if it has none.
        blendshapes: its outputs for each action unit; empty if it has none.
        reads_whole: whether it can be told that the whole image is the face.
    """

    title: str
    command: Callable[[PeerOptions], list[str]]
    install: str
    expressions: Mapping[str, str]
    blendshapes: Mapping[str, tuple[str, ...]]
    reads_whole: bool


def _mediapipe(options: PeerOptions) -> list[str]:
    if options.model is None or not options.model.is_file():
        raise PeerError(
            "MediaPipe needs its model face_landmarker.task; download it from Google's page on the Face Landmarker and "
            "give its path with --peer-model"
        )
    return [options.python or sys.executable, str(WORKERS / "mediapipe_worker.py"), str(options.model)]


def _fer(options: PeerOptions) -> list[str]:
    return [options.python or sys.executable, str(WORKERS / "fer_worker.py")]


def _face_api(options: PeerOptions) -> list[str]:
    folder = options.node_folder or Path.cwd()
    if not (folder / "node_modules" / "@vladmandic" / "face-api").is_dir():
        raise PeerError(f"there is no face-api in {folder / 'node_modules'}; {PEERS['face-api'].install}")
    return ["node", str(WORKERS / "face_api_worker.cjs"), str(folder.resolve())]


_ENVIRONMENT = "python -m venv peer && peer/bin/pip install {}, then give --peer-python peer/bin/python"

PEERS: dict[str, Peer] = {
    "mediapipe": Peer(
        "MediaPipe Face Landmarker",
        _mediapipe,
        "install it with " + _ENVIRONMENT.format("mediapipe"),
        {},
        BLENDSHAPES,
        False,
    ),
    "fer": Peer(
        "fer (PyPI)",
        _fer,
        "install it with " + _ENVIRONMENT.format("fer"),
        FER_EXPRESSIONS,
        {},
        True,
    ),
    "face-api": Peer(
        "face-api (npm)",
        _face_api,
        "install it with npm install @vladmandic/face-api @tensorflow/tfjs @tensorflow/tfjs-backend-wasm, then give "
        "that folder with --peer-node",
        FACE_API_EXPRESSIONS,
        {},
        True,
    ),
}
"""Peers by name."""
