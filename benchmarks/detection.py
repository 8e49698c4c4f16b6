"""Faces found by this project's detection and by facenet-pytorch's own, and the time that both take.

    python -m benchmarks.detection samples lfw.zip fer.zip --count 300 --scenes 20

Arguments are image files, folders and zip files of images; `--scenes` adds group scenes of 12 megapixels, with the
samples' faces pasted in sizes from 50 to 1500 pixels, some of them across the edge. Prints, for each source:

- the faces that facenet-pytorch's detection finds, those that ours misses (no box with an IoU of at least 0.5), and
  faces that only ours finds;
- the IoU of the boxes, the largest distance of a landmark in fractions of the face's side, and the largest difference
  of a probability in the face's reading;
- the time for finding the faces, both ways in turn.

`--cropped` takes each image for one face, as data sets are read.
"""

import argparse
import statistics
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.facenet_detector import FacenetDetector
from emotiscan.analysis import Analyzer
from emotiscan.faces import Face, FaceDetector
from emotiscan.images import read_image

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
SCENE = (4032, 3024)
MATCHING_IOU = 0.5


@dataclass
class Comparison:
    """What was measured on one source of images.

    Attributes:
        images: number of images.
        expected: faces that facenet-pytorch's detection finds.
        missed: "image: box" of those that ours does not find.
        added: number of faces that only ours finds.
        ious: of the boxes of each face that both find.
        distances: largest distance of a landmark of each such face, in fractions of the face's side.
        probabilities: largest difference of a probability in each such face's reading.
        times: seconds per image, of facenet-pytorch's detection and of ours.
    """

    images: int = 0
    expected: int = 0
    missed: list[str] = field(default_factory=list)
    added: int = 0
    ious: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    def __str__(self) -> str:
        theirs, ours = (1000 * statistics.median(side) for side in zip(*self.times, strict=True))
        ratio = statistics.median(one / other for one, other in self.times)
        lines = [
            f"images {self.images}, faces {self.expected}, missed {len(self.missed)}, added {self.added}",
            f"IoU          {_spread(self.ious, lowest=True)}",
            f"landmarks    {_spread(self.distances)} of the face's side",
            f"probability  {_spread(self.probabilities)}",
            f"time         facenet-pytorch {theirs:.1f} ms, ours {ours:.1f} ms, {ratio:.1f} times faster",
        ]
        return "\n".join(["  " + line for line in (*lines, *(f"missed {face}" for face in self.missed))])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sources", nargs="*", type=Path, default=[SAMPLES], help="images, folders or zip files of them")
    parser.add_argument("--count", type=int, default=300, help="images per source, evenly chosen (default: 300)")
    parser.add_argument("--scenes", type=int, default=0, help="number of group scenes (default: 0)")
    parser.add_argument("--cropped", action="store_true", help="each image is one face, e.g. of a data set")
    options = parser.parse_args()
    analyzer, detectors = Analyzer(), (FacenetDetector(), FaceDetector())
    for source in options.sources:
        print(source.name, flush=True)
        print(compare(_images(source, options.count), analyzer, detectors, options.cropped), flush=True)
    if options.scenes:
        scenes = ((f"scene {number}", group_scene(number)) for number in range(options.scenes))
        print(f"group scenes\n{compare(scenes, analyzer, detectors, cropped=False)}")


def compare(
    images: Iterator[tuple[str, Image.Image]],
    analyzer: Analyzer,
    detectors: tuple[FaceDetector, FaceDetector],
    cropped: bool,
) -> Comparison:
    """Find the faces of every image with both detectors, the reference first."""
    result = Comparison()
    for name, image in images:
        if not result.images:  # to warm up
            _find(detectors[0], image, cropped), _find(detectors[1], image, cropped)
        start = time.perf_counter()
        expected = _find(detectors[0], image, cropped)
        between = time.perf_counter()
        found = _find(detectors[1], image, cropped)
        result.times.append((between - start, time.perf_counter() - between))
        result.images += 1
        result.expected += len(expected)
        pairs = _matched(expected, found)
        result.missed += [f"{name}: {face.box}" for face in expected if not any(face is one for one, _ in pairs)]
        result.added += len(found) - len(pairs)
        for one, other in pairs:
            result.ious.append(iou(one, other))
            result.distances.append(_apart(one, other))
            readings = analyzer.read_faces([(image, one), (image, other)])
            first, second = ([*one.emotions.values(), *one.action_units.values()] for one in readings)
            result.probabilities.append(float(np.abs(np.subtract(first, second)).max()))
    return result


