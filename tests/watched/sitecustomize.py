"""Records every file that a Python process writes to, if this folder is on its PYTHONPATH.

Python runs this module at start-up. It appends one line per file to the file named by EMOTISCAN_WRITES. Compiled
modules count, too, unless PYTHONDONTWRITEBYTECODE is set.
"""

import os
import sys

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_CHANGES = ("os.rename", "os.link", "os.symlink", "os.mkdir", "shutil.copyfile", "shutil.move", "tempfile.mkstemp")
_note = os.open(os.environ["EMOTISCAN_WRITES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _watch(event: str, arguments: tuple) -> None:
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & _WRITES or path == os.devnull:
            return
    elif event not in _CHANGES:
        return
    os.write(_note, f"{event} {arguments[0]!s}\n".encode(errors="replace"))


sys.addaudithook(_watch)
