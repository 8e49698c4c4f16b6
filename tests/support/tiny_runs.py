"""Tiny training runs: options that make them short, and the weights that they leave."""

from pathlib import Path

import torch
from torch import Tensor

from emotiscan.cli.main import main
from emotiscan.training import callbacks, report

PLAIN = ["--batch", "8", "--workers", "0", "--precision", "fp32"]
FROM_NOTHING = ["--init", "none", "--backbone", "residual", "--hidden", "16", *PLAIN]


def emotiscan_train(arguments: list[str]) -> int:
    """Run `emotiscan train` in this process; returns its exit status."""
    return main(["train", *arguments])


def weights(path: str | Path) -> dict[str, Tensor]:
    """The network's weights in one of Lightning's checkpoints."""
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def train_alone(arguments: list[str]) -> None:
    """Train in a process of its own: one thread, no report, an average that is updated in every step."""
    torch.set_num_threads(1)
    report.finish = lambda *_: None
    callbacks.AVERAGED_STEPS = 1
    raise SystemExit(emotiscan_train(arguments))
