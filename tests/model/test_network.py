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
from emotiscan.model.heads import Outputs
from emotiscan.model.network import FaceModel, ModelConfig, normalize, prepare

CHANNELS = {"densenet201": 1920, "densenet121": 1024, "vgg16": 512, "vgg16_bn": 512, "residual": 256}


@pytest.fixture(scope="module", params=BACKBONES)
def model(request) -> FaceModel:
    torch.manual_seed(0)
    return FaceModel(ModelConfig(request.param, input_size=64, hidden=8)).eval().requires_grad_(False)


@pytest.fixture
def crops(rng) -> torch.Tensor:
    return torch.from_numpy(rng.normal(size=(2, 3, 64, 64)).astype(np.float32))


def assert_close(found: Outputs, expected: Outputs, tolerance: float) -> None:
    assert list(found.as_dict()) == list(expected.as_dict())
    for name, value in expected.as_dict().items():
        assert torch.allclose(found.as_dict()[name], value, atol=tolerance), name


class TestEachBackbone:
    def test_shapes(self, model, crops):
        feature_map = model.features(crops)
        outputs = model.heads(feature_map)
        assert feature_map.shape == (2, CHANNELS[model.config.backbone], 2, 2)
        assert outputs.emotion_logits.shape == (2, len(facs.EMOTIONS_WITH_NEUTRAL))
        assert outputs.au_logits.shape == (2, len(facs.AU_NAMES))

    def test_forward_applies_the_heads_without_changing_the_feature_map(self, model, crops):
        feature_map = model.features(crops)
        kept = feature_map.clone()
        assert (feature_map >= 0).all()
        assert feature_map.any()
        two_steps, one_step = model.heads(feature_map), model(crops)
        assert torch.equal(two_steps.emotion_logits, one_step.emotion_logits)
        assert torch.equal(two_steps.au_logits, one_step.au_logits)
        assert torch.equal(feature_map, kept)

    def test_the_optimized_copy_gives_the_same_outputs(self, model, crops):
        optimized = model.optimize_for_inference()
        assert torch.allclose(optimized.features(crops), model.features(crops), atol=1e-4)
        assert_close(model(crops), optimized(crops), 1e-4)

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
        assert_close(model(crops)[1:], model(crops[1:]), 1e-4)

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
        outputs = local(crops)
        assert torch.equal(outputs.au_logits, local.au_logits(local.au_logit_map(feature_map)))
        assert torch.equal(outputs.emotion_logits, local.emotion_logits(feature_map))


class TestFlipTTA:
    @pytest.fixture
    def models(self):
        """The same weights without and with flip TTA."""
        configs = [ModelConfig("densenet121", input_size=64, hidden=8, flip_tta=both) for both in (False, True)]
        once, twice = (FaceModel(config).eval().requires_grad_(False) for config in configs)
        twice.load_state_dict(once.state_dict())
        return once, twice

    def test_without_it_predict_is_the_forward_pass(self, models, crops):
        assert_close(models[0].predict(crops), models[0](crops), 0)

    def test_with_it_a_face_and_its_mirror_image_give_the_same_logits(self, models, crops):
        once, twice = models
        mean, mirrored = twice.predict(crops), twice.predict(crops.flip(3))
        one, other = once(crops), once(crops.flip(3))
        for name in ("emotion_logits", "au_logits"):
            logits = getattr(mean, name)
            assert torch.allclose(logits, getattr(mirrored, name), atol=1e-5)
            assert torch.allclose(logits, (getattr(one, name) + getattr(other, name)) / 2, atol=1e-5)

    def test_the_feature_map_is_that_of_the_unflipped_crop(self, models, crops):
        assert torch.allclose(models[1].predict(crops).feature_map, models[0].features(crops), atol=1e-5)

    def test_a_mirrored_face_swaps_its_sides_and_the_signs_of_yaw_and_roll(self, full_model, crops):
        face, mirrored = full_model.predict(crops), full_model.predict(crops.flip(3))
        assert (face.side_logits[..., 0] - face.side_logits[..., 1]).abs().max() > 1e-3
        assert torch.allclose(mirrored.side_logits, face.side_logits.flip(2), atol=1e-5)
        assert torch.allclose(mirrored.side_intensities, face.side_intensities.flip(2), atol=1e-5)
        assert torch.allclose(mirrored.pose, face.pose * torch.tensor([1, -1, -1]), atol=1e-4)
        assert face.pose.abs().min() > 1e-4
        for name in ("emotion_logits", "au_logits", "intensities", "quality_logits"):
            assert torch.allclose(getattr(mirrored, name), getattr(face, name), atol=1e-5), name


