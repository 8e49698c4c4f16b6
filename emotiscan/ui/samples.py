"""The drawn samples that the pages offer."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@dataclass(frozen=True)
class Sample:
    """A picture drawn by the project's renderer.

    Attributes:
        title: what the pages call it.
        alt: what it shows, for those who do not see it.
        file: its name in the samples' folder.
    """

    title: str
    alt: str
    file: str

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return (SAMPLES / self.file).read_bytes()


@cache
def samples() -> tuple[Sample, ...]:
    """All samples, in the order in which they are offered."""
    found = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    return tuple(Sample(sample["title"], sample["alt"], sample["file"]) for sample in found)
