"""The settings of a process: made by its entry point alone, and each still worth making."""

import json
import os
import subprocess
import sys

import pytest

from emotiscan import runtime
from tests.support.places import ROOT


def run(script: str, **environment: str) -> str:
    """Run a script in a fresh process, without an OpenMP policy of ours; returns what it prints."""
    inherited = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    variables = inherited | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"} | environment
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=True).stdout


IMPORTS = """
import json, os, sys
from starlette.formparsers import MultiPartParser
before = dict(os.environ), MultiPartParser.spool_max_size
import emotiscan
import emotiscan.ui
import emotiscan.ui.app
assert (dict(os.environ), MultiPartParser.spool_max_size) == before
print(json.dumps([name for name, module in sys.modules.items() if module is None or name.split(".")[0] == "torch"]))
"""


def test_importing_the_package_and_the_app_changes_nothing():
    assert json.loads(run(IMPORTS)) == []


@pytest.mark.parametrize(("arguments", "policy"), [("", "PASSIVE"), ("training=True", "ACTIVE")])
def test_the_environment_overrules_the_wait_policy(arguments, policy):
    script = f"""
import os
from emotiscan import runtime
runtime.configure({arguments})
print(os.environ["OMP_WAIT_POLICY"])
"""
    assert run(script).strip() == policy
    assert run(script, OMP_WAIT_POLICY="active").strip() == "active"


IDLE_THREADS = """
import time
{configure}
import torch

values = torch.ones(64, 64, 64)
torch.relu(values)
began = time.process_time()
for _ in range(100):
    torch.relu(values)
    time.sleep(0.005)
print(time.process_time() - began)
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has no idle threads")
@pytest.mark.skipif(sys.platform != "linux", reason="measured with torch's build for Linux, which uses GNU's OpenMP")
def test_idle_threads_sleep_only_because_of_the_wait_policy():
    """Half a second of rest between operations. Should the first assertion fail, torch no longer needs the policy."""
    spinning = float(run(IDLE_THREADS.format(configure="")))
    sleeping = float(run(IDLE_THREADS.format(configure="from emotiscan import runtime; runtime.configure()")))
    assert spinning > 0.25
    assert sleeping < 0.1


KEPT_MEMORY = """
import re, threading
import numpy as np
{configure}

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

def work():
    together.wait()
    for _ in range(3):
        blocks = [np.ones(6 * 2**20, np.uint8) for _ in range(4)]
        small = np.ones(1000, np.uint8)
        del blocks
    together.wait()
    kept.append(small)

before, together, kept = resident(), threading.Barrier(16), []
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="concerns the GNU C library")
def test_threads_return_freed_memory_only_because_arenas_are_limited():
    """In MiB, after 24 MiB in each of 16 threads. Should the first assertion fail, malloc no longer needs the limit."""
    by_default = float(run(KEPT_MEMORY.format(configure="")))
    limited = float(run(KEPT_MEMORY.format(configure="from emotiscan import runtime; runtime.limit_malloc_arenas()")))
    assert by_default > 50
    assert limited < 10


GROUPS = {
    "version 2": (
        "0::/app/web\n",
        {"app/web/memory.max": "max\n", "app/memory.max": "900\n", "memory.max": "max\n"},
        900,
    ),
    "version 2 in a container": ("0::/\n", {"memory.max": "800\n"}, 800),
    "version 1": ("5:cpu,memory:/app\n0::/\n", {"memory/app/memory.limit_in_bytes": "700\n"}, 700),
    "version 1, seen from inside": ("5:memory:/docker/7f\n", {"memory/memory.limit_in_bytes": "600\n"}, 600),
}


@pytest.mark.parametrize("name", GROUPS)
def test_the_usable_memory_is_the_lowest_limit_of_the_container(tmp_path, monkeypatch, name):
    monkeypatch.delenv(runtime.MEMORY_VARIABLE, raising=False)
    groups, files, expected = GROUPS[name]
    for path, text in ({"proc/self/cgroup": groups} | {f"sys/fs/cgroup/{path}": files[path] for path in files}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert runtime.usable_memory(tmp_path) == expected


def test_without_a_container_the_usable_memory_is_the_machines(tmp_path, monkeypatch):
    monkeypatch.delenv(runtime.MEMORY_VARIABLE, raising=False)
    assert runtime.usable_memory(tmp_path) > 256 * 2**20


@pytest.mark.parametrize(("stated", "small"), [("1024", True), ("2048", False)])
def test_the_environment_overrules_what_is_seen_of_the_memory(monkeypatch, stated, small):
    monkeypatch.setenv(runtime.MEMORY_VARIABLE, stated)
    assert runtime.usable_memory() == int(stated) * 2**20
    assert runtime.is_small_host() is small


def test_a_memory_that_is_no_number_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv(runtime.MEMORY_VARIABLE, "much")
    assert runtime.usable_memory(tmp_path) > 256 * 2**20


GARBAGE = """
import gc, time, weakref
from emotiscan import runtime

class Visit:
    pass

def made():
    visit = Visit()
    visit.itself = visit  # only the garbage collector can free it
    return visit

runtime.COLLECTION_INTERVAL = 0.05
visit = made()
there = weakref.ref(visit)
runtime.spare_garbage_collector()
print(gc.get_freeze_count() > 1000)
del visit
for _ in range(200):
    if there() is None:
        break
    time.sleep(0.05)
print(there() is None)
"""


def test_what_a_visit_leaves_among_the_exempt_objects_is_freed_soon():
    """Also if nobody comes after it."""
    assert run(GARBAGE).split() == ["True", "True"]