def group_scene(seed: int) -> Image.Image:
    """Make a 12-megapixel scene of the samples' single faces: a regular background, faces of many sizes."""
    random = np.random.default_rng(seed)
    files = [file for file in sorted(SAMPLES.glob("*.jpg")) if file.stem != "group"]
    slope = np.linspace(0, 120, SCENE[0])[None, :, None] + np.linspace(60, 100, SCENE[1])[:, None, None]
    scene = Image.fromarray(np.repeat(slope, 3, axis=2).astype(np.uint8))
    taken: list[tuple[int, int, int]] = []
    for _ in range(40):
        side = int(np.exp(random.uniform(np.log(110), np.log(3000))))  # a face is half as wide as its portrait
        x, y = (int(random.uniform(-0.3 * side, length - 0.7 * side)) for length in SCENE)
        if any(max(abs(x + side / 2 - a - s / 2), abs(y + side / 2 - b - s / 2)) < (side + s) / 2 for a, b, s in taken):
            continue
        taken.append((x, y, side))
        portrait = read_image(files[random.integers(len(files))])
        scene.paste(portrait.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0), (x, y))
    return scene


def iou(one: Face, other: Face) -> float:
    """Intersection over union of two faces' boxes; 0 if one has none."""
    if one.box is None or other.box is None:
        return 0.0
    low, high = np.maximum(one.box[:2], other.box[:2]), np.minimum(one.box[2:], other.box[2:])
    common = float(np.maximum(high - low, 0).prod())
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one.box, other.box)]
    return common / (sum(areas) - common)


def _apart(one: Face, other: Face) -> float:
    """Largest distance of a landmark, in fractions of the face's side."""
    assert one.landmarks is not None
    assert other.landmarks is not None
    return float(np.linalg.norm(one.landmarks - other.landmarks, axis=1).max()) / one.side


def _find(detector: FaceDetector, image: Image.Image, cropped: bool) -> list[Face]:
    faces = [detector.locate(image)] if cropped else detector.detect(image)
    return [face for face in faces if face.box is not None]


def _matched(expected: list[Face], found: list[Face]) -> list[tuple[Face, Face]]:
    """Pairs of faces whose boxes match, each face in one pair."""
    left, pairs = list(found), []
    for face in expected:
        best = max(left, key=lambda other: iou(face, other), default=None)
        if best is not None and iou(face, best) >= MATCHING_IOU:
            pairs.append((face, best))
            left.remove(best)
    return pairs


def _images(source: Path, count: int) -> Iterator[tuple[str, Image.Image]]:
    if source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            for name in _chosen([name for name in archive.namelist() if name.lower().endswith(ENDINGS)], count):
                yield name, read_image(archive.read(name))
        return
    files = [source] if source.is_file() else [file for file in source.rglob("*") if file.suffix.lower() in ENDINGS]
    for file in _chosen(sorted(map(str, files)), count):
        yield file, read_image(file)


def _chosen(names: list[str], count: int) -> list[str]:
    return names[:: max(1, len(names) // count)][:count]


def _spread(values: list[float], lowest: bool = False) -> str:
    if not values:
        return "no face"
    worst = (min if lowest else max)(values)
    return f"median {statistics.median(values):.5f}, {'lowest' if lowest else 'largest'} {worst:.5f}"


if __name__ == "__main__":
    main()
