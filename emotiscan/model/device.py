"""Choosing the processor or graphics card that a network runs on."""

import torch

from emotiscan.model.choices import DEVICES


class DeviceError(ValueError):
    """The requested device does not exist on this machine; the message lists those that do."""


def available_devices() -> tuple[str, ...]:
    """Devices that torch can use on this machine, fastest first. The last one is always "cpu"."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(name for name, available in found.items() if available)


def resolve_device(name: str = "auto") -> torch.device:
    """Turn the name of a device into a `torch.device`.

    Args:
        name: "cpu", "cuda" (an NVIDIA or AMD graphics card), "mps" (Apple silicon), or "auto" for the fastest
            available one.

    Raises:
        DeviceError: the name is unknown, or this machine has no such device.
    """
    if name not in DEVICES:
        raise DeviceError(f"unknown device “{name}”; use one of: {', '.join(DEVICES)}")
    available = available_devices()
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise DeviceError(
            f"torch finds no “{name}” device on this machine; available: {', '.join(available)}. "
            "Use “auto” for the fastest one."
        )
    return torch.device(name)
