"""Eyebrow patterns: how much of the skin the brow's hairs cover, in a window of texture space."""

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.skin_masks import SIDE, Unwrapped, blur, smooth_curve

PATTERNS = 32
WIDTH, HEIGHT = 656, 205
"""Size of a pattern, in texels."""

LEFT, BOTTOM, SPAN_U, SPAN_V = 0.18, 0.70, 0.64, 0.20
"""The window of the texture that a pattern covers."""


def paint_brows(face: Unwrapped) -> NDArray[np.uint8]:
    """Paint all brow patterns.

    The brow landmarks lie at the top of the brow, so the hairs are painted below them: brows painted
    on the landmarks would make every calm face look surprised.

    Returns:
        (PATTERNS, HEIGHT, WIDTH) opacities, 0 to 255; row 0 is the lowest.
    """
    return np.stack([_brow_pair(face, np.random.default_rng(100 + number)) for number in range(PATTERNS)])


def _brow_pair(face: Unwrapped, rng: np.random.Generator) -> NDArray[np.uint8]:
    thickness = rng.uniform(0.006, 0.017)
    arch, inner = rng.uniform(-0.004, 0.012), rng.uniform(-0.012, 0.006)
    density, hair_length = rng.uniform(0.5, 1.1), rng.uniform(0.016, 0.030)
    tail, lift = rng.uniform(0.85, 1.08), rng.uniform(-0.024, -0.004)
    hairs = np.zeros((HEIGHT, WIDTH), np.float32)
    under = np.zeros_like(hairs)
    for side in (-1, 1):
        middle = smooth_curve(_middle_line(face, side), per_point=20)
        along = np.linspace(0, 1, len(middle))
        middle[:, 0] += side * inner * (1 - along)
        middle[:, 1] += arch * np.sin(np.pi * np.clip(along * 1.05, 0, 1)) ** 2 + lift
        half_width = thickness * np.interp(along, [0, 0.08, 0.4, 0.7, 1.0], [0.75, 1.0, 0.95, 0.65, 0.15])
        count = int(750 * density * thickness / 0.013)
        _paint_hairs(hairs, middle, half_width, count, hair_length, tail, rng)
        for j in range(len(middle) - 1):
            radius = int(max(1, half_width[j] * WIDTH / SPAN_U * 0.9) * 16)
            strength = float(np.interp(along[j], [0, 0.2], [0.4, 1]))
            cv2.circle(under, _fixed_point(middle[j]), radius, strength, -1, cv2.LINE_AA, 4)
    opacity = np.clip(blur(hairs, 0.6) * 1.25 + blur(under, 3.0) * rng.uniform(0.25, 0.6), 0, 1)
    return np.round(opacity * 255).astype(np.uint8)


def _middle_line(face: Unwrapped, side: int) -> NDArray:
    """Return (5, 2) texture coordinates of a brow from its inner end outwards; side -1 is the person's right."""
    points = face.landmarks[17:22][::-1] if side < 0 else face.landmarks[22:27]
    return points / (SIDE - 1) - np.array([[0, 0.022], [0, 0.018], [0, 0.015], [0, 0.012], [0, 0.012]])


def _paint_hairs(
    image: NDArray,
    middle: NDArray,
    half_width: NDArray,
    count: int,
    length: float,
    tail: float,
    rng: np.random.Generator,
) -> None:
    for _ in range(count):
        along = rng.uniform(0, tail)
        if along > 1 or rng.random() > np.interp(along, [0, 0.16], [0.25, 1]):
            continue
        j = min(int(along * (len(middle) - 1)), len(middle) - 2)
        tangent = middle[j + 1] - middle[j]
        tangent /= np.linalg.norm(tangent) + 1e-9
        up = np.array([-tangent[1], tangent[0]])
        up = up if up[1] > 0 else -up
        offset = rng.uniform(-1, 1)
        root = middle[j] + up * half_width[j] * offset
        # Hairs stand up at the inner end, lie along the brow at its tail, and close in from above and below.
        angle = np.deg2rad(np.interp(along, [0, 0.15, 0.5, 1], [75, 55, 22, 5]) + rng.normal(0, 9) - offset * 14)
        direction = tangent * np.cos(angle) + up * np.sin(angle)
        reach = length * rng.uniform(0.5, 1) * np.interp(along, [0, 0.1, 0.6, 1], [0.8, 1, 0.9, 0.6])
        ends = (_fixed_point(root - direction * reach * 0.4), _fixed_point(root + direction * reach * 0.6))
        cv2.line(image, ends[0], ends[1], float(rng.uniform(0.6, 1)), 1, cv2.LINE_AA, 4)


def _fixed_point(place: NDArray) -> tuple[int, int]:
    x, y = (place[0] - LEFT) / SPAN_U * (WIDTH - 1), (place[1] - BOTTOM) / SPAN_V * (HEIGHT - 1)
    return round(x * 16), round(y * 16)
