"""The documentation's pages, and the commands and code in them."""

import importlib
import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emotiscan.cli.main import COMMANDS, DEFAULT
from tests.support.places import ROOT

CARD = ROOT / "weights" / "README.md"
PAGES = (ROOT / "README.md", CARD, *sorted((ROOT / "docs").rglob("*.md")))
"""All pages, as they are written."""

NEEDS_DATA = "needs data"
"""Marks a block by a comment on the line before: its commands are not run, but their options are parsed."""

NOT_RUN = "not run: "
"""Marks a block whose commands are not run for the reason that follows; options of our own commands are parsed."""

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^>]*) -->\n)?^```(?P<language>bash|console|sh|python)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of commands or code.

    Attributes:
        page: path of its page, relative to the repository.
        mark: the comment before it, or "".
        language: as written after the fence.
        text: its content.
    """

    page: str
    mark: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its command lines; a backslash at the end of a line continues it."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [" ".join(line.split()) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def blocks() -> Iterator[Block]:
    """All blocks of all pages."""
    for page in PAGES:
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield Block(page.relative_to(ROOT).as_posix(), found["mark"] or "", found["language"], found["text"])


def own_arguments(command: str) -> tuple[str, list[str]] | None:
    """The subcommand that a line runs, and its arguments; None if it runs another program.

    `emotiscan a.jpg`, `python -m emotiscan a.jpg`, `python train.py …` and `torchrun … train.py …` are understood.
    Pipes, redirections and variables around the command are dropped.
    """
    last = command.split(" | ")[-1] if "emotiscan" in command.split(" | ")[-1] else command.split(" | ")[0]
    words = shlex.split(last.split(" > ")[0].split(" && ")[-1])
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    if "train.py" in words:
        return "train", words[words.index("train.py") + 1 :]
    if words[:3] == ["python", "-m", "emotiscan"]:
        words = ["emotiscan", *words[3:]]
    if not words or Path(words[0]).name != "emotiscan":
        return None
    words.pop(0)
    return (words[0], words[1:]) if words and words[0] in COMMANDS else (DEFAULT, words)


def parser_of(name: str) -> ArgumentParser:
    """The parser of a subcommand."""
    command = importlib.import_module(f"emotiscan.cli.{name}")
    parser = ArgumentParser(prog=f"emotiscan {name}")
    command.add_arguments(parser)
    return parser
