"""Tracks: one number a person over a clip.

The faces of a frame are assigned to the people seen so far all together, at the least total cost (Kuhn, 1955, "The
Hungarian method for the assignment problem"), so that two people who cross keep their numbers. A face fits

- somebody of the frame before, if it overlaps the place where they should be now;
- somebody who was hidden for a moment, by place and looks (see `appearance`); they compete with the people of the frame
  before, because a detector that follows one person may slip to another one in front;
- somebody who was out of sight for longer, by the looks alone;
- somebody in the scene before a cut, by looks that must be more alike: another scene mostly shows somebody else.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotiscan.faces import Face
from emotiscan.faces.alignment import Box
from emotiscan.faces.detection import overlap
from emotiscan.video.appearance import Appearance, alike_behind_cut, joined, mixed, part_distances

CONTINUOUS_GAP = 0.3
"""Seconds since a person was seen up to which the place alone may decide, if no frame in between was read without."""

MIN_CONTINUOUS_OVERLAP = 0.45
"""Overlap with the place where a person of the frame before should be."""

MAX_CONTINUOUS_DIFFERENCE = 0.75
"""Difference in appearance from which it is somebody else at the same place, 0 to 1."""

SHORT_GAP = 1.2
"""Seconds out of sight after which a person is known by the looks alone."""

MAX_SHIFT, SHIFT_SPEED = 0.6, 2.5
"""Distance of a face from where it is expected, in sides of its box: at most this, and this much more a second."""

MAX_DIFFERENCE = 0.58
"""Largest difference in appearance at which somebody who was out of sight is known again, 0 to 1. Of rendered people in
other poses and light, 3% differ more from themselves, and 2% less from somebody else."""

MAX_EMERGING_DIFFERENCE = 0.8
"""The same for a face beside somebody else: who comes out from behind another person is half hidden at first."""

PLACE_WEIGHT = 0.12
"""What the greatest possible distance from the expected place weighs, as a difference in appearance."""

RETURN_COST = 0.5
"""Cost of somebody who was not in the frame before, relative to a face that has moved by its whole side."""

LOOKS_WEIGHT = 2.0
"""What the greatest possible difference in appearance weighs, relative to a face that has moved by its whole side."""

SKIP_COST = 2.5
"""Cost of leaving somebody without a face: more than any possible pair, less than breaking up two good ones."""

LOOKS_RATE = 0.15
"""Share of the newest frame in a track's mean appearance, after the first dozen frames."""

CROWDED_RATE = 0.02
"""The same while somebody else is near, whose colors may be mixed with theirs."""

FEW_FRAMES, FEW_ALONE, DOUBT_COST = 15, 3, 0.1
"""What it weighs, as a difference in appearance, that a person was seen in fewer than so many frames, and in fewer than
so many without somebody near: such a track is often somebody else, half hidden, in the colors of who hides them."""

MAX_TRACKS = 1000
"""Tracks that are remembered; the ones not seen for longest are forgotten."""


class Track:
    """A person seen in a clip.

    Attributes:
        number: from 1, in the order of appearance.
        center: of the box, (2,) pixels.
        side: of the box, pixels.
        velocity: (2,) pixels a second.
        seen: time of the latest frame with this person, seconds.
        box: of the latest frame with this person.
        looks: mean appearance.
        before_cut: whether the clip has cut to another scene since.
    """

    def __init__(self, number: int, time: float, face: Face, looks: Appearance) -> None:
        self.number, self.seen, self.looks = number, time, looks
        self.center, self.side = _place(face)
        self.box = face.box
        self.velocity = np.zeros(2)
        self.before_cut = False
        self._count = self._frames = 1

    @property
    def is_doubtful(self) -> bool:
        """Whether this may be somebody who has another number already (see `DOUBT_COST`)."""
        return self._frames < FEW_FRAMES and self._count < FEW_ALONE

    def expected(self, time: float) -> NDArray[np.float64]:
        """Where the center should be at a time shortly after."""
        return self.center + self.velocity * min(max(time - self.seen, 0.0), 0.4)

    def update(self, time: float, face: Face, looks: Appearance, *, alone: bool, moved: bool) -> None:
        """Go on with the face of a new frame.

        Args:
            time: of the frame.
            face: of this person.
            looks: appearance of the face.
            alone: nobody is so near that their colors may have been mixed.
            moved: the frame follows the one before; otherwise there is no velocity.
        """
        center, side = _place(face)
        elapsed = time - self.seen
        if not moved:
            self.velocity = np.zeros(2)
        elif elapsed > 1e-3:
            speed = (center - self.center) / elapsed
            limit = 4 * side
            speed *= min(1.0, limit / max(float(np.hypot(*speed)), 1e-9))
            self.velocity += min(1.0, elapsed / 0.15) * (speed - self.velocity)
        self.center, self.side, self.seen, self.box = center, side, max(time, self.seen), face.box
        self.before_cut = False
        self._frames += 1
        self._count += alone
        rate = max(LOOKS_RATE, 1 / self._count) if alone else CROWDED_RATE
        self.looks = mixed(self.looks, looks, rate)


