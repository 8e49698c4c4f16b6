"""Two networks as one, side by side: `python -m emotiscan.training.join A B --out BOTH`.

Both see the same crop; each logit is the weighted mean of theirs, of a code in each cell of the feature map. Two
networks of different build err differently, and together read better than either alone (Hansen and Salamon, “Neural
network ensembles”, PAMI 1990). As one network they have one feature map, so that every heat map shows what both saw.
Calibrate and measure it afterwards: it has neither calibration nor reports.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from emotiscan.backbones import BESIDE
from emotiscan.checkpoint import Card, CheckpointError, load_checkpoint, save_checkpoint
from emotiscan.model import FaceModel, ModelConfig


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("first", type=Path, help="checkpoint")
    parser.add_argument("second", type=Path, help="checkpoint of another backbone, with the same emotions and codes")
    for of in ("emotions", "codes"):
        parser.add_argument(
            f"--{of}", type=float, default=0.5, metavar="SHARE", help=f"say of the first in the {of} (default: 0.5)"
        )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Join and write.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    try:
        join([parsed.first, parsed.second], parsed.out, parsed.emotions, parsed.codes)
    except (CheckpointError, ValueError, OSError) as error:
        print(f"join: {error}", file=sys.stderr)
        return 1
    return 0


def join(checkpoints: Sequence[Path], out: Path, emotions: float = 0.5, codes: float = 0.5) -> Path:
    """Write the network that is both; its training metadata and crop size are the first one's.

    Args:
        checkpoints: two.
        emotions, codes: say of the first in the logits, above 0 and below 1.

    Raises:
        CheckpointError: one cannot be read, or they do not read the same things of the same crops.
        ValueError: a share is none.
        OSError: the file cannot be written.
    """
    for name, share in (("emotions", emotions), ("codes", codes)):
        if not 0 < share < 1:
            raise ValueError(f"--{name} is {share}; the first one's say must lie between 0 and 1")
    (first, card), (second, other) = map(load_checkpoint, checkpoints)
    config = _joined_config(card.config, other.config, checkpoints)
    model = FaceModel(config).eval()
    model.backbone[0].load_state_dict(first.backbone.state_dict())
    model.backbone[1].load_state_dict(second.backbone.state_dict())
    say = torch.tensor([emotions, 1 - emotions])
    _fill_head(
        model.emotion_head, first.emotion_head, second.emotion_head, say[:, None].expand(2, len(config.emotions))
    )
    say = torch.tensor([codes, 1 - codes])[:, None].expand(2, len(config.codes))
    if config.local_codes:
        # Of each cell's evidence as much as it moves the code's logit, so that the logits keep their shares.
        weighted = say * torch.stack([first.code_scale, second.code_scale])
        offsets = say * torch.stack([first.code_offset, second.code_offset])
        model.code_scale.data, model.code_offset.data = weighted.sum(0), offsets.sum(0)
        say = weighted / weighted.sum(0)
    _fill_head(model.code_head, first.code_head, second.code_head, say)
    training = dict(card.training) | {"joined": [card.fingerprint, other.fingerprint], "say": [emotions, codes]}
    return save_checkpoint(out, model, Card(config, training=training))


def _joined_config(first: ModelConfig, second: ModelConfig, paths: Sequence[Path]) -> ModelConfig:
    own = {"backbone": first.backbone, "hidden": first.hidden, "dropout": first.dropout, "input_size": first.input_size}
    if replace(second, **own) != first:
        raise CheckpointError(
            f"{paths[0]} and {paths[1]} do not read the same emotions and codes of the same crops, or not in cells of "
            "the same size; train them with the same --data, --stride, --local-codes, --mirrored and --colour"
        )
    return replace(first, backbone=f"{first.backbone}{BESIDE}{second.backbone}", hidden=first.hidden + second.hidden)


def _fill_head(head: nn.Sequential, first: nn.Sequential, second: nn.Sequential, say: Tensor) -> None:
    """Each half of the dense layer sees its own network's features only; the last layer takes both by their say.

    Args:
        say: (2, o) of each network in each output.
    """
    dense, norm, _, _, last = head
    dense.weight.data = torch.block_diag(first[0].weight, second[0].weight)
    for name, values in norm.state_dict().items():
        if values.ndim:
            values.copy_(torch.cat([first[1].state_dict()[name], second[1].state_dict()[name]]))
    last.weight.data = torch.cat(
        [part[4].weight * share[:, None] for part, share in zip((first, second), say, strict=True)], 1
    )
    last.bias.data = sum(part[4].bias * share for part, share in zip((first, second), say, strict=True))


if __name__ == "__main__":
    sys.exit(main())
