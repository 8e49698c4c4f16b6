"""Which engine a network uses, and when it changes."""

import importlib.util
import itertools
import logging
import os
import threading
from typing import TYPE_CHECKING

import torch
from torch import nn

from emotiscan.model.choices import ENGINES
from emotiscan.model.parallel import ThreadedBatch

if TYPE_CHECKING:
    from emotiscan.model.network import InferenceModel

ENGINE_VARIABLE = "EMOTISCAN_ENGINE"
"""Environment variable that says what the engine "auto" means in this process; one of `choices.ENGINES`."""

START_AFTER = 8
"""Batches after which "auto" prepares OpenVINO: before, preparing would take longer than it can save."""

MAX_DEVIATION = 0.05
"""Largest relative difference between an engine's feature map and torch's. Bfloat16 makes it about 0.01."""

_log = logging.getLogger(__name__)


class EngineError(ValueError):
    """The requested engine cannot be used; the message says why and what to do."""


class EngineSwitch:
    """Gives a network its engine. With "auto", torch answers until OpenVINO is ready in the background.

    OpenVINO takes the place of torch's backbone only if both agree on a test image; torch's is then released.
    """

    def __init__(self, model: "InferenceModel", fingerprint: str, engine: str = "auto") -> None:
        """Choose an engine.

        Args:
            model: its backbone is replaced when the engine changes.
            fingerprint: of its checkpoint.
            engine: "torch"; "openvino", which is prepared now, in seconds if it has to be converted; or "auto" for
                OpenVINO if it is installed and the network runs on the CPU. The environment variable
                `EMOTISCAN_ENGINE` can say what "auto" means.

        Raises:
            EngineError: the engine is unknown, not installed, or does not work here.
        """
        self._model, self._fingerprint = model, fingerprint
        self._batches = itertools.count(1)
        self._thread: threading.Thread | None = None
        if engine == "auto":
            engine = os.environ.get(ENGINE_VARIABLE) or "auto"
        if engine not in ENGINES:
            raise EngineError(f"unknown engine “{engine}”; use one of: {', '.join(ENGINES)}")
        installed = importlib.util.find_spec("openvino") is not None
        on_cpu = model.device.type == "cpu"
        self._is_pending = engine == "auto" and installed and on_cpu
        if engine == "openvino":
            if not installed:
                raise EngineError('OpenVINO is not installed; install it with: pip install "emotiscan[fast]"')
            if not on_cpu:
                raise EngineError(f"the engine “openvino” runs on the device “cpu”, not on “{model.device.type}”")
            try:
                self._prepare(wait=True)
            except Exception as error:
                raise EngineError(f"OpenVINO cannot run this network ({error}). Use the engine “torch”.") from error

    def after_batch(self) -> None:
        """Count a batch, and start to prepare the faster engine when it is time. Returns at once."""
        if self._is_pending and next(self._batches) % START_AFTER == 0:
            self._is_pending = False
            # No daemon: a thread inside OpenVINO while Python ends would crash the process.
            self._thread = threading.Thread(target=self._prepare_quietly, name="engine", daemon=False)
            self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is being prepared in the background."""
        if self._thread is not None:
            self._thread.join()

    def _prepare_quietly(self) -> None:
        try:
            # While another process converts the same network, torch reads on; this one tries again later.
            self._is_pending = not self._prepare(wait=False)
        except Exception as error:  # whatever is wrong with the other engine: torch reads on
            _log.warning("OpenVINO cannot be used (%s); torch reads on", error)

    def _prepare(self, wait: bool) -> bool:
        """Change to OpenVINO. Returns False if another process is converting the network and `wait` is False."""
        from emotiscan.model.engines.openvino_engine import open_backbone

        size = self._model.config.input_size
        torch_backbone = self._model.backbone
        backbone = open_backbone(torch_backbone, size, self._fingerprint, wait=wait)
        if backbone is None:
            return False
        # In this thread: a program that ends meanwhile has shut down the pool of `ThreadedBatch` already.
        reference = torch_backbone.network if isinstance(torch_backbone, ThreadedBatch) else torch_backbone
        deviation = _deviation(reference, backbone, size)
        if not deviation <= MAX_DEVIATION:  # NaN fails, too
            raise RuntimeError(f"its feature map differs from torch's by {deviation:.0%}")
        self._model.backbone = backbone.eval()
        return True


def _deviation(reference: nn.Module, other: nn.Module, input_size: int) -> float:
    """Relative difference between two backbones' rectified feature maps of a test image."""
    ramp = torch.linspace(-1.5, 1.5, input_size)
    pattern = torch.sin(9 * ramp)[:, None] * ramp[None] + torch.cos(7 * ramp)[None]
    with torch.inference_mode():
        crops = pattern.expand(1, 3, -1, -1)
        expected, found = torch.relu(reference(crops)), torch.relu(other(crops))
        return float((found - expected).norm() / expected.norm())
