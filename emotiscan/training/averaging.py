"""Averages of checkpoints, weight by weight.

If one checkpoint was fine-tuned from the other, or both from a third, the average often does well wherever one of them
does, at the cost of one network (Wortsman et al., "Model soups", ICML 2022). Unequal shares of two checkpoints
interpolate between them (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). An average has neither
calibration nor reports: calibrate and evaluate it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emotiscan.model.checkpoint import Card, CheckpointError, load_checkpoint, save_checkpoint

HEADS = {"action-units": "au_", "emotions": "emotion_"}
"""How the names of each head's weights begin."""


class AveragingError(ValueError):
    """The shares cannot be used; the message says why and what to do."""


def average(
    checkpoints: Sequence[Path], out: Path, shares: Sequence[float] | None = None, head: str | None = None
) -> Path:
    """Average checkpoints and write the result, whose training metadata and crop size are those of the last one.

    Args:
        checkpoints: two or more of the same architecture.
        out: file to write.
        shares: weight of each checkpoint, 0 or more; only their proportions matter. Equal by default.
        head: one of `HEADS`, to average only that head; everything else is then taken from the first checkpoint.

    Returns:
        The path written to.

    Raises:
        CheckpointError: a checkpoint cannot be read, or their architectures differ.
        AveragingError: there is not one share for each checkpoint, or none is above 0.
        OSError: the result cannot be written.
    """
    shares = [1.0] * len(checkpoints) if shares is None else shares
    if len(shares) != len(checkpoints) or min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise AveragingError(
            f"{len(shares)} shares for {len(checkpoints)} checkpoints: {', '.join(f'{share:g}' for share in shares)}; "
            "give each checkpoint one, 0 or more, not all 0"
        )
    models, cards = zip(*map(load_checkpoint, checkpoints), strict=True)
    config = cards[-1].config
    for path, card in zip(checkpoints, cards, strict=True):
        # The same weights read crops of any size.
        if replace(card.config, input_size=config.input_size) != config:
            raise CheckpointError(f"{path} and {checkpoints[-1]} differ in architecture; name checkpoints of the same")
    states = [model.state_dict() for model in models]
    total = sum(shares)
    mean = {
        name: sum(state[name] * (share / total) for state, share in zip(states, shares, strict=True))
        if tensor.is_floating_point()
        else tensor
        for name, tensor in states[-1].items()
    }
    if head:
        mean |= {name: tensor for name, tensor in states[0].items() if not name.startswith(HEADS[head])}
    models[-1].load_state_dict(mean)
    origin = {"mean_of": [card.fingerprint for card in cards], "shares": list(shares)}
    training = dict(cards[-1].training) | origin | ({"head": head} if head else {})
    return save_checkpoint(out, models[-1], Card(config, training=training))
