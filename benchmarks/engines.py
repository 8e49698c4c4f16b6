"""The engines side by side: speed, agreement with torch, memory and start.

    python -m benchmarks.engines [--repeats 15] [--weights FILE]

Prints, for each engine, the median time of the backbone for 1, 2 and 8 crops (2 crops are one face, both ways round),
with its ratio to torch's, and the largest difference from torch's feature map. The engines take turns, so that other
load on the machine affects all alike. Then, for each in a process of its own: the seconds until an `Analyzer` is ready
(OpenVINO from its cache, and with the conversion), and the resident memory then and after ten photos (Linux only).
Engines that are not installed, and precisions that the processor lacks, are left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor

from emotiscan.analysis import Analyzer
from emotiscan.resources import SAMPLES, WEIGHTS

CROPS = (1, 2, 8)
Backbone = Callable[[Tensor], Tensor]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="checkpoint (default: the shipped one)")
    parser.add_argument("--repeats", type=int, default=15, help="timed rounds, after two for warm-up (default: 15)")
    parser.add_argument("--child", metavar="ENGINE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_measure_process(options.child, options.weights)))
        return
    size, backbones = _backbones(options.weights)
    print(f"{torch.get_num_threads()} threads, {options.repeats} rounds, median milliseconds (ratio to torch)")
    _print_speed(backbones, size, options.repeats)
    print("process with an Analyzer: seconds until ready, resident MiB then, after ten photos, at the peak")
    with tempfile.TemporaryDirectory() as cache:
        for title, engine in [
            ("torch", "torch"),
            ("openvino, converting", "openvino"),
            ("openvino, cached", "openvino"),
        ]:
            if engine == "torch" or len(backbones) > 1:
                command = [sys.executable, "-m", "benchmarks.engines", "--child", engine, "--weights", options.weights]
                environment = {**os.environ, "XDG_CACHE_HOME": cache}
                output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
                values = json.loads(output.splitlines()[-1])
                print(f"{title:22s} {values.pop('seconds'):6.1f} s  " + "  ".join(f"{v:5.0f}" for v in values.values()))


def _backbones(weights: Path) -> tuple[int, dict[str, Backbone]]:
    """Side of the crops in pixels, and the backbone in every engine that works here."""
    analyzer = Analyzer(weights, device="cpu", engine="torch")
    size, reference = analyzer.card.config.input_size, analyzer.model.backbone
    found: dict[str, Backbone] = {"torch": reference}
    try:
        from emotiscan.model.engines.openvino_engine import Core, OpenVinoBackbone, convert
    except ImportError:
        return size, found
    model = convert(reference, size)
    has_bf16 = "BF16" in Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    for precision in ("f32", "bf16") if has_bf16 else ("f32",):
        found[f"openvino {precision}"] = OpenVinoBackbone(model, precision)
    return size, found


def _print_speed(backbones: dict[str, Backbone], size: int, repeats: int) -> None:
    generator = torch.Generator().manual_seed(0)
    batches = {count: torch.randn(count, 3, size, size, generator=generator) for count in CROPS}
    times: dict[tuple[str, int], list[float]] = {}
    with torch.inference_mode():
        for turn in range(repeats + 2):
            for count, crops in batches.items():
                for name, backbone in backbones.items():
                    start = time.perf_counter()
                    backbone(crops)
                    if turn >= 2:
                        times.setdefault((name, count), []).append(1000 * (time.perf_counter() - start))
        expected = torch.relu(backbones["torch"](batches[8]))
        for name, backbone in backbones.items():
            difference = float((torch.relu(backbone(batches[8])) - expected).abs().max() / expected.abs().max())
            medians = {count: statistics.median(times[name, count]) for count in CROPS}
            ratios = {count: statistics.median(times["torch", count]) / medians[count] for count in CROPS}
            columns = "  ".join(f"{count} crops {medians[count]:6.1f} ({ratios[count]:.1f}x)" for count in CROPS)
            print(f"{name:14s} {columns}  difference {difference:.1e} of the largest value")


def _measure_process(engine: str, weights: Path) -> dict[str, float]:
    start = time.perf_counter()
    analyzer = Analyzer(weights, device="cpu", engine=engine)
    seconds, ready = time.perf_counter() - start, _memory("VmRSS")
    for _ in range(10):
        analyzer.analyze(SAMPLES / "smile.jpg")
    return {"seconds": seconds, "ready": ready, "after": _memory("VmRSS"), "peak": _memory("VmHWM")}


def _memory(field: str) -> float:
    """A figure of this process's memory in MiB; NaN where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    main()
