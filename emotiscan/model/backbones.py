"""Backbones, which turn a crop into a feature map: torchvision's deep networks, and a shallow one of our own."""

import torch
from torch import Tensor, nn

from emotiscan.model.choices import BACKBONES, RESIDUAL
from emotiscan.stubbed_imports import import_torchvision

CONVOLUTION_AND_NORM = (("conv0", "norm0"), ("conv1", "norm2"), ("conv_in", "norm_in"), ("conv_out", "norm_out"))
"""Names of each convolution that is directly followed by a batch norm: torchvision's in a DenseNet, and ours."""


def check_backbone(name: str, stride: int) -> None:
    """Check that a backbone can be built.

    Args:
        name: one of `BACKBONES`.
        stride: crop pixels per cell of the feature map, 16 or 32.

    Raises:
        ValueError: the name is unknown, or that backbone cannot have this stride.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone “{name}”; use one of: {', '.join(BACKBONES)}")
    if stride != 32 and (stride != 16 or name.startswith("vgg")):
        raise ValueError(
            f"{name} cannot have stride {stride}; 16 is for DenseNets and {RESIDUAL}, 32 for all backbones"
        )


def build_backbone(name: str, stride: int) -> tuple[nn.Module, int]:
    """Build a backbone with random weights.

    The caller must apply a ReLU to its output: torchvision applies DenseNet's last ReLU outside of `features`.

    Args:
        name: one of `BACKBONES`.
        stride: crop pixels per cell of the feature map, as `check_backbone` accepts it.

    Returns:
        A network from normalized crops (b, 3, s, s) to a map (b, c, s/stride, s/stride), and the number of channels c.
    """
    if name == RESIDUAL:
        network = ResidualBackbone(stride)
        return network, network.channels
    classifier = getattr(import_torchvision().models, name)(weights=None)
    # An in-place ReLU would overwrite values that explanations still need.
    for module in classifier.features.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    if name.startswith("vgg"):
        return classifier.features, 512
    if stride == 16:
        _keep_resolution(classifier.features)
    return classifier.features, classifier.classifier.in_features


def stages(backbone: nn.Module) -> list[nn.ModuleList]:
    """Group a backbone's layers, in order, into the five stages that fine-tuning freezes and unfreezes.

    The stages are a stem and four dense or residual blocks, each with the transition after it, or the five blocks of
    a VGG.
    """
    groups: list[list[nn.Module]] = [[]]
    for name, layer in backbone.named_children():
        if name.startswith(("denseblock", "residualblock")):
            groups.append([])
        groups[-1].append(layer)
        if isinstance(layer, nn.MaxPool2d) and not name.startswith("pool"):  # "pool0" belongs to a DenseNet's stem
            groups.append([])
    return [nn.ModuleList(group) for group in groups if group]


class ResidualBackbone(nn.Sequential):
    """A shallow residual network (He et al., 2016) with pixel coordinates as additional inputs (Liu et al., 2018).

    Much cheaper than a DenseNet201: for experiments, and for tests that train.
    """

    channels = 256

    def __init__(self, stride: int) -> None:
        """Build the layers.

        Args:
            stride: crop pixels per cell of the feature map, 16 or 32.
        """
        super().__init__()
        self.stem = _Stem(32)
        self.residualblock1 = _Block(32, 64, 2)
        self.residualblock2 = nn.Sequential(_Block(64, 128, 2), _Block(128, 128, 1))
        self.residualblock3 = _Block(128, self.channels, 2)
        self.residualblock4 = _Block(self.channels, self.channels, stride // 16)


class _Stem(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(5, channels, 5, stride=2, padding=2, bias=False)
        self.norm_in = nn.BatchNorm2d(channels)

    def forward(self, crops: Tensor) -> Tensor:
        down, across = (torch.linspace(-1, 1, side, dtype=crops.dtype) for side in crops.shape[2:])
        coordinates = torch.stack(torch.meshgrid(down, across, indexing="ij")).to(crops.device)
        values = torch.cat([crops, coordinates.expand(crops.shape[0], -1, -1, -1)], dim=1)
        return torch.relu(self.norm_in(self.conv_in(values.contiguous(memory_format=torch.channels_last))))


class _Block(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.norm_in = nn.BatchNorm2d(out)
        self.conv_out = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm_out = nn.BatchNorm2d(out)
        self.shortcut: nn.Module = nn.Identity()
        if (channels, stride) != (out, 1):
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, values: Tensor) -> Tensor:
        inner = torch.relu(self.norm_in(self.conv_in(values)))
        return torch.relu(self.norm_out(self.conv_out(inner)) + self.shortcut(values))


def _keep_resolution(densenet: nn.Sequential) -> None:
    """Drop the last downsampling of a DenseNet, and dilate the filters after it to keep their receptive field."""
    transition, block = densenet.get_submodule("transition3"), densenet.get_submodule("denseblock4")
    transition.pool = nn.Identity()
    for layer in block.children():
        convolution = layer.get_submodule("conv2")
        assert isinstance(convolution, nn.Conv2d)
        convolution.dilation = convolution.padding = (2, 2)
