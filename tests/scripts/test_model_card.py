"""The shipped model card holds the metrics that the shipped checkpoint carries."""

import argparse
from types import SimpleNamespace

import pytest

from emotiscan.cli import evaluate
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.reports import EvaluationReport
from scripts.model_card import TABLE, filled
from scripts.release import NOTES, steps
from tests.support.places import ROOT

CARD = ROOT / "weights" / "README.md"


def test_the_shipped_card_holds_the_shipped_checkpoints_metrics():
    text = CARD.read_text()
    _, card = load_checkpoint()
    assert set(TABLE.findall(text)) != set()
    assert filled(text, card.metrics) == text, "run python -m scripts.model_card"


def test_only_marked_tables_are_replaced():
    report = EvaluationReport(samples=3, subjects=2).to_dict()
    text = "Run:\n\n    a command\n\n<!-- figures: some -->\n\n    old\n    table\n\nWords.\n\n    another command\n"
    wanted = text.replace("    old\n    table\n", "    3 images, 2 subjects\n")
    assert filled(text, {"some": report}) == wanted
    assert filled(wanted, {"some": report}) == wanted
    with pytest.raises(KeyError, match="some"):
        filled(text, {})


PEERS = ("mediapipe_model", "mediapipe_python", "fer_python", "node")


@pytest.mark.parametrize("more", [None, "given"])
def test_a_release_makes_every_table_of_the_card(more):
    sources = {name: name for name in ("ferplus", "coded", "photos", "people", "rendered", "held_out")}
    named = SimpleNamespace(weights="W", out="O", model="M", flip_tta=False, subjects=60, cache="C", **sources)
    vars(named).update(dict.fromkeys(("lfw", "large_faces", "clear_faces", *PEERS), more))
    made = [words[words.index("--attach") + 1] for _, _, words in steps(named) if "--attach" in words]
    missing = {name for _, name in TABLE.findall(CARD.read_text())} - set(made)
    assert missing == (set() if more else {"even", "pairs", "small-faces", "clear"})
    assert len(made) == len(set(made))
    assert ({"even", "pairs", "quality", "small-faces", "clear", "against-mediapipe"} <= set(made)) == bool(more)
    assert set(made) <= {*NOTES, "fairness"}
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    for _, _, words in steps(named):
        if words[0] == "evaluate":
            evaluate.check_options(parser.parse_args(words[1:]))
