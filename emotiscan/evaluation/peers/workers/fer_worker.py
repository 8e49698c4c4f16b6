"""Run PyPI's `fer` on images from standard input; see `peers.process` for the exchange.

Started with the interpreter that has `fer`, which need not be this project's: only numpy is imported besides.

    python fer_worker.py
"""

import contextlib
import json
import struct
import sys
from importlib.metadata import version

import numpy as np


def main() -> None:
    """Answer each image with a line of JSON."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # whatever the libraries print is no answer
        try:
            from fer import FER
        except ImportError:  # where the package's own __init__ exports nothing
            from fer.fer import FER
        detector = FER()
    print(json.dumps({"version": version("fer")}), file=answers, flush=True)
    source = sys.stdin.buffer
    while header := source.read(9):
        width, height, whole = struct.unpack(">IIB", header)
        pixels = np.frombuffer(source.read(3 * width * height), np.uint8).reshape(height, width, 3)
        image = np.ascontiguousarray(pixels[:, :, ::-1])  # the library expects BGR
        with contextlib.redirect_stdout(sys.stderr):
            faces = detector.detect_emotions(image, face_rectangles=[(0, 0, width, height)] if whole else None)
        largest = max(faces, key=lambda face: face["box"][2] * face["box"][3], default=None)
        scores = {name: float(score) for name, score in largest["emotions"].items()} if largest else {}
        print(json.dumps({"found": largest is not None, "scores": scores}), file=answers, flush=True)


if __name__ == "__main__":
    main()
