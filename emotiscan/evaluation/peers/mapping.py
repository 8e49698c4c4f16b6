"""What the outputs of peers mean in this project's terms.

- **fer** and **face-api** give probabilities of seven expressions; both lack contempt. They map one to one to the seven
  of FER+'s eight, and are summed to the four emotions as ours are (`facs.EMOTION_OF_EXPRESSION`).
- **MediaPipe**'s Face Landmarker gives 52 blendshapes after Apple's ARKit, and no emotions. Each action unit is
  compared with the blendshapes that ARKit's documentation describes as the same movement: left and right are averaged,
  several are averaged. An AUC needs only the order of the faces, so no threshold is chosen. For AU11 there is none.
"""

from collections.abc import Mapping

SEVEN = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
"""The expressions that both peers name."""

FER_EXPRESSIONS: dict[str, str] = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
}
"""Name of each expression in `fer`."""

FACE_API_EXPRESSIONS: dict[str, str] = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprised",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
}
"""Name of each expression in face-api."""

BLENDSHAPES: dict[str, tuple[str, ...]] = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4": ("browDownLeft", "browDownRight"),
    "AU5": ("eyeWideLeft", "eyeWideRight"),
    "AU6": ("cheekSquintLeft", "cheekSquintRight"),
    "AU7": ("eyeSquintLeft", "eyeSquintRight"),
    "AU9": ("noseSneerLeft", "noseSneerRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU14": ("mouthDimpleLeft", "mouthDimpleRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU18": ("mouthPucker",),
    "AU20": ("mouthStretchLeft", "mouthStretchRight"),
    "AU23": ("mouthRollLower", "mouthRollUpper"),
    "AU24": ("mouthPressLeft", "mouthPressRight"),
    "AU25": ("jawOpen", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    "AU26": ("jawOpen",),
    "AU27": ("jawOpen",),
    "AU28": ("mouthRollLower", "mouthRollUpper"),
    "AU43": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""MediaPipe's blendshapes for each action unit."""


def expressions_of(scores: Mapping[str, float], names: Mapping[str, str]) -> list[float]:
    """Probabilities of `SEVEN`, scaled to sum to 1."""
    values = [max(0.0, float(scores.get(names[expression], 0.0))) for expression in SEVEN]
    total = sum(values)
    return [value / total if total else 1 / len(SEVEN) for value in values]


def au_score(scores: Mapping[str, float], au: str) -> float:
    """An action unit's score from MediaPipe's blendshapes; NaN where there is none."""
    shapes = BLENDSHAPES.get(au, ())
    return sum(float(scores[name]) for name in shapes) / len(shapes) if shapes else float("nan")
