"""Rendered faces: of the small synthetic head always, of ICT-FaceKit where its converted file is at hand."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.faces import apply, canonical_transform, warp
from emotiscan.rendering import (
    AU_NAMES,
    Beard,
    Camera,
    Expression,
    Glasses,
    Hair,
    Person,
    Pose,
    Renderer,
    Scene,
    sample_light,
    sample_scene,
)
from tests.support.places import ROOT

PLAIN = Scene(
    person=Person(shape=tuple(np.random.default_rng(5).normal(0, 0.5, 100)), skin_tone=0.3),
    hair=Hair("bald"),
    pose=Pose(zoom=1.2),
)
WIDER = 1.7
"""Regions are outlined for display; movement may reach this many times further."""


@pytest.fixture(scope="module")
def small_renderer(small_head, small_cache) -> Renderer:
    return Renderer(small_head, small_cache)


@pytest.fixture(scope="module")
def ict_renderer() -> Renderer:
    model = Path(os.environ.get("EMOTISCAN_FACE_MODEL", ROOT / "ict_facekit.npz"))
    if not model.is_file():
        pytest.skip("there is no converted ICT-FaceKit; set EMOTISCAN_FACE_MODEL to the file")
    return Renderer(model, ROOT / "cache")


@pytest.fixture(scope="module", params=["small", "ict"])
def renderer(request) -> Renderer:
    return request.getfixturevalue(f"{request.param}_renderer")


@pytest.fixture(scope="module")
def calm(renderer):
    return renderer.render(PLAIN)


def showing(au: str, intensity: float = 1.0) -> Scene:
    return replace(PLAIN, expression=Expression({au: intensity}))


def region_mask(au: str, wider: float, side: int) -> np.ndarray:
    """Where the action unit is expected to show, on the canonical crop."""
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) / side
    mask = np.zeros((side, side), bool)
    for name in facs.ACTION_UNITS[au].regions:
        for place in facs.REGIONS[name]:
            mask |= ((columns - place.x) / place.rx) ** 2 + ((rows - place.y) / place.ry) ** 2 <= wider**2
    return mask


def test_landmarks_lie_in_the_image_in_the_usual_order(renderer):
    for i in range(4):
        rendering = renderer.render(sample_scene(np.random.default_rng(i)), 160)
        assert rendering.image.shape == (160, 160, 3)
        assert rendering.image.dtype == np.uint8
        assert rendering.landmarks68.shape == (68, 2)
        assert (rendering.landmarks5 > 0).all()
        assert (rendering.landmarks5 < 160).all()
        left, right, nose, left_mouth, right_mouth = rendering.landmarks5
        assert left[0] < right[0]
        assert left_mouth[0] < right_mouth[0]
        assert left[1] < nose[1] + 20 < left_mouth[1] + 30


def test_a_scene_renders_the_same_every_time(renderer):
    scene = sample_scene(np.random.default_rng(11))
    first = renderer.render(scene).image
    renderer.render(sample_scene(np.random.default_rng(12)))  # whatever was rendered in between
    assert (renderer.render(scene).image == first).all()


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_an_action_unit_moves_its_own_region(renderer, calm, au):
    rendering = renderer.render(showing(au))
    side = 56
    mapped = rendering.movement(au, side)
    assert mapped.shape == (side, side)
    assert mapped.max() == pytest.approx(1)
    row, column = np.unravel_index(mapped.argmax(), mapped.shape)
    place = (np.array([[column, row]]) + 0.5) * 224 / side
    to_crop = canonical_transform(calm.landmarks5)
    x, y = (apply(to_crop, place)[0] * side).astype(int)
    assert region_mask(au, WIDER, side)[y, x], f"{au} moves the face most at {x / side:.2f}, {y / side:.2f}"
    # Most of what moves lies in or near the region.
    scaled = np.asarray(Image.fromarray(mapped).resize((224, 224), Image.Resampling.BILINEAR))
    on_crop = np.asarray(warp(Image.fromarray(np.uint8(scaled * 255)), to_crop, side), float)
    assert on_crop[region_mask(au, WIDER, side)].sum() > 0.5 * on_crop.sum()


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_an_action_unit_hardly_changes_the_image_outside_its_region(renderer, calm, au):
    to_crop = canonical_transform(calm.landmarks5)
    before, after = (
        np.asarray(warp(Image.fromarray(r.image), to_crop, 112), float).mean(2)
        for r in (calm, renderer.render(showing(au)))
    )
    change = np.abs(after - before)
    near = region_mask(au, WIDER, 112)
    assert change[near].mean() > 0.8
    assert change[near].mean() > 3 * change[~near].mean()


def test_absent_action_units_have_empty_movement_maps(renderer, calm):
    assert not any(calm.movement(au).any() for au in AU_NAMES)


def test_a_higher_intensity_moves_the_face_more(renderer, calm):
    weak, strong = (
        np.abs(renderer.render(showing("AU12", i)).image.astype(int) - calm.image).mean() for i in (0.3, 1.0)
    )
    assert strong > 1.5 * weak


def test_hair_over_the_forehead_hides_its_movement(renderer):
    raised = replace(showing("AU1"), hair=Hair("long", fringe=1.0))
    free, covered = (renderer.render(s).movement("AU1") for s in (showing("AU1"), raised))
    assert covered[:12].sum() < free[:12].sum()


def test_lips_stay_closed_without_au25(renderer, calm):
    def gap(scene: Scene) -> float:
        marks = renderer.render(scene).landmarks68
        return float((marks[65:68, 1] - marks[61:64, 1][::-1]).mean())

    assert all(abs(gap(showing(au)) - gap(PLAIN)) < 1.0 for au in ("AU9", "AU10", "AU12", "AU17", "AU20"))
    assert gap(showing("AU25")) > gap(PLAIN) + 4


def test_raised_cheeks_narrow_the_eyes_less_than_tightened_lids(renderer):
    def opening(**action_units: float) -> float:
        """Height of the open eyes, as a share of the calm face's."""
        gaps = []
        for scene in (replace(PLAIN, expression=Expression(action_units)), PLAIN):
            y = renderer.render(scene).landmarks68[:, 1]
            gaps.append((y[[40, 41, 46, 47]] - y[[38, 37, 44, 43]]).mean())
        return gaps[0] / gaps[1]

    assert opening(AU6=1) > 0.75
    assert 0.2 < opening(AU7=1) < 0.6
    assert opening(AU6=1, AU7=1) > 0.1, "a squint does not close the eyes"
    assert opening(AU43=1) < 0.1


