"""Heat map methods: those of the grad-cam library, and the network's own local probabilities."""

import copy
import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from emotiscan import facs
from emotiscan.explain import METHODS, heat_maps, overlay
from emotiscan.explain.methods import _class_activation_maps
from emotiscan.model.network import FaceModel

ALL = (*facs.EMOTIONS_WITH_NEUTRAL, *facs.AU_NAMES)


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
    """The logit of AU1 is the mean over places of the summed features, that of AU2 its negative; all others are 0."""
    model = copy.deepcopy(tiny_model, {id(tiny_model.backbone): nn.Identity()})
    model.au_head, model.emotion_head = nn.Linear(1024, 15), nn.Linear(1024, 4)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    model.au_head.weight.data[0], model.au_head.weight.data[1] = 1.0, -1.0
    return model.eval().requires_grad_(False)


@pytest.fixture
def local_model(adding_model) -> FaceModel:
    """The same with a local head: a cell's logit for AU1 is the sum of its features, that for AU2 its negative."""
    model = copy.deepcopy(adding_model)
    model.config = replace(model.config, local_action_units=True)
    model.au_scale, model.au_offset = nn.Parameter(torch.full((15,), 2.0)), nn.Parameter(torch.full((15,), 0.5))
    return model.eval().requires_grad_(False)


def test_each_target_gets_a_map_in_the_given_order(tiny_model, feature_map):
    targets = ["AU12", "positive", "AU1"]
    maps = heat_maps(tiny_model, feature_map, targets)
    assert list(maps) == [heat_map.target for heat_map in maps.values()] == targets
    assert heat_maps(tiny_model, feature_map, []) == {}


def test_values_are_between_0_and_1_with_a_peak(tiny_model, feature_map):
    for heat_map in heat_maps(tiny_model, feature_map, ALL).values():
        assert (heat_map.values.shape, heat_map.values.dtype) == ((224, 224), np.float32)
        assert np.isfinite(heat_map.values).all()
        assert heat_map.values.min() >= 0
        assert heat_map.values.max() <= 1
        assert heat_map.is_empty == (not heat_map.values.any())
        assert heat_map.is_empty or heat_map.values.max() > 0.9


def test_each_target_has_a_map_of_its_own(tiny_model, feature_map):
    maps = heat_maps(tiny_model, feature_map, ALL).values()
    shown = [heat_map.values.tobytes() for heat_map in maps if not heat_map.is_empty]
    assert len(set(shown)) == len(shown) > len(ALL) / 2


def test_a_map_does_not_depend_on_the_other_targets(tiny_model, feature_map):
    together = heat_maps(tiny_model, feature_map, ALL)
    for target in ("negative", "AU6"):
        alone = heat_maps(tiny_model, feature_map, [target])[target]
        assert np.allclose(alone.values, together[target].values, atol=1e-5)


@pytest.mark.parametrize("library_class", sorted({method.library_class for method in METHODS.values()}))
def test_maps_agree_with_the_library_run_on_the_whole_network(tiny_model, crops, feature_map, library_class):
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.image import scale_cam_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tap, self.model = nn.Identity(), tiny_model

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            outputs = self.model.heads(self.tap(self.model.features(batch)))
            return torch.cat([outputs.emotion_logits, outputs.au_logits], 1)

    class AtTheMapsOwnSize(getattr(pytorch_grad_cam, library_class)):
        def get_target_width_height(self, input_tensor: torch.Tensor) -> None:
            return None

    whole = Whole()
    numbers = [ALL.index(target) for target in ("negative", "surprise", "AU1", "AU12", "AU26")]
    ours = scale_cam_image(np.maximum(_class_activation_maps(tiny_model, feature_map, numbers, library_class), 0))
    with AtTheMapsOwnSize(whole, [whole.tap]) as library:
        for number, our in zip(numbers, ours, strict=True):
            batch = crops.clone().requires_grad_()
            (theirs,) = library(batch, [ClassifierOutputTarget(number)])
            assert theirs.shape == (7, 7)
            assert np.abs(theirs - our).max() < 1e-4, ALL[number]


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (6, 3)])
def test_the_peak_is_where_the_evidence_is(adding_model, row, column):
    lit = torch.zeros(1, 1024, 7, 7)
    lit[..., row, column] = 3.0
    values = heat_maps(adding_model, lit, ["AU1"])["AU1"].values
    y, x = np.unravel_index(values.argmax(), values.shape)
    assert (y // 32, x // 32) == (row, column)


def test_the_peak_grows_with_the_evidence(adding_model):
    strengths = [heat_maps(adding_model, torch.full((1, 1024, 7, 7), v), ["AU1"])["AU1"].peak for v in (1.0, 3.0)]
    assert strengths[1] == pytest.approx(3 * strengths[0], rel=1e-3)


@pytest.mark.parametrize("target", ["AU2", "AU4", "positive"], ids=["evidence against", "none", "no emotion"])
def test_without_positive_evidence_the_map_is_empty(adding_model, smile, target):
    heat_map = heat_maps(adding_model, torch.rand(1, 1024, 7, 7) + 0.1, [target])[target]
    assert heat_map.is_empty
    assert heat_map.peak == 0
    assert not heat_map.values.any()
    assert np.isnan(heat_map.energy_in_region("AU2"))
    assert overlay(smile, heat_map).tobytes() == smile.tobytes()


@pytest.mark.parametrize("unknown", ["AU99", "joy", "au12"])
def test_an_unknown_target_is_rejected(tiny_model, feature_map, unknown):
    with pytest.raises(ValueError, match=f"does not know {unknown}; it knows negative, .*AU27"):
        heat_maps(tiny_model, feature_map, ["AU12", unknown])


@pytest.mark.parametrize("training", [False, True])
def test_explaining_does_not_change_the_network(tiny_model, feature_map, training):
    model = copy.deepcopy(tiny_model).train(training).requires_grad_(True)
    kept = torch.ones_like(model.au_head[0].weight)
    model.au_head[0].weight.grad = kept
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    wanted = heat_maps(tiny_model, feature_map, ["AU12"])["AU12"]
    assert np.array_equal(heat_maps(model, feature_map, ["AU12"])["AU12"].values, wanted.values)
    assert all(layer.training is training for layer in model.modules())
    assert not any(layer._forward_hooks or layer._backward_hooks for layer in model.modules())
    assert [name for name, p in model.named_parameters() if p.grad is not None] == ["au_head.0.weight"]
    assert torch.equal(model.au_head[0].weight.grad, kept)
    assert all(p.requires_grad for p in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_explaining_does_not_change_the_feature_map(tiny_model, feature_map):
    kept = feature_map.clone()
    heat_maps(tiny_model, feature_map, ALL)
    assert torch.equal(feature_map, kept)
    assert not feature_map.requires_grad


def test_two_threads_at_once_get_the_same_maps(tiny_model, feature_map):
    other_map = feature_map.flip(3)
    jobs = [(feature_map, ALL), (other_map, ALL[::-1])] * 4
    wanted = [heat_maps(tiny_model, *job) for job in jobs[:2]]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: heat_maps(tiny_model, *job), jobs))
    for number, result in enumerate(results):
        assert all(np.array_equal(result[t].values, wanted[number % 2][t].values) for t in ALL)


