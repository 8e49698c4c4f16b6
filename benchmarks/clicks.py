"""How long the page's script takes after a click: `python -m benchmarks.clicks [--repeats 9]`.

Runs the app without a browser (Streamlit's AppTest) and prints, for each kind of click, the median and range of the
script's whole run in milliseconds. The first reading's own time is in `benchmarks/reading.py`.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from streamlit.testing.v1 import AppTest

from emotiscan.cli.options import whole_number
from emotiscan.explain import METHODS

ROOT = Path(__file__).resolve().parents[1]
COMPARE = "emotiscan/ui/app_pages/compare.py"
GUIDE = "emotiscan/ui/app_pages/guide.py"


def reading_clicks(at: AppTest) -> Iterator[tuple[str, Callable[[], object]]]:
    """Clicks below a reading on the first page."""
    action_units, opacities = cycle([["AU12"], ["AU12", "AU4"], ["AU6", "AU12", "AU25"]]), cycle([0.4, 0.8])
    yield "another choice of action units", lambda: _targets(at).set_value(next(action_units))
    yield "another opacity", lambda: at.slider(key="read-opacity").set_value(next(opacities))
    yield (
        "outlines on and off",
        lambda: at.toggle(key="read-outline").set_value(not at.toggle(key="read-outline").value),
    )
    scales = cycle(["one for all", "each its own"])
    yield "another color scale", lambda: at.segmented_control(key="read-scale").set_value(next(scales))
    methods = cycle([name for name in METHODS if name != "cells"])

    def another_method() -> None:
        for photo in at.session_state["photos"].values():
            photo.maps.clear()  # as if no map had been drawn yet
        at.selectbox(key="read-method").set_value(next(methods))

    yield "another method, all maps new", another_method


def _targets(at: AppTest):  # noqa: ANN202 (AppTest does not export its elements' types)
    return next(pills for pills in at.pills if pills.label == "Action units and emotions")


def comparing_clicks(at: AppTest) -> Iterator[tuple[str, Callable[[], object]]]:
    """Clicks on the page that compares."""
    kinds = cycle(["One action unit on several faces", "Difference", "Action units of one face"])
    yield "compare: another comparison", lambda: at.segmented_control(key="comparison").set_value(next(kinds))


def guide_clicks(at: AppTest) -> Iterator[tuple[str, Callable[[], object]]]:
    """Clicks in the guide."""
    action_units = cycle(["AU4", "AU12", "AU17"])
    yield "guide: another action unit", lambda: at.pills(key="au").set_value(next(action_units))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=whole_number(2), default=9, help="of each click (default: 9)")
    options = parser.parse_args()
    os.chdir(ROOT)
    at = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    print(f"milliseconds of script time, median [range] of {options.repeats}")
    for page, clicks in ((None, reading_clicks), (COMPARE, comparing_clicks), (GUIDE, guide_clicks)):
        if page:
            at.switch_page(page).run()
        for name, click in clicks(at):
            times = [_timed(at, click) for _ in range(options.repeats + 3)][3:]  # the first ones warm up
            print(f"{name:28s}{statistics.median(times):6.0f}  [{min(times):.0f}, {max(times):.0f}]")


def _timed(at: AppTest, click: Callable[[], object]) -> float:
    click()
    began = time.perf_counter()
    at.run()
    took = 1000 * (time.perf_counter() - began)
    if at.exception:
        raise SystemExit(f"the page failed: {at.exception[0].value}")
    return took


if __name__ == "__main__":
    main()
