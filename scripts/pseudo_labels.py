"""Pseudo-labels for fifteen action units of photos that have none, from a teacher model.

    python -m scripts.pseudo_labels --images FOLDER_OR_ZIP --model face_landmarker.task --out action_units.csv

The teacher is MediaPipe Face Landmarker (Google, Apache-2.0; `pip install mediapipe`), which gives 52 blendshape
scores in [0, 1] and 478 landmarks for a face. This script combines both into one raw score per action unit
(`READOUT`), and turns the raw score into a probability, `p = sigmoid((raw - t) / s)` (`SOFT`).
The output has one row per image, `image,AU1,…,AU27`, blank if no face was found. `--leave-out` names action units for
which another source has better labels.

How the constants were found:

- `SPREAD`, and `t` and `s` in `SOFT`, were measured on 4,000 random training faces of FER+ (`--measure` prints them for
  any images). `t` is the quantile that leaves the target share of the faces above p = 0.5; `s` is a third of the
  distance from the median face to `t`, but at least an eighth of the interquartile range, so that a median face gets a
  p of about 0.05. Two are smaller: AU27's, so that its p never exceeds AU26's, and AU11's, to keep a resting mouth
  (raw 0) low.
- `READOUT` follows FACS first (which movement shows where). Its round weights were chosen on 108 AI-annotated photos
  (annotated by a vision-language model; `--check` prints the areas under the ROC curve for such a table) and by
  agreement with the emotions of FER+ (AU4 with anger, AU2 with surprise). AU11, 14, 15, 23 and 24 occur in at most one
  of these photos: treat them as weak hints.
- The target shares are plausible values for posed and spontaneous faces from the web, set by hand, not measured.
"""

import argparse
import csv
import multiprocessing
import os
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan import facs, images

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
"""Lower-case endings of image files."""

SIDES = (240, 960)
"""Limits of the longest side that the detector sees, in pixels; other images are resized."""

TRIES = ((1.0, 0.25), (1.6, 0.5))
"""(zoom, padding) of each attempt: the detector needs room around a face, which tight crops lack.

Padding is a fraction of the longest side, is added on every side, and repeats the edge of the image."""

SPREAD: dict[str, float] = {
    # blendshapes, mean of left and right, scores in [0, 1]
    "browInnerUp": 0.280,
    "browOuterUp": 0.267,
    "eyeSquint": 0.207,
    "jawOpen": 0.108,
    "mouthDimple": 0.0100,
    "mouthFrown": 0.0350,
    "mouthPress": 0.0330,
    "mouthRollLower": 0.0350,
    "mouthRollUpper": 0.0200,
    "mouthShrugLower": 0.0310,
    "mouthSmile": 0.311,
    "mouthUpperUp": 0.132,
    # lengths on the frontal face, in distances between the eyes' centers
    "brow height": 0.054,
    "brow slope": 0.033,
    "corner height": 0.052,
    "eye opening": 0.048,
    "lip gap": 0.139,
    "lip thickness": 0.038,
    "mouth width": 0.129,
}
"""Features of a face, with their spread: half the distance between the 16% and 84% quantiles on FER+."""

READOUT: dict[str, dict[str, float]] = {
    "AU1": {"browInnerUp": 1.0},
    "AU2": {"browOuterUp": 1.0, "eyeSquint": -0.3},  # narrowed eyes pull the outer brow's score up
    "AU4": {"brow height": -1.0, "brow slope": -0.5},  # the browDown score performed worse
    "AU6": {"mouthSmile": 1.0, "mouth width": 0.5, "eyeSquint": 0.5},  # cheekSquint is useless (nearly always 0)
    "AU7": {"eyeSquint": 1.0, "eye opening": -0.5, "mouthSmile": -0.3},  # a squint that no smile explains
    "AU11": {"mouthUpperUp": 1.0, "mouthSmile": -2.0, "jawOpen": -0.4},  # a weak proxy: lip raised without a smile
    "AU12": {"mouthSmile": 1.0, "corner height": 0.3},
    "AU14": {"mouthDimple": 1.0, "mouthSmile": -0.5, "lip gap": -1.5, "jawOpen": -1.0},  # wide mouths score as dimples
    "AU15": {"mouthFrown": 1.0, "corner height": -1.0, "jawOpen": -0.5},
    "AU17": {"mouthShrugLower": 1.0, "lip gap": -0.5},  # with lips closed
    "AU23": {"mouthRollLower": 0.5, "mouthRollUpper": 0.5, "lip thickness": -0.5, "lip gap": -0.5, "mouthSmile": -0.3},
    "AU24": {"mouthPress": 1.0, "lip thickness": -0.5, "lip gap": -0.5, "mouthSmile": -0.3},
    "AU25": {"lip gap": 1.0},
    "AU26": {"jawOpen": 0.5, "lip gap": 0.5},
    "AU27": {"jawOpen": 0.5, "lip gap": 0.5},  # the same opening, but wider: AU26 stays high with AU27
}
"""Raw score of an action unit: the sum of weight × value / spread over its entries."""

