"""Events: when an action unit begins, is at its height, and is over (onset, apex and offset in the terms of FACS).

An action unit is present from when its smoothed probability reaches the threshold until it falls well below it. Such a
stretch is already under way when it is noticed: its onset and offset are where the log odds of the curve leave and
reach the level at rest before and behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOW_SHARE = 0.6
"""Share of the threshold below which an action unit is not present any more."""

MIN_DURATION = 0.15
"""Shortest stretch above the threshold in seconds that counts as an event."""

MAX_INTERRUPTION = 0.2
"""Longest gap in seconds between two stretches that are one event."""

REST_WINDOW = 0.8
"""Seconds before and behind a stretch in which the level at rest, and the onset and offset, are looked for."""

EDGE_SHARE = 0.12
"""Share of the way from rest to peak, in log odds, at which a movement stands out from the noise."""

EDGE_LEAD = 1.0
"""Time for which a movement goes on before it stands out, relative to its time from there to half of the way: faces
start to move and come to rest slowly."""

APEX_SHARE = 0.75
"""Share of the way from rest to peak from which an event is at its height; the apex is the middle of this time."""

MIN_PEAK = 0.6
"""Share of the way from the threshold to certainty that an event's probability must reach at its peak: what only just
touches the threshold is mostly noise or another action unit's movement."""

MAX_BLINK = 0.5
"""Longest blink in seconds; eyes that stay closed for longer are an event of AU43."""


@dataclass(frozen=True)
class Event:
    """One appearance of an action unit.

    Attributes:
        track: number of the person.
        au: the action unit.
        onset: time at which it begins, seconds.
        apex: time of its height, seconds.
        offset: time at which it is over, seconds.
        peak: largest smoothed probability, 0 to 1.
        intensity: largest smoothed intensity, 0 to 5; NaN if the network tells none.
        complete: whether both its beginning and its end were seen.
    """

    track: int
    au: str
    onset: float
    apex: float
    offset: float
    peak: float
    intensity: float = float("nan")
    complete: bool = True

    @property
    def duration(self) -> float:
        """Seconds from onset to offset."""
        return self.offset - self.onset


def find_events(
    times: Floats,
    probability: Floats,
    threshold: float,
    *,
    intensity: Floats | None = None,
    track: int = 1,
    au: str = "",
    min_duration: float = MIN_DURATION,
) -> list[Event]:
    """Find the events of one action unit of one person, in a stretch without gaps.

    Args:
        times: (n,) seconds, increasing.
        probability: (n,) smoothed; NaN where not visible.
        threshold: lowest probability at which the action unit is present.
        intensity: (n,) smoothed, 0 to 5; None if the network tells none.
        track: number of the person.
        au: name of the action unit.
        min_duration: shortest stretch above the threshold, seconds.
    """
    known = np.isfinite(probability)
    times, probability = times[known], probability[known]
    strength = None if intensity is None else np.nan_to_num(intensity[known])
    if len(times) < 2:
        return []
    evidence = log_odds(probability)
    stretches = [
        (first, last)
        for first, last in _stretches(times, probability, threshold)
        if times[last] - times[first] + _step(times) >= min_duration
    ]
    events = []
    for number, (first, last) in enumerate(stretches):
        before = stretches[number - 1][1] if number else -1
        behind = stretches[number + 1][0] if number + 1 < len(stretches) else len(times)
        highest = float(probability[first : last + 1].max())
        if highest < threshold + MIN_PEAK * (1 - threshold):
            continue
        peak = float(np.quantile(evidence[first : last + 1], 0.9))
        onset, began = _edge(times, evidence, first, last, before, peak)
        # Time runs backwards from the end: the same rule finds the offset.
        count = len(times) - 1
        offset, ended = _edge(-times[::-1], evidence[::-1], count - last, count - first, count - behind, peak)
        apex = _apex(times, strength if strength is not None else evidence, first, last)
        events.append(
            Event(
                track=track,
                au=au,
                onset=onset,
                apex=apex,
                offset=-offset,
                peak=highest,
                intensity=float("nan") if strength is None else float(strength[first : last + 1].max()),
                complete=began and ended,
            )
        )
    return events


def log_odds(probability: Floats) -> Floats:
    """Log odds of probabilities, at most 7: what is almost certain differs by nothing that can be measured."""
    return np.clip(np.log(np.clip(probability, 1e-9, 1)) - np.log(np.clip(1 - probability, 1e-9, 1)), -7, 7)


def _stretches(times: Floats, probability: Floats, threshold: float) -> Iterator[tuple[int, int]]:
    """First and last sample of each stretch in which the action unit is present, with hysteresis."""
    present = False
    stretches: list[list[int]] = []
    for index, value in enumerate(probability):
        if present and value >= LOW_SHARE * threshold:
            stretches[-1][1] = index
        elif value >= threshold:
            present = True
            if stretches and times[index] - times[stretches[-1][1]] <= MAX_INTERRUPTION:
                stretches[-1][1] = index
            else:
                stretches.append([index, index])
        else:
            present = False
    yield from ((first, last) for first, last in stretches)


def _edge(times: Floats, evidence: Floats, first: int, last: int, before: int, peak: float) -> tuple[float, bool]:
    """Time at which a stretch begins, and whether its beginning was seen.

    Args:
        times: (n,).
        evidence: (n,) log odds.
        first: first sample of the stretch.
        last: last sample of the stretch.
        before: last sample of the stretch before, or -1.
        peak: large evidence of the stretch.
    """
    start = max(before + 1, int(np.searchsorted(times, times[first] - REST_WINDOW)))
    if start >= first:
        return float(times[first]), False
    rest = float(np.median(np.sort(evidence[start:first])[: max(1, (first - start + 1) // 2)]))
    outstanding = _crossing(times, evidence, start, first, rest + EDGE_SHARE * (peak - rest))
    half = _crossing(times, evidence, start, last, rest + 0.5 * (peak - rest), earliest=True)
    lead = EDGE_LEAD * max(0.0, half - outstanding)
    return max(float(times[start]), outstanding - lead), True


def _crossing(times: Floats, evidence: Floats, start: int, end: int, level: float, earliest: bool = False) -> float:
    """Time between the samples `start` and `end` at which the evidence rises through a level for the last time.

    Args:
        times: (n,).
        evidence: (n,) log odds.
        start: first sample to look at.
        end: last sample to look at.
        level: the level.
        earliest: for the first time instead.
    """
    below = evidence[start:end] < level
    ups = np.flatnonzero(below & ~np.append(below[1:], evidence[end] < level))
    if not len(ups):
        return float(times[start])
    at = start + int(ups[0] if earliest else ups[-1])
    rise = evidence[at + 1] - evidence[at]
    share = (level - evidence[at]) / rise if rise > 1e-9 else 0.0
    return float(times[at] + np.clip(share, 0, 1) * (times[at + 1] - times[at]))


def _apex(times: Floats, strength: Floats, first: int, last: int) -> float:
    """Middle of the time at which a stretch is at its height: from when it first reaches it until it leaves it."""
    part = strength[first : last + 1]
    low, high = float(part.min()), float(np.quantile(part, 0.9))
    top = np.flatnonzero(part >= low + APEX_SHARE * (high - low))
    return float((times[first + int(top[0])] + times[first + int(top[-1])]) / 2)


def _step(times: Floats) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0
