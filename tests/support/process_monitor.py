"""MemoryWatch another process's memory and processor time (Linux only)."""

import os
import re
import threading
from pathlib import Path


def memory_of(process: int, kind: str = "VmRSS") -> float:
    """Return the resident memory of a process in MiB.

    Args:
        process: process ID.
        kind: "VmRSS" for all of it; "RssAnon" for the part that the system cannot reclaim by rereading a file.
    """
    found = re.search(rf"{kind}:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    if not found:
        raise ProcessLookupError(f"process {process} has no memory any more")
    return int(found[1]) / 1024


def memory_by_file(process: int) -> dict[str, float]:
    """Return the resident memory in MiB of each file that a process has mapped; `""` is memory without a file."""
    memory: dict[str, float] = {}
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        first, *rest = line.split()
        if "-" in first and not first.endswith(":"):
            path = rest[4] if len(rest) > 4 and rest[4].startswith("/") else ""
        elif first == "Rss:":
            memory[path] = memory.get(path, 0.0) + int(rest[0]) / 1024
    return memory


def processor_seconds(process: int) -> float:
    """Return the processor time that a process has used, summed over its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class MemoryWatch(threading.Thread):
    """Samples a process's memory ten times a second and keeps the peak; use it in a `with` block.

    Attributes:
        peak: highest resident memory, in MiB.
        peak_anonymous: highest memory of the kind that cannot be reclaimed, in MiB.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.peak_anonymous, self.over = process, 0.0, 0.0, threading.Event()

    def __enter__(self) -> "MemoryWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        """Sample until `over` is set or the process ends."""
        while not self.over.wait(0.1):
            try:
                self.peak = max(self.peak, memory_of(self.process))
                self.peak_anonymous = max(self.peak_anonymous, memory_of(self.process, "RssAnon"))
            except OSError:  # the process is gone, or a zombie without memory
                return
