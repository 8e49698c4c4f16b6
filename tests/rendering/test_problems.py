"""Blur and exposure of rendered faces, and how often scenes have a problem."""

from dataclasses import replace

import numpy as np
import pytest

from emotiscan.rendering import Blur, ProblemShares, sample_scene
from emotiscan.rendering.problems import NO_PROBLEMS, apply_blur, sample_blur, sample_exposure
from emotiscan.visibility import blur_label, effective_blur


def scenes(problems=None, count=600):
    options = {} if problems is None else {"problems": problems}
    return [sample_scene(np.random.default_rng(i), **options) for i in range(count)]


def test_scenes_have_the_usual_shares_of_problems():
    sampled = scenes()
    shares = [
        np.mean([bool(scene.occluder.kind) for scene in sampled]),
        np.mean([scene.blur != Blur() for scene in sampled]),
        np.mean([bool(scene.exposure) for scene in sampled]),
    ]
    assert shares == pytest.approx([0.18, 0.08, 0.05], abs=0.04)


def test_the_shares_can_be_chosen():
    assert all(scene.occluder.kind for scene in scenes(ProblemShares(1.0, 0.0, 0.0), 20))
    plain = scenes(NO_PROBLEMS, 20)
    assert not any(scene.occluder.kind or scene.exposure or scene.blur != Blur() for scene in plain)
    with pytest.raises(ValueError, match="occluded must be a share from 0 to 1"):
        ProblemShares(occluded=18)


def test_a_problem_changes_nothing_else_in_the_scene():
    for plain, hard in zip(scenes(NO_PROBLEMS, 40), scenes(ProblemShares(1.0, 1.0, 0.0), 40), strict=True):
        unchanged = replace(hard, occluder=plain.occluder, blur=plain.blur, hair=plain.hair, glasses=plain.glasses)
        assert unchanged == plain


def test_sampled_blurs_are_strong():
    blurs = [sample_blur(np.random.default_rng(i)) for i in range(200)]
    labels = [blur_label(effective_blur(blur.sigma, blur.eye_distance or 60)) for blur in blurs]
    assert np.mean(np.array(labels) == 1) > 0.8


def test_exposures_are_dark_or_overexposed():
    sampled = [sample_exposure(np.random.default_rng(i)) for i in range(60)]
    assert all(factor < 0.2 for name, factor in sampled if name == "dark")
    assert all(factor > 4 for name, factor in sampled if name == "overexposed")
    assert {name for name, _ in sampled} == {"dark", "overexposed"}


def spread(blur: Blur) -> tuple[float, float]:
    """Standard deviations, in pixels, of a point across and down after the blur; 20 pixels between the eyes."""
    point = np.zeros((121, 121, 3), np.float32)
    point[60, 60] = 1
    image = apply_blur(point, blur, 20.0)[..., 0]
    assert image.sum() == pytest.approx(1, rel=0.02)
    y, x = np.mgrid[-60:61, -60:61]
    return float(np.sqrt((image * x**2).sum())), float(np.sqrt((image * y**2).sum()))


def test_a_blur_has_the_size_it_says():
    assert spread(Blur(defocus=0.2)) == pytest.approx((4, 4), rel=0.05)
    across, down = spread(Blur(motion=1.0))
    assert across == pytest.approx(20 / np.sqrt(12), rel=0.05)
    assert down < 1
    across, down = spread(Blur(motion=1.0, angle=90))
    assert down > 5 * across


def test_a_far_face_keeps_its_size_but_not_its_detail(rng):
    image = rng.random((120, 120, 3)).astype(np.float32)
    far = apply_blur(image, Blur(eye_distance=5.0), 20.0)
    assert far.shape == image.shape
    assert far.std() < 0.5 * image.std()
    assert far.min() >= 0


def test_no_blur_changes_nothing(rng):
    image = rng.random((40, 40, 3)).astype(np.float32)
    assert (apply_blur(image, Blur(), 20.0) == image).all()
