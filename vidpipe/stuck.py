"""Work that gets no further: it waits for what never comes, or computes for ever."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from vidpipe.errors import InputRejected, Unavailable

_PROC = Path("/proc")
#: What waiting itself uses of a processor, as a share and in seconds of one look: threads
#: that wake up, and what the system's ticks of 10 ms add.
_IDLE, _IDLE_S = 0.01, 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
#: So often the same place may be come by and count as further: each picture of a second is once.
#: A lecture of an hour came by one 256 times at most (layout: nine readings of the same second),
#: one of 20 minutes with a single keyframe 300 times.
_AGAIN = 10_000
#: What a step may take to clean up after itself before its process is ended.
_GRACE_S = 20.0

Kind = Literal["waits", "computes"]


class _Told:
    """What the work of this process said of itself: how often it got further, and at what it is.

    One of a process, as a process has one run at work: work is deep down where no run is known.
    """

    def __init__(self) -> None:
        self.times = 0
        self.work = self.name = ""
        self.places: Counter[Hashable] = Counter()
        self.allowed_until_s: dict[object, float] = {}

    @property
    def allowed(self) -> bool:
        """Whether something may still be silent."""
        now_s = time.monotonic()
        return any(until_s > now_s for until_s in list(self.allowed_until_s.values()))


_told = _Told()


def begin(work: str, name: str) -> None:
    """Say that other work begins: which (a stage), and on what, as its person knows it."""
    _told.work, _told.name = work, name
    _told.places.clear()
    _told.times += 1


def further(*place: Hashable) -> None:
    """Say that the work in hand is further: less is left of it than before.

    To be called in loops that may take long, by the part of the work that only goes forward.
    What may come by again (a reader that is sent back) says at which `place` it is: at the same
    one too often is no further.
    """
    if place:
        _told.places[place] += 1
        if _told.places[place] > _AGAIN:
            return
    _told.times += 1


@contextmanager
def silent(limit_s: float) -> Iterator[None]:
    """While inside, nothing need be said for so long: what cannot tell how far it is.

    A program or a request that has a limit of its own, a library that computes at one go.
    """
    of_mine = object()
    _told.allowed_until_s[of_mine] = time.monotonic() + limit_s
    try:
        yield
    finally:
        del _told.allowed_until_s[of_mine]
        _told.times += 1


class Standstill:
    """Notices that work gets no further, for so long in a row, in this process and its children.

    What `further` is told of is movement. Work that says nothing and uses no processor waits
    for something that never comes (a lock, a pipe, a server); work that says nothing and uses
    one computes for ever.
    """

    def __init__(self, after_s: float, spent_s: Callable[[], float] | None = None) -> None:
        self.after_s = after_s
        self._spent_s = spent_s or processor_s
        self._still_s = 0.0
        self._used = False
        self._last_s = self._spent_s()
        self._times = _told.times

    def look(self, since_s: float, looking_s: float = 0.0) -> Kind | None:
        """How it has stood still for too long, `since_s` seconds after the last look.

        `looking_s` is what all looks have used of a processor themselves.
        """
        spent_s = self._spent_s() - looking_s
        used = spent_s - self._last_s > max(_IDLE_S, _IDLE * since_s)
        moved = _told.times != self._times or _told.allowed
        self._times, self._last_s = _told.times, spent_s
        self._still_s = 0.0 if moved else self._still_s + since_s
        # What it did in the look in which it last got further is of the time before.
        self._used = not moved and (self._used or used)
        if self._still_s < self.after_s:
            return None
        return "computes" if self._used else "waits"

    def watch(self, end: Callable[[Kind], None]) -> Callable[[], None]:
        """Look from a thread of its own; `end` is called once, at a standstill.

        Returns what ends the looking.
        """
        # A clock that stands still with a machine that sleeps: sleep is no standstill.
        pause_s = self.after_s / 15
        over = threading.Event()

        def look_alive() -> None:
            # A library that does not let go of the interpreter lets nobody look, either: its
            # process is ended from outside of it, with where it was on standard error.
            faulthandler.dump_traceback_later(self.after_s + 2 * _GRACE_S, exit=True, file=2)

        def looking() -> None:
            while not over.wait(pause_s):
                look_alive()
                kind = self.look(pause_s, time.thread_time())
                if kind is not None:
                    end(kind)
                    return

        def stop() -> None:
            over.set()
            faulthandler.cancel_dump_traceback_later()

        look_alive()
        threading.Thread(target=looking, name="standstill", daemon=True).start()
        return stop


class StoodStill(Unavailable):
    """Work waited for so long that nothing will come; from its beginning it may go on."""


#: What ended work comes out with.
Stuck = InputRejected | StoodStill


@contextmanager
def interruptible() -> Iterator[None]:
    """Have interrupts reach the main thread while inside.

    A shell that starts a command in the background has it ignore them, and so does all that the
    command starts: what is interrupted by another thread would go on.
    """
    ignored = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    )
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def watched(after_s: float, last: Callable[[Stuck], None]) -> Iterator[None]:
    """End what the main thread does inside when it gets no further for `after_s` seconds.

    It is interrupted there, as by a person, so that programs it runs are killed and scratch is
    removed. Where that does not help (a library that never comes back), `last` is called from
    another thread after a while: to say why, and to end the process.

    Raises:
        InputRejected: it computed and got no further: so it would the next time.
        StoodStill: it waited for something that did not come.
    """
    reason: list[Stuck] = []
    out = threading.Event()

    def end(kind: Kind) -> None:
        if out.is_set():
            return
        reason.append(no_further(kind, after_s))
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if not out.wait(_GRACE_S):
            last(reason[0])

    over = Standstill(after_s).watch(end)
    try:
        with interruptible():
            yield
    except BaseException:
        # Whoever runs this has words of its own for an interruption.
        if reason:
            raise reason[0] from None
        raise
    finally:
        out.set()
        over()


def no_further(kind: Kind, after_s: float) -> Stuck:
    """The error for the work in hand."""
    minutes = after_s / 60
    work = _told.work or "the work"
    if kind == "waits":
        about = f"{_told.name}: " if _told.name else ""
        return StoodStill(
            f"{about}{work} has stood still for {minutes:.0f} minutes without using a processor: "
            "it waits for something that does not come (a disk, a server, another program)"
        )
    return InputRejected(
        "gets_no_further",
        f"{work} has computed for {minutes:.0f} minutes and got no further. Export the recording "
        "again, and drop that. If the machine is only very slow, raise VIDPIPE_STUCK_AFTER_S",
        name=_told.name,
    )


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