SOFT: dict[str, tuple[float, float, float]] = {
    "AU1": (0.22, 1.55, 0.42),
    "AU2": (0.17, 1.71, 0.47),
    "AU4": (0.22, -6.18, 0.34),
    "AU6": (0.22, 5.67, 0.55),
    "AU7": (0.22, 0.90, 0.41),
    "AU11": (0.08, 0.32, 0.11),
    "AU12": (0.30, 0.72, 0.22),
    "AU14": (0.08, 1.62, 0.85),
    "AU15": (0.1, 2.83, 0.95),
    "AU17": (0.14, 2.45, 0.83),
    "AU23": (0.06, 1.17, 1.65),
    "AU24": (0.08, 0.32, 1.33),
    "AU25": (0.45, 0.88, 0.18),
    "AU26": (0.14, 2.15, 0.55),
    "AU27": (0.06, 3.43, 0.70),
}
"""(target share of FER+ faces with p > 0.5, t, s) of each action unit; t and s in units of the raw score."""


def list_images(root: Path) -> list[str]:
    """Return the sorted names of all images in a folder or zip, relative to it, with forward slashes."""
    if root.is_dir():
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    else:
        with zipfile.ZipFile(root) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    return sorted(name for name in names if name.lower().endswith(SUFFIXES))


