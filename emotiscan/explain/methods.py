"""Ways to find a heat map, all from the feature map alone.

The backbone's forward pass, nearly all of the cost, was paid by the reading. A network that reads
its action units cell by cell (`ModelConfig.local_action_units`) says itself where it sees them: `CELLS`. The other
methods are grad-cam's own classes, run on the heads alone, once for all targets as a batch.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emotiscan.explain.heat_map import HeatMap
from emotiscan.model.network import FaceModel


@dataclass(frozen=True)
class Method:
    """A way to find heat maps.

    Attributes:
        title: as people know it.
        words: what it does, one sentence.
        library: name of grad-cam's class.
    """

    title: str
    words: str
    library: str


FAINTEST = 0.05
"""Cells that make an action unit less probable than this show nothing: it would only be the network's noise."""

CELLS = "cells"
"""Name of the method that asks the network itself, cell by cell."""

METHODS: dict[str, Method] = {
    CELLS: Method(
        "Cell by cell",
        "How probable the network holds it that the action unit moves this place of the face; for emotions, which are not "
        "read by place, Grad-CAM.",
        "GradCAM",
    ),
    "gradcam": Method(
        "Grad-CAM",
        "Features weighed by how much the action unit's score rises with them on average (Selvaraju et al., 2017).",
        "GradCAM",
    ),
    "hirescam": Method(
        "HiResCAM",
        "Grad-CAM that weighs the features at each place by themselves (Draelos and Carin, 2020).",
        "HiResCAM",
    ),
    "gradcam++": Method(
        "Grad-CAM++",
        "Grad-CAM that gives small places as much say as large ones (Chattopadhay et al., 2018).",
        "GradCAMPlusPlus",
    ),
    "layercam": Method(
        "LayerCAM",
        "Features weighed at each place by what speaks for the action unit alone (Jiang et al., 2021).",
        "LayerCAM",
    ),
    "xgradcam": Method(
        "XGrad-CAM", "Grad-CAM with weights in proportion to the features (Fu et al., 2020).", "XGradCAM"
    ),
    "eigengradcam": Method(
        "Eigen-Grad-CAM", "The main direction of features times gradients (as in the grad-cam library).", "EigenGradCAM"
    ),
}
"""All methods by name; each takes well below half a second for all targets of a face.

The library's Score-CAM and Ablation-CAM are not among them: on a feature map of 1920 channels one
target takes as many passes of the heads, and half a gigabyte.
"""

DEFAULT_METHOD = CELLS


def heat_maps(
    model: FaceModel, feature_map: Tensor, targets: Sequence[str], method: str = DEFAULT_METHOD
) -> dict[str, HeatMap]:
    """Heat maps of several action units or emotions from one feature map.

    Args:
        model: the network that made the feature map.
        feature_map: (1, c, h, w), of `analysis.Reading`.
        targets: any of the network's emotions and action units.
        method: key of `METHODS`.

    Returns:
        A map for each target, in their order.

    Raises:
        ValueError: the network does not know a target, or nobody the method.
    """
    outputs = (*model.config.emotions, *model.config.action_units)
    unknown = [target for target in targets if target not in outputs]
    if unknown:
        raise ValueError(f"this checkpoint does not know {', '.join(unknown)}; it knows {', '.join(outputs)}")
    if method not in METHODS:
        raise ValueError(f"there is no method “{method}”; the methods are {', '.join(METHODS)}")
    found: dict[str, HeatMap] = {}
    if method == CELLS and model.config.local_action_units:
        action_units = [target for target in targets if target in model.config.action_units]
        found = _cell_maps(model, feature_map, action_units) if action_units else {}
    by_gradient = [target for target in targets if target not in found]
    if by_gradient:
        places = [outputs.index(target) for target in by_gradient]
        raw = _class_activation_maps(model, feature_map, places, METHODS[method].library)
        found |= {target: HeatMap(target, np.maximum(cam, 0)) for target, cam in zip(by_gradient, raw, strict=True)}
    return {target: found[target] for target in targets}


def load_library() -> None:
    """Import grad-cam now, which takes a second; else the first heat map that needs it waits for that."""
    import pytorch_grad_cam  # noqa: F401


def _cell_maps(model: FaceModel, feature_map: Tensor, action_units: Sequence[str]) -> dict[str, HeatMap]:
    """Of each cell how probable it is that the action unit moves it: what `training.losses.map_loss` teaches.

    All cells are 0 where even the strongest one, if it alone spoke, would leave the action unit improbable.
    """
    with torch.inference_mode():
        au_logit_map = model.au_logit_map(feature_map)[0].float()  # (k, h, w)
        strongest = au_logit_map.amax((1, 2)) - math.log(au_logit_map[0].numel())
        speaks = (strongest * model.au_scale + model.au_offset).sigmoid() >= FAINTEST
        cells = (au_logit_map.sigmoid() * speaks[:, None, None]).numpy()
    return {au: HeatMap(au, cells[model.config.action_units.index(au)], probable=True) for au in action_units}


def _class_activation_maps(
    model: FaceModel, feature_map: Tensor, outputs: Sequence[int], library: str
) -> NDArray[np.float32]:
    """(k, h, w) unscaled maps of k outputs."""
    import pytorch_grad_cam  # takes seconds
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class Unscaled(getattr(pytorch_grad_cam, library)):
        """Keeps the maps as they are before the library stretches each to [0, 1]."""

        def get_cam_image(self, *args: object) -> NDArray[np.float32]:
            if library == "EigenGradCAM":
                *_, activations, gradients, _ = args
                self.unscaled = _main_direction(activations * gradients)
            else:
                self.unscaled = super().get_cam_image(*args)
            return self.unscaled

    heads = _HeadsOnly(model)
    # inference_mode's tensors cannot carry gradients; a copy can.
    batch = feature_map.detach().clone().expand(len(outputs), -1, -1, -1).contiguous().requires_grad_()
    with torch.enable_grad(), Unscaled(heads, [heads.tap]) as cam:
        cam(batch, [ClassifierOutputTarget(output) for output in outputs])
        # The library leaves its `with` block silently after some errors; then this attribute is missing.
        return cam.unscaled


def _main_direction(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, c, h, w) features to (k, h, w): how far each place lies along the direction in which places differ most.

    As the library's own, which also computes the directions in which nothing differs: two seconds instead of 0.1.
    """
    rows = np.nan_to_num(features.reshape(*features.shape[:2], -1).transpose(0, 2, 1))
    rows = rows - rows.mean(1, keepdims=True)
    directions = np.linalg.svd(rows, full_matrices=False)[2][:, 0]
    return np.einsum("kpc,kc->kp", rows, directions).reshape(len(features), *features.shape[2:]).astype(np.float32)


class _HeadsOnly(nn.Module):
    """The two heads as one module from a feature map; its `tap` is the layer that is explained.

    Made anew for each call from a copy of the heads: the library switches what it explains to
    evaluation mode, hooks it and clears its gradients, and another thread may be using the network.
    """

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.tap = nn.Identity()
        without_backbone = {id(model.backbone): nn.Identity()}
        self.model = copy.deepcopy(model, without_backbone).requires_grad_(False)

    def forward(self, feature_map: Tensor) -> Tensor:
        return torch.cat(self.model.heads(self.tap(feature_map)), dim=1)
