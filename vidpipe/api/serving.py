"""The server of the service: one that ends although streams are open."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from vidpipe.api.event_feed import EventFeed


class Server(uvicorn.Server):
    """Ends streams of events before it waits for open connections, which would wait for ever.

    Args:
        config: of the server.
        feed: of the application that it serves.
        ready: called as soon as it answers.
    """

    def __init__(
        self, config: uvicorn.Config, feed: EventFeed, ready: Callable[[], None] | None = None
    ) -> None:
        super().__init__(config)
        self._feed = feed
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None and self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feed.end_all()
        await super().shutdown(sockets)

    def serve_until_told(self) -> bool:
        """Serve until a signal; whether it began to."""
        # It has ended in order, and says then what ended it.
        with suppress(KeyboardInterrupt):
            self.run()
        return self.started
