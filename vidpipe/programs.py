"""External programs are run here and nowhere else."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import selectors
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.observability import events
from vidpipe.observability.spans import span
from vidpipe.stuck import silent

_STDERR_LINES = 200
#: How every program says it, in the language that it is run in.
_FULL = os.strerror(errno.ENOSPC)


@functools.cache
def _ending_with_us() -> tuple[str, ...]:
    """What goes before a command so that it is killed with its step, where that can be had.

    It would go on else, beside the program of the step that is tried again. Not by code of
    ours between fork and exec: that waits for ever on a lock that another thread holds.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", "KILL", "--")
    tried = subprocess.run([*prefix, "true"], check=False, capture_output=True)
    return prefix if tried.returncode == 0 else ()


def _allowed(memory_bytes: int | None) -> int | None:
    """No more than what this process may have itself, which no child of it can raise."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if memory_bytes is None or hard == resource.RLIM_INFINITY:
        return memory_bytes
    return min(memory_bytes, hard)


@functools.cache
def _bounding() -> str | None:
    """The program that bounds another one's memory, where that can be had."""
    return shutil.which("prlimit")


@contextlib.contextmanager
def memory_bound(more_bytes: int) -> Iterator[None]:
    """While inside, this process gets no more address space than it has and so much more.

    What needs more gets an error of its own (`MemoryError`, libav's `ENOMEM`) and the process
    lives on. Where the system does not tell how much it has, nothing is bounded.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError, ValueError):
        yield
        return
    limit = pages * resource.getpagesize() + more_bytes
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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
    environment: Mapping[str, str] | None = None,
    memory_bytes: int | None = None,
) -> str:
    """Run `args` without a shell; return the last lines of its stderr.

    The child stays in our process group, so that a signal to the group reaches
    it too; it is killed when the limit passes or when we are interrupted. Its
    output is bounded: stdout goes line by line to `on_line`, of stderr the last
    200 lines are kept. `environment` is added to ours. With `memory_bytes` it gets no more
    address space than that, where the system has `prlimit`.

    Raises:
        ProgramFailed: non-zero exit, or more than `timeout_s` seconds.
        Unavailable: it had no room on a disk.
    """
    program, began = Path(args[0]).name, time.monotonic()
    # What it was called with is not said: names of files, and texts that are drawn.
    with span(f"program {program.partition('-')[0]}", process__executable__name=program) as traced:
        code: int | None = None
        try:
            code, said = _run(
                args,
                timeout_s=timeout_s,
                on_line=on_line,
                cwd=cwd,
                environment=environment,
                memory_bytes=memory_bytes,
            )
        finally:
            wall_s = round(time.monotonic() - began, 3)
            traced.set(process__exit__code=code, vidpipe__wall_s=wall_s)
            events.debug("program_run_done", program=program, exit_code=code, wall_s=wall_s)
        if code == 0:
            return said
        if code is not None and _FULL in said:
            raise Unavailable(
                f"{program}: {_FULL}. Make room, and run it again: what is finished is kept and "
                "found again"
            )
        raise ProgramFailed(program, code, said)


def _run(
    args: Sequence[str],
    *,
    timeout_s: float,
    on_line: Callable[[str], None] | None,
    cwd: Path | None,
    environment: Mapping[str, str] | None,
    memory_bytes: int | None,
) -> tuple[int | None, str]:
    """What it exited with, None where it outran its limit; and what it said last on stderr."""
    prlimit = _bounding() if memory_bytes is not None else None
    bounded = [prlimit, f"--as={_allowed(memory_bytes)}", "--"] if prlimit is not None else []
    process = subprocess.Popen(
        [*_ending_with_us(), *bounded, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, **environment} if environment else None,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None and process.stderr is not None
    kept: deque[str] = deque(maxlen=_STDERR_LINES)
    stderr = process.stderr
    reader = threading.Thread(target=lambda: kept.extend(stderr), daemon=True)
    reader.start()
    deadline = time.monotonic() + timeout_s
    timed_out = False
    # What tells us nothing has its limit; what does is held to what it tells.
    told_nothing = silent(timeout_s) if on_line is None else contextlib.nullcontext()
    try:
        with told_nothing, selectors.DefaultSelector() as selector:
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
    return (None if timed_out else process.returncode), said
