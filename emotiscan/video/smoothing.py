"""Smoothing of curves whose samples are not equally far apart in time."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALF_WINDOW = 0.14
"""Half of the smoothing window in seconds: 7 frames at 25 frames a second."""


def smooth(times: Floats, values: Floats, parts: NDArray[np.int64] | None = None, half: float = HALF_WINDOW) -> Floats:
    """Smooth curves: a median of three neighbors, then a local quadratic fit.

    The median removes single outliers. The fit is that of Savitzky and Golay (1964), "Smoothing and differentiation of
    data by simplified least squares procedures", by times instead of sample numbers, with tricube weights (Cleveland,
    1979): peaks keep their place and nearly their height. A sample without enough neighbors keeps its value.

    Args:
        times: (n,) seconds, not decreasing.
        values: (n, columns); NaN where unknown, and there the result is NaN, too.
        parts: (n,) number of the stretch that each sample belongs to; samples of other stretches do not count.
        half: half of the window, seconds.

    Returns:
        (n, columns).
    """
    parts = np.zeros(len(times), np.int64) if parts is None else parts
    steady = _median3(values, parts)
    reach = _reach(times, half)
    moments = np.zeros((5, *values.shape))
    products = np.zeros((3, *values.shape))
    for shift in range(-reach, reach + 1):
        here, there = _shifted(len(times), shift)
        away = (times[there] - times[here]) / half
        weight = np.clip(1 - np.abs(away) ** 3, 0, None) ** 3 * (parts[there] == parts[here])
        known = np.isfinite(steady[there])
        each = weight[:, None] * known
        value = np.where(known, steady[there], 0)
        for power in range(5):
            term = each * (away**power)[:, None]
            moments[power][here] += term
            if power < 3:
                products[power][here] += term * value
    result = _fitted(moments, products, steady)
    result[~np.isfinite(values)] = np.nan
    return result


def _fitted(moments: Floats, products: Floats, fallback: Floats) -> Floats:
    """Value at its own time of the quadratic that fits best: Cramer's rule on 3 x 3 normal equations."""
    m0, m1, m2, m3, m4 = moments
    p0, p1, p2 = products
    determinant = m0 * (m2 * m4 - m3 * m3) - m1 * (m1 * m4 - m2 * m3) + m2 * (m1 * m3 - m2 * m2)
    numerator = p0 * (m2 * m4 - m3 * m3) - m1 * (p1 * m4 - p2 * m3) + m2 * (p1 * m3 - p2 * m2)
    usable = determinant > 1e-5
    return np.where(usable, numerator / np.where(usable, determinant, 1), fallback)


def _median3(values: Floats, parts: NDArray[np.int64]) -> Floats:
    if len(values) < 3:
        return values.copy()
    result = values.copy()
    inside = (parts[:-2] == parts[1:-1]) & (parts[2:] == parts[1:-1])
    three = np.stack([values[:-2], values[1:-1], values[2:]])
    complete = np.isfinite(three).all(0) & inside[:, None]
    result[1:-1][complete] = np.median(three, axis=0)[complete]
    return result


def _reach(times: Floats, half: float) -> int:
    """Most samples that a window holds on either side."""
    if len(times) < 2:
        return 0
    index = np.arange(len(times))
    return int(min(200, (np.searchsorted(times, times + half) - index).max()))


def _shifted(count: int, shift: int) -> tuple[slice, slice]:
    """Samples that have a neighbor `shift` samples on, and these neighbors."""
    if shift >= 0:
        return slice(0, max(0, count - shift)), slice(shift, count)
    return slice(-shift, count), slice(0, max(0, count + shift))
