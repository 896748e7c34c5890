"""A machine that slept: nobody sent a heartbeat meanwhile, and nobody is gone for it."""

from __future__ import annotations

import threading
import time

from vidpipe.catalog.following import HEARTBEAT_S

#: Seconds after waking for which nobody is taken for gone: time for every heartbeat to come, also
#: that of an orchestrator's next tick.
GRACE_S = 4 * HEARTBEAT_S


class Wakefulness:
    """Whether this machine has been awake for long enough to tell who is gone.

    It is known from looking again and again: of what was before the first look it knows nothing.
    Safe to be asked by several threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wall_s, self._clock_s = time.time(), time.monotonic()
        self._until_s = self._slept_s = 0.0

    def slept_s(self) -> float:
        """Seconds that it slept, for a while after it woke; 0: it has long been awake."""
        with self._lock:
            wall_s, clock_s = time.time(), time.monotonic()
            if clock_s >= self._until_s:
                self._slept_s = 0.0
            # A clock that stands still with the machine, beside one that does not.
            lag_s = (wall_s - self._wall_s) - (clock_s - self._clock_s)
            if lag_s > HEARTBEAT_S:
                self._until_s = clock_s + GRACE_S
                self._slept_s += lag_s
            self._wall_s, self._clock_s = wall_s, clock_s
            return self._slept_s


_machine = Wakefulness()


def slept_s() -> float:
    """Seconds that this machine slept, for a while after it woke; 0: it has long been awake."""
    return _machine.slept_s()
