"""Curves over time of each person in a clip, their events, and summaries.

Raw curves are the readings as they are. Smoothed curves (see `smoothing`) are for plots and events. A track that is
interrupted for more than `MAX_GAP`, or by a cut, continues as another stretch: nothing is smoothed across the gap, and
no event spans it.

Frames whose quality is too low (column `usable` of the readings) stay in the raw curves. For smoothed curves, events,
baselines and summaries, they count as if nobody had been seen.
"""

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emotiscan.facs import EXPRESSIONS
from emotiscan.video.decode import increasing_times
from emotiscan.video.events import MAX_BLINK, Event, find_events, log_odds
from emotiscan.video.smoothing import smooth

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Floats = NDArray[np.float64]

MAX_GAP = 0.5
"""Seconds without a face that interrupt a track."""

REST = 0.05
"""Probability of an absent action unit that needs no correction for the person's neutral face."""

REST_QUANTILE = 0.2
"""Share of a person's time in which each action unit is taken to be at rest, to estimate the neutral face."""

CLOSED_EYES = "AU43"
"""Action unit whose short appearances are blinks (AU45 in FACS)."""

MIN_BLINK = 0.04
"""Shortest blink in seconds."""

POSE = ("pitch", "yaw", "roll")
"""Angles of the head, in degrees (see `faces.quality.Pose`)."""

_NO_CURVES = frozenset({"frame", "time", "track", "x0", "y0", "x1", "y1", "confidence"})
"""Columns of numbers that say where a face is, not what it shows."""


class TrackTimeline:
    """The curves of one person.

    Attributes:
        track: number of the person.
        times: (n,) seconds, increasing.
        frames: (n,) number of the frame in the clip.
        raw: curves by name: emotions, expressions, action units, `AU12_intensity`, pose and so on; NaN where not
            visible.
        usable: (n,) whether the quality is high enough; True if the network does not tell.
        parts: (n,) number of the uninterrupted stretch that each sample belongs to.
    """

    def __init__(
        self,
        track: int,
        times: Floats,
        frames: NDArray[np.int64],
        raw: Mapping[str, Floats],
        cuts: Sequence[float] = (),
        usable: NDArray[np.bool_] | None = None,
    ) -> None:
        self.track, self.times, self.frames, self.raw = track, times, frames, dict(raw)
        self.usable = np.ones(len(times), bool) if usable is None else usable
        breaks = self._waits() > max(MAX_GAP, 2.5 * _median_step(times))
        scene = np.searchsorted(np.asarray(cuts, float), times, side="right")
        breaks |= np.diff(scene, prepend=scene[:1]) > 0
        self.parts: NDArray[np.int64] = np.cumsum(breaks, dtype=np.int64)

    def _waits(self) -> Floats:
        """Seconds since the usable sample before, for each usable sample; 0 for the others."""
        waits = np.zeros(len(self.times))
        own = self.times[self.usable]
        waits[self.usable] = np.diff(own, prepend=own[:1])
        return waits

    @cached_property
    def visible(self) -> dict[str, Floats]:
        """The raw curves, with NaN where the quality is too low."""
        return {name: np.where(self.usable, curve, np.nan) for name, curve in self.raw.items()}

    @cached_property
    def smoothed(self) -> dict[str, Floats]:
        """The curves after `smoothing.smooth`, in their ranges; NaN where not visible or the quality is too low."""
        values = np.stack(list(self.visible.values()), 1) if self.raw else np.empty((len(self.times), 0))
        result = smooth(self.times, values, self.parts)
        ranges = np.array([_range(name) for name in self.raw]).reshape(-1, 2)
        return dict(zip(self.raw, np.clip(result, *ranges.T).T, strict=True))

    @cached_property
    def durations(self) -> Floats:
        """Seconds that each sample stands for: until the next one, or a usual step before a gap; 0 if not usable."""
        usual = _median_step(self.times)
        following = np.diff(self.times, append=self.times[-1:] + usual)
        following[np.flatnonzero(np.diff(self.parts))] = usual
        return np.where(self.usable, np.minimum(following, 4 * usual) if usual else following, 0.0)


