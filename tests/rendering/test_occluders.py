"""Occluders before rendered faces: what they hide, and that nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.rendering import Expression, Glasses, Hair, Occluder, Person, Pose, Renderer, Scene, sample_scene
from emotiscan.rendering.occluders import KINDS, PLACES, STYLES, sample_occluder
from emotiscan.rendering.problems import NO_PROBLEMS
from emotiscan.rendering.scenes import add_occluder

PLAIN = Scene(
    person=Person(shape=tuple(np.random.default_rng(5).normal(0, 0.5, 100)), skin_tone=0.3),
    hair=Hair("bald"),
    pose=Pose(zoom=1.2),
)
MOUTH_UNITS = {"AU12", "AU25", "AU26", "AU17"}
FREE = ("chin", "cheek", "forehead")


@pytest.fixture(scope="module")
def renderer(small_head, small_cache) -> Renderer:
    return Renderer(small_head, small_cache)


def behind(kind: str, place: str, style: str = "", **changes) -> Scene:
    return replace(PLAIN, occluder=Occluder(kind, place, style, **changes))


def test_sampled_occluders_are_of_every_kind_and_place():
    sampled = [sample_occluder(np.random.default_rng(i), Person()) for i in range(800)]
    assert {occluder.kind for occluder in sampled} == set(KINDS)
    for kind, places in PLACES.items():
        assert {occluder.place for occluder in sampled if occluder.kind == kind} == set(places)
    for occluder in sampled:
        assert occluder.style in STYLES.get(occluder.kind, ("",))
    # Hard negatives: a quarter to a half hides neither mouth nor eyes.
    assert 0.15 < np.mean([occluder.place in FREE for occluder in sampled]) < 0.5


def test_nothing_is_hidden_of_a_plain_face(renderer):
    rendering = renderer.render(PLAIN, 112)
    assert rendering.hidden == ()
    assert (rendering.mouth_covered, rendering.eyes_covered) == (0, 0)
    assert set(rendering.regions) == set(facs.REGIONS)


@pytest.mark.parametrize(
    ("kind", "style"),
    [("mask", "surgical"), ("mask", "cloth"), ("mask", "respirator"), ("scarf", ""), ("hand", ""), ("object", "sheet")],
)
def test_what_lies_on_the_mouth_hides_the_mouth_only(renderer, kind, style):
    rendering = renderer.render(behind(kind, "mouth", style), 112)
    assert rendering.mouth_covered > 0.6
    assert rendering.eyes_covered < 0.3
    assert set(rendering.hidden) >= MOUTH_UNITS
    assert not {"AU1", "AU4", "AU5", "AU43"} & set(rendering.hidden)


@pytest.mark.parametrize(("kind", "style"), [("hand", ""), ("patch", "rectangle"), ("patch", "ellipse")])
def test_what_lies_on_the_eyes_hides_the_eyes(renderer, kind, style):
    rendering = renderer.render(behind(kind, "eyes", style), 112)
    assert rendering.eyes_covered > 0.6
    assert {"AU5", "AU43"} <= set(rendering.hidden)


def test_sunglasses_hide_the_eyes_and_clear_glasses_do_not(renderer):
    dark, clear = (
        renderer.render(replace(PLAIN, glasses=Glasses("thick", "square", tint=tint)), 112) for tint in (0.9, 0.05)
    )
    assert dark.eyes_covered > 0.6
    assert "AU43" in dark.hidden
    assert clear.eyes_covered < 0.4
    assert "AU43" not in clear.hidden


@pytest.mark.parametrize("place", ["chin", "cheek", "forehead"])
def test_a_hand_beside_mouth_and_eyes_leaves_them_visible(renderer, place):
    rendering = renderer.render(behind("hand", place), 112)
    assert rendering.mouth_covered < 0.4
    assert rendering.eyes_covered < 0.4
    assert (rendering.image != renderer.render(PLAIN, 112).image).any()


def test_an_occluder_hides_the_expression_but_not_the_landmarks(renderer):
    calm, pressed = PLAIN, replace(PLAIN, expression=Expression({"AU24": 1.0}))
    patch = Occluder("patch", "mouth", "rectangle")
    bare = [renderer.render(scene, 112) for scene in (calm, pressed)]
    patched = [renderer.render(replace(scene, occluder=patch), 112) for scene in (calm, pressed)]
    change = [np.abs(one.image.astype(int) - other.image).sum() for one, other in (bare, patched)]
    assert change[1] < 0.5 * change[0]
    assert np.array_equal(bare[1].landmarks68, patched[1].landmarks68)
    assert "AU24" in patched[1].hidden


def test_the_cover_is_where_the_image_changes(renderer):
    plain, covered = (renderer.render(scene, 112) for scene in (PLAIN, behind("patch", "mouth", "rectangle")))
    change = np.abs(plain.image.astype(int) - covered.image).max(2) > 25
    middle = covered.landmarks5[3:].mean(0).astype(int)
    assert change[middle[1], middle[0]]
    assert change[:20].mean() < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_renders_reproducibly(renderer, kind):
    for seed in range(3):
        scene = sample_scene(np.random.default_rng(seed), problems=NO_PROBLEMS)
        occluded = add_occluder(np.random.default_rng(seed), scene, kind=kind)
        assert occluded.occluder.kind == kind
        first = renderer.render(occluded, 96)
        assert (first.image == renderer.render(occluded, 96).image).all()
        assert all(0 <= share <= 1 for share in (*first.regions.values(), *first.hidden_shares.values()))


def test_a_blurred_scene_reports_its_blur(renderer):
    sharp = renderer.render(PLAIN, 112)
    blurred = renderer.render(replace(PLAIN, blur=replace(PLAIN.blur, defocus=0.15)), 112)
    assert sharp.blur < 0.045
    assert blurred.blur == pytest.approx(0.15, abs=0.02)
    edges = [np.abs(np.diff(image.astype(int), axis=1)).mean() for image in (sharp.image, blurred.image)]
    assert edges[1] < edges[0]
