"""From light to pixels: backgrounds, exposure, and the flaws of a camera (blur, noise, compression)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.scenes import Background, Camera

_LUMA = np.array([0.30, 0.59, 0.11], np.float32)


def render_background(background: Background, side: int) -> NDArray:
    """Render what is behind the head: (side, side, 3) linear."""
    rng = np.random.default_rng(background.seed)
    color = np.array(background.color)
    if background.kind == "plain":
        cells = color + rng.normal(0, 0.02, (2, 2, 1))
    elif background.kind == "wall":
        cells = color * np.exp(rng.normal(0, 0.25, (3, 3, 1))) + rng.normal(0, 0.02, (3, 3, 3))
    else:
        count = int(rng.integers(3, 12))
        spread = rng.uniform(0.05, 0.25)
        cells = color + rng.normal(0, spread, (count, count, 1)) + rng.normal(0, 0.02, (count, count, 3))
    cells = np.clip(cells, 0.005, 1).astype(np.float32)
    small = 64
    image: NDArray = cv2.resize(cells, (small, small), interpolation=cv2.INTER_CUBIC)
    if background.kind in ("room", "clutter"):
        image = cv2.resize(image, (2 * small, 2 * small))
        for _ in range(int(rng.integers(3, 12))):
            _paint_object(image, rng, color)
        blur = 0.6 + background.blur * (10 if background.kind == "room" else 4)
        image = cv2.GaussianBlur(image, (0, 0), blur)
    image = cv2.resize(np.clip(image, 0.003, 1), (side, side), interpolation=cv2.INTER_LINEAR)
    return image**1.5


def _paint_object(image: NDArray, rng: np.random.Generator, color: NDArray) -> None:
    """Paint a blurred piece of a room at a random position, in place."""
    side = len(image)
    gray = rng.uniform(0, 0.9)
    tint = np.clip(0.5 * color + 0.5 * gray * np.exp(rng.normal(0, 0.2, 3)), 0, 1)
    x, y = (int(v) for v in rng.integers(-10, side + 10, 2))
    kind = rng.random()
    if kind < 0.45:  # door, window, shelf
        corner = (x + int(rng.integers(6, side // 2)), y + int(rng.integers(6, side)))
        cv2.rectangle(image, (x, y), corner, tint.tolist(), -1)
    elif kind < 0.75:
        cv2.line(image, (x, y), tuple(int(v) for v in rng.integers(0, side, 2)), tint.tolist(), int(rng.integers(1, 9)))
    else:  # a light, a plant
        cv2.circle(image, (x, y), int(rng.uniform(0.02, 0.2) * side), tint.tolist(), -1)


def expose(image: NDArray, metered: float, skin: NDArray, camera: Camera) -> NDArray[np.uint8]:
    """Convert linear light to 8-bit RGB.

    Dark skin comes out darker than light skin, but less so than its color alone would make it, as cameras and
    photographers expose it.

    Args:
        image: (h, w, 3) linear light.
        metered: mean light that falls on the skin.
        skin: (3,) linear color of the skin.
        camera: its exposure counts.
    """
    tone = float(skin @ _LUMA)
    target = 0.30 * camera.exposure * (tone / 0.45) ** 0.62
    scaled = image * np.float32(target / max(metered * tone * 0.62, 1e-4))
    mapped = scaled / (1 + 0.25 * scaled) * 1.15
    return np.round(np.clip(mapped, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def apply_camera(image: NDArray[np.uint8], camera: Camera) -> NDArray[np.uint8]:
    """Apply a camera's blur, resolution, contrast, color, noise and compression to an 8-bit RGB image."""
    side = image.shape[0]
    rng = np.random.default_rng(camera.seed)
    values: NDArray = image.astype(np.float32)
    if camera.blur > 0:
        values = cv2.GaussianBlur(values, (0, 0), camera.blur * side / 224)
    if camera.resolution < 1:
        small = max(8, round(side * camera.resolution))
        values = cv2.resize(values, (small, small), interpolation=cv2.INTER_AREA)
        values = cv2.resize(values, (side, side), interpolation=cv2.INTER_CUBIC)
    values = (values - 128) * camera.contrast + 128
    values *= np.array(camera.white_balance, np.float32)
    if camera.noise > 0:
        shape = (side, side, 3 if camera.colored_noise else 1)
        values = values + rng.standard_normal(shape, np.float32) * camera.noise
    result = np.clip(values, 0, 255).astype(np.uint8)
    if camera.gray:
        result = np.repeat(cv2.cvtColor(result, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    if camera.jpeg_quality is not None:
        _, data = cv2.imencode(".jpg", result[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])
        result = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(result)
