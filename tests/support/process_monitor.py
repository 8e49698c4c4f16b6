"""A process watched from outside: its memory and its processor time (Linux)."""

import os
import re
import threading
from pathlib import Path


def memory_of(process: int, kind: str = "VmRSS") -> float:
    """Resident memory of a process in MiB.

    Args:
        process: its number.
        kind: all of it, or only `RssAnon`, which the system cannot take back by reading a file again.
    """
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(rf"{kind}:\s+(\d+)", status)[1]) / 1024


def memory_by_file(process: int) -> dict[str, float]:
    """Resident memory in MiB of each file that a process has mapped, and of `""`, what belongs to no file."""
    memory: dict[str, float] = {}
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        first, *rest = line.split()
        if "-" in first and not first.endswith(":"):
            path = rest[4] if len(rest) > 4 and rest[4].startswith("/") else ""
        elif first == "Rss:":
            memory[path] = memory.get(path, 0.0) + int(rest[0]) / 1024
    return memory


def processor_seconds(process: int) -> float:
    """Processor time that a process has used, over all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """Looks at a process's memory ten times a second and keeps the most; to be used in a `with` block.

    Attributes:
        peak: the most resident memory, in MiB.
        peak_anonymous: the most of the kind that cannot be taken back.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.peak_anonymous, self.over = process, 0.0, 0.0, threading.Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        """Until `over` is set, or the process ends."""
        while not self.over.wait(0.1):
            try:
                self.peak = max(self.peak, memory_of(self.process))
                self.peak_anonymous = max(self.peak_anonymous, memory_of(self.process, "RssAnon"))
            except (OSError, TypeError):  # gone, or a zombie, which has no memory
                return
