"""The server's log records what a reading cost, and nothing about the person."""

import json

import pytest
from PIL import Image

from emotiscan.images import ImageError
from emotiscan.ui import log, queue_status, session
from tests.support.pages import as_bytes


@pytest.fixture
def analyze(analyzer, monkeypatch):
    """Analyzes a visitor's file with the tiny checkpoint, outside any page."""
    monkeypatch.setattr(session, "analyzer", lambda: analyzer)
    monkeypatch.setattr(queue_status, "_still_here", lambda: True)
    return session.analyze


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_reading_is_logged_as_one_line_without_personal_data(analyze, analyzer, sample_photo, capsys):
    analyze(as_bytes(sample_photo("group.jpg")))
    (line,) = lines(capsys)
    assert set(line) == {"event", "outcome", "seconds", "faces", "size", "checkpoint"}
    assert (line["event"], line["outcome"], line["faces"], line["size"]) == ("reading", "read", 4, "up to 1 MP")
    assert line["checkpoint"] == analyzer.card.fingerprint
    assert 0 < line["seconds"] < 1000


def test_refused_file_is_logged_without_the_reason(analyze, analyzer, capsys):
    with pytest.raises(ImageError):
        analyze(b"Erika Mustermann, born 1964")
    (line,) = lines(capsys)
    assert line.pop("seconds") >= 0
    assert line == {"event": "reading", "outcome": "refused", "checkpoint": analyzer.card.fingerprint}


def test_unexpected_error_is_logged_without_its_message_and_raised(capsys):
    with pytest.raises(ZeroDivisionError), log.timed_reading("abc"):
        raise ZeroDivisionError("of secret things")
    (line,) = lines(capsys)
    assert line["outcome"] == "failed"
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize(
    ("size", "words"),
    [((1, 1), "up to 1 MP"), ((1000, 1001), "1 to 4 MP"), ((4032, 3024), "4 to 16 MP"), ((4096, 4096), "over 16 MP")],
)
def test_sizes_are_logged_as_classes(size, words):
    assert log.size_class(size) == words


def test_huge_photo_is_scaled_down_for_small_hosts(analyze):
    photo = analyze(as_bytes(Image.new("RGB", (5000, 300)))).photo
    assert photo.size == (4096, 246)
