"""Names that settings and command lines offer. Imports nothing, so that `--help` is answered without loading torch."""

RESIDUAL = "residual"

BACKBONES = ("densenet201", "densenet121", "vgg16", "vgg16_bn", RESIDUAL)
"""DenseNet: Huang et al., 2017; VGG: Simonyan and Zisserman, 2015; "residual" is our `backbones.ResidualBackbone`."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Names that `device.resolve_device` accepts."""

ENGINES = ("auto", "torch", "openvino")
"""Names that `engines.EngineSwitch` accepts."""
