import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiscan.datasets.splits import fold_split, hold_out_validation, published_split, subject_folds

SPLITS = ("train", "validation", "test")
subject_lists = st.lists(st.integers(0, 12).map("S{:03}".format), min_size=1, max_size=60)
three_or_more = subject_lists.filter(lambda subjects: len(set(subjects)) >= 3)


def test_published_split_of_ckplus_has_the_published_shares():
    subjects = [f"S{n:03}" for n in range(123)]
    split = published_split(subjects)
    assert [int((split == name).sum()) for name in SPLITS] == [98, 14, 11]


@given(three_or_more, st.integers(0, 5), st.randoms())
def test_published_split_keeps_subjects_together_whatever_the_rows_order(subjects, seed, random):
    where = dict(zip(subjects, published_split(subjects, seed), strict=True))
    assert [where[s] for s in subjects] == published_split(subjects, seed).tolist()  # one split a subject
    assert set(where.values()) == set(SPLITS)
    shuffled = random.sample(subjects, len(subjects))
    assert published_split(shuffled, seed).tolist() == [where[s] for s in shuffled]


def test_another_seed_gives_another_split():
    subjects = [f"S{n:03}" for n in range(30)]
    assert published_split(subjects, 0).tolist() != published_split(subjects, 1).tolist()


def test_published_split_needs_three_subjects():
    with pytest.raises(ValueError, match="at least 3 are needed"):
        published_split(["Ann", "Bob", "Ann"])


@given(subject_lists, st.integers(2, 6), st.integers(0, 5))
def test_folds_are_disjoint_balanced_and_hold_out_every_row_once(subjects, folds, seed):
    names = set(subjects)
    if len(names) < folds:
        with pytest.raises(ValueError, match="cannot be divided into"):
            subject_folds(subjects, folds, seed)
        return
    fold = subject_folds(subjects, folds, seed)
    assert len(fold) == len(subjects)
    assert set(fold) == set(range(folds))
    assert all(len({f for f, s in zip(fold, subjects, strict=True) if s == name}) == 1 for name in names)
    # Assigned greedily, no two folds differ by more than the subject with most rows.
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.max() - sizes.min() <= max(subjects.count(name) for name in names)
    assert (subject_folds(subjects, folds, seed) == fold).all()


@given(three_or_more, st.randoms())
def test_folds_do_not_depend_on_the_rows_order(subjects, random):
    where = dict(zip(subjects, subject_folds(subjects, 3), strict=True))
    shuffled = random.sample(subjects, len(subjects))
    assert subject_folds(shuffled, 3).tolist() == [where[s] for s in shuffled]


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="use 2 to 2"):
        subject_folds(["Ann", "Bob"], 1)


@given(three_or_more, st.integers(0, 3))
def test_cross_validation_tests_and_validates_each_subject_once(subjects, seed):
    rounds = np.stack([fold_split(subjects, 3, held_out, seed) for held_out in range(3)])
    for split in ("train", "validation", "test"):
        assert ((rounds == split).sum(0) == 1).all()


def test_two_folds_are_refused_because_none_would_train():
    with pytest.raises(ValueError, match="at least 3"):
        fold_split(["Ann", "Bob", "Cid"], 2, 0)


@given(three_or_more, st.integers(0, 5), st.randoms())
def test_held_out_validation_takes_a_tenth_of_the_training_subjects(subjects, seed, random):
    tested = set(random.sample(sorted(set(subjects)), 1))
    split = ["test" if subject in tested else "train" for subject in subjects]
    held_out = hold_out_validation(split, subjects, seed)
    assert all((new == "test") == (old == "test") for new, old in zip(held_out, split, strict=True))
    validating = {subject for subject, part in zip(subjects, held_out, strict=True) if part == "validation"}
    training = {subject for subject, part in zip(subjects, held_out, strict=True) if part == "train"}
    assert not validating & training
    assert len(validating) == max(1, round(0.1 * (len(set(subjects)) - 1)))
    shuffled = random.sample(range(len(subjects)), len(subjects))
    again = hold_out_validation([split[n] for n in shuffled], [subjects[n] for n in shuffled], seed)
    assert again.tolist() == held_out[shuffled].tolist()


def test_held_out_validation_leaves_a_single_training_subject_alone():
    assert hold_out_validation(["train", "test", ""], ["Ann", "Bob", "Cid"]).tolist() == ["train", "test", ""]
