"""Splits in which no person is on both sides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TRAIN_SHARE = 0.80
VALIDATION_SHARE_OF_REST = 0.55


def published_split(subjects: Sequence[str], seed: int = 0) -> NDArray[np.str_]:
    """The course projects' scheme: 80 % of the persons train, the rest 55 to 45 validation and test.

    Args:
        subjects: (n,) the person of each row.
        seed: decides who goes where; the same seed and persons always give the same split,
            whatever the rows' order.

    Returns:
        (n,) "train", "validation" or "test".

    Raises:
        ValueError: fewer than three persons.
    """
    people = np.array(sorted(set(map(str, subjects))))
    if len(people) < 3:
        raise ValueError(
            f"{len(people)} person(s) cannot be split into train, validation and test; at least 3 are needed"
        )
    order = np.random.default_rng(seed).permutation(len(people))
    train = min(max(1, round(TRAIN_SHARE * len(people))), len(people) - 2)
    rest = len(people) - train
    validation = min(max(1, round(VALIDATION_SHARE_OF_REST * rest)), rest - 1)
    split = np.full(len(people), "test", dtype="<U10")
    split[order[:train]] = "train"
    split[order[train : train + validation]] = "validation"
    return split[np.searchsorted(people, list(map(str, subjects)))]


def fold_split(subjects: Sequence[str], folds: int, held_out: int, seed: int = 0) -> NDArray[np.str_]:
    """One round of cross-validation: a fold is the test, the next one validates, the others train.

    Args:
        folds: how many, at least three.
        held_out: number of the test's fold, from 0.

    Returns:
        (n,) "train", "validation" or "test".

    Raises:
        ValueError: fewer than three folds, or fewer persons than folds.
    """
    if folds < 3:
        raise ValueError(f"{folds} folds leave none to train on; use at least 3")
    fold = subject_folds(subjects, folds, seed)
    return np.select([fold == held_out, fold == (held_out + 1) % folds], ["test", "validation"], "train")


def subject_folds(subjects: Sequence[str], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """Number of the fold, 0 to folds - 1, in which each row is held out; persons stay together.

    Persons are dealt out from the one with most rows to the one with fewest, each to the fold
    that has fewest rows yet, so that folds are of like size.

    Raises:
        ValueError: fewer than two folds, or fewer persons than folds.
    """
    people, row_person, rows = np.unique(list(map(str, subjects)), return_inverse=True, return_counts=True)
    if not 2 <= folds <= len(people):
        raise ValueError(f"{len(people)} person(s) cannot be dealt into {folds} folds; use 2 to {len(people)}")
    shuffled = np.random.default_rng(seed).permutation(len(people))
    order = shuffled[np.argsort(-rows[shuffled], kind="stable")]
    fold_of, filled = np.empty(len(people), np.int64), np.zeros(folds, np.int64)
    for person in order:
        fold_of[person] = filled.argmin()
        filled[fold_of[person]] += rows[person]
    return fold_of[row_person]