REPLACEMENTS = {
    "skin tone": lambda s: replace(s, person=replace(s.person, skin_tone=0.9)),
    "age": lambda s: replace(s, person=replace(s.person, age=80.0, graying=1.0)),
    "hair": lambda s: replace(s, hair=Hair("long")),
    "beard": lambda s: replace(s, beard=Beard("beard", 0.9)),
    "glasses": lambda s: replace(s, glasses=Glasses("thick")),
    "light": lambda s: replace(s, light=sample_light(np.random.default_rng(3), "side")),
    "jpeg": lambda s: replace(s, camera=replace(s.camera, jpeg_quality=20)),
    "resolution": lambda s: replace(s, camera=replace(s.camera, resolution=0.3)),
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_replacing_one_part_of_a_scene_keeps_the_face(renderer, name):
    scene = replace(PLAIN, hair=Hair("short"), expression=Expression({"AU1": 0.7, "AU12": 0.8}))
    before, after = renderer.render(scene), renderer.render(REPLACEMENTS[name](scene))
    assert (before.image != after.image).any()
    assert np.array_equal(before.landmarks68, after.landmarks68)
    assert np.allclose(before.movement("AU12"), after.movement("AU12"), atol=0.1)


@pytest.mark.parametrize("name", ["hair", "beard", "glasses"])
def test_hair_beard_and_glasses_leave_the_rest_of_the_image_alone(renderer, name):
    before = renderer.render(PLAIN)
    after = renderer.render(REPLACEMENTS[name](PLAIN))
    change = np.abs(before.image.astype(int) - after.image).max(2)
    nose = before.landmarks68[27].astype(int)  # between the eyes; glasses and hair leave it free
    corner = change[:20, :20]
    assert np.median(corner) <= 1
    if name != "glasses":
        assert change[nose[1] : nose[1] + 12, nose[0] - 2 : nose[0] + 3].mean() < 12


def test_landmarks_scale_with_the_image_and_turn_with_the_head(renderer, calm):
    large = renderer.render(PLAIN, 336)
    assert np.allclose(large.landmarks68, calm.landmarks68 * 1.5, atol=0.05)
    turned = renderer.render(replace(PLAIN, pose=replace(PLAIN.pose, yaw=30.0)))
    assert turned.landmarks5[2, 0] > calm.landmarks5[2, 0] + 8


def test_all_skin_tones_are_exposed_well(renderer):
    for tone in (0.0, 0.5, 1.0):
        image = renderer.render(replace(PLAIN, person=replace(PLAIN.person, skin_tone=tone), camera=Camera())).image
        center = image[90:140, 90:135]
        assert 35 < center.mean() < 230


def test_mtcnn_finds_rendered_faces(ict_renderer, request):
    detector = request.getfixturevalue("detector")  # not loaded if this test is skipped
    found, offsets = 0, []
    for i in range(20):
        rendering = ict_renderer.render(sample_scene(np.random.default_rng(50 + i)))
        face = detector.locate(Image.fromarray(rendering.image))
        if face.landmarks is not None:
            found += 1
            eyes = np.linalg.norm(rendering.landmarks5[1] - rendering.landmarks5[0])
            offsets.append(np.abs(face.landmarks - rendering.landmarks5).mean() / eyes)
    assert found >= 19
    assert np.median(offsets) < 0.12
