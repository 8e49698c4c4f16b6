"""Duration of the page's script after a click: `python -m benchmarks.clicks [--repeats 9]`.

Runs the app without a browser (Streamlit's AppTest) and prints, for each kind of click, the median and range of the
script's run time in milliseconds. `benchmarks.reading` measures the reading itself.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from streamlit.testing.v1 import AppTest

from emotiscan.cli.options import whole_number
from emotiscan.explain import METHODS

if TYPE_CHECKING:
    from streamlit.testing.v1.element_tree import ButtonGroup

ROOT = Path(__file__).resolve().parents[1]
COMPARE = "emotiscan/ui/app_pages/compare.py"
GUIDE = "emotiscan/ui/app_pages/guide.py"

Click: TypeAlias = tuple[str, Callable[[], object]]
"""What is clicked, and a function that clicks it."""


def reading_clicks(at: AppTest) -> Iterator[Click]:
    """Yield clicks below a reading on the first page."""
    action_units, opacities = cycle([["AU12"], ["AU12", "AU4"], ["AU6", "AU12", "AU25"]]), cycle([0.4, 0.8])
    yield "another choice of action units", lambda: _targets(at).set_value(next(action_units))
    yield "another opacity", lambda: at.slider(key="read-opacity").set_value(next(opacities))
    yield (
        "outlines on and off",
        lambda: at.toggle(key="read-outline").set_value(not at.toggle(key="read-outline").value),
    )
    scales = cycle(["Shared", "Per map"])
    yield "another color scale", lambda: at.segmented_control(key="read-scale").set_value(next(scales))
    methods = cycle([name for name in METHODS if name != "cells"])

    def another_method() -> None:
        for photo in at.session_state["photos"].values():
            photo.maps.clear()  # as if no map had been computed yet
        at.pills(key="read-method").set_value(next(methods))

    yield "another method, no cached maps", another_method


def _targets(at: AppTest) -> "ButtonGroup":
    return next(pills for pills in at.pills if pills.label == "Action units and expressions")


def comparing_clicks(at: AppTest) -> Iterator[Click]:
    """Yield clicks on the page that compares faces."""
    questions = cycle(["faces", "methods", "units"])
    yield "compare: another question", lambda: at.pills(key="compare-question").set_value(next(questions))


def guide_clicks(at: AppTest) -> Iterator[Click]:
    """Yield clicks in the guide."""
    action_units = cycle(["AU4", "AU12", "AU17"])
    yield "guide: another action unit", lambda: at.pills(key="au").set_value(next(action_units))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=whole_number(2), default=9, help="timed runs of each click (default: 9)")
    options = parser.parse_args()
    os.chdir(ROOT)
    at = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    print(f"script time in milliseconds, median [range] of {options.repeats}")
    for page, clicks in ((None, reading_clicks), (COMPARE, comparing_clicks), (GUIDE, guide_clicks)):
        if page:
            at.switch_page(page).run()
        for name, click in clicks(at):
            times = [_milliseconds(at, click) for _ in range(options.repeats + 3)][3:]  # the first three warm up
            print(f"{name:32s}{statistics.median(times):6.0f}  [{min(times):.0f}, {max(times):.0f}]")


def _milliseconds(at: AppTest, click: Callable[[], object]) -> float:
    click()
    start = time.perf_counter()
    at.run()
    duration = 1000 * (time.perf_counter() - start)
    if at.exception:
        raise SystemExit(f"the page failed: {at.exception[0].value}")
    return duration


if __name__ == "__main__":
    main()
