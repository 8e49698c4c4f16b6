"""Run MediaPipe's Face Landmarker on images from standard input; see `peers.process` for the exchange.

Started with the interpreter that has `mediapipe`, which need not be this project's: only numpy is imported besides.

    python mediapipe_worker.py face_landmarker.task
"""

import json
import struct
import sys

import numpy as np


def main() -> None:
    """Answer each image with a line of JSON."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=sys.argv[1]), output_face_blendshapes=True, num_faces=1
    )
    landmarker = vision.FaceLandmarker.create_from_options(options)
    print(json.dumps({"version": mediapipe.__version__}), flush=True)
    source = sys.stdin.buffer
    while header := source.read(9):
        width, height, _ = struct.unpack(">IIB", header)
        pixels = np.frombuffer(source.read(3 * width * height), np.uint8).reshape(height, width, 3)
        result = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels))
        found = bool(result.face_blendshapes)
        scores = {shape.category_name: shape.score for shape in result.face_blendshapes[0]} if found else {}
        print(json.dumps({"found": found, "scores": scores}), flush=True)


if __name__ == "__main__":
    main()
