import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiscan.datasets.splits import fold_split, published_split, subject_folds

SPLITS = ("train", "validation", "test")
people = st.lists(st.integers(0, 12).map("S{:03}".format), min_size=1, max_size=60)
several_people = people.filter(lambda subjects: len(set(subjects)) >= 3)


def test_the_published_shares():
    subjects = [f"S{n:03}" for n in range(123)]
    split = published_split(subjects)
    assert [int((split == name).sum()) for name in SPLITS] == [98, 14, 11]


@given(several_people, st.integers(0, 5), st.randoms())
def test_a_split_keeps_people_together_whatever_the_rows_order(subjects, seed, random):
    where = dict(zip(subjects, published_split(subjects, seed), strict=True))
    assert [where[s] for s in subjects] == published_split(subjects, seed).tolist()  # one split a person
    assert set(where.values()) == set(SPLITS)
    shuffled = random.sample(subjects, len(subjects))
    assert published_split(shuffled, seed).tolist() == [where[s] for s in shuffled]


def test_another_seed_is_another_split():
    subjects = [f"S{n:03}" for n in range(30)]
    assert published_split(subjects, 0).tolist() != published_split(subjects, 1).tolist()


def test_too_few_people_for_a_split():
    with pytest.raises(ValueError, match="at least 3 are needed"):
        published_split(["Ann", "Bob", "Ann"])


@given(people, st.integers(2, 6), st.integers(0, 5))
def test_folds_are_disjoint_balanced_and_hold_out_every_row_once(subjects, folds, seed):
    names = set(subjects)
    if len(names) < folds:
        with pytest.raises(ValueError, match="cannot be dealt into"):
            subject_folds(subjects, folds, seed)
        return
    fold = subject_folds(subjects, folds, seed)
    assert len(fold) == len(subjects)
    assert set(fold) == set(range(folds))
    assert all(len({f for f, s in zip(fold, subjects, strict=True) if s == person}) == 1 for person in names)
    # Dealt out greedily, no two folds differ by more than the person with most rows.
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.max() - sizes.min() <= max(subjects.count(person) for person in names)
    assert (subject_folds(subjects, folds, seed) == fold).all()


@given(several_people, st.randoms())
def test_folds_do_not_hang_on_the_rows_order(subjects, random):
    where = dict(zip(subjects, subject_folds(subjects, 3), strict=True))
    shuffled = random.sample(subjects, len(subjects))
    assert subject_folds(shuffled, 3).tolist() == [where[s] for s in shuffled]


def test_one_fold_is_none():
    with pytest.raises(ValueError, match="use 2 to 2"):
        subject_folds(["Ann", "Bob"], 1)


@given(several_people, st.integers(0, 3))
def test_in_a_cross_validation_everybody_is_test_once_and_validates_once(subjects, seed):
    rounds = np.stack([fold_split(subjects, 3, held_out, seed) for held_out in range(3)])
    for split in ("train", "validation", "test"):
        assert ((rounds == split).sum(0) == 1).all()


def test_two_folds_leave_none_to_train_on():
    with pytest.raises(ValueError, match="at least 3"):
        fold_split(["Ann", "Bob", "Cid"], 2, 0)
