"""The network: shapes, feature map, heads, test-time augmentation, and input preparation."""

import copy
import json

import numpy as np
import pytest
import torch
from PIL import Image

from emotiscan import facs
from emotiscan.model.backbones import stages
from emotiscan.model.choices import BACKBONES
from emotiscan.model.network import FaceModel, ModelConfig, normalize, prepare

CHANNELS = {"densenet201": 1920, "densenet121": 1024, "vgg16": 512, "vgg16_bn": 512, "residual": 256}


@pytest.fixture(scope="module", params=BACKBONES)
def model(request) -> FaceModel:
    torch.manual_seed(0)
    return FaceModel(ModelConfig(request.param, input_size=64, hidden=8)).eval().requires_grad_(False)


@pytest.fixture
def crops(rng) -> torch.Tensor:
    return torch.from_numpy(rng.normal(size=(2, 3, 64, 64)).astype(np.float32))


class TestEachBackbone:
    def test_shapes(self, model, crops):
        feature_map = model.features(crops)
        emotions, action_units = model.heads(feature_map)
        assert feature_map.shape == (2, CHANNELS[model.config.backbone], 2, 2)
        assert emotions.shape == (2, len(facs.EMOTIONS_WITH_NEUTRAL))
        assert action_units.shape == (2, len(facs.AU_NAMES))

    def test_forward_applies_the_heads_without_changing_the_feature_map(self, model, crops):
        feature_map = model.features(crops)
        kept = feature_map.clone()
        assert (feature_map >= 0).all()
        assert feature_map.any()
        for two_steps, one_step in zip(model.heads(feature_map), model(crops), strict=True):
            assert torch.equal(two_steps, one_step)
        assert torch.equal(feature_map, kept)

    def test_the_optimized_copy_gives_the_same_outputs(self, model, crops):
        optimized = model.optimize_for_inference()
        assert torch.allclose(optimized.features(crops), model.features(crops), atol=1e-4)
        for before, after in zip(model(crops), optimized(crops), strict=True):
            assert torch.allclose(before, after, atol=1e-4)

    def test_optimizing_leaves_the_original_unchanged(self, model, crops):
        model = copy.deepcopy(model).train().requires_grad_(True)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        optimized = model.optimize_for_inference()
        assert list(model.state_dict()) == list(before)
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
        assert all(layer.training for layer in model.modules())
        assert all(parameter.requires_grad for parameter in model.parameters())
        shared = {p.data_ptr() for p in model.parameters()} & {p.data_ptr() for p in optimized.parameters()}
        assert not shared

    def test_a_crop_gives_the_same_logits_alone_and_in_a_batch(self, model, crops):
        for together, alone in zip(model(crops), model(crops[1:]), strict=True):
            assert torch.allclose(together[1:], alone, atol=1e-4)

    def test_no_layer_works_in_place(self, model):
        assert not [name for name, layer in model.named_modules() if getattr(layer, "inplace", False)]

    def test_five_stages_hold_each_backbone_parameter_once(self, model):
        held = [id(p) for stage in stages(model.backbone) for p in stage.parameters()]
        assert len(stages(model.backbone)) == 5
        assert all(list(stage.parameters()) for stage in stages(model.backbone))
        assert held == [id(p) for p in model.backbone.parameters()]

    def test_running_the_stages_in_order_is_running_the_backbone(self, model, crops):
        values = crops
        for stage in stages(model.backbone):
            for layer in stage:
                values = layer(values)
        assert torch.equal(torch.relu(values), model.features(crops))


def test_an_optimized_network_cannot_be_trained(tiny_model):
    optimized = tiny_model.optimize_for_inference()
    with pytest.raises(TypeError, match="cannot be trained"):
        optimized.train()
    assert not optimized.eval().training


def test_optimizing_twice_changes_nothing(tiny_model):
    optimized = tiny_model.optimize_for_inference()
    assert optimized.optimize_for_inference() is optimized


class TestLocalActionUnits:
    @pytest.fixture
    def local(self):
        torch.manual_seed(0)
        config = ModelConfig("densenet121", input_size=64, hidden=8, stride=16, local_action_units=True)
        return FaceModel(config).eval().requires_grad_(False)

    def test_each_cell_of_the_logit_map_depends_on_its_own_features(self, local, crops):
        feature_map = local.features(crops)
        other = feature_map.clone()
        other[:, :, 0, 0] = other[:, :, 0, 0] * 3 + 1
        before, after = local.au_logit_map(feature_map), local.au_logit_map(other)
        assert before.shape == (2, len(facs.AU_NAMES), 4, 4)
        assert torch.allclose(before[:, :, 1:], after[:, :, 1:], atol=1e-5)
        assert not torch.allclose(before[:, :, 0, 0], after[:, :, 0, 0], atol=1e-2)

    def test_the_strongest_cells_decide_the_pooled_logit(self, local):
        au_logit_map = torch.full((1, len(facs.AU_NAMES), 4, 4), -6.0)
        au_logit_map[0, 3, 1, 2] = 6.0
        (logits,) = local.au_logits(au_logit_map)
        assert logits[3] == pytest.approx(6 - np.log(16), abs=1e-3)
        assert torch.allclose(logits[:3], torch.tensor(-6.0), atol=1e-5)

    def test_forward_pools_action_units_from_cells_and_emotions_from_the_mean(self, local, crops):
        feature_map = local.features(crops)
        emotions, action_units = local(crops)
        assert torch.equal(action_units, local.au_logits(local.au_logit_map(feature_map)))
        assert torch.equal(emotions, local.emotion_logits(feature_map))


