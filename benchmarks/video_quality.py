"""How well people are followed, and events timed, in rendered clips.

    emotiscan render --model ict_facekit.npz --out clips --count 10 --clips
    python -m benchmarks.video_quality tracks clips/meeting*.mp4
    python -m benchmarks.video_quality events clips/acting*.mp4 [--weights FILE]

`tracks` needs no network. It prints, for each clip and for all, the number of ID switches (how often a person's number
changes), IDF1 (Ristani et al., 2016, "Performance measures and a data set for multi-target, multi-camera tracking"),
missed and false faces, and the longest time that somebody who entered was missed.

`events` prints precision, recall and F1 of the events (the same action unit, overlapping in time), and the median error
of onset, apex and offset in frames.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from emotiscan import runtime
from emotiscan.faces import FaceDetector
from emotiscan.faces.detection import overlap
from emotiscan.resources import WEIGHTS
from emotiscan.video.appearance import CutDetector, appearances
from emotiscan.video.decode import Video
from emotiscan.video.finder import FaceFinder
from emotiscan.video.track import Tracker, assign

MIN_OVERLAP = 0.35
"""Overlap of a found and a true box from which they are the same face."""

MIN_VISIBLE = 0.6
"""Share of a face that must be visible for it to count; one less visible may be found or not."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("tracks", "events"))
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    runtime.configure()  # threads that wait for work do not take the processor from the others
    if options.what == "tracks":
        _print_tracks(options.clips)
    else:
        _print_events(options.clips, options.weights)


def _print_tracks(clips: list[Path]) -> None:
    detector, totals = FaceDetector(), np.zeros(5)
    for clip in clips:
        counts, waited = follow_clip(detector, clip)
        totals += counts
        print(f"{clip.name:24s} {_track_line(counts)}  longest wait {waited:.2f} s", flush=True)
    print(f"{'all':24s} {_track_line(totals)}")


def _track_line(counts: np.ndarray) -> str:
    switches, matched, truth, found, missed = counts
    return (
        f"ID switches {switches:3.0f}  IDF1 {2 * matched / max(1, truth + found):.3f}  faces {truth:5.0f}  "
        f"missed {missed:4.0f}  found {found:5.0f}"
    )


def follow_clip(detector: FaceDetector, clip: Path) -> tuple[np.ndarray, float]:
    """Count (ID switches, identity true positives, true faces, found faces, missed faces); and the longest wait."""
    truth: dict[int, list[tuple[int, tuple[float, float, float, float], float]]] = defaultdict(list)
    with clip.with_suffix(".tracks.csv").open() as file:
        for row in csv.DictReader(file):
            box = tuple(float(row[name]) for name in ("x0", "y0", "x1", "y1"))
            truth[int(row["frame"])].append((int(row["person"]), box, float(row["visible"])))  # type: ignore[arg-type]
    finder, tracker, cuts = FaceFinder(detector), Tracker(), CutDetector()
    pairs: dict[tuple[int, int], int] = defaultdict(int)
    last: dict[int, int] = {}
    since: dict[int, float] = {}
    switches = faces = found_faces = missed = 0
    waited = 0.0
    for frame in Video(clip):
        cut = cuts.is_cut(frame.image)
        found = finder.find(frame.time, frame.image, cut)
        numbers = tracker.update(frame.time, found, appearances(frame.image, found), cut)
        people = truth[frame.number]
        overlaps = np.array([[overlap(box, face.box or box) for face in found] for _, box, _ in people])
        costs = np.where(overlaps >= MIN_OVERLAP, 1 - overlaps, np.inf).reshape(len(people), len(found))
        matches = dict(assign(costs))
        ignored = {matches[row] for row, (_, _, share) in enumerate(people) if share < MIN_VISIBLE and row in matches}
        found_faces += len(found) - len(ignored)
        present = {person for person, _, share in people if share >= MIN_VISIBLE}
        for row, (person, _, share) in enumerate(people):
            if share < MIN_VISIBLE:
                continue
            faces += 1
            if row not in matches:
                missed += 1
                since.setdefault(person, frame.time)
                waited = max(waited, frame.time - since[person])
                continue
            since.pop(person, None)
            number = numbers[matches[row]]
            pairs[person, number] += 1
            switches += person in last and last[person] != number
            last[person] = number
        for person in set(since) - present:
            del since[person]
    persons, tracks = sorted({one for one, _ in pairs}), sorted({number for _, number in pairs})
    gain = np.array([[pairs.get((person, number), 0) for number in tracks] for person in persons], float)
    matched = sum(gain[pair] for pair in assign(gain.max(initial=0) - gain)) if gain.size else 0
    return np.array([switches, matched, faces, found_faces, missed]), waited


def _print_events(clips: list[Path], weights: Path) -> None:
    from emotiscan.analysis import Analyzer

    analyzer = Analyzer(weights)
    errors: dict[str, list[float]] = defaultdict(list)
    units: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    for clip in clips:
        timeline = analyzer.analyze_video(clip).timeline
        with clip.with_suffix(".events.csv").open() as file:
            truth = [row for row in csv.DictReader(file) if row["au"] in timeline.thresholds]
        found = timeline.events
        step = np.median(np.diff([one for track in timeline.tracks.values() for one in track.times]))
        taken = set()
        for row in truth:
            onset, offset = float(row["onset"]), float(row["offset"])
            same = [
                (min(offset, event.offset) - max(onset, event.onset), index)
                for index, event in enumerate(found)
                if event.au == row["au"] and index not in taken
            ]
            best = max(same, default=(0.0, -1))
            units[row["au"]] += (best[0] > 0, best[0] <= 0, 0)
            if best[0] > 0:
                taken.add(best[1])
                for name in ("onset", "apex", "offset"):
                    errors[name].append((getattr(found[best[1]], name) - float(row[name])) / step)
        for index, event in enumerate(found):
            if index not in taken:
                units[event.au] += (0, 0, 1)
    for au, counts in sorted(units.items(), key=lambda item: int(item[0][2:])):
        print(f"{au:6s} {_event_line(counts)}")
    print(f"{'all':6s} {_event_line(sum(units.values()))}")
    for name, values in errors.items():
        print(f"{name:7s} median error {np.median(np.abs(values)):.2f} frames, bias {np.median(values):+.2f}")


def _event_line(counts: np.ndarray) -> str:
    hit, missed, false = counts
    return (
        f"F1 {2 * hit / max(1, 2 * hit + missed + false):.3f}  hit {hit:3.0f}  missed {missed:3.0f}  false {false:3.0f}"
    )


if __name__ == "__main__":
    main()
