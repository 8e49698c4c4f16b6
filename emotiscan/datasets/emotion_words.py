"""Names of emotions in data sets, and the label in `facs` that each stands for."""

LABEL_OF_WORD: dict[str, str] = {
    **dict.fromkeys(("anger", "angry"), "anger"),
    **dict.fromkeys(("contempt", "contemptuous"), "contempt"),
    **dict.fromkeys(("disgust", "disgusted"), "disgust"),
    **dict.fromkeys(("fear", "afraid", "fearful"), "fear"),
    **dict.fromkeys(("sadness", "sad"), "sadness"),
    **dict.fromkeys(("happiness", "happy", "joy"), "happiness"),
    **dict.fromkeys(("surprise", "surprised"), "surprise"),
    **dict.fromkeys(("neutral", "calm"), "neutral"),
    "negative": "negative",
    "positive": "positive",
}
"""Label of each word, in lower case."""


def emotion_label(word: str) -> str | None:
    """The label that a word stands for, in any case; None if it is unknown."""
    return LABEL_OF_WORD.get(word.strip().lower())
