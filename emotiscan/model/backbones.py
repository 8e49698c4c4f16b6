"""What makes a feature map of a crop: torchvision's deep networks, or a shallow one of ours."""

import torch
import torchvision
from torch import Tensor, nn

RESIDUAL = "residual"

BACKBONES = ("densenet201", "densenet121", "vgg16", "vgg16_bn", RESIDUAL)
"""DenseNet: Huang et al., 2017; VGG: Simonyan and Zisserman, 2015; `ResidualBackbone` is our own."""

CONVOLUTION_AND_NORM = (("conv0", "norm0"), ("conv1", "norm2"), ("conv_in", "norm_in"), ("conv_out", "norm_out"))
"""Names of layers that follow each other directly: torchvision's in a DenseNet, and ours."""


def check_backbone(name: str, stride: int) -> None:
    """Refuse what cannot be built.

    Args:
        name: one of `BACKBONES`.
        stride: pixels of the crop for each cell of the feature map, 16 or 32.

    Raises:
        ValueError: the name is not known, or it has no such stride.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone “{name}”; use one of: {', '.join(BACKBONES)}")
    if stride != 32 and (stride != 16 or name.startswith("vgg")):
        raise ValueError(f"a {name} with stride {stride} is not known; 16 is for DenseNets and {RESIDUAL}, else 32")


def build_backbone(name: str, stride: int) -> tuple[nn.Module, int]:
    """Network from normalized crops (b, 3, s, s) to a map (b, c, s/stride, s/stride), and c.

    The map is rectified by whoever takes it: torchvision applies DenseNet's last ReLU outside its `features`.

    Args:
        name, stride: that `check_backbone` accepts.
    """
    if name == RESIDUAL:
        network = ResidualBackbone(stride)
        return network, network.channels
    whole = getattr(torchvision.models, name)(weights=None)
    # In-place ReLUs would overwrite maps that explanations still need.
    for module in whole.features.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    if name.startswith("vgg"):
        return whole.features, 512
    if stride == 16:
        _keep_resolution(whole.features)
    return whole.features, whole.classifier.in_features


def stages(backbone: nn.Module) -> list[nn.ModuleList]:
    """A backbone's layers in order, grouped into its five stages: what fine-tuning freezes and frees.

    A stem and four dense or residual blocks, with the transitions after them, or VGG's five blocks.
    """
    found: list[list[nn.Module]] = [[]]
    for name, layer in backbone.named_children():
        if name.startswith(("denseblock", "residualblock")):
            found.append([])
        found[-1].append(layer)
        if isinstance(layer, nn.MaxPool2d) and not name.startswith("pool"):  # DenseNet's stem names its own
            found.append([])
    return [nn.ModuleList(group) for group in found if group]


class ResidualBackbone(nn.Sequential):
    """A shallow residual network (He et al., 2016) that is told where on the face it looks (Liu et al., 2018).

    Far less work than a DenseNet201: for experiments, and for tests that train.
    """

    channels = 256

    def __init__(self, stride: int) -> None:
        """Make one.

        Args:
            stride: 16 or 32 pixels of the crop for each cell of the map.
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
        places = torch.stack(torch.meshgrid(down, across, indexing="ij")).to(crops.device)
        values = torch.cat([crops, places.expand(len(crops), -1, -1, -1)], dim=1)
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


def _keep_resolution(densenet: nn.Module) -> None:
    densenet.transition3.pool = nn.Identity()
    for layer in densenet.denseblock4.values():
        layer.conv2.dilation = layer.conv2.padding = (2, 2)