# -- every method


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_finite_maps(tiny_model, feature_map, method):
    maps = heat_maps(tiny_model, feature_map, ALL, method)
    assert list(maps) == list(ALL)
    for heat_map in maps.values():
        assert heat_map.cells.shape == (7, 7)
        assert np.isfinite(heat_map.cells).all()
        assert heat_map.cells.min() >= 0
    assert sum(not heat_map.is_empty for heat_map in maps.values()) > len(ALL) / 2


def test_methods_differ(tiny_model, feature_map):
    # Without a local head, HiResCAM and the cells method are the same as Grad-CAM.
    names = [name for name in METHODS if name not in ("cells", "hirescam")]
    shown = {heat_maps(tiny_model, feature_map, ["AU12"], name)["AU12"].values.tobytes() for name in names}
    assert len(shown) >= len(names) - 1


def test_an_unknown_method_is_rejected(tiny_model, feature_map):
    with pytest.raises(ValueError, match=r"unknown method “magic”; use one of: cells, gradcam"):
        heat_maps(tiny_model, feature_map, ["AU12"], "magic")


# -- local AU probability


def test_a_cell_holds_its_own_probability(local_model):
    lit = torch.full((1, 1024, 3, 3), -1.0)  # 1024 negative features: no evidence
    lit[..., 1, 2] = 1e-3
    heat_map = heat_maps(local_model, lit, ["AU1"])["AU1"]
    assert heat_map.is_probability
    assert heat_map.peak == pytest.approx(local_model.au_logit_map(lit)[0, 0, 1, 2].sigmoid().item(), rel=1e-4)
    assert np.unravel_index(heat_map.cells.argmax(), (3, 3)) == (1, 2)
    assert heat_map.cells[0, 0] < 1e-6


def test_improbable_action_units_get_an_empty_map(local_model):
    lit = torch.full((1, 1024, 3, 3), 0.01)  # evidence for AU1 and against AU2
    maps = heat_maps(local_model, lit, ["AU1", "AU2"])
    assert [maps[au].is_empty for au in ("AU1", "AU2")] == [False, True]
    assert not maps["AU2"].values.any()


def test_emotion_maps_are_not_probabilities(local_model):
    assert not heat_maps(local_model, torch.rand(1, 1024, 3, 3), ["positive"])["positive"].is_probability


# -- failures and memory


def test_a_failure_leaves_the_network_usable(tiny_model, feature_map, monkeypatch):
    model = copy.deepcopy(tiny_model)
    monkeypatch.setattr(FaceModel, "au_logits", lambda *_: torch.zeros(1, 1))  # of the wrong shape
    with pytest.raises(Exception, match=r"."):
        heat_maps(model, feature_map.expand(1, -1, -1, -1), ["AU12", "AU1"])
    monkeypatch.undo()
    assert not any(layer._forward_hooks or layer._backward_hooks for layer in model.modules())
    assert not any(parameter.grad is not None for parameter in model.parameters())
    wanted = heat_maps(tiny_model, feature_map, ["AU12"])["AU12"]
    assert np.array_equal(heat_maps(model, feature_map, ["AU12"])["AU12"].cells, wanted.cells)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory use from Linux's /proc")
def test_memory_does_not_grow(tiny_model, feature_map):
    def explain(times: int) -> int:
        for _ in range(times):
            heat_maps(tiny_model, feature_map, ["AU1", "AU12", "positive"])
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = explain(30)
    assert explain(200) - before < 30e6


@pytest.mark.parametrize("method", METHODS)
def test_expressions_have_maps_like_emotions(full_model, method):
    with torch.inference_mode():
        features = full_model.features(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    targets = ("AU12", "anger", "positive", "fear", "happiness", "surprise", "negative")
    maps = heat_maps(full_model, features, targets, method)
    assert tuple(maps) == targets
    cells = {target: heat_map.cells for target, heat_map in maps.items()}
    np.testing.assert_allclose(cells["happiness"], cells["positive"], atol=1e-6)  # the only one that is positive
    if method != "eigengradcam":  # whose sign is arbitrary, so that maps may be empty
        assert not np.allclose(cells["anger"], cells["fear"])
        assert not np.allclose(cells["anger"], cells["negative"])
