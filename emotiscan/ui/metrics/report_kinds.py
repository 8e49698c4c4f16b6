"""What reports are called: in a checkpoint, in sentences and on tabs."""

EVALUATION, FAIRNESS, LOCALIZATION = "evaluation", "fairness", "localisation"
"""Kinds of report; one that names none is an evaluation's."""

DATA_NAMES = {
    "validation": "validation part of the training data",
    "test": "test part of the training data",
    "calibration": "faces that the probabilities were calibrated on",
    "photographs": "photos whose action units were AI-annotated",
    "coded": "photos, AI-annotated, that its thresholds were chosen on",
    "people": "photos of people who were left out of training",
    "rendered": "rendered faces of people it was not trained on",
    "acted": "rendered faces that act an expression",
    "random": "rendered faces whose action units were combined at random",
    "places": "heat maps of rendered faces",
    "photo-places": "heat maps of photos",
}

TABS = {
    "coded": "Photos, thresholds",
    "people": "Photos, emotions",
    "rendered": "Drawn faces",
    "acted": "Drawn, acted",
    "random": "Drawn, random",
    "places": "Heat maps, drawn",
    "photo-places": "Heat maps, photos",
}
"""What a report's tab is called where its own name does not say it."""
