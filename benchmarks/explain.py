"""Cost of a face's heat maps, compared with its reading.

    python -m benchmarks.explain [--weights W.safetensors] [--photo photo.jpg] [--repeats 7]

Prints, from one run on one photo, medians and ranges of the time for: the backbone on one aligned crop; the reading
from the file's bytes without maps; the reading with the maps of all targets (emotions, expressions and action units);
the maps alone, and scaled up for display; and the library's usual loop, with one call of Grad-CAM on the whole network
per target. Then it prints how much time the maps add, how much faster than the loop they are, and for each method the
time for all maps and their largest difference from those of the library's loop, after scaling both to [0, 1].
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytorch_grad_cam
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from emotiscan.analysis import Analyzer
from emotiscan.explain import CELLS, METHODS, heat_maps
from emotiscan.images import read_image
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from emotiscan.model.network import FaceModel, prepare

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
LOOP = "the library's loop"


class Whole(nn.Module):
    """The network from crop to all logits, with a layer that the library can hook."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.tap, self.model = nn.Identity(), model

    def forward(self, crops: Tensor) -> Tensor:
        """Return the logits of all targets, in the order of `ModelConfig.targets`, of crops in one tensor."""
        outputs, config = self.model.heads(self.tap(self.model.features(crops))), self.model.config
        logits = outputs.emotion_logits
        singles = [config.expressions.index(expression) for expression in config.single_expressions]
        return torch.cat([config.sum_logits(logits), logits[:, singles], outputs.au_logits], 1)


def library_cam(name: str, model: Whole) -> BaseCAM:
    """Return one of the library's methods on a network, without the final scaling up of its maps."""
    cam: BaseCAM = getattr(pytorch_grad_cam, name)(model, [model.tap])
    cam.get_target_width_height = lambda crops: None  # None keeps a map's own size
    return cam


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="checkpoint (default: the shipped one)")
    parser.add_argument("--photo", type=Path, default=SAMPLES / "smile.jpg", help="a photo with a face")
    parser.add_argument("--repeats", type=int, default=7, help="timed rounds, after one for warm-up (default: 7)")
    options = parser.parse_args()
    analyzer = Analyzer(options.weights, engine="torch")
    config = analyzer.card.config
    targets = config.targets
    data = options.photo.read_bytes()
    photo = read_image(data)
    reading = analyzer.analyze(photo).readings[0]
    crop = prepare([reading.face.crop(photo, config.input_size)], config)
    # The usual way of using the library: the checkpoint as loaded, with gradients through the whole network.
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

    def loop(name: str = "GradCAM") -> list[np.ndarray]:
        with library_cam(name, usual) as library:
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
            start = time.perf_counter()
            step()
            if turn:
                times[name].append(1000 * (time.perf_counter() - start))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(targets)} maps, {torch.get_num_threads()} threads, {options.repeats} rounds, milliseconds")
    for name, values in times.items():
        print(f"{name:24s} {medians[name]:8.1f}  [{min(values):.1f}, {max(values):.1f}]")
    print(f"all maps add {medians['reading with all maps'] / medians['reading'] - 1:.1%} to the reading")
    print(f"and are {medians[LOOP] / medians['all maps']:.0f} times faster than the loop")
    for name, method in METHODS.items():
        took = []
        for _ in range(options.repeats):
            start = time.perf_counter()
            maps = heat_maps(analyzer.model, reading.feature_map, targets, name)
            took.append(1000 * (time.perf_counter() - start))
        line = f"{method.title:24s} {statistics.median(took):8.1f}  [{min(took):.1f}, {max(took):.1f}]"
        if name != CELLS:
            pairs = zip(maps.values(), loop(method.library_class), strict=True)
            apart = max(float(np.abs(_scaled(our.cells) - their).max()) for our, their in pairs)
            line += f"  largest difference to the library's loop {apart:.1e}"
        print(line)


def _scaled(cells: np.ndarray) -> np.ndarray:
    """Scale as the library does: from the smallest value to the largest, once per layer and once over all layers.

    The second time makes up for the library's 1e-7 in the divisor, which takes up to 3.5e-3 off a faint Grad-CAM map.
    """
    for _ in range(2):
        lowest = cells - cells.min()
        cells = lowest / (1e-7 + lowest.max())
    return cells


if __name__ == "__main__":
    main()
