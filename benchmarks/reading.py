"""Time for reading one photo.

    python -m benchmarks.reading [--weights A.safetensors B.safetensors] [--photo photo.jpg] [--engine torch]

Prints, for each checkpoint, the median and range of the time for: detecting the faces, running the network on one
aligned crop, and the whole reading from the file's bytes. Checkpoints are timed alternately, so that other load on the
machine affects all of them alike.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from emotiscan.analysis import Analyzer
from emotiscan.images import read_image
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS
from emotiscan.model.network import prepare

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", nargs="+", type=Path, default=[DEFAULT_WEIGHTS], help="checkpoints to compare")
    parser.add_argument("--photo", type=Path, default=SAMPLES / "smile.jpg", help="a photo with a face")
    parser.add_argument("--repeats", type=int, default=15, help="timed rounds, after two for warm-up (default: 15)")
    parser.add_argument("--engine", choices=("torch", "openvino"), default="torch", help="see benchmarks.engines")
    options = parser.parse_args()
    data = options.photo.read_bytes()
    photo = read_image(data)
    steps = {path: _steps(Analyzer(path, engine=options.engine), photo, data) for path in options.weights}
    times: dict[tuple[Path, str], list[float]] = {}
    for turn in range(options.repeats + 2):
        for path, named in steps.items():
            for name, step in named.items():
                start = time.perf_counter()
                step()
                if turn >= 2:
                    times.setdefault((path, name), []).append(1000 * (time.perf_counter() - start))
    print(
        f"{photo.width} x {photo.height} px, {torch.get_num_threads()} threads, {options.repeats} rounds, milliseconds"
    )
    for (path, name), values in times.items():
        print(f"{path.name}  {name:8s} {statistics.median(values):7.1f}  [{min(values):.1f}, {max(values):.1f}]")


def _steps(analyzer: Analyzer, photo: Image.Image, data: bytes) -> dict[str, Callable[[], object]]:
    config = analyzer.card.config
    crops = prepare([analyzer.analyze(photo).readings[0].face.crop(photo, config.input_size)], config)

    def network() -> None:
        with torch.inference_mode():
            analyzer.model.predict(crops)

    return {
        "faces": lambda: analyzer._detector.detect(photo),
        "network": network,
        "reading": lambda: analyzer.analyze(data),
    }


if __name__ == "__main__":
    main()