class Timeline:
    """Curves, events and summaries of all people in a clip.

    Attributes:
        tracks: curves by number of the person.
        thresholds: lowest probability at which each action unit is present.
        emotions: names of the emotions.
        expressions: names of the facial expressions; empty if the network tells none. Surprise and neutral are both
            expressions and emotions.
    """

    def __init__(
        self,
        table: "DataFrame",
        times: Sequence[float],
        emotions: Sequence[str],
        thresholds: Mapping[str, float],
        cuts: Sequence[float] = (),
    ) -> None:
        """Collect the curves.

        Args:
            table: as `VideoAnalysis.to_frame` gives it.
            times: of all frames that were read, in their order, with or without faces.
            emotions: columns of the table.
            thresholds: lowest probability at which each action unit is present.
            cuts: times of the cuts in seconds.
        """
        self.emotions, self.thresholds = tuple(emotions), dict(thresholds)
        self.cuts = tuple(cuts)
        # Times that go backwards are sorted; the frames keep their order.
        in_order = (
            dict(zip(np.asarray(times, float).round(6), increasing_times(times), strict=True)) if _mixed(times) else {}
        )
        self.tracks: dict[int, TrackTimeline] = {}
        self.total = float(max(times) - min(times)) if len(times) else 0.0
        names = [name for name in table.columns if _is_curve(table[name], name)]
        expressions = tuple(name for name in EXPRESSIONS if name in names)
        self.expressions = expressions if set(expressions) - set(self.emotions) else ()
        for key, rows in table.groupby("track", sort=True):
            track = int(str(key))
            raw_times = rows["time"].to_numpy(float)
            if in_order:
                raw_times = np.maximum.accumulate([in_order.get(round(time, 6), time) for time in raw_times])
            self.tracks[track] = TrackTimeline(
                track,
                raw_times,
                rows["frame"].to_numpy(np.int64),
                {name: rows[name].to_numpy(float) for name in names},
                cuts,
                rows["usable"].fillna(True).to_numpy(bool) if "usable" in rows else None,
            )

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Events of all action units of all people, by person and time."""
        return self.find_events()

    def find_events(self) -> tuple[Event, ...]:
        """Find the events of all action units of all people, by person and time; blinks are not among them."""
        found: list[Event] = []
        for timeline in self.tracks.values():
            for au, threshold in self.thresholds.items():
                if au not in timeline.raw:
                    continue
                strength = timeline.smoothed.get(f"{au}_intensity")
                for part in np.unique(timeline.parts):
                    own = timeline.parts == part
                    found += find_events(
                        timeline.times[own],
                        timeline.smoothed[au][own],
                        threshold,
                        intensity=None if strength is None else strength[own],
                        track=timeline.track,
                        au=au,
                    )
        blinks = [
            event for event in found if event.au == CLOSED_EYES and event.complete and event.duration <= MAX_BLINK
        ]
        events = [event for event in found if event not in blinks]
        return tuple(sorted(events, key=lambda event: (event.track, event.onset, event.au)))

    @cached_property
    def blinks(self) -> tuple[Event, ...]:
        """Short closures of the eyes, from the raw curve of AU43; none if the network does not know AU43."""
        found = []
        for timeline in self.tracks.values():
            if CLOSED_EYES not in timeline.raw:
                continue
            for part in np.unique(timeline.parts):
                own = timeline.parts == part
                closures = find_events(
                    timeline.times[own],
                    timeline.visible[CLOSED_EYES][own],
                    self.thresholds[CLOSED_EYES],
                    track=timeline.track,
                    au="AU45",
                    min_duration=MIN_BLINK,
                )
                found += [closure for closure in closures if closure.complete and closure.duration <= MAX_BLINK]
        return tuple(found)

    def baseline(self, start: float | None = None, end: float | None = None) -> dict[int, dict[str, float]]:
        """The neutral face of each person: what each action unit's curve shows at rest.

        Args:
            start: first and `end` last time of a stretch in which the person's face is neutral, seconds; without them,
                the level is estimated: the lower fifth of each curve.
            end: see `start`.

        Returns:
            By person, the probability of each action unit and its intensity at rest. A person who is not seen in the
            stretch is estimated.
        """
        levels: dict[int, dict[str, float]] = {}
        for track, timeline in self.tracks.items():
            low = -np.inf if start is None else start
            high = np.inf if end is None else end
            own = (timeline.times >= low) & (timeline.times <= high)
            chosen = (start is not None or end is not None) and bool(own.any())
            levels[track] = {
                name: _level(curve[own] if chosen else curve, 0.5 if chosen else REST_QUANTILE)
                for name, curve in timeline.visible.items()
                if name.partition("_")[0] in self.thresholds
            }
        return levels

    def relative_to_baseline(self, start: float | None = None, end: float | None = None) -> "Timeline":
        """Make a timeline in which each person's neutral face counts as neutral.

        An action unit that seems more probable than 5% at rest, because the face is built that way, loses the
        difference in log odds; intensities lose their level at rest. The raw curves of this timeline are corrected
        ones; those of the readings stay in `VideoAnalysis.to_frame`.

        Args:
            start: see `baseline`.
            end: see `baseline`.
        """
        levels = self.baseline(start, end)
        return self._with_tracks(
            {
                track: TrackTimeline(
                    track,
                    timeline.times,
                    timeline.frames,
                    {name: _corrected(name, curve, levels[track].get(name)) for name, curve in timeline.raw.items()},
                    self.cuts,
                    timeline.usable,
                )
                for track, timeline in self.tracks.items()
            }
        )

    def including_unusable(self) -> "Timeline":
        """Make a timeline in which frames of low quality count like all others."""
        return self._with_tracks(
            {
                track: TrackTimeline(track, timeline.times, timeline.frames, timeline.raw, self.cuts)
                for track, timeline in self.tracks.items()
            }
        )

    def _with_tracks(self, tracks: dict[int, TrackTimeline]) -> "Timeline":
        other = copy.copy(self)
        other.__dict__.pop("events", None)  # computed anew
        other.__dict__.pop("blinks", None)
        other.tracks = tracks
        return other

    def to_frame(self) -> "DataFrame":
        """Convert the smoothed curves to a pandas table with `frame`, `time`, `track` and `usable` first."""
        import pandas as pd

        parts = [
            pd.DataFrame({"frame": one.frames, "time": one.times, "track": track, "usable": one.usable} | one.smoothed)
            for track, one in self.tracks.items()
        ]
        return (
            pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["frame", "time", "track", "usable"])
        )

    def events_to_frame(self) -> "DataFrame":
        """Convert events and blinks to a pandas table.

        Returns:
            Columns: `track`, `au`; `onset`, `apex`, `offset` and `duration` in seconds; `peak` (probability),
            `intensity` (0 to 5, blank if unknown), and whether it is `complete`. A blink is an AU45.
        """
        from emotiscan.video.summary import events_table

        return events_table((*self.events, *self.blinks))

    def summary(self) -> "DataFrame":
        """Summarize each person and action unit or emotion (see `summary.summarize`)."""
        from emotiscan.video.summary import summarize

        return summarize(self)

    def co_occurrence(self, track: int) -> "DataFrame":
        """Share of a person's time in which two action units are present together, as a symmetric table."""
        from emotiscan.video.summary import co_occurrence

        return co_occurrence(self, track)


def _is_curve(column: "Series", name: str) -> bool:
    return name not in _NO_CURVES and column.dtype.kind in "fi"


def _range(name: str) -> tuple[float, float]:
    """Lowest and highest value of a curve."""
    if name in POSE:
        return -180.0, 180.0
    return 0.0, 5.0 if name.endswith("_intensity") else 1.0


def _mixed(times: Sequence[float]) -> bool:
    return len(times) > 1 and bool((np.diff(np.asarray(times, float)) < 0).any())


def _level(curve: Floats, quantile: float) -> float:
    known = curve[np.isfinite(curve)]
    return float(np.quantile(known, quantile)) if len(known) else float("nan")


def _corrected(name: str, curve: Floats, level: float | None) -> Floats:
    if level is None or not np.isfinite(level):
        return curve
    if name.endswith("_intensity"):
        return np.clip(curve - level, 0, 5)
    excess = max(0.0, float(log_odds(np.array([level]))[0] - log_odds(np.array([REST]))[0]))
    return 1 / (1 + np.exp(excess - log_odds(curve)))


def _median_step(times: Floats) -> float:
    steps = np.diff(times)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 0.0
