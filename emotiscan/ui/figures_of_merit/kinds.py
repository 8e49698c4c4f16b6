"""What reports are called: in a checkpoint, in sentences and on tabs."""

EVALUATION, FAIRNESS, LOCALISATION = "evaluation", "fairness", "localisation"
"""Kinds of report; one that names none is an evaluation's."""

DATA_NAMES = {
    "validation": "validation part of the training data",
    "test": "test part of the training data",
    "calibration": "faces that the probabilities were calibrated on",
    "photographs": "photographs whose codes were read by eye",
    "coded": "photographs, coded by eye, that its thresholds were chosen on",
    "people": "photographs of people who were left out of training",
    "rendered": "drawn faces of people it was not trained on",
    "acted": "drawn faces that act an expression",
    "random": "drawn faces whose codes were combined at random",
    "places": "heat maps of drawn faces",
    "photo-places": "heat maps of photographs",
}

TABS = {
    "coded": "Photographs, thresholds",
    "people": "Photographs, emotions",
    "rendered": "Drawn faces",
    "acted": "Drawn, acted",
    "random": "Drawn, random",
    "places": "Heat maps, drawn",
    "photo-places": "Heat maps, photographs",
}
"""What a report's tab is called where its own name does not say it."""
