"""Summaries of a timeline: shares of time, rates and mean intensities, as tables."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from emotiscan.video.events import Event

if TYPE_CHECKING:
    from pandas import DataFrame

    from emotiscan.video.timeline import Timeline, TrackTimeline

EVENT_COLUMNS = ("track", "au", "onset", "apex", "offset", "duration", "peak", "intensity", "complete")


def events_table(events: Iterable[Event]) -> "DataFrame":
    """One row an event, by person and time; times in seconds to a tenth of a millisecond."""
    import pandas as pd

    rows = [
        (
            event.track,
            event.au,
            *(round(time, 4) for time in (event.onset, event.apex, event.offset, event.duration)),
            round(event.peak, 4),
            round(event.intensity, 2),
            event.complete,
        )
        for event in sorted(events, key=lambda event: (event.track, event.onset, event.au))
    ]
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))


def summarize(timeline: "Timeline") -> "DataFrame":
    """Summarize each person.

    Returns:
        One row per person and emotion, expression or action unit: `track`, `seconds` (time in which the person was
        seen well enough), `usable` (share of the person's frames of sufficient quality), `name`, `share` of the time
        in which the emotion or expression is the most probable one or the action unit is present, `per_minute` (events
        a minute; blank for emotions and expressions), `mean` probability, and `mean_intensity` while present (0 to 5;
        blank if unknown).
    """
    import pandas as pd

    rows = []
    for track, one in timeline.tracks.items():
        seconds = float(one.durations.sum())
        usable = float(one.usable.mean())
        for names in (timeline.emotions, timeline.expressions):
            strongest = _strongest([one.smoothed[name] for name in names])
            for index, name in enumerate(names):
                if names is timeline.emotions or name not in timeline.emotions:
                    mean, share = _mean(one.raw[name], one), _share(strongest == index, one)
                    rows.append((track, seconds, usable, name, share, float("nan"), mean, float("nan")))
        for au, threshold in timeline.thresholds.items():
            if au not in one.raw:
                continue
            present = one.smoothed[au] >= threshold
            count = sum(event.track == track and event.au == au for event in timeline.events)
            rate = 60 * count / seconds if seconds else float("nan")
            strength = one.smoothed.get(f"{au}_intensity")
            level = float("nan") if strength is None or not present.any() else _mean(strength[present], one, present)
            rows.append((track, seconds, usable, au, _share(present, one), rate, _mean(one.raw[au], one), level))
    columns = ["track", "seconds", "usable", "name", "share", "per_minute", "mean", "mean_intensity"]
    return pd.DataFrame(rows, columns=columns).round(4)


def co_occurrence(timeline: "Timeline", track: int) -> "DataFrame":
    """Share of a person's time in which two action units are present together.

    Args:
        timeline: of the clip.
        track: number of the person.

    Returns:
        Action units by action units; on the diagonal, the share in which each is present.
    """
    import pandas as pd

    one = timeline.tracks[track]
    units = [au for au in timeline.thresholds if au in one.raw]
    present = np.stack([one.smoothed[au] >= timeline.thresholds[au] for au in units], 1).astype(float)
    weights = one.durations / max(float(one.durations.sum()), 1e-9)
    return pd.DataFrame(present.T @ (present * weights[:, None]), index=units, columns=units).round(4)


def _strongest(curves: list[np.ndarray]) -> np.ndarray:
    """Index of the largest of several curves at each sample; -1 where none is known."""
    values = np.stack(curves, 1) if curves else np.empty((0, 1))
    return np.where(np.isfinite(values).any(1), np.nan_to_num(values, nan=-1.0).argmax(1), -1)


def _share(flags: np.ndarray, one: "TrackTimeline") -> float:
    total = float(one.durations.sum())
    return float(one.durations[flags].sum()) / total if total else float("nan")


def _mean(values: np.ndarray, one: "TrackTimeline", chosen: np.ndarray | None = None) -> float:
    """Mean over time, without what is not visible."""
    weights = one.durations if chosen is None else one.durations[chosen]
    known = np.isfinite(values)
    total = float(weights[known].sum())
    return float((values[known] * weights[known]).sum()) / total if total else float("nan")
