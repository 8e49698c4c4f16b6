"""One number a person: crossing, leaving and coming back, and through cuts."""

import itertools

import numpy as np
import pytest
from PIL import Image

from emotiscan.faces import Face, canonical_transform
from emotiscan.faces.detection import overlap
from emotiscan.video.appearance import UNKNOWN, CutDetector, appearance, appearances, distance, distances, mixed
from emotiscan.video.finder import FaceFinder
from emotiscan.video.track import Tracker, assign
from tests.support.clips import moving

RED, BLUE, HALF_RED = (np.zeros((2, 4), np.float32) for _ in range(3))
RED[:, 0] = BLUE[:, 2] = HALF_RED[0, 0] = 1  # of HALF_RED, the clothes cannot be seen


def face_at(x: float, y: float = 100, side: float = 50) -> Face:
    box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    marks = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]]) * side + (x, y)
    return Face(box, 0.99, marks, canonical_transform(marks))


def numbers(frames: list[list[tuple[Face, np.ndarray]]], step: float = 0.04, cuts: tuple[int, ...] = ()):
    tracker = Tracker()
    return [
        tracker.update(step * index, [face for face, _ in frame], [look for _, look in frame], index in cuts)
        for index, frame in enumerate(frames)
    ]


@pytest.mark.parametrize("hidden", [0, 8])
def test_two_people_who_cross_keep_their_numbers(hidden):
    frames = []
    for index in range(60):
        left, right = face_at(100 + 4 * index), face_at(340 - 4 * index)
        both = [(left, RED), (right, BLUE)]
        frames.append(both[:1] if abs(index - 30) < hidden / 2 else both)
    found = numbers(frames)
    assert found[0] == found[-1] == [1, 2]


def test_people_who_look_alike_are_told_apart_by_where_they_move():
    found = numbers([[(face_at(100 + 4 * index), RED), (face_at(340 - 4 * index, 160), RED)] for index in range(60)])
    assert all(pair == [1, 2] for pair in found)


def test_somebody_who_comes_back_is_known_by_the_looks_and_a_stranger_is_not():
    away = [[]] * 100
    found = numbers(
        [[(face_at(100), RED)]] * 20 + away + [[(face_at(300), RED)], [(face_at(300), RED), (face_at(90), BLUE)]]
    )
    assert found[-2:] == [[1], [1, 2]]


def test_places_mean_nothing_behind_a_cut():
    before = [[(face_at(100), RED), (face_at(300), BLUE)]] * 10
    after = [[(face_at(100), BLUE), (face_at(300), RED)]] * 3
    assert numbers(before + after, cuts=(10,))[-1] == [2, 1]


def looks(face: float, clothes: float | None = None) -> np.ndarray:
    """An appearance whose parts differ by so much from those of RED; without clothes if None."""
    shares = np.zeros((2, 4), np.float32)
    for part, difference in enumerate((face, clothes)):
        if difference is not None:
            shares[part, 0] = (1 - difference**2) ** 2
            shares[part, 1] = 1 - shares[part, 0]
    return shares


@pytest.mark.parametrize(
    ("face", "clothes", "is_same"),
    [(0.3, 0.2, True), (0.5, 0.5, False), (0.2, 0.6, False), (0.3, None, True), (0.44, None, False)],
)
def test_behind_a_cut_people_must_be_more_alike(face, clothes, is_same):
    """They count as one if both face and clothes are alike; the face alone must be more so."""
    scene = [[(face_at(100), RED)]] * 10
    other = (face_at(110), looks(face, clothes))
    assert numbers([*scene, [], [other]], cuts=(10,))[-1] == [1 if is_same else 2], "also if the first frame missed it"
    assert numbers([*scene, [other]], cuts=(10,))[-1] == [1 if is_same else 2]
    assert numbers([*scene, [], [other]])[-1] == [1], "without a cut"


def test_times_that_go_backwards_do_no_harm():
    tracker = Tracker()
    assert [tracker.update(time, [face_at(100)], [RED]) for time in (0, 0.08, 0.04, 0.12)] == [[1]] * 4


def test_the_assignment_has_the_least_total_cost(rng):
    for rows, columns in itertools.product(range(1, 5), repeat=2):
        costs = rng.random((rows, columns))
        pairs = assign(costs)
        few, many = sorted((rows, columns))
        tall = costs if rows >= columns else costs.T
        best = min(
            sum(tall[row, at] for at, row in enumerate(rows_)) for rows_ in itertools.permutations(range(many), few)
        )
        assert len(pairs) == few
        assert sum(costs[pair] for pair in pairs) == pytest.approx(best)
    assert assign(np.array([[np.inf, 0.5], [np.inf, 0.1]])) == [(1, 1)]


def test_who_is_followed_onto_somebody_in_front_gives_the_place_back():
    """A detector that follows the left person slips to the right one, who was hidden for a moment."""
    both = [[(face_at(100), RED), (face_at(140), BLUE)]] * 10
    slipped = [[(face_at(110 + 6 * step), BLUE)] for step in range(4)]
    assert numbers(both + slipped)[-4:] == [[2]] * 4


