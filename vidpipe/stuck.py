"""Work that stands still: neither told to be further nor using a processor."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_PROC = Path("/proc")
#: What waiting itself uses of a processor, as a share and in seconds of one look: threads
#: that wake up, and what the system's ticks of 10 ms add.
_IDLE, _IDLE_S = 0.01, 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


class Standstill:
    """Notices that nothing moves, for so long in a row, in this process and its children.

    A process that computes is at work, however long it says nothing: only what waits for
    something that never comes (a lock, a pipe, a server) uses no processor.
    """

    def __init__(self, after_s: float, spent_s: Callable[[], float] | None = None) -> None:
        self.after_s = after_s
        self._spent_s = spent_s or processor_s
        self._told = threading.Event()
        self._still_s = 0.0
        self._last_s = self._spent_s()

    def moved(self) -> None:
        """Somebody said that work is further."""
        self._told.set()

    def look(self, since_s: float, looking_s: float = 0.0) -> bool:
        """Whether it has stood still for too long, `since_s` seconds after the last look.

        `looking_s` is what all looks have used of a processor themselves.
        """
        spent_s = self._spent_s() - looking_s
        moved = self._told.is_set() or spent_s - self._last_s > max(_IDLE_S, _IDLE * since_s)
        self._told.clear()
        self._last_s = spent_s
        self._still_s = 0.0 if moved else self._still_s + since_s
        return self._still_s >= self.after_s

    def watch(self, end: Callable[[], None]) -> None:
        """Look from a thread of its own; `end` is called once, at a standstill."""
        # A clock that stands still with a machine that sleeps: sleep is no standstill.
        pause_s = self.after_s / 15

        def looking() -> None:
            while True:
                time.sleep(pause_s)
                if self.look(pause_s, time.thread_time()):
                    end()
                    return

        threading.Thread(target=looking, name="standstill", daemon=True).start()


def processor_s() -> float:
    """Seconds of processors that this process and its living descendants have used.

    Of what a child has used nothing is lost when it ends: the system adds it to its parent's.
    """
    own = os.times()
    spent = own.user + own.system + own.children_user + own.children_system
    parents: dict[int, list[tuple[int, float]]] = {}
    for parent, pid, used in _processes():
        parents.setdefault(parent, []).append((pid, used))
    waiting = [os.getpid()]
    while waiting:
        for pid, used in parents.pop(waiting.pop(), ()):
            spent += used
            waiting.append(pid)
    return spent


def _processes() -> Iterable[tuple[int, int, float]]:
    """(parent, process, seconds) of all; none where the system has no /proc."""
    for path in _PROC.glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; what counts stands after it.
            fields = (path / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        times = [int(fields[k]) for k in (11, 12, 13, 14)]
        yield int(fields[1]), int(path.name), sum(times) / _TICKS
