"""MkDocs hooks: the model card and the tables that are made from the code, so that no text stands twice.

- `explanation/model-card.md` is `weights/README.md`, with its report and its tables beside it.
- `<!-- options: NAME -->` becomes the option tables of `emotiscan NAME`.
- `<!-- action units -->` becomes the table of action units.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

CARD_PAGE = "explanation/model-card.md"
CARD_FILES = ("report/*.csv", "report/*/*.png", "codes/*.csv")
"""What the card links to, relative to `weights/`."""

OPTIONS = re.compile(r"^<!-- options: (\w+) -->$", re.MULTILINE)
ACTION_UNITS = "<!-- action units -->"


def on_startup(**_: object) -> None:
    """Make the checkout's package importable: it need not be installed where the site is built."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Put the files that the model card links to beside its page."""
    from mkdocs.structure.files import File

    weights = _root(config) / "weights"
    for pattern in CARD_FILES:
        for path in sorted(weights.glob(pattern)):
            place = f"{Path(CARD_PAGE).parent}/{path.relative_to(weights).as_posix()}"
            files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Fill in what is made from the code or from the model card."""
    if page.file.src_uri == CARD_PAGE:
        card = (_root(config) / "weights" / "README.md").read_text(encoding="utf-8")
        return card.replace("](../docs/", "](../")
    markdown = OPTIONS.sub(lambda found: "\n".join(option_tables(found[1])), markdown)
    return markdown.replace(ACTION_UNITS, "\n".join(action_unit_table()))


def option_tables(name: str) -> Iterator[str]:
    """Markdown lines: one table for each group of a subcommand's options."""
    command = importlib.import_module(f"emotiscan.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"emotiscan {name}", add_help=False)
    command.add_arguments(parser)
    for group in parser._action_groups:
        rows = [action for action in group._group_actions if action.help != argparse.SUPPRESS]
        if not rows:
            continue
        title = group.title or ""
        yield "" if title in ("options", "positional arguments") else f"**{title[:1].upper()}{title[1:]}**"
        kind = "option" if rows[0].option_strings else "argument"
        yield from ("", f"| {kind} | what it does |", "|---|---|")
        yield from (f"| {_spelling(action)} | {_cell(_help(action, parser))} |" for action in rows)
        yield ""


def action_unit_table() -> Iterator[str]:
    """Markdown lines: every action unit with its muscles and what a layperson sees."""
    from emotiscan import facs

    yield "| action unit | name | muscles | what one sees |"
    yield "|---|---|---|---|"
    for unit in (facs.ACTION_UNITS[au] for au in facs.in_facs_order(facs.AU_NAMES)):
        yield f"| {unit.au} | {unit.name} | {unit.muscles} | {unit.appearance} |"


def _spelling(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        value = " ".join(action.metavar)
    else:
        value = action.metavar or action.dest.upper()
    if not action.option_strings:
        return f"`{value}`"
    name = next((option for option in action.option_strings if option.startswith("--")), action.option_strings[0])
    if isinstance(action, argparse.BooleanOptionalAction):
        return f"`{name}`<br>`--no-{name.removeprefix('--')}`"
    if action.nargs == 0:
        return f"`{name}`"
    if action.choices and not action.metavar:
        return f"`{name}`<br>" + ", ".join(f"`{choice}`" for choice in action.choices)
    return f"`{name} {value}`"


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    return parser._get_formatter()._expand_help(action) if action.help else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _root(config: "MkDocsConfig") -> Path:
    return Path(config.config_file_path).parent
