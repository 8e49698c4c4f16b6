"""The faces of a gallery: what can be told of each, and which of them are shown in what order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from emotiscan import facs
from emotiscan.export.data_urls import data_url
from emotiscan.export.text import percent
from emotiscan.model.config import ModelConfig
from emotiscan.ui import wording

VALENCE = "valence"
"""Besides emotions, expressions and action units, something to sort and plot by: P(positive) - P(negative)."""


@dataclass(frozen=True, eq=False)
class GalleryFace:
    """One face of a gallery.

    Attributes:
        row: its reading, as returned by `records.record`.
        picture: its crop as JPEG bytes; None if there is none.
    """

    row: Mapping[str, Any]
    picture: bytes | None = None

    @property
    def key(self) -> str:
        """What tells it from the others, e.g. for keys of widgets."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What it is called on the page; visitors may have written part of it."""
        raise NotImplementedError

    @property
    def picture_url(self) -> str:
        """The picture as a data URL."""
        return data_url(self.picture or b"", "JPEG")

    @property
    def title(self) -> str:
        """Its emotion as a title, e.g. “Positive, 92%”."""
        emotion = self.row["emotion"]
        return f"{wording.emotion_title(emotion, self.row['clear'])}, {percent(self.row['emotions'][emotion])}"

    @property
    def movements(self) -> str:
        """The action units that are present, with their intensities if these are known, e.g. “AU6 B, AU12 D”."""
        known = self.row.get("intensities", {})
        return ", ".join(
            f"{au} {facs.intensity_letter(known[au])}" if au in known else au for au in self.row["present"]
        )

    @property
    def note(self) -> str:
        """Why it cannot be trusted; "" if it can."""
        quality = self.row.get("quality", {"usable": True})
        if quality["usable"]:
            return ""
        return f"Not reliable: {', '.join(quality['problems'])}" if quality["problems"] else "Not reliable"

    def value(self, target: str) -> float | None:
        """How much it shows of a target (see `targets_of`); None for an action unit that is not visible.

        An action unit's intensity, 0 to 5, if the checkpoint tells it; otherwise a probability, 0 to 1; for `VALENCE`,
        -1 to 1.
        """
        if target == VALENCE:
            return float(self.row["emotions"][facs.POSITIVE] - self.row["emotions"][facs.NEGATIVE])
        value: float | None = self.row.get("intensities", {}).get(target, self._probability(target))
        return value

    def _probability(self, target: str) -> float | None:
        probability: float | None = {**self.row["emotions"], **self.row.get("expressions", {}), **self.row["facs"]}[
            target
        ]
        return probability

    def rank(self, target: str | None) -> tuple[bool, float, float]:
        """Where it belongs among faces that are sorted by a target, strongest first; those not visible come last."""
        if target is None:
            return False, 0.0, 0.0
        value = self.value(target)
        likely = None if target == VALENCE else self._probability(target)
        return value is None, -(value or 0.0), -(likely or 0.0)


Face = TypeVar("Face", bound=GalleryFace)


def select(
    faces: Iterable[Face],
    *,
    emotions: Sequence[str] = (),
    expressions: Sequence[str] = (),
    action_units: Sequence[str] = (),
    min_intensity: float = 0.0,
    by: str | None = None,
) -> list[Face]:
    """Filter and sort faces.

    Args:
        faces: in any order.
        emotions: keep faces with one of these emotions; empty for all.
        expressions: keep faces whose most probable expression is one of these; empty for all.
        action_units: keep faces in which all of these action units are present.
        min_intensity: keep faces in which all of them are at least that strong, 0 to 5, if intensities are known.
        by: target to sort by (see `targets_of`), strongest first; None for the given order.
    """
    found = [
        face
        for face in faces
        if (not emotions or face.row["emotion"] in emotions)
        and (not expressions or _expression(face) in expressions)
        and set(action_units) <= set(face.row["present"])
        and all(face.row.get("intensities", {}).get(au, min_intensity) >= min_intensity for au in action_units)
    ]
    return sorted(found, key=lambda face: face.rank(by))


def _expression(face: GalleryFace) -> str | None:
    expressions = face.row.get("expressions", {})
    return max(expressions, key=expressions.__getitem__, default=None)


def targets_of(config: ModelConfig) -> list[str]:
    """Return all that faces can be sorted and plotted by.

    Args:
        config: of the checkpoint that read them.
    """
    valence = [VALENCE] if {facs.POSITIVE, facs.NEGATIVE} <= set(config.emotions) else []
    return [*valence, *config.emotions, *config.single_expressions, *facs.in_facs_order(config.action_units)]


def is_intensity(target: str, config: ModelConfig) -> bool:
    """Whether `GalleryFace.value` of a target is an intensity."""
    return config.intensities and target in config.action_units


def describe_target(target: str, config: ModelConfig) -> str:
    """Name a target and what is known of it, e.g. “AU12 (intensity)”."""
    if target == VALENCE:
        return "Positive minus negative"
    title = target if target in config.action_units else target.capitalize()
    return f"{title} ({'intensity' if is_intensity(target, config) else 'probability'})"