def features(scores: dict[str, float], points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Compute the features of one face, in the order of `SPREAD`.

    Args:
        scores: score of each blendshape, in [0, 1].
        points: (478, 3) landmarks in pixels, y down, z away from the camera.
        pose: (4, 4) transformation of the canonical face (y up, z towards the camera) to this one.
    """
    sides = {name: (name, name) if name in scores else (f"{name}Left", f"{name}Right") for name in SPREAD}
    values = {name: (scores[a] + scores[b]) / 2 for name, (a, b) in sides.items() if " " not in name}
    # Turn the head to the front, then measure in distances between the centers of the eyes; y points up.
    turn = pose[:3, :3] / np.linalg.norm(pose[:3, :3], axis=0).mean()
    front = ((points - points.mean(0)) * (1, -1, -1)) @ turn
    front /= np.linalg.norm(front[[33, 133]].mean(0) - front[[362, 263]].mean(0))

    def height(*index: int) -> float:
        return float(front[list(index), 1].mean())

    def apart(*pairs: tuple[int, int]) -> float:
        return float(np.mean([np.linalg.norm(front[a] - front[b]) for a, b in pairs]))

    values["brow height"] = height(55, 285, 107, 336) - height(133, 362)  # inner brows over inner eye corners
    values["brow slope"] = height(107, 336) - height(70, 300)  # falls as the inner ends are drawn down
    values["corner height"] = height(61, 291) - height(13, 14)  # lip corners over the middle of the lips
    values["eye opening"] = apart((159, 145), (386, 374), (158, 153), (385, 380))
    values["lip gap"] = apart((13, 14), (82, 87), (312, 317))  # inner rims of the lips
    values["lip thickness"] = apart((0, 13)) + apart((14, 17))
    values["mouth width"] = apart((61, 291))
    return np.array([values[name] for name in SPREAD])


class Teacher:
    """The landmarker and the images, one of each per process."""

    def __init__(self, root: Path, model: Path) -> None:
        import mediapipe  # here, because everything else runs without it
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=1,
        )
        self.landmarker = vision.FaceLandmarker.create_from_options(options)
        self.wrap = lambda pixels: mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
        self.root, self.archive = root, None if root.is_dir() else zipfile.ZipFile(root)

    def detect(self, pixels: np.ndarray) -> np.ndarray | None:
        """Return the features of the face in an (h, w, 3) uint8 RGB image, or None."""
        result = self.landmarker.detect(self.wrap(np.ascontiguousarray(pixels)))
        if not result.face_landmarks:
            return None
        tall, wide = pixels.shape[:2]
        points = np.array([(p.x * wide, p.y * tall, p.z * wide) for p in result.face_landmarks[0]])
        pose = np.array(result.facial_transformation_matrixes[0])
        return features({s.category_name: s.score for s in result.face_blendshapes[0]}, points, pose)

    def label(self, name: str) -> np.ndarray | None:
        """Return the features of one image, averaged over it and its mirror image; None if no face is found."""
        try:
            image = images.read_image(self.archive.read(name) if self.archive else self.root / name)
        except images.ImageError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return None
        longest = max(image.size)
        for zoom, padding in TRIES:
            side = min(max(longest, SIDES[0]), SIDES[1]) * zoom
            size = (max(1, round(image.width * side / longest)), max(1, round(image.height * side / longest)))
            margin = round(padding * side)
            pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
            pixels = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
            found = [values for view in (pixels, pixels[:, ::-1]) if (values := self.detect(view)) is not None]
            if found:
                return np.mean(found, axis=0)
        return None


_teacher: Teacher | None = None


def _start_worker(root: Path, model: Path) -> None:
    global _teacher
    _teacher = Teacher(root, model)


def _label(name: str) -> np.ndarray | None:
    assert _teacher is not None
    return _teacher.label(name)


def raw_scores(table: np.ndarray) -> np.ndarray:
    """Return (n, 15) raw scores from (n, features) values; NaN stays NaN."""
    weights = np.array([[READOUT[au].get(name, 0.0) / SPREAD[name] for au in facs.MISSION_AU_NAMES] for name in SPREAD])
    return table @ weights


def soft_labels(raw: np.ndarray) -> np.ndarray:
    """Return (n, 15) probabilities from raw scores, in the order of `facs.MISSION_AU_NAMES`."""
    _, middle, slope = np.array([SOFT[au] for au in facs.MISSION_AU_NAMES]).T
    return 1.0 / (1.0 + np.exp(-np.clip((raw - middle) / slope, -30.0, 30.0)))


def measure(table: np.ndarray, raw: np.ndarray) -> None:
    """Print `SPREAD` and `SOFT` as these images would set them."""
    for name, (low, high) in zip(SPREAD, np.nanquantile(table, (0.16, 0.84), axis=0).T, strict=True):
        print(f'    "{name}": {(high - low) / 2:.3g},')
    for au, scores in zip(facs.MISSION_AU_NAMES, raw.T, strict=True):
        q25, median, q75, middle = np.nanquantile(scores, (0.25, 0.5, 0.75, 1 - SOFT[au][0]))
        print(f'    "{au}": ({SOFT[au][0]}, {middle:.2f}, {max((middle - median) / 3, (q75 - q25) / 8):.2f}),')


def check(path: Path, names: list[str], soft: np.ndarray) -> None:
    """Print the area under the ROC curve of each column of a CSV of 1, 0 or blank (`AU26_or_AU27`: the larger)."""
    row_of = {name: row for row, name in enumerate(names)}
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["image"] in row_of]
    for column in list(rows[0] if rows else ())[1:]:
        index = [facs.MISSION_AU_NAMES.index(au) for au in facs.au_parts(column)]
        pairs = [(row[column], soft[row_of[row["image"]], index].max()) for row in rows]
        zero, one = (np.array([p for truth, p in pairs if truth == want and p == p]) for want in "01")
        area = (np.sign(one[:, None] - zero).mean() + 1) / 2 if one.size and zero.size else np.nan
        print(f"{column}: AUC {area:.3f} ({one.size} present, {zero.size} absent)")


def write(path: Path, names: list[str], soft: np.ndarray, left_out: list[str]) -> None:
    """Write the CSV atomically: an interrupted run leaves no partial file."""
    kept = [column for column, au in enumerate(facs.MISSION_AU_NAMES) if au not in left_out]
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["image", *(facs.MISSION_AU_NAMES[column] for column in kept)])
        for name, row in zip(names, soft[:, kept], strict=True):
            out.writerow([name, *("" if np.isnan(p) else f"{p:.4f}" for p in row)])
    os.replace(part, path)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Soft action unit labels from MediaPipe Face Landmarker.")
    parser.add_argument("--images", type=Path, required=True, help="folder or .zip of images")
    parser.add_argument("--model", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument(
        "--leave-out",
        nargs="*",
        default=[],
        choices=facs.MISSION_AU_NAMES,
        metavar="AU",
        help="action units to leave out, e.g. AU11",
    )
    parser.add_argument("--workers", type=int, default=2, help="number of processes (default: 2)")
    parser.add_argument("--limit", type=int, help="label only this many images, chosen at random (seed 0)")
    parser.add_argument("--measure", action="store_true", help="print the constants that these images would give")
    parser.add_argument("--check", type=Path, help="CSV of known action units to compare with")
    args = parser.parse_args()

    names = list_images(args.images)
    if args.limit is not None and args.limit < len(names):
        names = sorted(np.random.default_rng(0).choice(names, args.limit, replace=False).tolist())
    if not names:
        parser.error(f"no images in {args.images}")
    table = np.full((len(names), len(SPREAD)), np.nan)
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(args.workers, _start_worker, (args.images, args.model)) as pool:
        for done, values in enumerate(pool.imap(_label, names, chunksize=16), 1):
            if values is not None:
                table[done - 1] = values
            if done % 1000 == 0 or done == len(names):
                missed, spent = int(np.isnan(table[:done, 0]).sum()), time.perf_counter() - start
                print(f"{done} of {len(names)} images, {missed} without a face, {spent:.0f} s", flush=True)
    raw = raw_scores(table)
    soft = soft_labels(raw)
    write(args.out, names, soft, args.leave_out)
    if args.measure:
        measure(table, raw)
    if args.check:
        check(args.check, names, soft)
    known = soft[~np.isnan(soft[:, 0])]
    if len(known):
        shares = zip(facs.MISSION_AU_NAMES, (known > 0.5).mean(axis=0), strict=True)
        print("p > 0.5: " + ", ".join(f"{au} {share:.1%}" for au, share in shares))


if __name__ == "__main__":
    main()
