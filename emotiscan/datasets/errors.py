"""The error raised for every problem with a data set."""

from pathlib import Path

MAX_PROBLEM_LENGTH = 400
"""Longest message in characters: a broken file may quote itself at any length."""


class TableError(ValueError):
    """A data set cannot be read; the message names the file, the line and what to do.

    Args:
        file: the file, folder or data source at fault.
        problem: what is wrong and what to do about it.
        line: line in the file, counted from 1.
    """

    def __init__(self, file: str | Path, problem: str, line: int | None = None) -> None:
        place = f"{file}, line {line}" if line else f"{file}"
        problem = problem if len(problem) <= MAX_PROBLEM_LENGTH else f"{problem[:MAX_PROBLEM_LENGTH]} …"
        super().__init__(f"{place}: {problem}")
