import dataclasses
import pickle
import urllib.error

import pytest
import torch
import torchvision

from emotiscan import facs
from emotiscan.model.checkpoint import Card, save_checkpoint
from emotiscan.model.network import FaceModel
from emotiscan.training import initialization
from emotiscan.training.initialization import initial_model
from emotiscan.training.settings import SettingsError, TrainingSettings

EMOTIONS, AU_NAMES = ("positive", "negative"), ("AU12", "AU1", "AU45")


def start(init, emotions=EMOTIONS, action_units=AU_NAMES, **options):
    """`initial_model` with settings and outputs by name."""
    settings = {name: value for name, value in options.items() if name in TrainingSettings.__dataclass_fields__}
    outputs = {name: value for name, value in options.items() if name not in settings}
    run = TrainingSettings(data=(), out="", init=str(init), **settings)
    return initial_model(run, emotions, action_units, **outputs)


def test_from_our_checkpoint_rows_are_matched_by_name(tiny_weights, tiny_model):
    torch.manual_seed(1)
    model, settings = start(tiny_weights)
    assert (settings.backbone, settings.hidden, settings.sizes) == ("densenet121", 16, ((64, 30),))
    assert (model.config.emotions, model.config.action_units) == (EMOTIONS, AU_NAMES)
    for name, head, old_names in (
        ("emotion_head", EMOTIONS, tiny_model.config.emotions),
        ("au_head", AU_NAMES, tiny_model.config.action_units),
    ):
        new, old = getattr(model, name), getattr(tiny_model, name)
        for row, label in enumerate(head):
            if label in old_names:  # AU45 is new: its row stays random
                place = old_names.index(label)
                torch.testing.assert_close(new[4].weight[row], old[4].weight[place], atol=1e-3, rtol=1e-3)
                assert new[4].bias[row] == old[4].bias[place]
        torch.testing.assert_close(new[0].weight, old[0].weight, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(
        model.backbone.denseblock4.denselayer16.conv2.weight,
        tiny_model.backbone.denseblock4.denselayer16.conv2.weight,
        atol=1e-3,
        rtol=1e-2,
    )


def test_a_reordered_vocabulary_gives_the_same_predictions(tiny_weights, tiny_model):
    emotions, action_units = tiny_model.config.emotions[::-1], tiny_model.config.action_units[::-1]
    model, _ = start(tiny_weights, emotions, action_units)
    crops = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        new, old = model.eval()(crops), tiny_model(crops)
    for name in ("emotion_logits", "au_logits"):
        reordered, straight = getattr(new, name), getattr(old, name)
        torch.testing.assert_close(reordered.flip(1), straight, atol=0.02, rtol=0.02)  # stored in half precision


def test_local_action_units_keep_their_scales(tmp_path, tiny_model):
    local = FaceModel(dataclasses.replace(tiny_model.config, local_action_units=True)).eval().requires_grad_(False)
    local.au_scale.copy_(torch.linspace(0.5, 2, len(local.au_scale)))
    local.au_offset.copy_(torch.linspace(-1, 1, len(local.au_offset)))
    weights = save_checkpoint(tmp_path / "local.safetensors", local, Card(local.config))
    model, settings = start(weights, tiny_model.config.emotions, tiny_model.config.action_units[::-1])
    assert settings.local_action_units
    crops = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        new, old = model.eval()(crops).au_logits, local(crops).au_logits
    torch.testing.assert_close(new.flip(1), old, atol=0.02, rtol=0.02)


def test_with_another_hidden_width_the_output_layers_start_random(tiny_weights, tiny_model):
    torch.manual_seed(1)
    model, _ = start(tiny_weights, tiny_model.config.emotions[::-1], tiny_model.config.action_units, hidden=8)
    assert model.au_head[0].weight.shape == (8, 1024)
    assert not torch.equal(model.emotion_head[4].bias, tiny_model.emotion_head[4].bias)


def test_a_model_from_a_checkpoint_is_trainable(tiny_weights):
    model, settings = start(tiny_weights)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert (settings.unfreeze, settings.backbone_lr_factor) == (2, 0.1)


def test_from_random_weights_everything_trains():
    model, settings = start("none", backbone="densenet121", hidden=8, sizes=((48, 2),))
    assert (settings.unfreeze, settings.backbone_lr_factor) == (5, 1.0)
    assert (model.config.input_size, model.config.grayscale) == (48, True)


def test_another_backbone_than_the_checkpoints_is_refused(tiny_weights):
    with pytest.raises(SettingsError, match="is a densenet121, not a vgg16; omit --backbone, or use --init none"):
        start(tiny_weights, backbone="vgg16")


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"--init: There is no checkpoint at .*gone\.safetensors"):
        start(tmp_path / "gone.safetensors")


def test_the_shipped_checkpoint_is_the_default(tiny_weights, monkeypatch):
    monkeypatch.setattr(initialization, "DEFAULT_WEIGHTS", tiny_weights)
    assert start("shipped")[1].hidden == 16


def test_our_own_network_has_no_imagenet_weights():
    with pytest.raises(SettingsError, match="residual, our own network, do not exist; use --init none"):
        start("imagenet", backbone="residual")


