"""Where in the face a code or an emotion was seen: Grad-CAM from the feature map alone.

The backbone's forward pass, nearly all of the cost, was paid by the reading. Here the heads alone
run on its feature map, once for all targets as a batch, inside grad-cam's own classes. The method is
HiResCAM (Draelos and Carin, 2020): Grad-CAM (Selvaraju et al., 2017) that weighs each cell by its own
gradient. Where a head reads the mean over all cells, as for emotions, the two are the same; for codes
that are read cell by cell (`ModelConfig.local_codes`) only it tells which cells decided. A map shows
where evidence for the target lies; it does not say why the network decided so.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from emotiscan import facs
from emotiscan.faces import CROP_SIZE, Face, compose
from emotiscan.model import FaceModel

COLOUR_SCALE = "Inferno"
"""Plotly's name of the overlay's colours: perceptually even, and read alike by the colour-blind."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where in the canonical crop the evidence for one target lies.

    Attributes:
        target: the code or emotion.
        cells: (h, w) float32, the positive evidence in each cell of the feature map, in logit
            gradient units; maps of one face can be compared by them.
    """

    target: str
    cells: NDArray[np.float32]

    @property
    def strength(self) -> float:
        """The strongest cell's evidence; 0 where there is no positive evidence."""
        return float(self.cells.max())

    @property
    def empty(self) -> bool:
        """Whether no place of the face speaks for the target."""
        return self.strength <= 0

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """(`faces.CROP_SIZE`, `faces.CROP_SIZE`) in [0, 1], the strongest cell 1; all 0 where there is no evidence."""
        # Only when it is looked at: scaling all maps of a face up takes longer than finding them.
        side = (CROP_SIZE, CROP_SIZE)
        if self.empty:
            return np.zeros(side, np.float32)
        image = Image.fromarray((self.cells / self.strength).astype(np.float32))
        return np.clip(np.asarray(image.resize(side, Image.Resampling.BICUBIC)), 0, 1)

    def focus(self, code: str | None = None) -> float:
        """Share of the map's energy inside a code's anatomical region, 0 to 1; NaN if it is empty."""
        total = float(self.values.sum())
        if total == 0:
            return float("nan")
        return float(self.values[region_mask(code or self.target, len(self.values))].sum() / total)


def heat_maps(model: FaceModel, feature_map: Tensor, targets: Sequence[str]) -> dict[str, HeatMap]:
    """Grad-CAM of several codes or emotions from one feature map.

    Args:
        model: the network that made the feature map.
        feature_map: (1, c, h, w), of `analysis.Reading`.
        targets: any of the network's emotions and codes.

    Returns:
        A map for each target, in their order.

    Raises:
        ValueError: the network does not know a target.
    """
    outputs = (*model.config.emotions, *model.config.codes)
    unknown = [target for target in targets if target not in outputs]
    if unknown:
        raise ValueError(f"this checkpoint does not know {', '.join(unknown)}; it knows {', '.join(outputs)}")
    if not targets:
        return {}
    raw = _class_activation_maps(model, feature_map, [outputs.index(target) for target in targets])
    return {target: HeatMap(target, np.maximum(cam, 0)) for target, cam in zip(targets, raw, strict=True)}


def _class_activation_maps(model: FaceModel, feature_map: Tensor, outputs: Sequence[int]) -> NDArray[np.float32]:
    """(k, h, w) unscaled maps of k outputs."""
    from pytorch_grad_cam import HiResCAM  # importing it takes seconds
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class Unscaled(HiResCAM):
        """Keeps the maps as they are before the library stretches each to [0, 1]."""

        def get_cam_image(self, *args: object, **kwargs: object) -> NDArray[np.float32]:
            self.unscaled = super().get_cam_image(*args, **kwargs)
            return self.unscaled

    heads = _HeadsOnly(model)
    # inference_mode's tensors cannot carry gradients; a copy can.
    batch = feature_map.detach().clone().expand(len(outputs), -1, -1, -1).contiguous().requires_grad_()
    with torch.enable_grad(), Unscaled(heads, [heads.tap]) as cam:
        cam(batch, [ClassifierOutputTarget(output) for output in outputs])
        # The library leaves its `with` block silently after some errors; then this attribute is missing.
        return cam.unscaled


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


def region_mask(code: str, size: int = CROP_SIZE) -> NDArray[np.bool_]:
    """(size, size) pixels of the canonical crop that belong to a code's anatomical region."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    mask = np.zeros((size, size), bool)
    for region in facs.ACTION_UNITS[code].regions:
        for place in facs.REGIONS[region]:
            mask |= ((x - place.x) / place.rx) ** 2 + ((y - place.y) / place.ry) ** 2 <= 1
    return mask


def overlay(crop: Image.Image, heat_map: HeatMap, opacity: float = 0.6) -> Image.Image:
    """The crop with the map laid over it: the stronger the evidence, the less of the skin shows.

    Args:
        crop: RGB, square.
        opacity: of the map's peak, 0 to 1.
    """
    values = heat_map.values
    if crop.size != values.shape[::-1]:
        resized = Image.fromarray(values).resize(crop.size, Image.Resampling.BICUBIC)
        values = np.clip(np.asarray(resized), 0, 1)
    return _blend(crop, values, opacity)


def overlay_on_photo(photo: Image.Image, face: Face, heat_map: HeatMap, opacity: float = 0.6) -> Image.Image:
    """The photo with the map laid over the face that it belongs to."""
    placed = photo.convert("RGB")
    # The rest of a large photo is left alone: mixing all of it takes fifty bytes a pixel.
    x0, y0 = np.maximum(np.floor(face.corners.min(0)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(face.corners.max(0)), photo.size).astype(int).tolist()
    if x0 < x1 and y0 < y1:
        matrix = compose(face.to_crop, np.array([[1.0, 0, x0], [0, 1, y0]])) * CROP_SIZE
        values = Image.fromarray(heat_map.values).transform(
            (x1 - x0, y1 - y0), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BILINEAR
        )
        part = placed.crop((x0, y0, x1, y1))
        placed.paste(_blend(part, np.clip(np.asarray(values), 0, 1), opacity), (x0, y0))
    return placed


def _blend(picture: Image.Image, values: NDArray[np.float32], opacity: float) -> Image.Image:
    colours = _colours()[np.round(values * 255).astype(np.uint8)]
    share = (values * opacity)[..., None]
    mixed = np.asarray(picture.convert("RGB"), np.float32) * (1 - share) + colours * share
    return Image.fromarray(np.round(mixed).astype(np.uint8))


@lru_cache(maxsize=1)
def _colours() -> NDArray[np.float32]:
    """(256, 3) the colour of each level, 0 to 255."""
    from plotly.colors import sample_colorscale, unlabel_rgb

    levels = sample_colorscale(COLOUR_SCALE, np.linspace(0, 1, 256).tolist(), colortype="rgb")
    return np.array([unlabel_rgb(level) for level in levels], np.float32)
