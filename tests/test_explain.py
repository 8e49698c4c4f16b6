"""Heat maps: the library's own Grad-CAM, from the feature map alone, laid where the evidence lies."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from emotiscan import explain, facs
from emotiscan.explain import HeatMap, heat_maps, overlay, overlay_on_photo, region_mask
from emotiscan.faces import Face, apply, invert
from emotiscan.model import FaceModel

ALL = (*facs.EMOTIONS_WITH_NEUTRAL, *facs.CODES)


@pytest.fixture(scope="module")
def crops(tiny_model) -> torch.Tensor:
    return torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def feature_map(tiny_model, crops) -> torch.Tensor:
    """(1, 1024, 7, 7)."""
    with torch.inference_mode():
        return tiny_model.features(crops)


@pytest.fixture
def adding_model(tiny_model) -> FaceModel:
    """Its first code's evidence is the sum of the feature map, its second's the opposite; it sees no emotion."""
    model = copy.deepcopy(tiny_model, {id(tiny_model.backbone): nn.Identity()})
    model.code_head, model.emotion_head = nn.Linear(1024, 15), nn.Linear(1024, 4)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    model.code_head.weight.data[0], model.code_head.weight.data[1] = 1.0, -1.0
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def mouth() -> HeatMap:
    """Evidence in a small disc where the lips are."""
    y, x = (np.mgrid[0:224, 0:224] + 0.5) / 224
    values = np.clip(1 - np.hypot(x - 0.5, y - 0.76) / 0.1, 0, 1).astype(np.float32)
    return HeatMap("AU25", values)


@pytest.fixture(scope="module")
def smiling_face(detector, smile) -> Face:
    (face,) = detector.detect(smile)
    return face


def difference(one, other) -> np.ndarray:
    """Largest change of any channel at each pixel."""
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).max(-1)


class TestHeatMaps:
    def test_a_map_for_each_target_in_their_order(self, tiny_model, feature_map):
        targets = ["AU12", "positive", "AU1"]
        maps = heat_maps(tiny_model, feature_map, targets)
        assert list(maps) == [heat_map.target for heat_map in maps.values()] == targets
        assert heat_maps(tiny_model, feature_map, []) == {}

    def test_values_are_fractions_with_a_peak(self, tiny_model, feature_map):
        for heat_map in heat_maps(tiny_model, feature_map, ALL).values():
            assert (heat_map.values.shape, heat_map.values.dtype) == ((224, 224), np.float32)
            assert np.isfinite(heat_map.values).all()
            assert heat_map.values.min() >= 0
            assert heat_map.values.max() <= 1
            assert heat_map.empty == (not heat_map.values.any())
            assert heat_map.empty or heat_map.values.max() > 0.9

    def test_each_code_has_a_map_of_its_own(self, tiny_model, feature_map):
        maps = heat_maps(tiny_model, feature_map, ALL).values()
        shown = [heat_map.values.tobytes() for heat_map in maps if not heat_map.empty]
        assert len(set(shown)) == len(shown) > len(ALL) / 2

    def test_a_map_does_not_depend_on_what_else_is_asked(self, tiny_model, feature_map):
        together = heat_maps(tiny_model, feature_map, ALL)
        for target in ("negative", "AU6"):
            alone = heat_maps(tiny_model, feature_map, [target])[target]
            assert np.allclose(alone.values, together[target].values, atol=1e-5)

    def test_agrees_with_the_library_on_the_whole_network(self, tiny_model, crops, feature_map):
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.image import scale_cam_image
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        class Whole(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.tap, self.model = nn.Identity(), tiny_model

            def forward(self, batch: torch.Tensor) -> torch.Tensor:
                return torch.cat(self.model.heads(self.tap(self.model.features(batch))), 1)

        class AtTheMapsOwnSize(GradCAM):
            def get_target_width_height(self, input_tensor: torch.Tensor) -> None:
                return None

        whole = Whole()
        numbers = [ALL.index(target) for target in ("negative", "surprise", "AU1", "AU12", "AU26")]
        ours = scale_cam_image(np.maximum(explain._class_activation_maps(tiny_model, feature_map, numbers), 0))
        with AtTheMapsOwnSize(whole, [whole.tap]) as library:
            for number, our in zip(numbers, ours, strict=True):
                batch = crops.clone().requires_grad_()
                (theirs,) = library(batch, [ClassifierOutputTarget(number)])
                assert theirs.shape == (7, 7)
                assert np.abs(theirs - our).max() < 1e-4, ALL[number]

    @pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (6, 3)])
    def test_the_peak_lies_where_the_evidence_does(self, adding_model, row, column):
        lit = torch.zeros(1, 1024, 7, 7)
        lit[..., row, column] = 3.0
        values = heat_maps(adding_model, lit, ["AU1"])["AU1"].values
        y, x = np.unravel_index(values.argmax(), values.shape)
        assert (y // 32, x // 32) == (row, column)

    def test_strength_tells_strong_evidence_from_weak(self, adding_model):
        strengths = [
            heat_maps(adding_model, torch.full((1, 1024, 7, 7), v), ["AU1"])["AU1"].strength for v in (1.0, 3.0)
        ]
        assert strengths[1] == pytest.approx(3 * strengths[0], rel=1e-3)

    @pytest.mark.parametrize("target", ["AU2", "AU4", "positive"], ids=["evidence against", "none", "no emotion"])
    def test_without_positive_evidence_the_map_is_empty(self, adding_model, smile, target):
        heat_map = heat_maps(adding_model, torch.rand(1, 1024, 7, 7) + 0.1, [target])[target]
        assert heat_map.empty
        assert heat_map.strength == 0
        assert not heat_map.values.any()
        assert np.isnan(heat_map.focus("AU2"))
        assert overlay(smile, heat_map).tobytes() == smile.tobytes()

    @pytest.mark.parametrize("unknown", ["AU99", "joy", "au12"])
    def test_an_unknown_target_is_refused(self, tiny_model, feature_map, unknown):
        with pytest.raises(ValueError, match=f"does not know {unknown}; it knows negative, .*AU27"):
            heat_maps(tiny_model, feature_map, ["AU12", unknown])

    @pytest.mark.parametrize("training", [False, True])
    def test_nothing_is_left_on_the_network(self, tiny_model, feature_map, training):
        model = copy.deepcopy(tiny_model).train(training).requires_grad_(True)
        kept = torch.ones_like(model.code_head[0].weight)
        model.code_head[0].weight.grad = kept
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        wanted = heat_maps(tiny_model, feature_map, ["AU12"])["AU12"]
        assert np.array_equal(heat_maps(model, feature_map, ["AU12"])["AU12"].values, wanted.values)
        assert all(layer.training is training for layer in model.modules())
        assert not any(layer._forward_hooks or layer._backward_hooks for layer in model.modules())
        assert [name for name, p in model.named_parameters() if p.grad is not None] == ["code_head.0.weight"]
        assert torch.equal(model.code_head[0].weight.grad, kept)
        assert all(p.requires_grad for p in model.parameters())
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())

    def test_the_feature_map_is_left_as_it_is(self, tiny_model, feature_map):
        kept = feature_map.clone()
        heat_maps(tiny_model, feature_map, ALL)
        assert torch.equal(feature_map, kept)
        assert not feature_map.requires_grad

    def test_two_threads_at_once_give_the_same(self, tiny_model, feature_map):
        other_map = feature_map.flip(3)
        jobs = [(feature_map, ALL), (other_map, ALL[::-1])] * 4
        wanted = [heat_maps(tiny_model, *job) for job in jobs[:2]]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda job: heat_maps(tiny_model, *job), jobs))
        for number, result in enumerate(results):
            assert all(np.array_equal(result[t].values, wanted[number % 2][t].values) for t in ALL)


class TestRegions:
    @pytest.mark.parametrize("code", facs.CODES)
    def test_lie_in_the_crop_on_both_sides_alike(self, code):
        mask = region_mask(code)
        assert mask.shape == (224, 224)
        assert 0.01 < mask.mean() < 0.3
        assert not mask[[0, -1]].any()
        assert not mask[:, [0, -1]].any()
        assert (mask == mask[:, ::-1]).all()

    def test_lie_where_the_face_has_them(self):
        heights = [np.nonzero(region_mask(code))[0].mean() for code in ("AU2", "AU7", "AU11", "AU25", "AU17")]
        assert heights == sorted(heights)

    @pytest.mark.parametrize("code", facs.CODES)
    def test_focus_is_the_share_inside(self, code):
        inside = region_mask(code).astype(np.float32)
        assert HeatMap(code, inside).focus() == pytest.approx(1)
        assert HeatMap(code, 1 - inside).focus() == 0
        assert HeatMap(code, np.ones_like(inside)).focus() == pytest.approx(inside.mean(), rel=1e-4)

    def test_focus_of_an_emotions_map_is_asked_with_a_code(self, mouth):
        emotion = HeatMap("positive", mouth.values)
        assert emotion.focus("AU25") > 0.9
        assert emotion.focus("AU1") == 0


class TestOverlay:
    @pytest.mark.parametrize("side", [224, 96, 500])
    def test_keeps_the_size_and_changes_the_warm_places_alone(self, smile, mouth, side):
        crop = smile.resize((side, side))
        changed = difference(overlay(crop, mouth), crop)
        assert changed.shape == (side, side)
        y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
        away = np.hypot(x - 0.5, y - 0.76)
        assert not changed[away > 0.13].any()
        assert changed[away < 0.03].min() > 20

    def test_opacity_says_how_much_of_the_skin_shows(self, smile, mouth):
        crop = smile.resize((224, 224))
        assert overlay(crop, mouth, opacity=0).tobytes() == crop.tobytes()
        faint, strong = (difference(overlay(crop, mouth, opacity), crop).sum() for opacity in (0.2, 0.8))
        assert 3 * faint < strong

    def test_on_the_photo_it_lands_on_the_mouth_and_nowhere_else(self, smile, smiling_face, mouth):
        placed = overlay_on_photo(smile, smiling_face, mouth)
        assert (placed.size, placed.mode) == (smile.size, "RGB")
        changed = difference(placed, smile)
        weights = np.where(changed > 0.5 * changed.max(), changed, 0)
        y, x = np.mgrid[0 : smile.height, 0 : smile.width] + 0.5
        centre = np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()
        lips = smiling_face.landmarks[3:].mean(0)
        assert np.linalg.norm(centre - lips) < 0.1 * smiling_face.side
        places = apply(smiling_face.to_crop, np.stack([x.ravel(), y.ravel()], 1))
        away = np.hypot(*(places - [0.5, 0.76]).T).reshape(x.shape)
        assert not changed[away > 0.12].any()

    def test_on_the_photo_and_on_the_crop_it_looks_the_same(self, smile, smiling_face, mouth):
        on_photo = smiling_face.crop(overlay_on_photo(smile, smiling_face, mouth))
        on_crop = overlay(smiling_face.crop(smile), mouth)
        assert difference(on_photo, on_crop).mean() < 3

    def test_a_map_that_reaches_over_the_photos_edge_is_cut(self, smile):
        from_crop = np.array([[300.0, 0, -100], [0, 300.0, 400]])
        face = Face(None, None, None, invert(from_crop))
        warm = HeatMap("AU1", np.ones((224, 224), np.float32))
        changed = difference(overlay_on_photo(smile, face, warm), smile) > 0
        assert changed[405:, :195].mean() > 0.95
        assert not changed[:395].any()
        assert not changed[:, 205:].any()

    def test_a_face_outside_of_the_photo_changes_nothing(self, smile, mouth):
        beyond = Face(None, None, None, invert(np.array([[300.0, 0, 900], [0, 300.0, 0]])))
        assert overlay_on_photo(smile, beyond, mouth).tobytes() == smile.tobytes()
