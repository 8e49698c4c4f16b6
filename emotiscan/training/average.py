"""The mean of checkpoints, weight by weight: `python -m emotiscan.training.average A B --out MEAN`.

Where one was trained on from the other, or both from a third, the mean often reads as well as each does where that one
is best, at the cost of one network (Wortsman et al., “Model soups”, ICML 2022). Calibrate and measure it afterwards: it
has neither calibration nor reports.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emotiscan.checkpoint import Card, CheckpointError, load_checkpoint, save_checkpoint


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="two or more of one shape")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Average and write.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    try:
        average(parsed.checkpoints, parsed.out)
    except (CheckpointError, OSError) as error:
        print(f"average: {error}", file=sys.stderr)
        return 1
    return 0


def average(checkpoints: Sequence[Path], out: Path) -> Path:
    """Write the mean of all weights and batch statistics; its training metadata and crop size are the last one's.

    Raises:
        CheckpointError: one cannot be read, or they have not one configuration.
        OSError: the mean cannot be written.
    """
    models, cards = zip(*map(load_checkpoint, checkpoints), strict=True)
    last = cards[-1].config
    for path, card in zip(checkpoints, cards, strict=True):
        # The same weights read crops of any size.
        if replace(card.config, input_size=last.input_size) != last:
            raise CheckpointError(f"{path} and {checkpoints[-1]} are networks of two shapes; name checkpoints of one")
    states = [model.state_dict() for model in models]
    mean = {
        name: sum(state[name] for state in states) / len(states) if tensor.is_floating_point() else tensor
        for name, tensor in states[-1].items()
    }
    models[-1].load_state_dict(mean)
    training = dict(cards[-1].training) | {"mean_of": [card.fingerprint for card in cards]}
    return save_checkpoint(out, models[-1], Card(last, training=training))


if __name__ == "__main__":
    sys.exit(main())
