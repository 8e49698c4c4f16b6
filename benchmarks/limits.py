"""What limits reading on this machine: multiplications in the network over what the processor multiplies a second."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.facenet_detector import FacenetDetector
from emotiscan.analysis import Analyzer
from emotiscan.images import read_image

SIDE = 1024
"""Side of the matrices whose product is timed."""


def face_flops(analyzer: Analyzer) -> int:
    """Floating-point operations of the network for one face, with flip test-time augmentation if it has it.

    Args:
        analyzer: with the engine "torch".
    """
    size = analyzer.card.config.input_size
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # operations in other threads are not counted
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            analyzer.model.predict(torch.zeros(1, 3, size, size))
    finally:
        torch.set_num_threads(threads)
    return int(counter.get_total_flops())


def matrix_product_rate(dtype: torch.dtype, seconds: float = 0.5) -> float:
    """Floating-point operations per second of torch's matrix product, the fastest of many."""
    one, other = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    fastest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        fastest = min(fastest, seconds_of(lambda: one @ other))
    return 2 * SIDE**3 / fastest


def decoding_rate(files: Sequence[Path]) -> float:
    """Images per second of decoding alone, one after the other on one core."""
    return len(files) / seconds_of(lambda: [read_image(file) for file in files])


def plain_analyzer(weights: Path) -> Analyzer:
    """The plain way, to compare with: torch, and facenet-pytorch's own detection. Use it for one image at a time."""
    analyzer = Analyzer(weights, engine="torch")
    analyzer._detector = FacenetDetector()
    return analyzer


def limits_text(analyzer: Analyzer) -> str:
    """Describe the fastest that this processor could read faces, in float32 and in bfloat16."""
    flops = face_flops(analyzer)
    rates = {"float32": matrix_product_rate(torch.float32), "bfloat16": matrix_product_rate(torch.bfloat16)}
    parts = (f"{name} {1000 * flops / rate:.1f} ms ({rate / 1e9:.0f} GFLOP/s)" for name, rate in rates.items())
    return f"limit of the network, {flops / 1e9:.2f} GFLOP a face: {', '.join(parts)}"


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds that a function takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
