"""MTCNN's cascade of three networks, with the networks and weights of facenet-pytorch.

Zhang et al. (2016), "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks".

The steps and thresholds are those of facenet-pytorch's `MTCNN.detect`, and so are its boxes and landmarks, to rounding
(`tests/faces/test_mtcnn.py`). Three things make it several times faster (`benchmarks/detection.py`):

- Every level of the pyramid and every candidate is an area average of the photo. They are all taken from one
  summed-area table, four look-ups a pixel whatever its area.
- The first network's pooling is two elementwise maxima; the other two networks run with the channels last. torch's
  pooling of few or small planes takes longer than their convolutions.
- In a photo with a margin, the first network skips positions that lie in the margin alone, and on request those that
  are neither near the photo's edges nor near known faces (`search_area`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.search_area import CELL, STRIDE, overlapping, parts_to_search
from emotiscan.faces.summed_area_table import Floats, Indices, SummedAreaTable, windows
from emotiscan.stubbed_imports import import_torchvision

if TYPE_CHECKING:  # importing torch takes seconds
    from torch import Tensor, nn

PYRAMID_FACTOR = 0.709
"""Scale of each pyramid level, relative to the one before: half the area."""

THRESHOLDS = (0.6, 0.7, 0.7)
"""Lowest confidence with which a candidate passes each network."""

CANDIDATE_BATCH = 64
"""Candidates that the second and third network process at a time: a crowd would otherwise need hundreds of
megabytes."""


class Detections(NamedTuple):
    """Faces in pixels of the searched photo.

    Attributes:
        boxes: (n, 4) x0, y0, x1, y1.
        confidences: (n,) 0 to 1.
        landmarks: (n, 5, 2) x, y: eyes, nose, mouth corners, each pair from the viewer's left.
    """

    boxes: Floats
    confidences: Floats
    landmarks: Floats


class Cascade:
    """The three networks on the CPU. Safe to share among threads."""

    def __init__(self) -> None:
        import torch

        import_torchvision()  # before facenet-pytorch imports it
        from facenet_pytorch import MTCNN

        networks = MTCNN(device="cpu")
        self._proposals, self._refinement, self._output = networks.pnet, networks.rnet, networks.onet
        self._proposals.pool1 = _pooling()
        for network in (self._refinement, self._output):
            network.to(memory_format=torch.channels_last)

    def find(
        self,
        photo: NDArray[np.uint8] | SummedAreaTable,
        min_side: float,
        margin: int = 0,
        known: Floats | None = None,
    ) -> Detections:
        """Find faces.

        Args:
            photo: (height, width, 3) RGB; or its table, which can be kept for another search.
            min_side: side of the smallest face, in pixels.
            margin: width in pixels of the photo's border that cannot hold a face by itself.
            known: (n, 4) boxes of faces that were found before. Small faces that are neither among them nor near the
                photo's edges then need not be found; the others are those that a search of the whole photo finds. None
                searches the whole photo.
        """
        import torch

        with torch.inference_mode():
            table = photo if isinstance(photo, SummedAreaTable) else SummedAreaTable(photo)
            boxes = self._propose(table, min_side, margin, known)
            boxes = self._refine(table, boxes)
            return self._finish(table, boxes)

    def find_near(self, photo: NDArray[np.uint8], boxes: Floats) -> Detections:
        """Find the faces that are near given boxes: the second and third network alone, several times faster.

        Args:
            photo: (height, width, 3) RGB.
            boxes: (n, 4) x0, y0, x1, y1, e.g. of faces in the frame before.
        """
        import torch

        with torch.inference_mode():
            table = SummedAreaTable(photo)
            boxes = self._refine(table, _squares(np.asarray(boxes, np.float32)))
            return self._finish(table, boxes)

    def look_at(self, photo: Image.Image, boxes: Floats) -> Detections:
        """Look for one face at each box: the third network alone, the cheapest way to follow a face.

        Args:
            photo: RGB.
            boxes: (n, 4) x0, y0, x1, y1, e.g. of faces in the frame before. The squares around them, as wide as their
                longer sides, are within the photo.

        Returns:
            One detection for each box, in their order, however low its confidence.
        """
        import torch

        squares = _squares(boxes)
        # The cascade cuts a box out from the pixel before its corner, and its boxes and landmarks allow for that.
        cut_out = np.maximum(squares - np.array([1, 1, 0, 0], np.float32), 0)
        # Reduced by a whole number first, a large face takes less time.
        crops = [
            np.asarray(photo.resize((48, 48), Image.Resampling.BOX, tuple(edges), reducing_gap=2.0), np.float32)
            for edges in cut_out.tolist()
        ]
        with torch.inference_mode():
            shifts, points, scores = (np.asarray(part) for part in self._output(_network_input(np.stack(crops))))
        return Detections(_corrected(squares, shifts), scores[:, 1], _landmarks(squares, points))

    def _propose(self, table: SummedAreaTable, min_side: float, margin: int, known: Floats | None) -> Floats:
        """First network: candidates of all sizes, (n, 4)."""
        found = [
            self._propose_at(table, scale, margin, known) for scale in _scales(table.height, table.width, min_side)
        ]
        if not found:
            return np.empty((0, 4), np.float32)
        boxes, scores, shifts = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = _suppress(boxes, scores, 0.7)
        boxes, shifts = boxes[kept], shifts[kept]
        return _squares(boxes + shifts * _sides(boxes))

    def _propose_at(
        self, table: SummedAreaTable, scale: float, margin: int, known: Floats | None
    ) -> tuple[Floats, Floats, Floats]:
        """Boxes (n, 4), confidences (n,) and corrections (n, 4) in box sides, of one pyramid level."""
        size = int(table.height * scale + 1), int(table.width * scale + 1)
        rows, columns = (
            overlapping(length, scale, margin, whole - margin)
            for length, whole in zip(size, (table.height, table.width), strict=True)
        )
        parts = [(rows, columns)] if known is None else parts_to_search(rows, columns, known * np.float32(scale))
        found = [self._propose_in(table, scale, size, *part) for part in parts]
        boxes, scores, shifts = (np.concatenate(column) for column in zip(*found, strict=True))
        kept = _suppress(boxes, scores, 0.5)
        return boxes[kept], scores[kept], shifts[kept]

    def _propose_in(
        self, table: SummedAreaTable, scale: float, size: tuple[int, int], rows: range, columns: range
    ) -> tuple[Floats, Floats, Floats]:
        """The same for a part of a level of a given height and width."""
        import torch

        level = table.averages(windows(table.height, size[0], rows), windows(table.width, size[1], columns))
        shifts, scores = self._proposals(_network_input(level[None]).contiguous())
        accepted = torch.nonzero(scores[0, 1] >= THRESHOLDS[0], as_tuple=True)
        score, shift = scores[0, 1][accepted].numpy(), shifts[0][:, accepted[0], accepted[1]].T.numpy()
        y, x = (STRIDE * cells.numpy() for cells in accepted)
        corner = np.stack([x + columns.start, y + rows.start], 1).astype(np.float32)
        low, high = (np.floor((corner + offset) / np.float32(scale)) for offset in (1, CELL))
        return np.concatenate([low, high], 1), score, shift

    def _refine(self, table: SummedAreaTable, boxes: Floats) -> Floats:
        """Second network: better candidates, square, (n, 4)."""
        parts = [
            (boxes_part, *self._refinement(_network_input(crops))) for boxes_part, crops in _batches(table, boxes, 24)
        ]
        if not parts:
            return boxes[:0]
        boxes, shifts, scores = _joined(parts)
        passed = scores[:, 1] > THRESHOLDS[1]
        boxes, shifts, score = boxes[passed], shifts[passed], scores[passed, 1]
        kept = _suppress(boxes, score, 0.7)
        return _squares(_corrected(boxes[kept], shifts[kept]))

    def _finish(self, table: SummedAreaTable, boxes: Floats) -> Detections:
        """Third network: boxes and landmarks."""
        parts = [(boxes_part, *self._output(_network_input(crops))) for boxes_part, crops in _batches(table, boxes, 48)]
        if not parts:
            return Detections(boxes[:0], np.empty(0, np.float32), np.empty((0, 5, 2), np.float32))
        boxes, shifts, points, scores = _joined(parts)
        passed = scores[:, 1] > THRESHOLDS[2]
        boxes, shifts, points, score = boxes[passed], shifts[passed], points[passed], scores[passed, 1]
        landmarks, boxes = _landmarks(boxes, points), _corrected(boxes, shifts)
        kept = _suppress_nested(boxes, score, 0.7)
        return Detections(boxes[kept], score[kept], landmarks[kept])


def _scales(height: int, width: int, min_side: float) -> Iterator[float]:
    """Scales of the pyramid's levels: from the smallest face filling a cell to the largest that fits into the photo."""
    scale = CELL / min_side
    side = min(height, width) * scale
    while side >= CELL:
        yield scale
        scale, side = scale * PYRAMID_FACTOR, side * PYRAMID_FACTOR


