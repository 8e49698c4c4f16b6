"""A hard limit on a process's memory, as container hosts set it: a Linux control group, version 1 or 2.

Needs permission to create one, which root has in many containers.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


class LimitError(OSError):
    """The limit cannot be set here; the message says why."""


@dataclass(frozen=True)
class MemoryLimit:
    """A control group with a memory limit.

    Attributes:
        folder: the group's folder.
    """

    folder: Path

    def join(self) -> None:
        """Move this process, and those it will start, into the group."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    @property
    def at_limit(self) -> int:
        """How often the limit was reached and the system reclaimed memory, or tried to."""
        if (self.folder / "memory.failcnt").exists():
            return int((self.folder / "memory.failcnt").read_text())
        return dict(self._events())["max"]

    @property
    def killed(self) -> int:
        """Number of processes that the system killed because nothing could be reclaimed."""
        return dict(self._events()).get("oom_kill", 0)

    def _events(self) -> Iterator[tuple[str, int]]:
        first = self.folder / "memory.oom_control"
        for line in (first if first.exists() else self.folder / "memory.events").read_text().splitlines():
            name, number = line.split()
            yield name, int(number)


@contextmanager
def memory_limit(mebibytes: int) -> Iterator[MemoryLimit]:
    """Create a group for the `with` block; all its processes must have ended when the block ends.

    Raises:
        LimitError: this machine does not allow it.
    """
    first = (GROUPS / "memory/memory.limit_in_bytes").exists()
    folder = GROUPS / ("memory" if first else "") / f"emotiscan-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(mebibytes * 2**20))
    except OSError as error:
        if folder.exists():
            folder.rmdir()
        raise LimitError(f"no control group can be made here ({error}); leave out --hard, or run it as root") from None
    try:
        yield MemoryLimit(folder)
    finally:
        folder.rmdir()
