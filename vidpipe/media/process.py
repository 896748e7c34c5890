"""External programs are run here and nowhere else."""

from __future__ import annotations

import contextlib
import ctypes
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

_STDERR_LINES = 200
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_us() -> None:
    """Between fork and exec, on Linux: a program whose step is killed is killed with it.

    It would go on else, beside the program of the step that is tried again.
    """
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ProgramFailed(Exception):
    """A program returned non-zero or outran its limit; carries the end of what it said."""

    def __init__(self, program: str, code: int | None, stderr: str) -> None:
        self.code = code
        self.stderr = stderr
        said = stderr.strip().splitlines()
        why = "outran its time limit" if code is None else f"exited with {code}"
        super().__init__(f"{program} {why}: {' | '.join(said[-4:])}")


def run_program(
    args: Sequence[str],
    *,
    timeout_s: float,
    on_line: Callable[[str], None] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run `args` without a shell; return the last lines of its stderr.

    The child stays in our process group, so that a signal to the group reaches
    it too; it is killed when the limit passes or when we are interrupted. Its
    output is bounded: stdout goes line by line to `on_line`, of stderr the last
    200 lines are kept.

    Raises:
        ProgramFailed: non-zero exit, or more than `timeout_s` seconds.
    """
    process = subprocess.Popen(
        list(args),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        text=True,
        encoding="utf-8",
        errors="replace",
        # One call of a library that is loaded: nothing that a thread may hold a lock of.
        preexec_fn=_end_with_us if _LIBC is not None else None,  # noqa: PLW1509
    )
    assert process.stdout is not None and process.stderr is not None
    kept: deque[str] = deque(maxlen=_STDERR_LINES)
    stderr = process.stderr
    reader = threading.Thread(target=lambda: kept.extend(stderr), daemon=True)
    reader.start()
    deadline = time.monotonic() + timeout_s
    timed_out = False
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    timed_out = True
                    break
                if not selector.select(timeout=min(left, 1.0)):
                    continue
                line = process.stdout.readline()
                if not line:
                    break
                if on_line is not None:
                    on_line(line.rstrip("\n"))
        if not timed_out:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                timed_out = True
    finally:
        if process.poll() is None:
            process.kill()
            with contextlib.suppress(Exception):
                process.wait(timeout=10)
        reader.join(timeout=5)
        process.stdout.close()
        process.stderr.close()
    said = "".join(kept)
    if timed_out:
        raise ProgramFailed(Path(args[0]).name, None, said)
    if process.returncode != 0:
        raise ProgramFailed(Path(args[0]).name, process.returncode, said)
    return said
