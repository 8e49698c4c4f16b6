"""Several processes that train one network together: who is the first, and what each may use.

Lightning and torch.distributed do the work; they are told the rest of it here. On one machine Lightning starts the
others itself; over several, torchrun or srun starts all of them.
"""

import os

import torch
from lightning.pytorch.utilities import rank_zero_only

from emotiscan.training.settings import TrainingSettings


def is_first() -> bool:
    """Whether this process is the one that writes the run folder and reports, or the only one."""
    return rank_zero_only.rank == 0


def trainer_options(settings: TrainingSettings) -> dict:
    """Arguments of Lightning's trainer: devices, nodes and the way in which gradients are shared."""
    options = {"accelerator": "auto", "devices": settings.devices, "num_nodes": settings.nodes}
    if settings.processes == 1:
        return options
    frozen = settings.freeze_epochs > 0 or (settings.unfreeze is not None and settings.unfreeze < 5)  # of five stages
    return options | {
        # Stages that are frozen have no gradients to wait for, and are known only when an epoch begins.
        "strategy": "ddp_find_unused_parameters_true" if frozen else "ddp",
        "use_distributed_sampler": False,  # `data.batches` gives each process its part
        "sync_batchnorm": torch.cuda.is_available(),  # torch has none for processors
    }


def share_processor(settings: TrainingSettings) -> None:
    """Give this process the threads that it was told to use, or its part of the machine's processors."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    elif settings.devices > 1 and not torch.cuda.is_available():
        # Threads that fight for a processor take many times longer than those that have one each.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.devices))
