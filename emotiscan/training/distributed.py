"""Several processes that train one network together: which is the first, and which hardware each may use.

Lightning and torch.distributed do the work; this module configures them. On one machine Lightning starts the other
processes itself; over several machines, torchrun or srun starts all of them.
"""

import os
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_only

from emotiscan.model.device import resolve_device
from emotiscan.training.settings import TrainingSettings

STAGES = 5
"""Stages of a backbone (see `model.backbones.stages`); all of them train if `unfreeze` says so."""


def is_first() -> bool:
    """Whether this process is the one that writes the run folder and reports, or the only one."""
    return getattr(rank_zero_only, "rank", 0) == 0  # an attribute that Lightning sets on the function


def uses_cuda(settings: TrainingSettings) -> bool:
    """Whether the network trains on CUDA devices.

    Raises:
        DeviceError: this machine does not have the chosen device.
    """
    return resolve_device(settings.device).type == "cuda"


def trainer_options(settings: TrainingSettings) -> dict[str, Any]:
    """Arguments of Lightning's trainer: devices, nodes, and how gradients are shared."""
    options: dict[str, Any] = {
        "accelerator": resolve_device(settings.device).type,
        "devices": settings.devices,
        "num_nodes": settings.nodes,
    }
    if settings.processes == 1:
        return options
    frozen = settings.freeze_epochs > 0 or (settings.unfreeze is not None and settings.unfreeze < STAGES)
    return options | {
        # Frozen stages have no gradients to wait for, and which are frozen is known only when an epoch begins.
        "strategy": "ddp_find_unused_parameters_true" if frozen else "ddp",
        "use_distributed_sampler": False,  # `data_module.batches` gives each process its part
        "sync_batchnorm": uses_cuda(settings),  # torch has none for CPUs
    }


def share_processor(settings: TrainingSettings) -> None:
    """Limit this process to the chosen number of threads, or to its part of the machine's cores."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    elif settings.devices > 1 and not uses_cuda(settings):
        # Threads that compete for a core take many times longer than those that have one each.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.devices))
