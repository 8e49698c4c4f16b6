"""Heat map methods, all of which start from the feature map.

The backbone's forward pass is nearly all of the cost, and the prediction has paid for it already. A network with a
local action unit head (`ModelConfig.local_action_units`) predicts where it sees each action unit: the method `CELLS`.
All other methods weight the feature map by gradients of the heads; the grad-cam library computes the weights.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emotiscan.explain.heat_map import HeatMap
from emotiscan.model.network import FaceModel


@dataclass(frozen=True)
class Method:
    """A heat map method.

    Attributes:
        title: its usual name.
        description: what it does, in one sentence.
        library_class: class of the grad-cam library that computes it.
    """

    title: str
    description: str
    library_class: str


MIN_PROBABILITY = 0.05
"""An action unit whose strongest cell makes it less probable than this gets an empty map: it would show only noise."""

CELLS = "cells"
"""Key of the method that uses the network's own AU logit map."""

METHODS: dict[str, Method] = {
    CELLS: Method(
        "Local AU probability",
        "The network's own estimate, for each place of the face, of the probability that the action unit moves it. "
        "Emotions and expressions are not predicted by place; their maps are Grad-CAM.",
        "GradCAM",
    ),
    "gradcam": Method(
        "Grad-CAM",
        "Weights each feature by the average gradient of the target's score (Selvaraju et al., 2017).",
        "GradCAM",
    ),
    "hirescam": Method(
        "HiResCAM",
        "Grad-CAM with the gradients of each place instead of their average (Draelos and Carin, 2020).",
        "HiResCAM",
    ),
    "gradcam++": Method(
        "Grad-CAM++",
        "Grad-CAM that gives small areas as much weight as large ones (Chattopadhay et al., 2018).",
        "GradCAMPlusPlus",
    ),
    "layercam": Method(
        "LayerCAM",
        "Weights each feature at each place by its positive gradient (Jiang et al., 2021).",
        "LayerCAM",
    ),
    "xgradcam": Method("XGrad-CAM", "Grad-CAM with gradients weighted by the features (Fu et al., 2020).", "XGradCAM"),
    "eigengradcam": Method(
        "Eigen-Grad-CAM", "First principal component of features times gradients (grad-cam library).", "EigenGradCAM"
    ),
}
"""All methods by their key. Each takes well below half a second for all targets of a face.

Score-CAM and Ablation-CAM, which the library also has, are left out: with a feature map of 1920 channels, one target
takes as many passes through the heads, and half a gigabyte of memory.
"""

DEFAULT_METHOD = CELLS


def heat_maps(
    model: FaceModel, feature_map: Tensor, targets: Sequence[str], method: str = DEFAULT_METHOD
) -> dict[str, HeatMap]:
    """Compute heat maps of several action units, emotions or expressions from one feature map.

    Args:
        model: the network that computed the feature map.
        feature_map: (1, c, h, w), e.g. `analysis.Reading.feature_map`; on any device.
        targets: of the network (`ModelConfig.targets`), in any order.
        method: key of `METHODS`.

    Returns:
        A map for each target, in the order of `targets`.

    Raises:
        ValueError: the network does not have one of the targets, or the method is unknown.
    """
    outputs = model.config.targets
    unknown = [target for target in targets if target not in outputs]
    if unknown:
        raise ValueError(f"this checkpoint does not know {', '.join(unknown)}; it knows {', '.join(outputs)}")
    if method not in METHODS:
        raise ValueError(f"unknown method “{method}”; use one of: {', '.join(METHODS)}")
    feature_map = feature_map.to(model.device)
    maps: dict[str, HeatMap] = {}
    if method == CELLS and model.config.local_action_units:
        action_units = [target for target in targets if target in model.config.action_units]
        maps = _local_probability_maps(model, feature_map, action_units) if action_units else {}
    remaining = [target for target in targets if target not in maps]
    if remaining:
        indices = [outputs.index(target) for target in remaining]
        raw = _class_activation_maps(model, feature_map, indices, METHODS[method].library_class)
        maps |= {target: HeatMap(target, np.maximum(cam, 0)) for target, cam in zip(remaining, raw, strict=True)}
    return {target: maps[target] for target in targets}


def load_library() -> None:
    """Import grad-cam now. This takes about a second, which the first heat map would otherwise wait for."""
    import pytorch_grad_cam  # noqa: F401


def _local_probability_maps(model: FaceModel, feature_map: Tensor, action_units: Sequence[str]) -> dict[str, HeatMap]:
    """Probability, for each cell, that the action unit moves it: what `training.losses.map_loss` trains.

    A map is all 0 if its strongest cell on its own would not make the action unit `MIN_PROBABILITY` probable.
    """
    with torch.inference_mode():
        au_logit_map = model.au_logit_map(feature_map)[0].float()  # (k, h, w)
        strongest = au_logit_map.amax((1, 2)) - math.log(au_logit_map[0].numel())
        visible = (strongest * model.au_scale + model.au_offset).sigmoid() >= MIN_PROBABILITY
        cells = (au_logit_map.sigmoid() * visible[:, None, None]).cpu().numpy()
    return {au: HeatMap(au, cells[model.config.action_units.index(au)], is_probability=True) for au in action_units}


