"""Tiny runs of `train.py`: options that make them short, and their weights."""

import torch

from emotiscan.training import callbacks, report
from emotiscan.training.fit import main

PLAIN = ["--batch", "8", "--workers", "0", "--precision", "fp32"]
FROM_NOTHING = ["--init", "none", "--backbone", "residual", "--hidden", "16", *PLAIN]


def weights(path):
    """The network's weights in one of Lightning's checkpoints."""
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def train_alone(arguments):
    """A run for a process of its own: one thread, no report, an average that takes up every step."""
    torch.set_num_threads(1)
    report.finish = lambda *_: None
    callbacks.AVERAGED_STEPS = 1
    raise SystemExit(main(arguments))