def _batches(table: SummedAreaTable, boxes: Floats, side: int) -> "Iterator[tuple[Floats, Floats]]":
    """Candidates with their crops, some at a time. Those outside the photo are left out."""
    whole = np.trunc(boxes).astype(np.int64)
    whole = np.concatenate([np.maximum(whole[:, :2], 1) - 1, np.minimum(whole[:, 2:], (table.width, table.height))], 1)
    inside = (whole[:, 2:] > whole[:, :2]).all(1)
    boxes, whole = boxes[inside], whole[inside]
    for start in range(0, len(boxes), CANDIDATE_BATCH):
        part = slice(start, start + CANDIDATE_BATCH)
        yield boxes[part], table.crops(whole[part], side)


def _network_input(pixels: Floats) -> "Tensor":
    """(n, height, width, 3) of 0 to 255 becomes (n, 3, height, width) of -1 to 1, with the channels last in memory."""
    import torch

    return torch.from_numpy((pixels - np.float32(127.5)) * np.float32(1 / 128)).permute(0, 3, 1, 2)


def _joined(parts: "list[tuple[Floats | Tensor, ...]]") -> list[Floats]:
    return [np.concatenate([np.asarray(part) for part in column]) for column in zip(*parts, strict=True)]


def _sides(boxes: Floats) -> Floats:
    """Width and height of boxes, twice: (n, 4)."""
    return np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def _corrected(boxes: Floats, shifts: Floats) -> Floats:
    return boxes + shifts * (_sides(boxes) + 1)