def _class_activation_maps(
    model: FaceModel, feature_map: Tensor, outputs: Sequence[int], library_class: str
) -> NDArray[np.float32]:
    """(k, h, w) class activation maps of k outputs of the network, neither clipped nor scaled."""
    import pytorch_grad_cam  # takes seconds

    if model.training:  # dropout would make the maps random, and the library switches what it gets to evaluation mode
        model = copy.deepcopy(model).eval()
    activations = feature_map.detach().cpu().numpy()
    gradients = _gradients(model, feature_map, outputs, averaged=library_class == "GradCAM").detach().cpu().numpy()
    if library_class == "EigenGradCAM":
        return _first_component(activations * gradients)
    # No layers to hook: the library would otherwise run the whole network once for each target, and scale each map
    # to [0, 1]. All we want from it is how it weights activations by gradients.
    library = getattr(pytorch_grad_cam, library_class)(model, target_layers=[])
    return library.get_cam_image(None, None, None, activations, gradients, False)


def _gradients(model: FaceModel, feature_map: Tensor, outputs: Sequence[int], averaged: bool) -> Tensor:
    """Gradients of outputs of the network in the feature map.

    Args:
        model: in evaluation mode.
        feature_map: (1, c, h, w).
        outputs: k indices into `ModelConfig.targets`.
        averaged: return the average over the cells, which is all that Grad-CAM uses, much faster.

    Returns:
        (k, c, h, w), or (k, c, 1, 1).
    """
    height, width = feature_map.shape[2:]
    config = model.config
    count = len(config.emotions) + len(config.single_expressions)
    emotions, action_units = [o for o in outputs if o < count], [o - count for o in outputs if o >= count]
    singles = [config.expressions.index(expression) for expression in config.single_expressions]

    def emotion_logits(values: Tensor) -> Tensor:
        logits = values[:, 0]
        return torch.cat([config.sum_logits(logits), logits[:, singles]], dim=1)

    def au_logits(values: Tensor) -> Tensor:
        return model.au_logits(values.transpose(1, 2).unflatten(2, (height, width) if local else (1, 1)))

    local = config.local_action_units
    with torch.inference_mode(False), torch.no_grad():
        cells = feature_map[0].flatten(1).T.clone()  # (h * w, c); tensors made in inference mode can have no gradients
        pooled = cells.mean(0, keepdim=True)
        places = 1 if averaged else len(cells)
        parts = [
            _head_gradients(model.emotion_head, pooled, emotion_logits, emotions, averaged) / len(cells),
            _head_gradients(model.au_head, cells, au_logits, action_units, averaged)
            if local
            else _head_gradients(model.au_head, pooled, au_logits, action_units, averaged) / len(cells),
        ]
        gradients = torch.cat([part.expand(-1, places, -1) for part in parts])  # (k, places, c), the action units last
        order = sorted(range(len(outputs)), key=lambda row: outputs[row] >= count)
        gradients = gradients[torch.tensor(order).argsort()]
    return gradients.transpose(1, 2).unflatten(2, (1, 1) if averaged else (height, width))


def _head_gradients(
    head: nn.Module, inputs: Tensor, pool: Callable[[Tensor], Tensor], outputs: Sequence[int], averaged: bool
) -> Tensor:
    """Gradients of a head's pooled outputs in its inputs.

    The head begins with a linear layer, whose gradient is its weight. Only what follows needs automatic
    differentiation, on an eighth of the channels; the average over the inputs can be taken before the layer, too.

    Args:
        head: a linear layer, and what follows it (rows, hidden) -> (rows, outputs), each row independently.
        inputs: (n, c).
        pool: maps the head's outputs (k, n, outputs) to (k, pooled outputs).
        outputs: k indices of pooled outputs.
        averaged: average over the n inputs.

    Returns:
        (k, n, c), or (k, 1, c).
    """
    first, rest = (head[0], head[1:]) if isinstance(head, nn.Sequential) else (head, nn.Identity())
    hidden = first(inputs).repeat(len(outputs), 1, 1).requires_grad_()  # each output has its own copy
    with torch.enable_grad():
        values = pool(rest(hidden.flatten(0, 1)).unflatten(0, hidden.shape[:2]))
        total = values[range(len(outputs)), list(outputs)].sum()
        (gradients,) = torch.autograd.grad(total, hidden)  # leaves the parameters' own .grad alone
    return (gradients.mean(1, keepdim=True) if averaged else gradients) @ first.weight


def _first_component(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, c, h, w) features to (k, h, w): projection of each place onto the first principal component.

    The same as in the library, which also computes the components without variance: 2 s instead of 0.1 s.
    """
    rows = np.nan_to_num(features.reshape(*features.shape[:2], -1).transpose(0, 2, 1))
    rows = rows - rows.mean(1, keepdims=True)
    components = np.linalg.svd(rows, full_matrices=False)[2][:, 0]
    return np.einsum("kpc,kc->kp", rows, components).reshape(len(features), *features.shape[2:]).astype(np.float32)
