"""The mean of checkpoints, weight by weight: `python -m emotiscan.training.averaging A B --out MEAN`.

Where one was trained on from the other, or both from a third, the mean often reads as well as each does where that one
is best, at the cost of one network (Wortsman et al., “Model soups”, ICML 2022). Calibrate and measure it afterwards: it
has neither calibration nor reports. Shares other than equal ones go between two checkpoints (Wortsman et al., “Robust
fine-tuning of zero-shot models”, CVPR 2022): how far to follow what was learnt last.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emotiscan.model.checkpoint import Card, CheckpointError, load_checkpoint, save_checkpoint

HEADS = {"action-units": "au_", "emotions": "emotion_"}
"""How the weights of each head are named."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="two or more of one shape")
    parser.add_argument("--shares", nargs="+", type=float, metavar="SHARE", help="of each in the mean (default: equal)")
    parser.add_argument("--head", choices=HEADS, help="average this head alone; all else is the first checkpoint's")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Average and write.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    try:
        average(parsed.checkpoints, parsed.out, parsed.shares, parsed.head)
    except (CheckpointError, OSError, ValueError) as error:
        print(f"average: {error}", file=sys.stderr)
        return 1
    return 0


def average(
    checkpoints: Sequence[Path], out: Path, shares: Sequence[float] | None = None, head: str | None = None
) -> Path:
    """Write the mean of all weights and batch statistics; its training metadata and crop size are the last one's.

    Args:
        shares: of each checkpoint, 0 or more; only their proportions matter. Equal by default.
        head: one of `HEADS`, to average that head alone; all else is then the first checkpoint's.

    Raises:
        CheckpointError: one cannot be read, or they have not one configuration.
        ValueError: the shares are not one for each checkpoint, or none is above 0.
        OSError: the mean cannot be written.
    """
    shares = [1.0] * len(checkpoints) if shares is None else shares
    if len(shares) != len(checkpoints) or min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise ValueError(
            f"{len(shares)} shares for {len(checkpoints)} checkpoints: {', '.join(f'{share:g}' for share in shares)}; "
            "give each checkpoint one, 0 or more, not all 0"
        )
    models, cards = zip(*map(load_checkpoint, checkpoints), strict=True)
    last = cards[-1].config
    for path, card in zip(checkpoints, cards, strict=True):
        # The same weights read crops of any size.
        if replace(card.config, input_size=last.input_size) != last:
            raise CheckpointError(f"{path} and {checkpoints[-1]} are networks of two shapes; name checkpoints of one")
    states = [model.state_dict() for model in models]
    whole = sum(shares)
    mean = {
        name: sum(state[name] * (share / whole) for state, share in zip(states, shares, strict=True))
        if tensor.is_floating_point()
        else tensor
        for name, tensor in states[-1].items()
    }
    if head:
        mean |= {name: tensor for name, tensor in states[0].items() if not name.startswith(HEADS[head])}
    models[-1].load_state_dict(mean)
    of = {"mean_of": [card.fingerprint for card in cards], "shares": list(shares)} | ({"head": head} if head else {})
    training = dict(cards[-1].training) | of
    return save_checkpoint(out, models[-1], Card(last, training=training))


if __name__ == "__main__":
    sys.exit(main())
