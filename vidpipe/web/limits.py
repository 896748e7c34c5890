"""Slow clients and many: what a connection may take, so that others are served."""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import suppress

from uvicorn.protocols.http.h11_impl import H11Protocol

#: How long a connection may be open without a whole request, at its beginning and between
#: two of them, in seconds. nginx's default for headers is 60, Apache's 20 and then a rate.
REQUEST_S = 10.0
#: How long a reader may leave what was sent to it lying, in seconds; nginx: send_timeout 60.
STALLED_S = 60.0
#: Connections at once, of which many may be streams of events; fewer where the process may open
#: fewer files.
MOST = 2048
_LOOK_S = 1.0


def most_connections() -> int:
    """As many as leave half of the files that may be open to everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(1, min(MOST, soft // 2))


def allow_more_files() -> None:
    """Let the process open as many files as that many connections need, if the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST if hard == resource.RLIM_INFINITY else min(2 * MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    BoundedProtocol.most = most_connections()


class BoundedProtocol(H11Protocol):
    """HTTP that gives up on who says or takes nothing, longest silent first."""

    most = most_connections()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._silent_since = self._stalled_since = time.monotonic()
        self._stalled = False
        self._watch: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if len(self.connections) > self.most:
            others = [c for c in self.connections if isinstance(c, BoundedProtocol) and c.silent]
            others.remove(self)
            who = min(others, key=lambda c: c._silent_since, default=self)
            # At once: its end is told in a later turn of the loop, and others come in this one.
            self.connections.discard(who)
            who.transport.abort()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    @property
    def silent(self) -> bool:
        """Whether it waits for a request."""
        return self.cycle is None or self.cycle.response_complete

    def on_response_complete(self) -> None:
        self._silent_since = time.monotonic()
        super().on_response_complete()
        self._look_soon()

    def pause_writing(self) -> None:
        self._stalled, self._stalled_since = True, time.monotonic()
        super().pause_writing()
        self._look_soon()

    def resume_writing(self) -> None:
        self._stalled = False
        super().resume_writing()

    def _look(self) -> None:
        now = time.monotonic()
        if (self.silent and now - self._silent_since > REQUEST_S) or (
            self._stalled and now - self._stalled_since > STALLED_S
        ):
            self.transport.abort()
            return
        if self.silent or self._stalled:
            self._watch = self.loop.call_later(_LOOK_S, self._look)
        else:
            # One that is answered, for hours perhaps: it is looked at again when that changes.
            self._watch = None

    def _look_soon(self) -> None:
        if self._watch is None and not self.transport.is_closing():
            self._watch = self.loop.call_later(_LOOK_S, self._look)