class Tracker:
    """Numbers the people of a clip, frame by frame.

    Attributes:
        tracks: all people so far.
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._count = 0
        self._time = -np.inf
        self._before: frozenset[int] = frozenset()

    def update(self, time: float, faces: Sequence[Face], looks: Sequence[Appearance], cut: bool = False) -> list[int]:
        """Assign the faces of the next frame.

        Args:
            time: of the frame in seconds. One before that of the last frame counts as the same time.
            faces: of the frame, with boxes.
            looks: appearance of each face.
            cut: the frame shows another scene than the one before: places mean nothing.

        Returns:
            The track's number of each face.
        """
        time = self._time = max(time, self._time)
        if cut:
            for track in self.tracks:
                track.before_cut = True
                track.seen = min(track.seen, time - SHORT_GAP - 1e-6)
        before = frozenset() if cut else self._before
        alone = [_is_alone(face, faces) for face in faces]
        parts = part_distances([track.looks for track in self.tracks], looks)
        costs = np.array(
            [
                [
                    _cost(time, track, *one, was_before=track.number in before)
                    for one in zip(faces, row, alone, strict=True)
                ]
                for track, row in zip(self.tracks, joined(parts).tolist(), strict=True)
            ]
        ).reshape(len(self.tracks), len(faces))
        before_cut = np.array([track.before_cut for track in self.tracks], bool)
        costs[before_cut[:, None] & ~alike_behind_cut(parts)] = np.inf
        found = {column: self.tracks[row] for row, column in assign(costs, SKIP_COST)}
        numbers = []
        for index, (face, look) in enumerate(zip(faces, looks, strict=True)):
            if index in found:
                track = found[index]
                moved = time - track.seen <= SHORT_GAP
                track.update(time, face, look, alone=alone[index], moved=moved)
            else:
                self._count += 1
                track = Track(self._count, time, face, look)
                self.tracks.append(track)
            numbers.append(track.number)
        if len(self.tracks) > MAX_TRACKS:
            self.tracks = sorted(self.tracks, key=lambda track: track.seen)[-MAX_TRACKS:]
        self._before = frozenset(numbers)
        return numbers


def _cost(time: float, track: Track, face: Face, difference: float, alone: bool, *, was_before: bool) -> float:
    """Cost of a face, whose looks differ by so much, for a person; infinite if it cannot be theirs."""
    if difference > max(MAX_CONTINUOUS_DIFFERENCE, MAX_EMERGING_DIFFERENCE):
        return np.inf
    back = RETURN_COST + LOOKS_WEIGHT * _returning_cost(time, track, face, difference, alone)
    return min(back, _continuing_cost(time, track, face, difference)) if was_before else back


def _continuing_cost(time: float, track: Track, face: Face, difference: float) -> float:
    """Cost of a face for a person of the frame before; infinite if it cannot be."""
    center, side = _place(face)
    shared = overlap(_square(track.expected(time), track.side), _square(center, side))
    if shared < MIN_CONTINUOUS_OVERLAP or difference > MAX_CONTINUOUS_DIFFERENCE or time - track.seen > CONTINUOUS_GAP:
        return np.inf
    return 1 - shared + LOOKS_WEIGHT * difference


def _returning_cost(time: float, track: Track, face: Face, difference: float, alone: bool) -> float:
    """Cost of a face for a person who was out of sight; infinite if it cannot be."""
    gap = time - track.seen
    if difference > (MAX_DIFFERENCE if alone or gap > SHORT_GAP else MAX_EMERGING_DIFFERENCE):
        return np.inf
    difference += DOUBT_COST * track.is_doubtful
    if gap > SHORT_GAP:  # anywhere
        return difference + PLACE_WEIGHT
    center, side = _place(face)
    shift = float(np.hypot(*(center - track.expected(time)))) / max(1.0, (side + track.side) / 2)
    allowed = MAX_SHIFT + SHIFT_SPEED * gap
    if shift > allowed or abs(np.log(max(side, 1.0) / max(track.side, 1.0))) > 0.5 + gap:
        return np.inf
    return difference + PLACE_WEIGHT * shift / allowed


def _square(center: NDArray[np.float64], side: float) -> Box:
    x, y = center.tolist()
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def assign(costs: NDArray[np.float64], skip: float = 1e6) -> list[tuple[int, int]]:
    """Assign rows to columns at the least total cost.

    Args:
        costs: (rows, columns); infinite where a pair is impossible.
        skip: cost of leaving a row or column, of which there are fewer, alone; by default, as many pairs as possible
            are made.

    Returns:
        Pairs of row and column, all possible.
    """
    rows, columns = costs.shape
    if not rows or not columns:
        return []
    if rows > columns:
        return sorted((row, column) for column, row in assign(costs.T, skip))
    finite = np.isfinite(costs)
    padded = np.zeros((rows + 1, columns + 1))
    padded[1:, 1:] = np.where(finite, costs, skip)
    # Shortest augmenting paths with potentials of rows and columns; index 0 stands for "none".
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, int)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least, previous = np.full(columns + 1, np.inf), np.zeros(columns + 1, int)
        visited = np.zeros(columns + 1, bool)
        while row_of[column]:
            visited[column] = True
            current = row_of[column]
            reduced = padded[current] - row_potential[current] - column_potential
            better = ~visited & (reduced < least)
            better[0] = False
            least[better], previous[better] = reduced[better], column
            open_ = np.where(visited, np.inf, least)
            open_[0] = np.inf
            following = int(open_.argmin())
            delta = open_[following]
            row_potential[row_of[visited]] += delta
            column_potential[visited] -= delta
            least[~visited] -= delta
            column = following
        while column:
            row_of[column], column = row_of[previous[column]], previous[column]
    pairs = ((int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column])
    return sorted((row, column) for row, column in pairs if finite[row, column])


def _place(face: Face) -> tuple[NDArray[np.float64], float]:
    """Center and side of a face's box, in pixels."""
    x0, y0, x1, y1 = face.box if face.box is not None else (*face.corners.min(0), *face.corners.max(0))
    return np.array([x0 + x1, y0 + y1]) / 2, max(x1 - x0, y1 - y0)


def _is_alone(face: Face, faces: Sequence[Face]) -> bool:
    center, side = _place(face)
    others = (_place(other) for other in faces if other is not face)
    return all(np.abs(center - at).max() > 0.5 * side + 0.65 * size for at, size in others)
