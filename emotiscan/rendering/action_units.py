"""Action units as blendshapes and wrinkles.

The weights were tuned until an independent face model recognized each action unit, shown alone on 40 identities and
poses, as that action unit. Shapes with a left and a right half are named without their ``_L``/``_R``.
"""

import numpy as np

from emotiscan.rendering import skin_masks
from emotiscan.rendering.baking import Baked
from emotiscan.rendering.expressions import Expression
from emotiscan.rendering.head_model import SKIN, Floats, HeadModel
from emotiscan.rendering.kernels import add_weighted
from emotiscan.rendering.sculpting import SCULPTED, LipSeal

SHAPES: dict[str, dict[str, float]] = {
    "AU1": {"browInnerUp": 1.0},
    "AU2": {"browOuterUp": 1.0},
    "AU4": {"browDown": 1.3, "noseSneer": 0.06},
    "AU5": {"eyeWide": 1.25},
    "AU6": {"cheekLift": 1.5},
    "AU7": {"eyeSquint": 1.45, "eyeBlink": 0.3},
    "AU9": {"noseWrinkle": 1.25},
    "AU10": {"lipRaise": 1.1},
    "AU11": {"nasolabial": 1.3, "noseSneer": 0.08},
    "AU12": {"mouthSmile": 1.0},
    "AU14": {"mouthDimple": 1.0, "mouthPress": 0.2},
    "AU15": {"mouthFrown": 1.3, "mouthShrugLower": 0.08},
    "AU17": {"mouthShrugLower": 0.9, "mouthShrugUpper": 0.3},
    "AU18": {"mouthPucker": 1.2, "mouthFunnel": 0.2},
    "AU20": {"mouthStretch": 1.05, "mouthSmile": 0.15, "mouthDimple": 0.2},
    "AU23": {"mouthRollLower": 0.65, "mouthRollUpper": 0.65, "mouthPress": 0.3, "mouthPucker": 0.55},
    "AU24": {"mouthPress": 1.3, "mouthRollLower": 0.25, "mouthRollUpper": 0.25, "mouthShrugLower": 0.08},
    "AU25": {"mouthLowerDown": 0.8, "mouthUpperUp": 0.35, "jawOpen": 0.07},
    "AU26": {"jawOpen": 0.35},
    "AU27": {"jawOpen": 0.85, "mouthFunnel": 0.15},
    "AU28": {"mouthRollLower": 0.8, "mouthRollUpper": 0.72, "mouthPress": 0.6},
    "AU43": {"eyeBlink": 1.0},
}
"""Blendshape weights of each action unit at intensity 1. AU26 and AU27 are one continuum of the jaw."""

WRINKLES: dict[int, dict[str, float]] = {
    skin_masks.FOREHEAD_LINES: {"AU1": 0.7, "AU2": 0.6},
    skin_masks.FROWN_LINES: {"AU4": 1.0, "AU9": 0.4},
    skin_masks.CROWS_FEET: {"AU6": 1.5, "AU12": 0.3},
    skin_masks.NOSE_LINES: {"AU9": 1.1, "AU10": 0.1},
    skin_masks.NASOLABIAL: {"AU12": 0.6, "AU9": 0.4, "AU10": 0.7, "AU11": 0.9, "AU6": 0.2},
    skin_masks.UNDER_EYE: {"AU6": 1.0, "AU7": 0.9},
    skin_masks.LIP_LINES: {"AU20": 0.7},
    skin_masks.PUCKER_LINES: {"AU18": 0.9, "AU23": 0.3, "AU28": 0.5},
    skin_masks.CHIN_DIMPLES: {"AU17": 1.0, "AU15": 0.2, "AU24": 0.2},
}
"""How deeply each action unit folds each group of wrinkles at intensity 1."""

PARTING = ("AU25", "AU26", "AU27")
"""Action units that part the lips; without any of them the lips are kept closed."""

TEETH_RETREAT = 1.5
"""How far AU28 moves the teeth back, cm: the lips are rolled in where they stand, and the model's jaws cannot part
behind closed lips."""

FINE = ("AU14", "AU23", "AU24", "AU25")
"""Action units that show as folds of the skin: the chin moves along, but is not what one sees."""

MAX_INTENSITY = 1.5
"""Largest weight of a blendshape."""


def wrinkle_depths(expression: Expression) -> Floats:
    """Return (2, channels) the depth to which an expression folds each group of wrinkles, 0 to 1.1.

    The first row is that of the person's right half.
    """
    depths = np.zeros((2, len(skin_masks.CHANNELS)), np.float32)
    for channel, weights in WRINKLES.items():
        for au, weight in weights.items():
            depths[:, channel] += weight * np.asarray(expression.sides(au), np.float32)
    return np.minimum(depths, 1.1)


def lips_rolled_in(expression: Expression) -> float:
    """Return how far AU28 hides the teeth, 0 to 1: at half of its intensity the lips lie over them."""
    return min(1.0, 2 * expression.action_units.get("AU28", 0.0))


