"""The reports of a checkpoint, and what they are called in sentences and on tabs."""

from emotiscan.model.checkpoint import Card
from emotiscan.reports import Report, ReportError, read_report

DATA_NAMES = {
    "validation": "validation part of the training data",
    "test": "test part of the training data",
    "calibration": "faces used to calibrate the probabilities",
    "photographs": "AI-annotated photos",
    "coded": "AI-annotated photos used to choose the thresholds",
    "people": "photos of people left out of training",
    "rendered": "rendered faces of people left out of training",
    "acted": "rendered faces that act an expression",
    "random": "rendered faces with random combinations of action units",
    "places": "heat maps of rendered faces",
    "photo-places": "heat maps of AI-annotated photos",
    "even": "AI-annotated photos of even smiles",
}
"""The faces of a report, by its name in the checkpoint. “AI-annotated” stands wherever a vision-language model labeled
the action units."""

TABS = {
    "photographs": "Photos (AI-annotated)",
    "coded": "Thresholds (AI-annotated)",
    "people": "Photo emotions",
    "rendered": "Rendered",
    "acted": "Acted",
    "random": "Random",
    "places": "Heat maps",
    "photo-places": "Photo heat maps (AI-annotated)",
    "even": "Even smiles (AI-annotated)",
    "quality": "Quality",
    "photo-quality": "Photo quality",
    "small-faces": "Small faces",
    "pairs": "Pairs (AI-annotated)",
    "against-fer": "Beside fer",
    "against-face-api": "Beside face-api",
    "against-mediapipe": "Beside MediaPipe",
}
"""Titles of the tabs, where the report's own name does not say enough."""

NOTES = {
    "FER+ validation part: faces on which at least five of ten annotators agree. The temperature of the emotions was "
    "chosen on these faces, so their calibration flatters a little.": (
        "The validation part of FER+: faces on which at least five of ten annotators agree. The temperature of the "
        "emotion probabilities was fitted on these faces, so their calibration looks slightly better than it is."
    ),
    "Photographs from the web (LFW), coded by eye as the other 108 were. The last five runs left them out, the one "
    "before but for its first epoch, which took up emotions of many and codes of a few. Slopes, offsets and thresholds "
    "were chosen on them, so calibration and F1 flatter; the AUC does not hang on these. AU26 and AU27 were coded "
    "together.": (
        "Web photos (LFW), AI-annotated by a vision-language model like the other 108. The last five training runs "
        "left them out; so did the run before, except in its first epoch, which saw the emotions of many and the "
        "action units of a few. Calibration and thresholds were fitted on these photos, so calibration error and F1 "
        "look better than they are; the AUC does not depend on either. AU26 and AU27 were annotated as one."
    ),
    "108 photographs from the web (LFW), coded by eye, conservatively: 1 clearly present, 0 clearly absent, doubtful "
    "ones left out. AU26 and AU27 were coded together. Nothing was fitted to them.": (
        "108 web photos (LFW), AI-annotated by a vision-language model, conservatively: action units that were neither "
        "clearly present nor clearly absent are left out. AU26 and AU27 were annotated as one. Nothing was fitted on "
        "these photos."
    ),
    "Photographs from the web (LFW) of the persons who are seen in the 108 that were read by eye, all of whom were "
    "left out of training; each has one student's label, and many are doubtful.": (
        "Web photos (LFW) of the people in the 108 AI-annotated photos, all of whom were left out of training. Each "
        "emotion was labeled by one student, and many labels are doubtful."
    ),
    "Faces drawn by the project's renderer, of persons that were not trained or calibrated on; their codes are "
    "exact.": (
        "Faces from the project's renderer, of synthetic people that were not used for training or calibration. Their "
        "action units are known exactly."
    ),
    "Those of the rendered faces that act an expression, with codes that go together in people.": (
        "The rendered faces that act an expression, with action units that occur together in people."
    ),
    "Those of the rendered faces whose codes were combined at random, as no person combines them.": (
        "The rendered faces whose action units were combined at random, as people do not combine them."
    ),
    "Faces drawn by the project's renderer, of persons that were not trained or calibrated on.": (
        "Faces from the project's renderer, of synthetic people that were not used for training or calibration."
    ),
    "The 108 photographs whose codes were read by eye; held against each code's anatomical region, by which training "
    "on other photographs also taught where a code can show.": (
        "The 108 AI-annotated photos. Heat maps are compared with each action unit's anatomical region; training on "
        "other photos used the same regions to teach where an action unit can show."
    ),
}
"""Notes of the checkpoints published so far in today's words; other notes are shown as they are."""


def note_of(note: str | None) -> str:
    """A report's note as the pages show it."""
    return NOTES.get(note or "", note or "")


def report_of(card: Card, name: str) -> Report | None:
    """The report that a checkpoint carries under a name; None without one, or of a kind that is not known."""
    try:
        return read_report(card.metrics.get(name))
    except ReportError:
        return None


def reports_of(card: Card) -> dict[str, Report]:
    """The reports that a checkpoint carries, by name, without those of kinds that are not known."""
    return {name: report for name in card.metrics if (report := report_of(card, name))}
