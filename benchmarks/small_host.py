"""Check of whether the app fits a small host: `python -m benchmarks.small_host [--memory 1024] [--cores 2]`.

Starts the app on the given number of cores, lets visitors open every page and read phone-sized photos, one alone and
several at once, and prints the time and the server's memory after each step. The app is told that it has --memory MiB,
and is frugal below 1.5 GiB. Memory is only observed, unless --hard also limits it as a container's host would, which
needs the right to create a control group (usually root); libraries that another process has already loaded do not count
against that limit. Under a limit, the system can reclaim clean pages of libraries from the resident memory, but not
what the column "own" shows.
If torch is built for CUDA, as it is by default on Linux, its GPU libraries are counted separately, since the CPU build
has none of them. The exit status is 1 if the peak without them exceeds --memory, or if a page failed. Where OpenVINO is
installed, everything is done again with it, in a new server with an empty cache.
`--imports` prints what each library costs.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.load import photo, with_comment
from emotiscan.cli.options import whole_number
from emotiscan.runtime import MEMORY_VARIABLE
from tests.support.memory_limit import LimitError, memory_limit
from tests.support.process_monitor import MemoryWatch, memory_by_file, memory_of
from tests.support.running_app import ROOT, running_app
from tests.support.visitor import Visitor

PAGES = ("album", "video", "live", "compare", "guide", "model", "about")
LIBRARIES = ("numpy", "pandas", "streamlit", "torch", "torchvision", "facenet_pytorch", "pytorch_grad_cam")
CUDA = ("nvidia", "cuda", "cudnn")
"""Parts of the paths of GPU libraries."""

ONE_IMPORT = """
import re, sys, time
from emotiscan import runtime
runtime.configure()
def memory():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
for name in sys.argv[1:]:
    before, began = memory(), time.perf_counter()
    if name == "emotiscan.ui.session":
        from emotiscan.ui.app import configure
        configure()
    __import__(name)
    print(f"{name:22s}{memory() - before:8.0f}{time.perf_counter() - began:8.1f}")
print(f"{'total':22s}{memory():8.0f}")
"""


def show_imports() -> None:
    """Print the cost of each library, imported one after another, and of all of them as the app loads them."""
    print("import                   MiB seconds")
    for names in (LIBRARIES, ("emotiscan.ui.session",)):
        subprocess.run([sys.executable, "-c", ONE_IMPORT, *names], cwd=ROOT, check=True)


def read_photos(address: str, photo: bytes, count: int) -> None:
    """Let one visitor read a number of photos."""
    with Visitor(address) as visitor:
        visitor.open()
        for number in range(count):
            page = visitor.upload("photo.jpg", with_comment(photo, f"{number}-{time.monotonic_ns()}"))
            for picture in page.pictures:
                visitor.picture(picture.url)


def open_pages(address: str) -> None:
    """Let one visitor open every page."""
    with Visitor(address) as visitor:
        visitor.open()
        for page in PAGES:
            visitor.open(page)


def read_concurrently(address: str, photo: bytes, visitors: int, count: int) -> None:
    """Let several visitors read a number of photos each."""
    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(lambda _: read_photos(address, photo, count), range(visitors)))


def check(options: argparse.Namespace, engine: str, upload: bytes) -> float:
    """Run all steps with a new server, and print a row for each.

    Args:
        options: of the command line.
        engine: what runs the network: "torch", or "auto" for OpenVINO as soon as it is ready.
        upload: a photo.

    Returns:
        The server's peak memory without GPU libraries, in MiB.

    Raises:
        LimitError: memory cannot be limited.
    """
    start = time.monotonic()
    with ExitStack() as running:
        limit = running.enter_context(memory_limit(options.memory)) if options.hard else None
        cache = running.enter_context(tempfile.TemporaryDirectory())  # the network is converted anew, as on a new host
        environment = {
            "EMOTISCAN_ENGINE": engine,
            "XDG_CACHE_HOME": cache,
            MEMORY_VARIABLE: str(options.memory),  # what the app would see on such a host
        }
        app = running.enter_context(running_app(environment=environment, begin=limit.join if limit else None))
        watch = running.enter_context(MemoryWatch(app.process))
        steps: list[tuple[str, Callable[[], object]]] = [
            ("startup", lambda: None),
            ("first page, with the model", lambda: read_photos(app.address, upload, 0)),
            ("one photo", lambda: read_photos(app.address, upload, 1)),
            ("every page", lambda: open_pages(app.address)),
            ("twenty photos, one visitor", lambda: read_photos(app.address, upload, 20)),
            (
                f"five photos each, {options.visitors} visitors",
                lambda: read_concurrently(app.address, upload, options.visitors, 5),
            ),
            ("one more photo", lambda: read_photos(app.address, upload, 1)),
        ]
        title = "with OpenVINO" if engine == "auto" else "with torch alone"
        print(f"{f'{title}, after':34s}seconds     MiB     own    peak")
        for name, step in steps:
            step()
            seconds, start = time.monotonic() - start, time.monotonic()
            resident, own = memory_of(app.process), memory_of(app.process, "RssAnon")
            print(f"{name:34s}{seconds:7.1f}{resident:8.0f}{own:8.0f}{watch.peak:8.0f}", flush=True)
        cuda = sum(memory for path, memory in memory_by_file(app.process).items() if any(word in path for word in CUDA))
        if limit:
            print(f"limit of {options.memory} MiB: reached {limit.at_limit} times; {limit.killed} processes killed")
    peak = watch.peak - cuda
    verdict = "enough" if peak <= options.memory else "NOT enough"
    print(f"peak {watch.peak:.0f} MiB, own {watch.peak_anonymous:.0f}; {cuda:.0f} MiB are GPU libraries")
    print(f"without those {peak:.0f} MiB; {options.memory} MiB are {verdict}", flush=True)
    return peak


def main() -> int:
    """Run the check; return 1 if the memory is too small for the app with torch alone, as it is deployed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory", type=whole_number(1), default=1024, help="of the host, MiB (default: 1024)")
    parser.add_argument("--hard", action="store_true", help="limit the server to it, instead of only observing")
    parser.add_argument("--cores", type=whole_number(1), default=2, help="for the server (default: 2)")
    parser.add_argument("--megapixels", type=float, default=12, help="size of each photo (default: 12)")
    parser.add_argument("--visitors", type=whole_number(1), default=8, help="simultaneous visitors (default: 8)")
    parser.add_argument("--torch-only", action="store_true", help="leave OpenVINO out where it is installed")
    parser.add_argument("--imports", action="store_true", help="only print what each library costs")
    options = parser.parse_args()
    if options.imports:
        show_imports()
        return 0
    upload = photo(0, options.megapixels)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])  # the server inherits it
    has_openvino = importlib.util.find_spec("openvino") is not None
    try:
        peak = check(options, "torch", upload)
        if has_openvino and not options.torch_only:
            check(options, "auto", upload)
    except LimitError as error:
        parser.error(str(error))
    return 0 if peak <= options.memory else 1


if __name__ == "__main__":
    sys.exit(main())
