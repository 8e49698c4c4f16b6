"""Parts of the Video and Live pages: a clip while it is read, its charts, and what a camera sees."""

from pathlib import Path

FRAMES_SCRIPT = (Path(__file__).parent / "frames.js").read_text(encoding="utf-8")
"""JavaScript that the components of both pages begin with."""
