"""Metrics: worked by hand, compared with scikit-learn, and what their intervals may claim."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from emotiscan.evaluation import choose_thresholds, evaluate_predictions
from emotiscan.reports import ClassMetrics, Estimate, EvaluationReport

FOUR = ("negative", "positive", "surprise", "neutral")
AU_METRICS = ("f1", "auc", "average_precision")
NAN = float("nan")


def report_on(*, emotions=FOUR, action_units=(), probabilities=None, classes=None, scores=None, labels=None, **more):
    """`evaluate_predictions` with blanks for what a test does not care about."""
    n = next(len(given) for given in (probabilities, scores) if given is not None)
    return evaluate_predictions(
        emotions=emotions,
        action_units=action_units,
        emotion_probabilities=np.full((n, len(emotions)), 0.25) if probabilities is None else probabilities,
        au_probabilities=np.zeros((n, len(action_units))) if scores is None else scores,
        emotion_classes=np.full(n, -1) if classes is None else classes,
        au_labels=np.full((n, len(action_units)), NAN) if labels is None else labels,
        **{"subjects": np.arange(n), "thresholds": {}, "bootstraps": 50} | more,
    )


def au_report(scores, labels, **more):
    return report_on(
        action_units=("AU12",), scores=np.reshape(scores, (-1, 1)), labels=np.reshape(labels, (-1, 1)), **more
    )


def some_action_units(n, k=4, seed=0, unknown=0.2):
    """Scores with many ties, labels that go with them, some unknown."""
    random = np.random.default_rng(seed)
    labels = (random.random((n, k)) < np.linspace(0.1, 0.6, k)).astype(float)
    scores = np.round(np.clip(0.35 * labels + random.normal(0.3, 0.25, (n, k)), 0, 1), 1)
    labels[random.random((n, k)) < unknown] = NAN
    return scores, labels


def width(estimate):
    return estimate.high - estimate.low


PREDICTED, TRUE = [0, 0, 1, 1, 1, 3, 2, 0, 3, 2], [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]


def as_probabilities(first, second=None):
    """(n, 4) rows with 0.6 for the first choice and 0.3 for the second."""
    return 0.05 + 0.55 * np.eye(4)[first] + 0.25 * np.eye(4)[first if second is None else second]


def test_emotion_metrics_worked_by_hand():
    emotion = report_on(probabilities=as_probabilities(PREDICTED), classes=TRUE).emotion
    assert emotion.labels == FOUR
    assert emotion.confusion == [[2, 1, 0, 0], [0, 2, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1]]
    assert emotion.accuracy.value == pytest.approx(6 / 10)
    assert list(emotion.classes["positive"].to_dict().values()) == pytest.approx([2 / 3, 2 / 3, 2 / 3, 3])
    assert emotion.classes["surprise"] == ClassMetrics(precision=0.5, recall=0.5, f1=0.5, support=2)
    assert emotion.macro_f1.value == pytest.approx((2 / 3 + 2 / 3 + 1 / 2 + 1 / 2) / 4)


def test_without_neutral_leaves_it_out_of_truth_and_prediction():
    second = [3, 3, 3, 3, 3, 1, 3, 2, 0, 0]  # only those first read as neutral, or wrongly, matter
    rest = report_on(probabilities=as_probabilities(PREDICTED, second), classes=TRUE).emotion.without_neutral
    assert (rest.labels, rest.samples) == (("negative", "positive", "surprise"), 8)
    # The positive face first read as neutral counts as positive; the two neutral faces do not count.
    assert rest.confusion == [[2, 1, 0], [0, 3, 0], [1, 0, 1]]
    assert rest.accuracy.value == pytest.approx(6 / 8)
    assert rest.without_neutral is None


def test_without_neutral_does_not_depend_on_the_order_of_emotions():
    there = report_on(probabilities=as_probabilities(PREDICTED), classes=TRUE).emotion.without_neutral
    order = [3, 0, 1, 2]  # neutral first
    probabilities, classes = as_probabilities(PREDICTED)[:, order], [order.index(c) for c in TRUE]
    moved = report_on(emotions=[FOUR[i] for i in order], probabilities=probabilities, classes=classes)
    assert moved.emotion.without_neutral == there


def test_without_neutral_needs_a_neutral_class_and_other_faces():
    assert report_on(probabilities=as_probabilities([3, 3, 0]), classes=[3, 3, 3]).emotion.without_neutral is None
    emotion = report_on(emotions=FOUR[:3], probabilities=np.eye(3), classes=[0, 1, 1]).emotion
    assert emotion.without_neutral is None
    assert emotion.confusion == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_faces_of_unknown_emotion_do_not_count():
    probabilities = as_probabilities(PREDICTED)
    whole = report_on(probabilities=probabilities[:6], classes=TRUE[:6], bootstraps=0).emotion
    masked = report_on(probabilities=probabilities, classes=[*TRUE[:6], *[-1] * 4], bootstraps=0).emotion
    assert whole.samples == 6
    assert masked == whole


def test_a_class_without_faces_has_no_f1_and_does_not_count_in_the_mean():
    emotion = report_on(probabilities=as_probabilities([0, 1, 2, 0]), classes=[0, 1, 0, 1]).emotion
    assert emotion.classes["surprise"] == ClassMetrics(precision=0.0, recall=None, f1=None, support=0)
    assert emotion.classes["neutral"] == ClassMetrics()
    assert emotion.macro_f1.value == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_au_metrics_worked_by_hand():
    labels = [0.7, 0.49, 0.5, 1, 0]  # a teacher's: present, absent, present, present, absent
    au = au_report([0.9, 0.8, 0.6, 0.4, 0.2], labels, thresholds={"AU12": 0.6}).action_units["AU12"]
    assert au.confusion == [[1, 1], [1, 2]]
    assert (au.support, au.known, au.threshold) == (3, 5, 0.6)
    assert [au.precision, au.recall, au.f1.value] == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert au.auc.value == pytest.approx(4 / 6)  # of 6 pairs, 0.8 outranks 0.6 and 0.4
    assert au.average_precision.value == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_agrees_with_scikit_learn_where_scores_tie_and_labels_are_missing():
    scores, labels = some_action_units(300)
    action_units = ("AU1", "AU2", "AU4", "AU6")
    report = report_on(
        action_units=action_units, scores=scores, labels=labels, thresholds=dict.fromkeys(action_units, 0.4)
    )
    for column, au in enumerate(action_units):
        known = ~np.isnan(labels[:, column])
        truth, score, part = labels[known, column], scores[known, column], report.action_units[au]
        assert part.known == known.sum() < 300
        assert part.auc.value == pytest.approx(metrics.roc_auc_score(truth, score))
        assert part.average_precision.value == pytest.approx(metrics.average_precision_score(truth, score))
        assert part.f1.value == pytest.approx(metrics.f1_score(truth, score >= 0.4))
        assert part.confusion == metrics.confusion_matrix(truth, score >= 0.4).tolist()
    for name in AU_METRICS:
        mean = np.mean([getattr(part, name).value for part in report.action_units.values()])
        assert getattr(report.action_units_mean, name).value == pytest.approx(mean)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=2, max_size=30))
def test_ranking_agrees_with_scikit_learn_on_any_ties(rows):
    scores, labels = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float)
    au = au_report(scores, labels, bootstraps=0).action_units["AU12"]
    auc = metrics.roc_auc_score(labels, scores) if labels.any() and not labels.all() else None
    average_precision = metrics.average_precision_score(labels, scores) if labels.any() else None
    assert au.auc.value == pytest.approx(auc)
    assert au.average_precision.value == pytest.approx(average_precision)


def test_pairs_of_one_person_worked_by_hand():
    # Both pairs of ann's are right, bob's is a tie, and eve was never seen without the action unit.
    scores, labels = [0.6, 0.5, 0.4, 0.2, 0.2, 0.1], [1, 0, 0, 1, 0, 1]
    report = au_report(scores, labels, subjects=["ann"] * 3 + ["bob"] * 2 + ["eve"])
    within = report.action_units["AU12"].within_subject
    assert within.value == pytest.approx((2 + 0.5) / 3)
    assert (within.low, within.high) == (0.5, 1.0)  # of bob alone, and of ann alone
    assert report.headline()["AUC within subjects"] == within == report.action_units_mean.within_subject


def test_pairs_of_one_person_do_not_depend_on_how_persons_differ():
    random = np.random.default_rng(3)
    person, labels = np.arange(200) % 50, random.integers(0, 2, 200).astype(float)
    scores = 0.1 * labels + 0.8 * random.random(50)[person]  # persons differ by more than the action unit does
    au = au_report(scores, labels, subjects=person).action_units["AU12"]
    assert au.within_subject.value == 1.0
    assert au.auc.value < 0.8


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), min_size=1, max_size=25
    )
)
def test_all_pairs_of_one_person_count_and_ties_count_half(rows):
    pairs = [
        (shown > other) + (shown == other) / 2
        for person, shown, present in rows
        for somebody, other, absent in rows
        if person == somebody and present and not absent
    ]
    people, scores, labels = zip(*rows, strict=True)
    au = au_report(scores, np.array(labels, float), subjects=people, bootstraps=0).action_units["AU12"]
    assert au.within_subject.value == (pytest.approx(np.mean(pairs)) if pairs else None)


def test_faces_of_different_persons_are_never_paired():
    au = au_report([0.9, 0.8, 0.2], [1, 0, 0]).action_units["AU12"]
    assert au.within_subject == Estimate()


def test_the_mean_is_over_action_units_with_both_classes():
    scores = np.array([[0.9, 0.9, 0.2], [0.4, 0.2, 0.3], [0.6, 0.3, 0.1]])
    labels = np.array([[1, 0, NAN], [1, 0, NAN], [0, 0, NAN]])
    report = report_on(action_units=("AU1", "AU2", "AU4"), scores=scores, labels=labels)
    assert report.action_units_mean.action_units == 1
    assert report.action_units_mean.auc.value == report.action_units["AU1"].auc.value == pytest.approx(0.5)
    assert report.action_units["AU2"].auc.value is None
    assert report.action_units["AU2"].confusion == [[2, 1], [0, 0]]
    assert report.action_units["AU4"].known == 0


def test_threshold_separates_what_can_be_separated():
    scores = np.array([[0.1, 0.62, 0.9], [0.2, 0.60, 0.9], [0.3, 0.91, 0.9], [0.4, 0.90, 0.9]])
    labels = np.array([[0.0, 0.4, 1], [1, 0, 1], [1, 0.8, 1], [NAN, 1, NAN]])
    chosen = choose_thresholds(scores, labels, ("AU1", "AU2", "AU4"))
    assert chosen == pytest.approx({"AU1": 0.15, "AU2": 0.76, "AU4": 0.5})


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=8))
def test_no_other_threshold_between_0_and_1_gives_a_better_f1(rows):
    scores, labels = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float)
    threshold = choose_thresholds(scores[:, None], labels[:, None], ("AU1",))["AU1"]
    assert 0 < threshold < 1
    if labels.any() and not labels.all():
        found, *others = (metrics.f1_score(labels, scores >= t) for t in (threshold, *scores) if 0 < t < 1)
        assert found >= max(others, default=0) - 1e-9


def test_weighted_faces_give_the_threshold_of_repeated_faces(rng):
    scores, labels = some_action_units(200, 3, seed=4)
    copies = rng.integers(0, 5, 200)
    action_units = ("AU1", "AU2", "AU4")
    weighted = choose_thresholds(scores, labels, action_units, weights=copies / 3)
    assert weighted == choose_thresholds(scores.repeat(copies, 0), labels.repeat(copies, 0), action_units)
    assert weighted != choose_thresholds(scores, labels, action_units)
    with pytest.raises(ValueError, match="200 numbers, 0 or more"):
        choose_thresholds(scores, labels, action_units, weights=copies - 1)


def test_the_headline_names_what_is_there_and_defined():
    report = whole_report(40, 40)
    named = report.headline()
    assert named["emotion accuracy"] == report.emotion.accuracy
    assert named["accuracy without neutral"] == report.emotion.without_neutral.accuracy
    assert named["action units' calibration error"] == report.action_units_mean.ece
    older = {"samples": 1, "subjects": 1, "emotion": None, "codes_mean": {"auc": {"value": 0.9}, "f1": {"value": None}}}
    assert EvaluationReport.from_dict(older).headline() == {"action units' mean AUC": Estimate(0.9)}


def estimates_of(report):
    emotions = (report.emotion, report.emotion.without_neutral)
    action_units = (*report.action_units.values(), report.action_units_mean)
    found = [getattr(part, name) for part in emotions for name in ("accuracy", "macro_f1")]
    return found + [getattr(part, name) for part in action_units for name in AU_METRICS]


def whole_report(n, people, seed=0):
    random = np.random.default_rng(7)
    classes = random.integers(0, 4, n)
    probabilities = random.dirichlet(np.ones(4), n) + np.eye(4)[(classes + (random.random(n) < 0.3)) % 4]
    scores, labels = some_action_units(n, 2)
    faces = {"probabilities": probabilities / 2, "classes": classes, "scores": scores, "labels": labels}
    return report_on(action_units=("AU1", "AU2"), **faces, subjects=np.arange(n) % people, bootstraps=200, seed=seed)


def test_intervals_hold_their_value_and_narrow_with_more_people():
    few, many = whole_report(80, 80), whole_report(1280, 1280)
    for small, large in zip(estimates_of(few), estimates_of(many), strict=True):
        assert small.low <= small.value <= small.high
        assert large.low <= large.value <= large.high
        assert 0 < width(large) < 0.6 * width(small)


def test_copies_of_a_person_do_not_narrow_the_interval():
    scores, labels = some_action_units(60, 1, seed=2, unknown=0)
    copied = {"scores": scores.repeat(16, 0), "labels": labels.repeat(16, 0), "bootstraps": 300}
    once = au_report(scores, labels, bootstraps=300).action_units["AU12"]
    by_person = au_report(**copied, subjects=np.arange(60).repeat(16)).action_units["AU12"]
    as_if_strangers = au_report(**copied).action_units["AU12"]
    for name in AU_METRICS:
        found, alone = getattr(by_person, name), getattr(once, name)
        assert list(found.to_dict().values()) == pytest.approx(list(alone.to_dict().values()))
        assert width(getattr(as_if_strangers, name)) < 0.4 * width(found)


def test_intervals_are_those_of_drawing_people_and_measuring_again():
    n, people = 120, 30
    scores, labels = some_action_units(n, 1, seed=5, unknown=0)
    subjects = np.arange(n) % people
    random, found = np.random.default_rng(1), []
    for _ in range(300):
        rows = np.concatenate([np.flatnonzero(subjects == s) for s in random.integers(0, people, people)])
        truth, score = labels[rows, 0], scores[rows, 0]
        ranking = metrics.roc_auc_score(truth, score), metrics.average_precision_score(truth, score)
        found.append([metrics.f1_score(truth, score >= 0.5), *ranking])
    au = au_report(scores, labels, subjects=subjects, bootstraps=2000).action_units["AU12"]
    for name, low, high in zip(AU_METRICS, *np.percentile(found, [2.5, 97.5], axis=0), strict=True):
        found = getattr(au, name)
        assert [found.low, found.high] == pytest.approx([low, high], abs=0.25 * (high - low)), name


def test_the_interval_of_many_people_is_the_normal_approximation():
    wrong = (np.arange(400) % 4 == 0).astype(int)
    emotion = report_on(probabilities=np.eye(4)[wrong], classes=np.zeros(400, int), bootstraps=4000).emotion
    assert width(emotion.accuracy) == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=0.08)


def test_no_interval_from_one_person():
    emotion = report_on(probabilities=as_probabilities(PREDICTED), classes=TRUE, subjects=["ann"] * 10).emotion
    assert emotion.accuracy == Estimate(0.6)
    # Five people, but the action unit was seen on one of them: its scores cannot be said to hold for others.
    au = au_report([0.9, 0.2, 0.1, 0.3, 0.2], [1, 0, 0, 0, 0]).action_units["AU12"]
    assert au.auc == Estimate(1.0)


def test_bootstrap_samples_without_the_action_unit_are_left_out():
    # One sample in nine contains neither of the two people who show the action unit.
    au = au_report([0.9, 0.8, *[0.1] * 8], [1, 1, *[0] * 8], bootstraps=200).action_units["AU12"]
    assert au.auc == au.f1 == Estimate(1.0, 1.0, 1.0)


def test_the_seed_changes_intervals_only(monkeypatch):
    first, other = whole_report(100, 50), whole_report(100, 50, seed=1)
    assert first.emotion.accuracy != other.emotion.accuracy
    assert [f.value for f in estimates_of(first)] == [f.value for f in estimates_of(other)]
    monkeypatch.setattr("emotiscan.evaluation.bootstrap.BLOCK", 700)  # samples in many blocks, as of a large table
    assert whole_report(100, 50) == first


def test_a_report_is_json_with_null_for_what_is_undefined_and_reads_back():
    scores = np.array([[0.9, 0.9], [0.4, 0.2]], np.float32)
    report = report_on(action_units=("AU1", "AU2"), scores=scores, labels=[[1, 0], [0, 0]], subjects=["a", "b"])
    written = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert written["action_units"]["AU2"]["f1"] == {"value": None, "low": None, "high": None}
    assert EvaluationReport.from_dict(written) == report


@pytest.mark.parametrize("faces", [0, 2])
def test_no_faces_or_no_labels_give_no_parts(faces):
    scores, people = np.full((faces, 1), 0.6), ["ann"] * faces
    report = report_on(action_units=("AU1",), scores=scores, subjects=people)
    assert report == EvaluationReport(samples=faces, subjects=min(1, faces))
    assert report_on(emotions=(), scores=scores[:, :0], subjects=people) == report
    assert choose_thresholds(scores, scores * NAN, ("AU1",)) == {"AU1": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subjects": ["a"]}, "2 faces, but subjects"),
        ({"classes": [0, 1, 2]}, "2 faces, but emotion classes"),
        ({"classes": [0, 4]}, "from -1 .unknown. to 3"),
        ({"scores": [[0.5]], "labels": [[1]]}, "2 faces, but action unit labels"),
        ({"labels": [[1, 0], [0, 0]]}, "action unit labels have shape"),
        ({"scores": [[0.5, 0.5]] * 2}, "1 columns"),
        ({"scores": [[1.5], [0.5]]}, "lie between 0 and 1"),
        ({"scores": [[NAN], [0.5]]}, "lie between 0 and 1"),
        ({"labels": [[-1], [0.5]]}, "NaN where unknown"),
        ({"probabilities": np.ones((2, 3))}, "4 columns"),
        ({"bootstraps": -1}, "0 or more"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_a_message(change, message):
    fitting = {"probabilities": np.eye(4)[:2], "classes": [0, 1], "scores": [[0.5], [0.5]], "labels": [[1], [0]]}
    with pytest.raises(ValueError, match=message):
        report_on(action_units=("AU1",), **fitting | change)


def test_given_calls_are_counted_instead_of_thresholds():
    scores, labels = [0.9, 0.2, 0.6, 0.4], [1, 0, 1, 0]
    au = au_report(scores, labels, called=[[False], [True], [True], [False]]).action_units["AU12"]
    assert au.confusion == [[1, 1], [1, 1]]
    assert au.threshold is None
    assert au.auc.value == 1
    with pytest.raises(ValueError, match="called has shape"):
        au_report(scores, labels, called=[True, False])
