"""The shipped model card says what the shipped checkpoint carries."""

import sys

import pytest
from conftest import ROOT

from emotiscan.checkpoint import load_checkpoint

sys.path.insert(0, str(ROOT / "scripts"))
from model_card import TABLE, filled

CARD = ROOT / "weights" / "README.md"


def test_the_shipped_card_holds_the_shipped_checkpoints_figures():
    text = CARD.read_text()
    _, card = load_checkpoint()
    assert set(TABLE.findall(text)) != set()
    assert filled(text, card.metrics) == text, "run python scripts/model_card.py"


def test_only_what_is_marked_is_written_anew():
    report = {"samples": 3, "subjects": 2, "emotion": None, "codes": None, "codes_mean": None}
    text = "Run:\n\n    a command\n\n<!-- figures: some -->\n\n    old\n    table\n\nWords.\n\n    another command\n"
    wanted = text.replace("    old\n    table\n", "    3 pictures, 2 persons\n")
    assert filled(text, {"some": report}) == wanted
    assert filled(wanted, {"some": report}) == wanted
    with pytest.raises(KeyError, match="some"):
        filled(text, {})