class TestEveryOutput:
    def test_shapes(self, full_model, crops):
        config = full_model.config
        units, problems = len(config.action_units), len(config.quality)
        assert {name: tuple(value.shape) for name, value in full_model(crops).as_dict().items()} == {
            "feature_map": (2, 1024, 4, 4),
            "emotion_logits": (2, 8),
            "au_logits": (2, units),
            "side_logits": (2, units, 2),
            "intensities": (2, units),
            "side_intensities": (2, units, 2),
            "pose": (2, 3),
            "quality_logits": (2, problems),
        }

    def test_the_optimized_copy_gives_the_same_outputs(self, full_model, crops):
        assert_close(full_model(crops), full_model.optimize_for_inference()(crops), 1e-3)

    def test_intensities_lie_within_the_scale(self, full_model, crops):
        intensities = full_model.intensities(1000 * full_model.intensity_map(full_model.features(crops)))
        assert ((intensities >= 0) & (intensities <= 5)).all()

    def test_the_first_side_is_the_left_half_of_the_crop(self, full_model):
        one_sided = torch.full((1, len(full_model.config.action_units), 4, 4), -6.0)
        one_sided[..., 0] = 6.0
        right, left = full_model.side_logits(one_sided)[0].T
        assert (right > 0).all()
        assert (left < 0).all()

    def test_the_middle_column_belongs_to_both_halves(self, full_model):
        centered = torch.full((1, len(full_model.config.action_units), 3, 3), -6.0)
        centered[..., 1] = 6.0
        assert (full_model.side_logits(centered) > 0).all()

    def test_emotions_are_the_sums_of_their_expressions(self, full_model, crops):
        logits = full_model(crops).emotion_logits
        emotions = full_model.config.sum_logits(logits).softmax(1)
        expressions = dict(zip(facs.EXPRESSIONS, logits.softmax(1).T, strict=True))
        for name, found in zip(full_model.config.emotions, emotions.T, strict=True):
            members = [p for label, p in expressions.items() if facs.EMOTION_OF_EXPRESSION[label] == name]
            assert torch.allclose(found, sum(members), atol=1e-6)
        summed = full_model.config.sum_probabilities(logits.softmax(1).numpy())
        assert np.allclose(summed, emotions.numpy(), atol=1e-6)

    def test_a_network_without_cells_has_intensities_but_no_sides(self, crops):
        config = ModelConfig("densenet121", input_size=64, hidden=8, intensities=True, quality=("blurred",))
        outputs = FaceModel(config).eval()(crops)
        assert outputs.intensities.shape == (2, len(config.action_units))
        assert outputs.quality_logits.shape == (2, 1)
        assert (outputs.side_logits, outputs.side_intensities, outputs.pose) == (None, None, None)


def test_the_heads_have_one_output_per_label_of_the_config(crops):
    model = FaceModel(
        ModelConfig("densenet121", emotions=facs.EMOTIONS, action_units=("AU12", "AU43"), hidden=8)
    ).eval()
    outputs = model(crops)
    assert (outputs.emotion_logits.shape, outputs.au_logits.shape) == ((2, 3), (2, 2))


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
            ({"sides": True}, "sides need local_action_units"),
            ({"expressions": ("happiness", "anger")}, "“surprise” has none"),
            ({"expressions": (*facs.EXPRESSIONS, "boredom")}, "“boredom” belongs to none"),
            ({"quality": ("blurred", "tired")}, "the problem “tired” is none of"),
            ({"expressions": facs.EXPRESSIONS, "emotions": facs.EMOTIONS}, "“neutral” belongs to none"),
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