def test_without_internet_access_imagenet_names_a_way_out(monkeypatch):
    build = torchvision.models.densenet121

    def offline(weights=None):
        if weights:
            raise urllib.error.URLError("no route to host")
        return build()

    monkeypatch.setattr(torchvision.models, "densenet121", offline)
    with pytest.raises(SettingsError, match=r"cannot be downloaded .*no route to host.*--init FILE\.pth"):
        start("imagenet", backbone="densenet121")


@pytest.fixture(scope="module")
def torchvision_weights():
    torch.manual_seed(2)
    return torchvision.models.densenet121(weights=None).state_dict()


@pytest.mark.parametrize("old_names", [False, True], ids=["names of today", "older names"])
def test_from_torchvisions_file(tmp_path, torchvision_weights, old_names):
    weights = dict(torchvision_weights)
    if old_names:  # as in the files that torchvision still serves
        for name in torchvision_weights:
            if ".denselayer" in name:
                parts = name.split(".")
                parts[-2:-1] = [parts[-2][:-1], parts[-2][-1]]
                weights[".".join(parts)] = weights.pop(name)
        assert "features.denseblock1.denselayer1.norm.1.weight" in weights
    torch.save(weights, tmp_path / "densenet121.pth")
    model, _ = start(tmp_path / "densenet121.pth", backbone="densenet121", hidden=8)
    for name, tensor in model.backbone.state_dict().items():
        assert torch.equal(tensor, torchvision_weights[f"features.{name}"]), name


def test_a_file_of_another_network_is_refused_in_one_line(tmp_path, torchvision_weights):
    torch.save(torchvision_weights, tmp_path / "other.pth")
    with pytest.raises(SettingsError, match=r"other\.pth do not fit a densenet201") as error:
        start(tmp_path / "other.pth", backbone="densenet201", hidden=8)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


class Malicious:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_malicious_file_is_not_executed(tmp_path):
    trace = tmp_path / "trace"
    for save in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
        save({"features.conv0.weight": Malicious(trace)}, tmp_path / "bad.pth")
        with pytest.raises(SettingsError, match=r"bad\.pth is damaged or holds more than plain tensors") as error:
            start(tmp_path / "bad.pth", backbone="densenet121", hidden=8)
        assert "\n" not in str(error.value)
    assert not trace.exists()


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_a_broken_pth_is_named(tmp_path, content):
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"--init: .*weights\.pth"):
        start(path, backbone="densenet121", hidden=8)


def test_a_checkpoint_may_read_larger_crops_than_it_was_trained_at(tiny_weights):
    model, settings = start(tiny_weights, sizes=((48, 2),), input_size=96)
    assert model.config.input_size == 96
    assert settings.size_at(1) == 48


def test_a_stride_that_the_backbone_cannot_have_is_refused():
    with pytest.raises(SettingsError, match="vgg16 cannot have stride 16"):
        start("none", backbone="vgg16", stride=16, sizes=((48, 2),))


def expressive(old, **outputs):
    """A network with every output that starts from another one."""
    outputs = {"expressions": facs.EXPRESSIONS, "intensities": True, "pose": True, "quality": ("blurred",)} | outputs
    return start(old, facs.EMOTIONS_WITH_NEUTRAL, facs.AU_NAMES, **outputs)


def predicted(model):
    crops = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return model.eval()(crops)


def test_expressions_start_from_the_emotion_that_they_add_up_to(tiny_weights, tiny_model):
    model, _ = expressive(tiny_weights)
    new, old = predicted(model), predicted(tiny_model)
    sums = model.config.sum_logits(new.emotion_logits).softmax(1)
    torch.testing.assert_close(sums, old.emotion_logits.softmax(1), atol=0.02, rtol=0.05)
    anger, fear = (new.emotion_logits[:, facs.EXPRESSIONS.index(name)] for name in ("anger", "fear"))
    torch.testing.assert_close(anger, fear, atol=0.1, rtol=0.1)
    assert not torch.equal(anger, fear)  # or they would never differ


def test_intensities_start_from_the_action_units(tiny_weights, tiny_model):
    model, _ = expressive(tiny_weights)
    torch.testing.assert_close(
        predicted(model).intensities, 5 * predicted(tiny_model).au_logits.sigmoid(), atol=0.05, rtol=0.05
    )


def test_further_outputs_keep_their_rows_by_name(tmp_path, tiny_weights):
    torch.manual_seed(3)
    old, _ = expressive(tiny_weights, quality=("mouth covered", "blurred"))
    weights = save_checkpoint(tmp_path / "all.safetensors", old, Card(old.config))
    some = ("surprise", "happiness", "neutral", "contempt")
    new, _ = expressive(weights, expressions=some, quality=("eyes covered", "blurred"))
    before, after = predicted(old), predicted(new)
    places = [facs.EXPRESSIONS.index(name) for name in some]
    near = {"atol": 0.02, "rtol": 0.02}  # stored in half precision
    torch.testing.assert_close(after.emotion_logits, before.emotion_logits[:, places], **near)
    torch.testing.assert_close(after.pose, before.pose, atol=0.5, rtol=0.02)
    torch.testing.assert_close(after.quality_logits[:, 1], before.quality_logits[:, 1], **near)
    assert not torch.allclose(after.quality_logits[:, 0], before.quality_logits[:, 0], **near)
