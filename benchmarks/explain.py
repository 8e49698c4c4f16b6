"""What the heat maps of a face cost, beside its reading.

    python benchmarks/explain.py [--weights W.safetensors] [--photo photo.jpg] [--repeats 7]

Prints, from one run on one photograph, medians and ranges of: the bare backbone on one aligned crop; the reading from
the file's bytes without maps; the reading with the maps of all emotions and codes; the maps alone, also scaled up to be
shown; and the library's usual loop, one call on the whole network for each code and emotion. Says how much the maps
add, how much faster than the loop they are, and the largest difference between both once they are scaled to [0, 1].
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from pytorch_grad_cam import HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from emotiscan.analysis import Analyzer
from emotiscan.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from emotiscan.explain import heat_maps
from emotiscan.images import read_image
from emotiscan.model import FaceModel, prepare

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LOOP = "the library's loop"


class Whole(nn.Module):
    """The network from crop to all logits, with a layer to look at."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.tap, self.model = nn.Identity(), model

    def forward(self, crops: Tensor) -> Tensor:
        """Crops to emotion and code logits, side by side."""
        return torch.cat(self.model.heads(self.tap(self.model.features(crops))), 1)


class AtTheMapsOwnSize(HiResCAM):
    """The library's method without scaling its maps up."""

    def get_target_width_height(self, input_tensor: Tensor) -> None:
        """No size: maps stay as they are."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--photo", type=Path, default=SAMPLES / "smile.jpg", help="a photograph with a face")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, after one to warm up")
    options = parser.parse_args()
    analyzer = Analyzer(options.weights)
    config = analyzer.card.config
    targets = (*config.emotions, *config.codes)
    data = options.photo.read_bytes()
    photo = read_image(data)
    reading = analyzer.analyze(photo).readings[0]
    crop = prepare([reading.face.crop(photo, config.input_size)], config)
    # As a person would do it who knows the library: the checkpoint as it is loaded, gradients through all of it.
    usual = Whole(load_checkpoint(options.weights)[0].requires_grad_(True))

    def backbone() -> None:
        with torch.inference_mode():
            analyzer.model.features(crop)

    def with_maps() -> None:
        for found in analyzer.analyze(data).readings:
            heat_maps(analyzer.model, found.feature_map, targets)

    def shown() -> None:
        for heat_map in heat_maps(analyzer.model, reading.feature_map, targets).values():
            heat_map.values  # noqa: B018

    def loop() -> list[np.ndarray]:
        with AtTheMapsOwnSize(usual, [usual.tap]) as library:
            return [library(crop, [ClassifierOutputTarget(place)])[0] for place in range(len(targets))]

    steps: dict[str, Callable[[], object]] = {
        "backbone": backbone,
        "reading": lambda: analyzer.analyze(data),
        "reading with all maps": with_maps,
        "all maps": lambda: heat_maps(analyzer.model, reading.feature_map, targets),
        "all maps, scaled up": shown,
        LOOP: loop,
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(options.repeats + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if turn:
                times[name].append(1000 * (time.perf_counter() - began))
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(targets)} maps, {torch.get_num_threads()} threads, {options.repeats} rounds, milliseconds")
    for name, values in times.items():
        print(f"{name:24s} {middle[name]:8.1f}  [{min(values):.1f}, {max(values):.1f}]")
    print(f"all maps add {middle['reading with all maps'] / middle['reading'] - 1:.1%} to the reading")
    print(f"and are {middle[LOOP] / middle['all maps']:.0f} times faster than the loop")
    ours = [heat_map.cells for heat_map in heat_maps(analyzer.model, reading.feature_map, targets).values()]
    apart = max(float(np.abs(_scaled(our) - their).max()) for our, their in zip(ours, loop(), strict=True))
    print(f"largest difference between both: {apart:.1e}")


def _scaled(cells: np.ndarray) -> np.ndarray:
    """As the library scales: from the smallest value to the largest."""
    lowest = cells - cells.min()
    return lowest / (1e-7 + lowest.max())


if __name__ == "__main__":
    main()
