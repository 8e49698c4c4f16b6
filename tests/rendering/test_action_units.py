"""From action units to a moved face, on the small synthetic head."""

import numpy as np
import pytest

from emotiscan.rendering import AU_NAMES, Expression, Gaze
from emotiscan.rendering.action_units import Muscles, wrinkle_depths
from emotiscan.rendering.anatomy import turn_eyes
from emotiscan.rendering.head_model import EYE
from emotiscan.rendering.skin_masks import FOREHEAD_LINES, NASOLABIAL


@pytest.fixture(scope="module")
def muscles(small_model, small_baked) -> Muscles:
    return Muscles(small_model, small_baked)


@pytest.fixture(scope="module")
def moved(small_model, muscles):
    """How far each of the 68 landmarks moves, (68, 3) cm."""

    def move(expression: Expression) -> np.ndarray:
        vertices, _ = muscles.move(small_model.neutral, expression)
        return (vertices - small_model.neutral)[small_model.landmarks]

    return move


def test_a_calm_face_stays_at_rest(moved):
    assert np.allclose(moved(Expression()), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("au", "landmarks", "axis", "sign"),
    [
        ("AU1", [20, 21, 22, 23], 1, 1),
        ("AU2", [17, 18, 25, 26], 1, 1),
        ("AU4", [20, 21, 22, 23], 1, -1),
        ("AU12", [48, 54], 1, 1),
        ("AU15", [48, 54], 1, -1),
        ("AU26", [8, 57], 1, -1),
        ("AU43", [37, 38, 43, 44], 1, -1),
    ],
)
def test_an_action_unit_moves_its_landmarks_in_its_direction(moved, au, landmarks, axis, sign):
    assert (sign * moved(Expression({au: 1.0}))[landmarks, axis] > 0.1).all()


def test_balance_moves_one_half_of_the_face(moved):
    smirk = moved(Expression({"AU12": 1.0}, balance={"AU12": 1.0}))
    assert np.linalg.norm(smirk[54]) > 0.5
    assert np.linalg.norm(smirk[48]) < 0.1


def test_a_jaw_that_drops_further_is_au27(moved):
    dropped, stretched = (moved(Expression({au: 1.0}))[8, 1] for au in ("AU26", "AU27"))
    assert stretched < 2 * dropped < 0


def test_closed_lids_are_neither_wide_nor_squeezed_through_each_other(small_model, muscles):
    names = small_model.shape_names
    weights = muscles.weights(Expression({"AU5": 1.0, "AU7": 1.0, "AU43": 1.0}))
    assert weights[names["eyeBlink_L"]] == 1
    assert weights[names["eyeWide_L"]] == 0
    assert weights[names["eyeSquint_L"]] < 0.5


def test_movement_is_that_of_one_action_unit_alone(muscles, small_model):
    both = Expression({"AU1": 0.8, "AU12": 0.8})
    assert np.allclose(muscles.movement(both, "AU12"), muscles.movement(Expression({"AU12": 0.8}), "AU12"))
    assert len(muscles.movement(both, "AU1")) == small_model.layout.skin_end
    assert not any(muscles.movement(both, au).any() for au in AU_NAMES if au not in both.action_units)


def test_wrinkles_add_up_to_a_limit():
    assert not wrinkle_depths(Expression()).any()
    assert wrinkle_depths(Expression({"AU1": 1.0}))[:, FOREHEAD_LINES] == pytest.approx(0.7)
    deep = wrinkle_depths(Expression({"AU9": 1.0, "AU11": 1.0, "AU12": 1.0}))
    assert deep[:, NASOLABIAL] == pytest.approx(1.1)


def test_a_one_sided_movement_folds_one_half_of_the_face():
    right, left = wrinkle_depths(Expression({"AU12": 1.0}, balance={"AU12": 1.0}))[:, NASOLABIAL]
    assert right == 0
    assert left == pytest.approx(0.6)


def test_the_gaze_turns_the_eyeballs_alone(small_model):
    vertices = small_model.neutral.copy()
    turn_eyes(vertices, Gaze(yaw=15, pitch=10), small_model.layout.eyeballs)
    change = vertices - small_model.neutral
    eyes = np.zeros(len(vertices), bool)
    eyes[np.unique(small_model.of_part(EYE)[0])] = True
    assert not change[~eyes].any()
    pupils = [first for first, _ in small_model.layout.eyeballs]  # the first vertex of each is its front
    assert (change[pupils, 0] > 0.1).all()
    assert (change[pupils, 1] > 0.05).all()
