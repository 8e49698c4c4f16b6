"""Choosing a device by its name."""

import pytest
import torch

from emotiscan.model import device
from emotiscan.model.device import DeviceError, available_devices, resolve_device


def test_cpu_is_always_available():
    assert resolve_device("cpu") == torch.device("cpu")
    assert available_devices()[-1] == "cpu"


@pytest.mark.parametrize("available", [("cpu",), ("mps", "cpu"), ("cuda", "cpu")])
def test_auto_takes_the_first_available_device(monkeypatch, available):
    monkeypatch.setattr(device, "available_devices", lambda: available)
    assert resolve_device("auto").type == available[0]


def test_an_unknown_device_is_rejected_with_the_known_ones():
    with pytest.raises(DeviceError, match=r"unknown device “tpu”; use one of: auto, cpu, cuda, mps"):
        resolve_device("tpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_missing_device_is_rejected_with_the_available_ones(monkeypatch, name):
    monkeypatch.setattr(device, "available_devices", lambda: ("cpu",))
    with pytest.raises(DeviceError, match=f"no “{name}” device on this machine; available: cpu"):
        resolve_device(name)