class Muscles:
    """Turns an expression into displaced vertices and changed occlusion."""

    def __init__(self, model: HeadModel, baked: Baked) -> None:
        self._names = model.shape_names | {name: len(model.shapes) + k for k, name in enumerate(SCULPTED)}
        shapes = np.concatenate([model.shapes, baked.sculpted])
        self._shapes = shapes.reshape(len(shapes), -1)
        self._openness = baked.openness_changes
        self._seal = LipSeal(model)
        self._teeth = slice(*model.layout.teeth_and_gums)
        self._skin_end = model.layout.skin_end
        triangles = model.of_part(SKIN)[0]
        edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
        self._edges = np.unique(edges, axis=0)
        ends = model.neutral[self._edges]
        self._edge_lengths = np.maximum(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1), 0.02)
        self._edge_counts = np.maximum(np.bincount(self._edges.ravel(), minlength=self._skin_end), 1)

    def weights(self, expression: Expression) -> Floats:
        """Return (s + 8,) the weight of every blendshape."""
        weights = np.zeros(len(self._names), np.float32)
        for au, intensity in expression.action_units.items():
            right, left = expression.halves(au)
            for shape, weight in SHAPES[au].items():
                self._add(weights, shape, weight * intensity, right, left)
        self._combine(weights, expression)
        gaze = expression.gaze
        self._add(weights, "eyeBlink", max(0.0, gaze.lids))
        self._add(weights, "eyeWide", max(0.0, -gaze.lids))
        self._add(weights, "eyeLookDown", max(0.0, -gaze.pitch) / 30)
        self._add(weights, "eyeLookUp", max(0.0, gaze.pitch) / 30)
        # Closed lids are neither wide nor squeezed beyond shut: the lids would pass through each other.
        for side in ("_L", "_R"):
            blink = self._names[f"eyeBlink{side}"]
            weights[blink] = min(weights[blink], 1.0)
            weights[self._names[f"eyeWide{side}"]] *= 1 - weights[blink]
            squint = self._names[f"eyeSquint{side}"]
            weights[squint] = min(weights[squint], 1.45) * (1 - 0.7 * weights[blink])
        return np.clip(weights, 0, MAX_INTENSITY)

    def _combine(self, weights: Floats, expression: Expression) -> None:
        """Add what makes action units look different together than their sum."""
        action_units = expression.action_units
        # A smile that parts the lips bares the upper teeth: the upper lip rises, the lower one stays.
        smile = action_units.get("AU12", 0.0) * action_units.get("AU25", 0.0)
        self._add(weights, "mouthUpperUp", 0.30 * smile)
        self._add(weights, "mouthLowerDown", -0.25 * smile)

    def _add(self, weights: Floats, shape: str, amount: float, right: float = 1.0, left: float = 1.0) -> None:
        if shape in self._names:
            weights[self._names[shape]] += amount
        else:
            weights[self._names[f"{shape}_R"]] += amount * right
            weights[self._names[f"{shape}_L"]] += amount * left

    def move(self, rest: Floats, expression: Expression) -> tuple[Floats, Floats]:
        """Put an expression on a person's face.

        Args:
            rest: (n, 3) the person's face at rest, cm.
            expression: what the face shows.

        Returns:
            (n, 3) vertices, cm, and (n,) the change of openness.
        """
        weights = self.weights(expression)
        vertices, change = rest.copy(), np.zeros(len(rest), np.float32)
        add_weighted(self._shapes, weights, vertices.reshape(-1))
        add_weighted(self._openness, weights, change)
        vertices[self._teeth, 2] -= np.float32(TEETH_RETREAT * lips_rolled_in(expression))
        parting = max(expression.action_units.get(au, 0.0) for au in PARTING)
        if parting < 0.25:
            self._seal.close(vertices, 1 - float(skin_masks.ramp(0.0, 0.25, np.asarray(parting, np.float32))))
        return vertices, change

    def movement(self, expression: Expression, au: str) -> Floats:
        """Return (skin vertices,) how far the action unit alone moves each vertex, in cm; deeper folds count too."""
        weights = self.weights(expression.only(au))
        count = self._openness.shape[1]
        moved, darkened = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
        add_weighted(self._shapes, weights, moved.reshape(-1))
        add_weighted(self._openness, weights, darkened)
        length = np.linalg.norm(moved[: self._skin_end], axis=1) + 0.25 * np.minimum(
            np.abs(darkened[: self._skin_end]), 0.4
        )
        if au in FINE:
            length *= self._strain(moved)
        return length

    def _strain(self, moved: Floats) -> Floats:
        """Return (skin vertices,) how much the skin folds or stretches around each vertex, smoothed, 0 to 1."""
        first, second = self._edges.T
        change = np.linalg.norm(moved[first] - moved[second], axis=1) / self._edge_lengths
        strain = np.zeros(self._skin_end, np.float32)
        for ends in (first, second):
            strain += np.bincount(ends, change, self._skin_end).astype(np.float32)
        strain /= self._edge_counts
        for _ in range(6):
            around = np.bincount(first, strain[second], self._skin_end) + np.bincount(
                second, strain[first], self._skin_end
            )
            strain = (0.5 * strain + 0.5 * around / self._edge_counts).astype(np.float32)
        return strain / max(float(strain.max()), 1e-6)
