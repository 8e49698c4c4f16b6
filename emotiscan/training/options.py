"""Command-line options derived from a settings dataclass, whose fields hold each default, range and help text."""

import argparse
import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any


class SettingsError(ValueError):
    """A setting cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Option:
    """What a settings field adds to its name, type and default, to become a command-line option.

    Attributes:
        help: one or two phrases. "(default: …)" is appended unless the text contains it or the default is None.
        group: title of the option's group in the help.
        metavar: stands for the value in the help.
        choices: the values that are accepted.
        parse: makes the value out of text; by default the field's type.
        minimum, above, below: limits of a number: at least `minimum`, above `above`, below `below`.
        reason: ends the message about a number out of these limits, e.g. "which batch normalization needs".
        spelling: the option's name, where it is not the field's.
        switches_off: whether the option, a flag, sets the field to False.
        older_spellings: further names that are accepted but not shown.
    """

    help: str
    group: str
    metavar: str | None = None
    choices: Collection[Any] | None = None
    parse: Callable[[str], Any] | None = None
    minimum: float | None = None
    above: float | None = None
    below: float | None = None
    reason: str = ""
    spelling: str = ""
    switches_off: bool = False
    older_spellings: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, as the end of a sentence; None if nothing is."""
        if self.choices is not None and value not in self.choices:
            return f"must be one of {', '.join(map(str, self.choices))}"
        limits = [
            (self.minimum is None or value >= self.minimum, f"at least {self.minimum}"),
            (self.above is None or value > self.above, f"above {self.above}"),
            (self.below is None or value < self.below, f"below {self.below}"),
        ]
        if all(holds for holds, _ in limits):
            return None
        words = " and ".join(words for _, words in limits if "None" not in words)
        return f"must be {words}" + (f", {self.reason}" if self.reason else "")


def option(default: Any, help: str, group: str, **details: Any) -> Any:
    """Declare a field of a settings dataclass that is also a command-line option.

    Args:
        default: value of the field; `dataclasses.MISSING` for none.
        help, group: as in `Option`.
        details: other attributes of `Option`.
    """
    return dataclasses.field(default=default, metadata={"option": Option(help, group, **details)})


def options_of(settings: Any) -> dict[str, Option]:
    """The options of a settings dataclass, or of an instance of one, by field name."""
    declared = {field.name: field.metadata.get("option") for field in dataclasses.fields(settings)}
    return {name: option for name, option in declared.items() if option}


def check_options(settings: Any) -> None:
    """Check that every value of a settings dataclass lies in its range; None stands for "not chosen yet".

    Raises:
        SettingsError: one does not.
    """
    for name, declared in options_of(settings).items():
        value = getattr(settings, name)
        if value is not None and (problem := declared.problem(value)):
            raise SettingsError(f"{spelling_of(name)} {problem}; it is {value}")


def spelling_of(name: str) -> str:
    """A field's name as that of its option: `--batch` for `batch`."""
    return "--" + name.replace("_", "-")


def add_options(parser: argparse.ArgumentParser, settings: type) -> Mapping[str, argparse._ArgumentGroup]:
    """Declare the options of a settings dataclass.

    The parsed namespace holds only what the command line names, so that the dataclass alone holds the defaults.

    Returns:
        The groups of the help, by title.
    """
    groups: dict[str, argparse._ArgumentGroup] = {}
    fields = {field.name: field for field in dataclasses.fields(settings)}
    for name, declared in options_of(settings).items():
        if declared.group not in groups:
            groups[declared.group] = parser.add_argument_group(declared.group)
        group = groups[declared.group]
        spelling = declared.spelling or spelling_of(name)
        help = _help(declared, fields[name].default)
        parameters = _parameters(declared, fields[name].type) | {"dest": name, "default": argparse.SUPPRESS}
        group.add_argument(spelling, help=help, **parameters)
        if declared.older_spellings:
            group.add_argument(*declared.older_spellings, help=argparse.SUPPRESS, **parameters)
    return groups


def _help(declared: Option, default: object) -> str:
    if default in (None, dataclasses.MISSING) or "(default: " in declared.help:
        return declared.help
    word = {True: "yes", False: "no"}.get(default, default) if isinstance(default, bool) else default
    return f"{declared.help} (default: {word})"


def _parameters(declared: Option, field_type: Any) -> dict[str, Any]:
    """Arguments of `add_argument` that follow from a field's type."""
    if isinstance(field_type, types.UnionType):
        field_type = next(part for part in typing.get_args(field_type) if part is not types.NoneType)
    if field_type is bool:
        return {"action": "store_false" if declared.switches_off else argparse.BooleanOptionalAction}
    if typing.get_origin(field_type) is tuple and declared.parse is None:  # of several values, each in its own option
        return {"action": "append", "metavar": declared.metavar}
    return {"type": declared.parse or field_type, "choices": declared.choices, "metavar": declared.metavar}
