"""Bodies of requests that are too long for memory: taken in portions, given up when silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request

from vidpipe.api.problems import ApiError

#: Bytes that are handed on at once: few enough for memory, many enough for the disk.
_PORTION = 1 << 20


class ClientGone(Exception):
    """Whoever sent the request broke off, or has said nothing for too long.

    Args:
        silent: whether they are still there, as far as we know.
    """

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        super().__init__("the request was broken off")


async def portions(request: Request, idle_s: float) -> AsyncIterator[bytes]:
    """The body in portions of about a mebibyte.

    Args:
        request: whose.
        idle_s: seconds without a byte after which it is given up.

    Raises:
        ClientGone: after the last portion that came.
    """
    held = bytearray()
    while True:
        try:
            message = await asyncio.wait_for(request.receive(), idle_s)
        except TimeoutError:
            if held:
                yield bytes(held)
            raise ClientGone(silent=True) from None
        if message["type"] == "http.disconnect":
            if held:
                yield bytes(held)
            raise ClientGone(silent=False)
        held += message.get("body", b"")
        more = message.get("more_body", False)
        if held and (len(held) >= _PORTION or not more):
            yield bytes(held)
            held.clear()
        if not more:
            return


def broken_off() -> ApiError:
    """The answer to a request that fell silent."""
    return ApiError(
        408,
        "silent",
        "nothing came for too long, and the request was ended",
        headers={"Connection": "close"},
    )