def test_parts_that_cannot_be_seen_do_not_count():
    assert distance(RED, HALF_RED) == 0
    assert distance(BLUE, HALF_RED) == 1
    only_clothes = np.flip(HALF_RED, 0)
    assert distance(HALF_RED, only_clothes) == UNKNOWN
    assert (mixed(HALF_RED, BLUE, 0.5)[1] == BLUE[1]).all()
    assert (mixed(BLUE, HALF_RED, 0.5)[1] == BLUE[1]).all()
    assert distances([RED, BLUE], [RED]).tolist() == [[0], [1]]
    assert distances([], [RED]).shape == (0, 1)


@pytest.fixture(scope="module")
def sprites():
    from tests.support.places import SAMPLES

    return [Image.open(SAMPLES / name).convert("RGB").resize((150, 150)) for name in ("smile.jpg", "anger.jpg")]


def test_appearance_tells_people_apart_more_than_sizes_and_places(sprites, detector):
    frames = [
        Image.fromarray(frame) for frame in moving(sprites, lambda at: [(10 + 8 * at, 20), (170, 40)], 2, (360, 220))
    ]
    looks = [[appearance(frame, face) for face in detector.detect(frame)] for frame in frames]
    assert distance(looks[0][0], looks[1][0]) < 0.2 < distance(looks[0][0], looks[0][1])


def test_the_colors_of_somebody_in_front_are_not_ones_own():
    mine, front = face_at(150, 150, 100), face_at(230, 160, 120)
    alone = Image.new("RGB", (400, 420), "tan")
    crowded = alone.copy()
    crowded.paste("red", (180, 105, 280, 420))
    known = appearance(alone, mine)
    assert distance(known, appearance(crowded, mine)) > 0.3
    seen, _ = appearances(crowded, [mine, front])
    assert distance(known, seen) < 0.05


def test_what_is_beyond_the_border_has_no_colors():
    face = face_at(150, 150, 100)
    low = Image.new("RGB", (400, 205), "tan")
    assert not appearance(low, face)[1].any()
    assert appearance(low, face)[0].sum() == pytest.approx(1)


def test_a_followed_face_is_the_one_that_a_search_finds(sprites, detector):
    first, second = (
        Image.fromarray(frame) for frame in moving(sprites[:1], lambda at: [(40 + 9 * at, 30 - 5 * at)], 2)
    )
    (before,), (searched,) = detector.detect(first), detector.detect(second)
    followed = detector.follow(second, before.box)
    eyes = np.linalg.norm(searched.landmarks[1] - searched.landmarks[0])
    assert np.abs(followed.landmarks - searched.landmarks).max() < 0.08 * eyes
    assert overlap(followed.box, searched.box) > 0.8
    assert detector.follow(second, (200, 150, 240, 190)) is None, "nobody is there"


def test_several_faces_are_followed_at_once(sprites, detector):
    """Also one at the border, and one that has moved by a fifth of its side."""
    places = [(-20, 40), (190, 30)]
    first, second = (
        Image.fromarray(frame)
        for frame in moving(sprites, lambda at: [(x + 20 * at, y) for x, y in places], 2, (360, 220))
    )
    before, searched = detector.detect(first), detector.detect(second)
    followed = detector.follow_all(second, [*(face.box for face in before), (150, 170, 180, 200)])
    assert len(searched) == 2
    for face, expected in zip(followed, searched, strict=False):
        eyes = np.linalg.norm(expected.landmarks[1] - expected.landmarks[0])
        assert np.abs(face.landmarks - expected.landmarks).max() < 0.1 * eyes
    assert followed[2] is None
    assert detector.follow_all(second, []) == []


def test_nobody_who_enters_is_missed_for_more_than_a_quarter_of_a_second(sprites, detector):
    enters = 7
    frames = moving(sprites, lambda at: [(5, 30), (165, 40) if at >= enters else None], 20, (360, 220))
    finder = FaceFinder(detector)
    counts = [len(finder.find(index / 25, Image.fromarray(frame))) for index, frame in enumerate(frames)]
    assert counts[:enters] == [1] * enters
    assert counts[enters + 6 :] == [2] * (20 - enters - 6)


def test_full_searches_are_few(sprites, detector, monkeypatch):
    searches = []
    search = detector.detect
    monkeypatch.setattr(detector, "detect", lambda image: searches.append(1) or search(image))
    finder = FaceFinder(detector)
    for index, frame in enumerate(moving(sprites[:1], lambda at: [(40 + at, 30)], 17)):
        assert len(finder.find(index / 25, Image.fromarray(frame))) == 1
    assert len(searches) <= 3, "nothing but a head moves"


def test_cuts_are_noticed_and_movement_is_not(rng):
    detector = CutDetector()
    scene = Image.fromarray(rng.integers(0, 256, (9, 16, 3), np.uint8)).resize((320, 180), Image.Resampling.BICUBIC)
    other = Image.fromarray(rng.integers(0, 256, (9, 16, 3), np.uint8)).resize((320, 180), Image.Resampling.BICUBIC)
    shifted = [scene.transform(scene.size, Image.Transform.AFFINE, (1, 0, 2 * step, 0, 1, 0)) for step in range(5)]
    assert [detector.is_cut(frame) for frame in [*shifted, other, other]] == [False] * 5 + [True, False]