class TestFlipTTA:
    @pytest.fixture
    def models(self):
        """The same weights without and with flip TTA."""
        configs = [ModelConfig("densenet121", input_size=64, hidden=8, flip_tta=both) for both in (False, True)]
        once, twice = (FaceModel(config).eval().requires_grad_(False) for config in configs)
        twice.load_state_dict(once.state_dict())
        return once, twice

    def test_without_it_predict_is_the_forward_pass(self, models, crops):
        feature_map, *logits = models[0].predict(crops)
        assert torch.equal(feature_map, models[0].features(crops))
        for predicted, forward in zip(logits, models[0](crops), strict=True):
            assert torch.equal(predicted, forward)

    def test_with_it_a_face_and_its_mirror_image_give_the_same_logits(self, models, crops):
        once, twice = models
        for one, other in zip(twice.predict(crops)[1:], twice.predict(crops.flip(3))[1:], strict=True):
            assert torch.allclose(one, other, atol=1e-5)
        for mean, one, other in zip(twice.predict(crops)[1:], once(crops), once(crops.flip(3)), strict=True):
            assert torch.allclose(mean, (one + other) / 2, atol=1e-5)

    def test_the_feature_map_is_that_of_the_unflipped_crop(self, models, crops):
        assert torch.allclose(models[1].predict(crops)[0], models[0].features(crops), atol=1e-5)


def test_the_heads_have_one_output_per_label_of_the_config(crops):
    model = FaceModel(
        ModelConfig("densenet121", emotions=facs.EMOTIONS, action_units=("AU12", "AU43"), hidden=8)
    ).eval()
    emotions, action_units = model(crops)
    assert (emotions.shape, action_units.shape) == ((2, 3), (2, 2))


class TestStride16:
    @pytest.fixture
    def coarse(self):
        torch.manual_seed(0)
        return FaceModel(ModelConfig("densenet121", input_size=64, hidden=8)).eval().requires_grad_(False)

    @pytest.fixture
    def fine(self, coarse):
        model = FaceModel(ModelConfig("densenet121", input_size=64, stride=16, hidden=8)).eval()
        model.load_state_dict(coarse.state_dict())
        return model

    def test_the_map_has_twice_as_many_cells_per_side(self, coarse, fine, crops):
        assert coarse.features(crops).shape[2:] == (2, 2)
        assert fine.features(crops).shape[2:] == (4, 4)

    def test_filters_of_the_last_block_keep_their_receptive_field(self, coarse, fine, crops):
        """Where the coarse network would skip cells instead of averaging them, both give the same numbers there."""
        coarse.backbone.transition3.pool = torch.nn.MaxPool2d(1, stride=2)
        assert torch.allclose(fine.features(crops)[..., ::2, ::2], coarse.features(crops), atol=1e-5)


class TestConfig:
    def test_config_survives_json(self):
        config = ModelConfig("vgg16", ("calm", "glad"), ("AU1", "AU20"), 96, grayscale=False, mean=(0.1, 0.2, 0.3))
        assert ModelConfig(**json.loads(json.dumps(config.as_dict()))) == config

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"backbone": "resnet50"}, r"“resnet50”.*densenet201, densenet121, vgg16"),
            ({"input_size": 31}, "32 px"),
            ({"stride": 8}, "16 is for DenseNets"),
            ({"backbone": "vgg16", "stride": 16}, "vgg16 cannot have stride 16"),
        ],
    )
    def test_networks_that_cannot_be_built_are_rejected(self, wrong, words):
        with pytest.raises(ValueError, match=words):
            ModelConfig(**wrong)


class TestPrepare:
    COLORS = ((255, 0, 0), (0, 0, 255))

    def values(self, config: ModelConfig) -> np.ndarray:
        """(2, 3) the network's input for a red and a blue crop, scaled back to [0, 1]."""
        batch = prepare([Image.new("RGB", (32, 32), color) for color in self.COLORS], config)
        assert (batch.shape, batch.dtype) == ((2, 3, 32, 32), torch.float32)
        assert (batch == batch[:, :, :1, :1]).all()
        return batch[:, :, 0, 0].numpy() * config.std + config.mean

    def test_a_color_network_gets_color(self):
        assert np.allclose(self.values(ModelConfig(grayscale=False)), [[1, 0, 0], [0, 0, 1]], atol=1e-6)

    def test_a_grayscale_network_gets_gray_in_all_three_channels(self):
        red, blue = 76 / 255, 29 / 255  # ITU-R 601 luma
        assert np.allclose(self.values(ModelConfig()), [[red] * 3, [blue] * 3], atol=1e-6)

    def test_gray_images_work_for_both(self):
        gray = [Image.new("L", (32, 32), 76)]
        assert torch.equal(prepare(gray, ModelConfig()), prepare(gray, ModelConfig(grayscale=False)))

    def test_bytes_and_fractions_are_normalized_the_same(self):
        config = ModelConfig()
        levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
        assert torch.allclose(normalize(levels, config), normalize(levels.float() / 255, config))
