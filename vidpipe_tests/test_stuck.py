"""What gets no further is ended and says why; what is slow but gets further is not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe import stuck
from vidpipe.errors import InputRejected
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.stuck import Standstill, StoodStill, begin, further, no_further, processor_s, silent

ROOT = str(Path(__file__).parents[1])

WORK = """
import os, re, signal, sys, threading, time
from vidpipe import stuck
stuck._GRACE_S = 8.0

def work(how):
    began = time.monotonic()
    # What gets no further would go on for long: a busy machine may be late to notice it.
    while time.monotonic() - began < (9 if how in ("slow", "tells", "silent") else 120):
        if how == "slow":
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                pass
            stuck.further()
        if how == "tells":
            stuck.further()
        if how == "again":
            stuck.further("picture", 7)
        if how == "silent":
            with stuck.silent(120):
                time.sleep(8)
        if how in ("tells", "waits"):
            time.sleep(0.3)
        if how == "locked":
            threading.Lock().acquire(); lock = threading.Lock(); lock.acquire(); lock.acquire()
        if how == "deaf":
            # As a library that does not let itself be interrupted.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if how == "holds":
            # A search that lets no other thread run.
            re.match("(a+)+$", "a" * 60 + "b")
    print("done", flush=True)

def last(error):
    print("LAST", error, flush=True)
    os._exit(79)

stuck.begin("layout", "talk.mp4")
try:
    with stuck.watched(4.5, last):
        work(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error, flush=True)
    os._exit(5)
"""


ENDS = {
    "tells": ("done", 0),
    "silent": ("done", 0),
    "waits": ("StoodStill talk.mp4: layout has stood still", 5),
    "locked": ("StoodStill talk.mp4: layout has stood still", 5),
    "holds": ("", 1),
    "deaf": ("LAST talk.mp4: layout has computed", 79),
    "slow": ("done", 0),
    "spins": ("InputRejected talk.mp4: layout has computed", 5),
    "again": ("InputRejected talk.mp4: layout has computed", 5),
}
#: They compute: one of them at a time, or none would get enough of a processor to be told
#: from what waits.
COMPUTES = ("deaf", "slow", "spins", "again")


# Each of the four that compute, and those that wait, has a wait of 180 s of its own.
@pytest.mark.timeout(960)
def test_only_what_gets_no_further_is_ended():
    """Most at once: each goes on for up to twenty seconds, whoever else is at work."""

    def start(how):
        return subprocess.Popen(
            [sys.executable, "-c", WORK, how],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ROOT, "PATH": "/usr/bin:/bin"},
        )

    def ends_as_it_should(how):
        said, code = ENDS[how]
        stdout, stderr = started[how].communicate(timeout=180)
        assert stdout.startswith(said), (how, stdout, stderr)
        assert started[how].returncode == code, (how, stdout, stderr)
        if how == "holds":
            assert "line" in stderr and "in work" in stderr, "it says where it was"

    started = {how: start(how) for how in ENDS if how not in COMPUTES}
    try:
        for how in COMPUTES:
            started[how] = start(how)
            ends_as_it_should(how)
        for how in ENDS:
            if how not in COMPUTES:
                ends_as_it_should(how)
    finally:
        for process in started.values():
            process.kill()
            process.wait()


def test_looks_add_up_and_only_being_further_begins_anew():
    spent = [0.0]
    still = Standstill(900, lambda: spent[0])
    assert [still.look(300) for _ in range(2)] == [None, None]
    further()
    assert [still.look(300) for _ in range(4)] == [None, None, None, "waits"]
    further()
    still.look(300)
    looks = []
    for _ in range(3):
        spent[0] += 5
        looks.append(still.look(300))
    assert looks == [None, None, "computes"]
    further()
    assert still.look(300) is None


def test_the_same_place_again_and_again_is_no_further():
    begin("layout", "talk.mp4")
    still = Standstill(900, lambda: 0.0)
    for _ in range(stuck._AGAIN):
        further("picture", 3)
        assert still.look(900) is None
    further("picture", 3)
    assert still.look(900) == "waits"
    further("picture", 4)
    assert still.look(900) is None
    # Other work has its own places.
    begin("clips", "talk.mp4")
    still.look(900)
    further("picture", 3)
    assert still.look(900) is None


def test_what_cannot_tell_how_far_it_is_has_its_time():
    still = Standstill(900, lambda: 0.0)
    with silent(60):
        assert still.look(900) is None
    assert still.look(900) is None, "it ended: that is further"
    with silent(0):
        assert still.look(900) == "waits"


def test_the_reason_says_what_of_which_file_and_what_to_do():
    begin("layout", "talk.mp4")
    computes, waits = no_further("computes", 900), no_further("waits", 900)
    assert isinstance(computes, InputRejected) and computes.reason == "gets_no_further"
    for part in ("talk.mp4", "layout", "15 minutes", "Export", "VIDPIPE_STUCK_AFTER_S"):
        assert part in str(computes)
    assert isinstance(waits, StoodStill) and "talk.mp4: layout has stood still" in str(waits)


def test_readers_and_programs_say_that_they_are_further(talk):
    begin("layout", "talk.mp4")
    info = probe(talk.path)
    before = stuck._told.times
    with FrameReader(talk.path, info) as reader:
        frames = sum(1 for _ in reader.every(0.5))
    assert stuck._told.times - before >= frames > 10


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


STEP = """
import multiprocessing, signal, sys
from resources.executor import ended_when_stuck
from vidpipe import stuck
from vidpipe.settings import load_settings
stuck._GRACE_S = 8.0

def step():
    settings = load_settings(home=sys.argv[1]).model_copy(update={"stuck_after_s": 3.0})
    stuck.begin("layout", "talk.mp4")
    with ended_when_stuck(settings, lambda said: print(said, flush=True)):
        # As a library that does not let itself be interrupted.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            pass

child = multiprocessing.get_context("fork").Process(target=step)
child.start(); child.join(); print(child.exitcode)
"""


def test_the_process_of_a_step_says_with_what_it_ended(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", STEP, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env={"PYTHONPATH": ROOT, "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.count("\n") == 2, (done.stdout, done.stderr)
    said, code = done.stdout.strip().split("\n")
    assert said.startswith("talk.mp4: layout has computed") and said.endswith("is ended")
    assert code == "79"


SPINNING = """
import sys
from vidpipe import stuck
from vidpipe.pipeline.steps import audio
ended = stuck.watched
stuck.watched = lambda _, last: ended(9.0, last)

def spins(*_, **__):
    while True:
        pass

audio.decode_samples = spins
from vidpipe.cli import main
sys.argv = ["vidpipe", "run", *sys.argv[1:]]
main()
"""


def test_a_command_ends_the_file_that_spins_and_goes_on_with_the_next(tmp_path, talk):
    other = tmp_path / "not_a_video.mp4"
    other.write_bytes(b"nothing" * 100)
    done = subprocess.run(
        [sys.executable, "-c", SPINNING, str(talk.path), str(other)],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": ROOT,
            "VIDPIPE_HOME": str(tmp_path / "home"),
        },
    )
    assert "audio has computed" in done.stderr and talk.path.name in done.stderr, done.stderr
    assert "not_a_video.mp4" in done.stderr.split("audio has computed")[1]
    assert done.returncode == InputRejected.exit_code
