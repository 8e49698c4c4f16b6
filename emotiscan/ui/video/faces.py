"""The faces of a clip for a gallery: those whose thumbnails were kept, and those at the apex of an event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiscan.export.text import display_name, percent
from emotiscan.model.checkpoint import Card
from emotiscan.ui.gallery.faces import GalleryFace
from emotiscan.video.timeline import TrackTimeline

if TYPE_CHECKING:
    from emotiscan.video.events import Event


@dataclass(frozen=True, eq=False)
class ClipFace(GalleryFace):
    """A person at one moment of a clip.

    Attributes:
        row: its reading, as far as the clip's curves tell it.
        picture: thumbnail as JPEG bytes.
        track: number of the person.
        time: in seconds.
    """

    track: int = 0
    time: float = 0.0

    @property
    def key(self) -> str:
        """The person and the time."""
        return f"{self.track}-{self.time:.3f}"

    @property
    def name(self) -> str:
        """The time."""
        return f"Show {self.time:.2f} s"


@dataclass(frozen=True, eq=False)
class ApexFace(ClipFace):
    """A person at the apex of an event.

    Attributes:
        event: the event; None only as a default.
    """

    event: "Event | None" = None

    @property
    def key(self) -> str:
        """The person and the action unit."""
        return f"{self.track}-{self.event.au if self.event else ''}"

    @property
    def heading(self) -> str:
        """The action unit, its probability and its intensity, as Markdown."""
        if self.event is None:
            return ""
        known = self.event.intensity == self.event.intensity
        strength = f" · {self.event.intensity:.1f} of 5" if known else ""
        return f"**{display_name(self.event.au)}**  \n:small[{percent(self.event.peak)}{strength}]"


def rows_at(person: TrackTimeline, times: Sequence[float], card: Card) -> Iterator[dict[str, Any]]:
    """Yield what a person's raw curves tell at some times, as records (see `export.records.record`).

    Args:
        person: the curves.
        times: in seconds; for each, the nearest sample is taken.
        card: of the checkpoint that read the clip.
    """
    config, calibration = card.config, card.calibration
    places = np.searchsorted((person.times[1:] + person.times[:-1]) / 2, np.asarray(times, float))
    unknown = np.full(len(person.times), np.nan)  # of an action unit that is hidden in the whole clip
    emotions = np.stack([person.raw[name][places] for name in config.emotions], 1)
    clear = calibration.is_clear(emotions) & person.usable[places]
    for row, place in enumerate(places):
        facs = {au: _known(person.raw.get(au, unknown)[place]) for au in config.action_units}
        values = dict(zip(config.emotions, emotions[row].tolist(), strict=True))
        yield {
            "emotion": max(values, key=values.__getitem__),
            "clear": bool(clear[row]),
            "emotions": values,
            "expressions": {name: float(person.raw[name][place]) for name in config.expressions},
            "facs": facs,
            "present": [au for au, p in facs.items() if p is not None and p >= calibration.threshold(au)],
            "intensities": {
                au: _known(person.raw.get(f"{au}_intensity", unknown)[place])
                for au in config.action_units
                if config.intensities
            },
            "quality": {"usable": bool(person.usable[place]), "problems": []},
        }


def _known(value: float) -> float | None:
    """A number; None for one that is not visible."""
    return float(value) if np.isfinite(value) else None
