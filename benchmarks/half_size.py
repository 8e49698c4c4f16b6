"""Faces of large JPEGs read as `Analyzer` does, from half of their pixels where that is enough, and from all of them.

    python -m benchmarks.half_size [--scenes 8]

Prints how many faces of the phone photos and group scenes are missed or added, and how far boxes and landmarks move.
"""

import argparse
import io

import numpy as np

from benchmarks.detection import group_scene, iou
from benchmarks.phone_photos import phone_photos
from emotiscan.analysis import Analyzer
from emotiscan.cli.options import whole_number
from emotiscan.faces import Face
from emotiscan.images import read_image

MIN_OVERLAP = 0.5
"""Overlap of two boxes from which they are of the same face."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=whole_number(0), default=8, help="number of group scenes (default: 8)")
    options = parser.parse_args()
    analyzer = Analyzer(engine="torch")
    photos = [*phone_photos().values(), *map(_scene, range(options.scenes))]
    overlaps: list[float] = []
    shifts: list[float] = []
    missed = added = 0
    for data in photos:
        whole, ours = (
            [reading.face for reading in analyzer.analyze(source).readings] for source in (read_image(data), data)
        )
        pairs = [pair for face in whole if (pair := _partner(face, ours)) is not None]
        missed += len(whole) - len(pairs)
        added += len(ours) - len({id(other) for _, other in pairs})
        for face, other in pairs:
            overlaps.append(iou(face, other))
            if face.landmarks is not None and other.landmarks is not None:
                shifts.append(float(np.abs(face.landmarks - other.landmarks).max()) / face.side)
    print(f"{len(photos)} photos, {len(overlaps) + missed} faces, missed {missed}, added {added}")
    print(f"IoU        median {np.median(overlaps):.4f}, lowest {min(overlaps):.3f}")
    print(f"landmarks  median {np.median(shifts):.4f}, largest {max(shifts):.3f} of the face's side")


def _scene(seed: int) -> bytes:
    file = io.BytesIO()
    group_scene(seed).save(file, "JPEG", quality=90)
    return file.getvalue()


def _partner(face: Face, others: list[Face]) -> tuple[Face, Face] | None:
    best = max(others, key=lambda other: iou(face, other), default=None)
    return (face, best) if best is not None and iou(face, best) >= MIN_OVERLAP else None


if __name__ == "__main__":
    main()
