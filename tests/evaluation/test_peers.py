"""Comparison with peers: what they are told, what their answers mean, and how both are compared."""

import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.cli.evaluate import PEERS as OFFERED
from emotiscan.datasets.columns import EXPRESSION_COLUMNS
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.measurement_text import peer_text
from emotiscan.evaluation.peers import PEERS, PeerError, PeerOptions
from emotiscan.evaluation.peers.comparison import OurPredictions, compare_answers
from emotiscan.evaluation.peers.mapping import BLENDSHAPES, SEVEN, au_score, expressions_of
from emotiscan.evaluation.peers.process import Answer, running
from emotiscan.reports import read_report

WORKER = """
import json, struct, sys
print("a library's chatter", flush=True)
print(json.dumps({"version": "1.2"}), flush=True)
count = 0
while header := sys.stdin.buffer.read(9):
    width, height, whole = struct.unpack(">IIB", header)
    data = sys.stdin.buffer.read(3 * width * height)
    count += 1
    found = bool(whole) or count >= 2  # a face is found at the second try, with a margin
    print(json.dumps({"found": found, "scores": {"width": width, "first": data[0]} if found else {}}), flush=True)
"""


@pytest.fixture
def worker(tmp_path):
    """A small program that answers as a peer does."""
    file = tmp_path / "worker.py"
    file.write_text(WORKER)
    return [sys.executable, str(file)]


def test_a_photo_reaches_the_peer_with_more_margin_until_a_face_is_found(worker):
    photo = Image.new("RGB", (480, 300), (7, 0, 0))
    with running(worker, "install it") as peer:
        assert peer.version == "1.2"
        assert peer.read(photo) == Answer(True, {"width": 720, "first": 7})  # a quarter of 480 on each side


def test_a_tight_face_is_enlarged_and_given_no_margin(worker):
    with running(worker, "install it") as peer:
        assert peer.read(Image.new("RGB", (48, 48), (9, 0, 0)), whole=True).scores == {"width": 240, "first": 9}


def test_a_peer_that_is_not_installed_says_how_to_install_it(tmp_path):
    options = PeerOptions(python=str(tmp_path / "none"))
    with (
        pytest.raises(PeerError, match="pip install fer"),
        running(PEERS["fer"].command(options), PEERS["fer"].install),
    ):
        pass
    with pytest.raises(PeerError, match=r"face_landmarker\.task.*--peer-model"):
        PEERS["mediapipe"].command(options)
    with pytest.raises(PeerError, match="npm install @vladmandic/face-api"):
        PEERS["face-api"].command(PeerOptions(node_folder=tmp_path))


def test_a_peer_that_stops_gives_its_last_words(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("raise SystemExit('No module named fer')")
    with (
        pytest.raises(PeerError, match=r"No module named fer\); do this"),
        running([sys.executable, str(file)], "do this"),
    ):
        pass


def test_the_command_offers_every_peer_and_the_mapping_knows_only_our_units():
    assert tuple(PEERS) == OFFERED
    assert set(BLENDSHAPES) == set(facs.AU_NAMES) - {"AU11"}
    assert set(SEVEN) == set(facs.EXPRESSIONS) - {"contempt"}
    assert au_score({"mouthSmileLeft": 0.4, "mouthSmileRight": 0.8}, "AU12") == pytest.approx(0.6)
    assert sum(expressions_of({"happy": 3, "sad": 1}, PEERS["fer"].expressions)) == pytest.approx(1)


def table_of(classes, smiles):
    frame = pd.DataFrame(np.eye(8)[classes], columns=list(EXPRESSION_COLUMNS))
    frame = frame.assign(source="mine", root="r", image="i", subject=[str(i) for i in range(len(classes))])
    for name in facs.EMOTIONS_WITH_NEUTRAL:
        frame[name] = [float(facs.EMOTION_OF_EXPRESSION[facs.EXPRESSIONS[c]] == name) for c in classes]
    return LabelTable(frame.assign(agreement=np.nan, AU12=smiles), facs.EMOTIONS_WITH_NEUTRAL, ("AU12",))


def ours(classes, smiles):
    eight = np.full((len(classes), 8), 0.01) + 0.92 * np.eye(8)[classes]
    four = np.zeros((len(classes), 4))
    for place, name in enumerate(facs.EXPRESSIONS):
        four[:, facs.EMOTIONS_WITH_NEUTRAL.index(facs.EMOTION_OF_EXPRESSION[name])] += eight[:, place]
    return OurPredictions(
        (facs.EMOTIONS_WITH_NEUTRAL, four), (facs.EXPRESSIONS, eight), (("AU12",), np.reshape(smiles, (-1, 1)))
    )


def test_both_are_compared_on_the_faces_that_the_peer_found_and_contempt_is_left_out():
    classes = [facs.EXPRESSIONS.index(n) for n in ("happiness", "anger", "neutral", "contempt", "fear", "surprise")]
    named = ["happy", "sad", "neutral", "sad", "fear", None]
    answers = [Answer(name is not None, {name: 1.0} if name else {}) for name in named]
    report = compare_answers("fer", "1", answers, table_of(classes, [1, 0] * 3), ours(classes, [0.5] * 6), 50)
    assert report.found.value == pytest.approx(5 / 6)
    four, seven = report.emotions["accuracy of 4 emotions"], report.emotions["accuracy of 7 expressions"]
    assert (four.samples, four.ours.value, four.theirs.value) == (5, 1, 1)  # sad for contempt: both are negative
    assert (seven.samples, seven.ours.value, seven.theirs.value) == (4, 1, 0.75)
    assert seven.difference.value == pytest.approx(0.25)
    assert report.action_units == {}
    assert read_report(report.to_dict()).to_dict() == report.to_dict()
    assert "accuracy of 7 expressions" in peer_text(report)


def test_losses_are_marked_beside_wins():
    answers = [Answer(True, {f"mouthSmile{side}": smile for side in ("Left", "Right")}) for smile in [0.9, 0.1] * 20]
    blind = ours([0] * 40, np.linspace(0, 1, 40))
    report = compare_answers("mediapipe", "1", answers, table_of([0] * 40, [1, 0] * 20), blind, 200)
    assert report.action_units["AU12"].theirs.value == 1
    assert report.emotions == {}
    (line,) = [line for line in peer_text(report).splitlines() if line.startswith("AU12")]
    assert line.endswith("-")