def _landmarks(boxes: Floats, points: Floats) -> Floats:
    """Landmarks (n, 5, 2) in pixels, from the third network's (n, 10) in box sides: all x come before all y."""
    relative = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    return boxes[:, None, :2] + relative * (_sides(boxes)[:, None, :2] + 1) - 1


def _squares(boxes: Floats) -> Floats:
    """Squares with the centers of boxes and their longer sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(1, keepdims=True)
    corner = boxes[:, :2] + sides * np.float32(0.5) - longer * np.float32(0.5)
    return np.concatenate([corner, corner + longer], 1)


def _suppress(boxes: Floats, scores: Floats, max_iou: float) -> Indices:
    """Non-maximum suppression: the boxes to keep, best first."""
    import torch
    from torchvision.ops import nms

    kept: Indices = nms(torch.from_numpy(boxes), torch.from_numpy(scores), max_iou).numpy()
    return kept


def _suppress_nested(boxes: Floats, scores: Floats, max_share: float) -> Indices:
    """Non-maximum suppression by the share of the smaller box that the larger one covers: also drops boxes within."""
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    left, kept = np.argsort(scores)[::-1], []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[left, :2]), np.minimum(boxes[best, 2:], boxes[left, 2:])
        common = np.maximum(high - low + 1, 0).prod(1)
        left = left[common <= max_share * np.minimum(areas[best], areas[left])]
    return np.array(kept, np.int64)


def _pooling() -> "nn.Module":
    """2 x 2 maximum pooling of any size, the last row or column on its own: nn.MaxPool2d(2, 2, ceil_mode=True)."""
    import torch
    from torch import nn

    def halved(planes: "Tensor", axis: int) -> "Tensor":
        length = planes.shape[axis]
        even, odd = (planes[(slice(None),) * axis + (slice(start, None, 2),)] for start in (0, 1))
        paired = torch.maximum(even.narrow(axis, 0, length // 2), odd)
        return torch.cat([paired, even.narrow(axis, length // 2, 1)], axis) if length % 2 else paired

    class Pooling(nn.Module):
        def forward(self, planes: "Tensor") -> "Tensor":
            return halved(halved(planes, 2), 3)

    return Pooling()
