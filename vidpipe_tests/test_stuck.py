"""A step that stands still is ended; one that computes or says that it is further is not."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe.stuck import Standstill, processor_s

STEP = """
import multiprocessing, sys, threading, time
from resources import end_when_stuck

def step(how):
    moved = end_when_stuck(4.5, lambda said: print(said, flush=True))
    began = time.monotonic()
    # What stands still would go on for long: a busy machine may be late to notice it.
    while time.monotonic() - began < (9 if how in ("computes", "tells") else 90):
        if how == "tells":
            moved()
        if how in ("tells", "waits"):
            time.sleep(0.3)
        if how == "locked":
            threading.Lock().acquire(); lock = threading.Lock(); lock.acquire(); lock.acquire()
    print("done", flush=True)

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=step, args=(sys.argv[1],))
    child.start(); child.join(); print(child.exitcode)
"""


@pytest.mark.parametrize(
    ("how", "ends"), [("computes", True), ("tells", True), ("waits", False), ("locked", False)]
)
def test_only_what_stands_still_is_ended(tmp_path, how, ends):
    script = tmp_path / "step.py"
    script.write_text(STEP)
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(script), how],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"},
    )
    said = done.stdout.split("\n")
    assert ("done" in said) is ends, done.stderr
    assert any("stood still" in line for line in said) is not ends
    assert (said[-2] == "0") is ends


def test_looks_add_up_and_any_movement_begins_anew():
    spent = [0.0]
    still = Standstill(900, lambda: spent[0])
    assert [still.look(300) for _ in range(2)] == [False, False]
    still.moved()
    assert [still.look(300) for _ in range(3)] == [False, False, False]
    spent[0] += 5
    assert [still.look(300) for _ in range(4)] == [False, False, False, True]


def test_what_children_use_counts_while_they_live():
    before = processor_s()
    burning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for _ in range(200):
            if processor_s() - before > 0.3:
                break
            time.sleep(0.05)
        assert processor_s() - before > 0.3
    finally:
        burning.kill()
        burning.wait()
