"""Splits and folds that keep the images of a subject together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TRAIN_SHARE = 0.80
VALIDATION_SHARE_OF_REST = 0.55

HELD_OUT_SHARE = 0.1
"""Share of the training subjects that validate where a data set has no validation part of its own."""


def published_split(subjects: Sequence[str], seed: int = 0) -> NDArray[np.str_]:
    """Split by subject as the course projects do: 80% train, the rest 55 to 45 into validation and test.

    Args:
        subjects: (n,) the subject of each row.
        seed: decides who goes where; the same seed and subjects always give the same split, whatever the rows' order.

    Returns:
        (n,) "train", "validation" or "test".

    Raises:
        ValueError: there are fewer than three subjects.
    """
    names = np.array(sorted(set(map(str, subjects))))
    if len(names) < 3:
        raise ValueError(
            f"{len(names)} subject(s) cannot be split into train, validation and test; at least 3 are needed"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    train = min(max(1, round(TRAIN_SHARE * len(names))), len(names) - 2)
    rest = len(names) - train
    validation = min(max(1, round(VALIDATION_SHARE_OF_REST * rest)), rest - 1)
    split = np.full(len(names), "test", dtype="<U10")
    split[order[:train]] = "train"
    split[order[train : train + validation]] = "validation"
    return split[np.searchsorted(names, list(map(str, subjects)))]


def fold_split(subjects: Sequence[str], folds: int, held_out: int, seed: int = 0) -> NDArray[np.str_]:
    """One round of cross-validation: one fold tests, the next one validates, the others train.

    Args:
        subjects: (n,) the subject of each row.
        folds: how many, at least three.
        held_out: number of the fold that tests, counted from 0.
        seed: decides who goes where.

    Returns:
        (n,) "train", "validation" or "test".

    Raises:
        ValueError: there are fewer than three folds, or fewer subjects than folds.
    """
    if folds < 3:
        raise ValueError(f"{folds} folds leave none to train on; use at least 3")
    fold = subject_folds(subjects, folds, seed)
    return np.select([fold == held_out, fold == (held_out + 1) % folds], ["test", "validation"], "train")


def subject_folds(subjects: Sequence[str], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """Number of the fold, 0 to folds - 1, in which each row is held out; subjects stay together.

    Subjects are assigned from the one with most rows to the one with fewest, each to the fold with the fewest rows so
    far, so that the folds are of similar size.

    Raises:
        ValueError: there are fewer than two folds, or fewer subjects than folds.
    """
    names, row_subject, rows = np.unique(list(map(str, subjects)), return_inverse=True, return_counts=True)
    if not 2 <= folds <= len(names):
        raise ValueError(f"{len(names)} subject(s) cannot be divided into {folds} folds; use 2 to {len(names)}")
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-rows[shuffled], kind="stable")]
    fold_of, sizes = np.empty(len(names), np.int64), np.zeros(folds, np.int64)
    for subject in order:
        fold_of[subject] = sizes.argmin()
        sizes[fold_of[subject]] += rows[subject]
    return fold_of[row_subject]


def hold_out_validation(
    split: Sequence[str], subjects: Sequence[str], seed: int = 0, share: float = HELD_OUT_SHARE
) -> NDArray[np.str_]:
    """Move some training subjects into validation, for data sets that come with train and test alone.

    Args:
        split: (n,) "train", "validation", "test" or "" of each row.
        subjects: (n,) the subject of each row.
        seed: decides who is moved; the same seed and subjects always give the same split, whatever the rows' order.
        share: of the training subjects that move, but at least one.

    Returns:
        (n,) the new split; the old one where fewer than two subjects train.
    """
    parts, names = np.array(split, dtype="<U10"), np.array(list(map(str, subjects)))
    training = np.unique(names[parts == "train"])
    if len(training) < 2:
        return parts
    moved = np.random.default_rng(seed).permutation(training)[: max(1, round(share * len(training)))]
    return np.where((parts == "train") & np.isin(names, moved), "validation", parts)
