"""The fit: finds what was put in, and does no harm where the data say little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from emotiscan.evaluation import choose_thresholds
from emotiscan.evaluation.calibration_fit import equal_weights, fit_calibration, fit_platt, fit_temperature
from emotiscan.model.calibration import Calibration

AU_NAMES = ("AU1", "AU12")


def some_emotions(random, n, temperature=1.0, classes=4):
    """Logits that are off by a temperature, and the classes that exact ones would have."""
    exact = 2 * random.normal(size=(n, classes))
    chosen = (exact + random.gumbel(size=exact.shape)).argmax(1)  # sampled with the softmax's probabilities
    return exact * temperature, chosen


def some_au(random, n, slope=1.0, offset=0.0, mean=0.0):
    """Logits whose true probability is sigmoid(slope * logit + offset), and labels sampled from it."""
    logits = random.normal(mean, 2, n)
    return logits, random.random(n) < 1 / (1 + np.exp(-slope * logits - offset))


def fit(logits=None, classes=None, au_logits=None, labels=None, action_units=AU_NAMES[:1], **more):
    """`fit_calibration` with blanks for what a test does not care about."""
    n = len(logits if logits is not None else au_logits)
    return fit_calibration(
        np.zeros((n, 4)) if logits is None else logits,
        np.zeros((n, len(action_units))) if au_logits is None else np.reshape(au_logits, (n, -1)),
        np.full(n, -1) if classes is None else classes,
        np.full((n, len(action_units)), np.nan) if labels is None else np.reshape(labels, (n, -1)).astype(float),
        action_units,
        **more,
    )


def emotion_loss(calibration, logits, classes):
    return -np.log(np.maximum(calibration.emotions(logits)[np.arange(len(classes)), classes], 1e-300)).sum()


def au_loss(calibration, logits, labels):
    p = calibration.action_units(np.reshape(logits, (-1, 1)), AU_NAMES[:1])[:, 0]
    return -np.log(np.maximum(np.where(labels, p, 1 - p), 1e-300)).sum()


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.8, 3.5])
def test_a_known_temperature_is_found(rng, temperature):
    assert fit(*some_emotions(rng, 6000, temperature)).temperature == pytest.approx(temperature, rel=0.06)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, -1.5), (2.2, 0.8)])
def test_known_slopes_and_offsets_are_found(rng, slope, offset):
    first, second = some_au(rng, 8000, slope, offset), some_au(rng, 8000)
    calibration = fit(
        au_logits=np.stack([first[0], second[0]], 1), labels=np.stack([first[1], second[1]], 1), action_units=AU_NAMES
    )
    assert calibration.slopes == pytest.approx({"AU1": slope, "AU12": 1.0}, rel=0.08)
    assert calibration.offsets == pytest.approx({"AU1": offset, "AU12": 0.0}, abs=0.12)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0.01, 1.0, 30.0]))
def test_fitting_never_lowers_the_likelihood_of_its_faces(seed, n, scale):
    random = np.random.default_rng(seed)
    logits, classes = scale * random.normal(size=(n, 4)), random.integers(0, 4, n)
    au_logits, labels = scale * random.normal(size=n), random.random(n) < 0.3
    calibration = fit(logits, classes, au_logits, labels)
    slack = 1e-9 * n * scale
    assert emotion_loss(calibration, logits, classes) <= emotion_loss(Calibration(), logits, classes) + slack
    assert au_loss(calibration, au_logits, labels) <= au_loss(Calibration(), au_logits, labels) + slack


def test_few_positives_move_the_slope_little_and_the_rate_fully(rng):
    """One positive, above all the others: the likelihood alone would make the slope infinite."""
    logits = np.append(rng.normal(-2, 1, 1999), 3.0)
    labels = np.arange(2000) == 1999
    calibration = fit(au_logits=logits, labels=labels)
    assert 1 < calibration.slopes["AU1"] < 3
    p = calibration.action_units(logits[:, None], AU_NAMES[:1])[:, 0]
    assert 0.2 < p.sum() < 5  # uncalibrated: 320 faces
    assert Calibration().action_units(logits[:, None], AU_NAMES[:1]).sum() > 100


def test_a_few_correct_faces_do_not_make_probabilities_extreme():
    calibration = fit(np.eye(4)[[0, 1, 2]], [0, 1, 2], [3.0, -3.0, -2.0], [1, 0, 0])
    assert 0.5 < calibration.temperature < 1
    assert 1 < calibration.slopes["AU1"] < 2


def test_faces_keep_their_order_even_where_labels_run_against_the_logits(rng):
    logits, labels = some_au(rng, 500, slope=1.0)
    calibration = fit(au_logits=logits, labels=~labels)
    assert 0 < calibration.slopes["AU1"] < 0.2
    p = calibration.action_units(logits[:, None], AU_NAMES[:1])[:, 0]
    assert (np.argsort(p) == np.argsort(logits)).all()
    assert metrics.roc_auc_score(labels, p) == metrics.roc_auc_score(labels, logits)


def test_thresholds_are_those_of_the_calibrated_probabilities(rng):
    logits, labels = some_au(rng, 3000, slope=0.6, offset=-1.5)
    calibration = fit(au_logits=logits, labels=labels)
    p = calibration.action_units(logits[:, None], AU_NAMES[:1])
    assert calibration.thresholds == choose_thresholds(p, labels[:, None].astype(float), AU_NAMES[:1])
    # Of exact probabilities the best threshold is half the best F1 (Lipton et al., 2014).
    f1 = metrics.f1_score(labels, p[:, 0] >= calibration.thresholds["AU1"])
    assert calibration.thresholds["AU1"] == pytest.approx(f1 / 2, abs=0.08)


def test_without_labels_the_calibration_stays_as_it_was(rng):
    before = Calibration(1.7, {"AU1": 2.0}, {"AU1": 0.3}, {"AU1": 0.2, "AU99": 0.9}, clear_from=0.6, clear_margin=0.2)
    logits, labels = some_au(rng, 200)
    au_logits, labels = np.stack([logits, logits], 1), np.stack([np.zeros(200), labels], 1)  # AU1 never present
    calibration = fit(au_logits=au_logits, labels=labels, action_units=AU_NAMES, before=before)
    kept = (
        calibration.temperature,
        calibration.slopes["AU1"],
        calibration.offsets["AU1"],
        calibration.thresholds["AU1"],
    )
    assert kept == (1.7, 2.0, 0.3, 0.2)
    assert (calibration.thresholds["AU99"], calibration.clear_from, calibration.clear_margin) == (0.9, 0.6, 0.2)
    assert calibration.slopes["AU12"] == pytest.approx(1, abs=0.3)
    assert fit(au_logits=au_logits, labels=labels * np.nan, action_units=AU_NAMES) == Calibration(
        thresholds=dict.fromkeys(AU_NAMES, 0.5)
    )


def test_faces_without_label_or_weight_do_not_count(rng):
    logits, classes = some_emotions(rng, 300, 2.0)
    au_logits, labels = some_au(rng, 300, 0.5)
    alone = fit(logits, classes, au_logits, labels)
    more = {"logits": np.concatenate([logits, -5 * logits]), "au_logits": np.concatenate([au_logits, -au_logits])}
    blank = fit(**more, classes=[*classes, *[-1] * 300], labels=[*labels, *[np.nan] * 300])
    weightless = fit(
        **more, classes=[*classes, *classes], labels=[*labels, *labels], weights=np.repeat([2.0, 0.0], 300)
    )
    for other in (blank, weightless):
        assert other.temperature == pytest.approx(alone.temperature, rel=1e-4)
        assert other.slopes == pytest.approx(alone.slopes, rel=1e-4)
        assert other.offsets == pytest.approx(alone.offsets, abs=1e-4)
        assert other.thresholds == alone.thresholds


def test_each_source_has_the_same_total_weight(rng):
    """Twenty times more rendered faces, off by another temperature, weigh no more than the photos."""
    photos, rendered = some_emotions(rng, 500, 3.0), some_emotions(rng, 10_000, 1.0)
    some = [np.concatenate([a, b[:500]]) for a, b in zip(photos, rendered, strict=True)]
    every = [np.concatenate([a, b]) for a, b in zip(photos, rendered, strict=True)]
    sources = np.repeat(["photos", "rendered"], [500, 10_000])
    weights = equal_weights(sources)
    assert weights[sources == "rendered"].sum() == pytest.approx(weights[sources == "photos"].sum())
    assert weights.mean() == pytest.approx(1)
    balanced, weighted, unweighted = fit(*some), fit(*every, weights=weights), fit(*every)
    assert weighted.temperature == pytest.approx(balanced.temperature, rel=0.05)
    assert unweighted.temperature < 0.8 * balanced.temperature


def test_only_the_proportions_of_the_weights_matter(rng):
    logits, classes = some_emotions(rng, 30, 2.0)
    au_logits, labels = some_au(rng, 30, 0.5)
    weights = rng.random(30) + 0.1
    small, large = (fit(logits, classes, au_logits, labels, weights=factor * weights) for factor in (0.01, 100))
    assert small.temperature == pytest.approx(large.temperature, rel=1e-4) != 1
    assert small.slopes == pytest.approx(large.slopes, rel=1e-4)
    assert small.thresholds == pytest.approx(large.thresholds)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_logits_of_any_size_give_finite_numbers(rng, scale):
    logits, classes = some_emotions(rng, 200)
    au_logits, labels = some_au(rng, 200)
    ones = np.ones(200)
    with np.errstate(all="raise", under="ignore"):
        found = fit_temperature(scale * logits, classes, ones), *fit_platt(scale * au_logits, labels, ones)
    assert np.isfinite(found).all()
    assert found[0] > 0
    assert found[1] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": [0]}, "do not fit"),
        ({"labels": np.zeros((2, 2))}, "do not fit"),
        ({"weights": [1.0]}, "2 numbers, 0 or more"),
        ({"weights": [1.0, -1.0]}, "2 numbers, 0 or more"),
        ({"weights": [1.0, np.nan]}, "2 numbers, 0 or more"),
        ({"logits": [[np.inf, 0, 0, 0], [0, 0, 0, 0]]}, "must be finite"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        fit(**{"logits": np.zeros((2, 4)), "classes": [0, 1]} | change)
