"""Programs end with whoever runs them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe.errors import Unavailable
from vidpipe.programs import ProgramFailed, _ending_with_us, memory_bound, run_program


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_is_killed_with_the_process_that_runs_it(tmp_path):
    if not _ending_with_us():
        pytest.skip("setpriv of util-linux is not here")
    told = tmp_path / "pid"
    script = (
        "from vidpipe.programs import run_program\n"
        f"run_program(['sh', '-c', 'echo $$ > {told}; exec sleep 60'], timeout_s=60)\n"
    )
    step = subprocess.Popen([sys.executable, "-c", script])
    for _ in range(200):
        if told.exists() and told.read_text().strip():
            break
        time.sleep(0.05)
    pid = int(told.read_text())
    assert alive(pid)
    step.send_signal(signal.SIGKILL)
    step.wait()
    for _ in range(100):
        if not alive(pid):
            break
        time.sleep(0.05)
    assert not alive(pid)


def test_a_program_that_fails_is_named_as_it_was_called():
    with pytest.raises(ProgramFailed, match=r"^sh exited with 3"):
        run_program(["sh", "-c", "exit 3"], timeout_s=10)
    with pytest.raises(FileNotFoundError if not _ending_with_us() else ProgramFailed):
        run_program(["no-such-program-anywhere"], timeout_s=10)


def test_what_is_done_inside_a_bound_gets_no_more_memory_and_what_follows_does():
    if not Path("/proc/self/statm").exists():
        pytest.skip("the system does not tell how much a process has")
    with memory_bound(64 << 20), pytest.raises(MemoryError):
        bytearray(256 << 20)
    assert len(bytearray(256 << 20)) == 256 << 20


def test_a_program_without_room_on_the_disk_is_no_bug_of_its_own():
    said = "echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 228"
    with pytest.raises(Unavailable, match="Make room"):
        run_program(["sh", "-c", said], timeout_s=10)
