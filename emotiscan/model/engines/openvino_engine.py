"""The OpenVINO engine: Intel's runtime for x86 and ARM processors. Needs the extra `fast`.

Where the processor multiplies in bfloat16, OpenVINO does so by default: probabilities then differ from torch's by about
0.01 at most (by up to 0.013 on 893 faces of FER+). Elsewhere it computes in float32, and they differ by less than
0.0001.
"""

import sys
import threading
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from emotiscan.model.engines import cache
from emotiscan.model.parallel import ThreadedBatch

# OpenVINO reports each import and each conversion to its maker if this package is there; EmotiScan reports nothing to
# anybody. Without the package OpenVINO uses a stand-in that does nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: importing it raises ImportError

import openvino  # noqa: E402
from openvino import Core, Model, PartialShape, convert_model, save_model  # noqa: E402

MAX_BATCH = 8
"""Crops in one call: OpenVINO keeps memory for the largest batch it has seen, 35 MB a crop for the shipped network."""


class OpenVinoBackbone(nn.Module):
    """A converted backbone. Safe to share among threads, which take turns: one call uses all cores."""

    engine = "openvino"

    def __init__(self, converted: Model | Path, precision: str | None = None) -> None:
        """Compile a converted backbone for this processor, for as many threads as torch may use.

        Args:
            converted: a model, or the path of its .xml file.
            precision: "f32" or "bf16"; None for the fastest that the processor supports.

        Raises:
            RuntimeError: OpenVINO cannot compile it.
        """
        super().__init__()
        properties: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        if precision:
            properties["INFERENCE_PRECISION_HINT"] = precision
        self._request = Core().compile_model(converted, "CPU", properties).create_infer_request()
        self._turn = threading.Lock()

    def forward(self, crops: Tensor) -> Tensor:
        """Map normalized crops (b, 3, s, s) to the feature map (b, c, h, w), without gradients.

        Raises:
            RuntimeError: gradients of the crops are wanted.
        """
        if crops.requires_grad and torch.is_grad_enabled():
            raise RuntimeError("the OpenVINO engine computes no gradients; use the torch engine")
        if not len(crops):  # OpenVINO takes no empty batch
            return self(crops.new_zeros(1, *crops.shape[1:]))[:0]
        with self._turn:  # one request must not run twice at a time
            parts = [
                torch.from_numpy(self._request.infer([part.contiguous().numpy()])[0].copy())
                for part in crops.detach().float().split(MAX_BATCH)
            ]
        return torch.cat(parts) if len(parts) > 1 else parts[0]


def convert(backbone: nn.Module, input_size: int) -> Model:
    """Convert a torch backbone for any number of crops. Takes seconds.

    Args:
        backbone: on the CPU, in evaluation mode; stays unchanged and can be used by other threads meanwhile.
        input_size: side of the crops in pixels.

    Raises:
        RuntimeError: OpenVINO cannot express it.
    """
    network = backbone.network if isinstance(backbone, ThreadedBatch) else backbone
    example = torch.zeros(2, 3, input_size, input_size)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather be exported by its successor of tracing
        traced = torch.jit.trace(network, example, check_trace=False)
        model = convert_model(traced, example_input=example, input=[PartialShape([-1, 3, input_size, input_size])])
    if not model.output(0).partial_shape[0].is_dynamic:
        raise RuntimeError("the network does not accept batches of any size once it is traced")
    return model


def open_backbone(
    backbone: nn.Module, input_size: int, fingerprint: str, precision: str | None = None, wait: bool = True
) -> OpenVinoBackbone | None:
    """Return a backbone in OpenVINO: from the cache, or converted now and then cached where the disk allows.

    Of several processes that ask at the same time, one converts it.

    Args:
        backbone: as `convert` takes it.
        input_size: side of the crops in pixels.
        fingerprint: of the checkpoint; names the conversion in the cache.
        precision: as in `OpenVinoBackbone`.
        wait: wait while another process converts it, instead of returning None.

    Raises:
        RuntimeError: OpenVINO cannot express or compile it.
    """
    name = f"{fingerprint}-{openvino.get_version().split('-')[0]}"
    if folder := cache.find(name):
        return OpenVinoBackbone(folder / "model.xml", precision)
    with cache.lock(name, wait) as ours:
        if not ours:
            return None
        if folder := cache.find(name):  # made while this process waited
            return OpenVinoBackbone(folder / "model.xml", precision)
        model = convert(backbone, input_size)
        cache.store(name, lambda folder: save_model(model, folder / "model.xml", compress_to_fp16=False))
    return OpenVinoBackbone(model, precision)
