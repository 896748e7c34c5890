"""One request to an endpoint, and what its answer means."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from vidpipe.outbound import AddressRefused
from vidpipe.untrusted import cleaned

if TYPE_CHECKING:
    import httpx

#: Bytes of an answer that are kept.
KEPT_BYTES = 1024
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """How a request ended.

    Attributes:
        status: of the answer; None: there was none.
        error: short and stable where there was none: `timeout`, `no_connection`, `no_answer`, or
            `address_…`: the address is refused, by the reason that `AddressRefused` has.
        answer: how its text begins, 1 KiB at most, without control characters.
        duration_ms: from the beginning of the request to its end.
        retry_after_s: how long the endpoint asked to be left alone; None: it said nothing.
    """

    status: int | None
    error: str | None
    answer: str
    duration_ms: int
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300


async def send(
    client: httpx.AsyncClient,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    allow_http: bool,
) -> Outcome:
    """Send a request. No redirect is followed: where it leads was never subscribed.

    Args:
        client: guarded, see `vidpipe.outbound`.
        url: of the endpoint.
        body: what is sent.
        headers: with its signature.
        timeout_s: for all of it, the answer's text as well.
        allow_http: whether it may go out without TLS.
    """
    import httpx

    began = time.monotonic()

    def ended(status: int | None, error: str | None, answer: bytes = b"", **more: float) -> Outcome:
        text = cleaned(answer.decode("utf-8", "replace"))
        return Outcome(status, error, text, round(1000 * (time.monotonic() - began)), **more)

    if not allow_http and not url.lower().startswith("https://"):
        return ended(None, "address_scheme")
    status, text, waits = None, b"", None
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("POST", url, content=body, headers=dict(headers)) as answer,
        ):
            status, waits = answer.status_code, retry_after_s(answer.headers.get("retry-after"))
            # As it comes: nobody unpacks what a stranger packed.
            if answer.headers.get("content-encoding", "identity") == "identity":
                async for piece in answer.aiter_raw():
                    text += piece[: KEPT_BYTES - len(text)]
                    if len(text) >= KEPT_BYTES:
                        break
    except AddressRefused as refused:
        return ended(None, f"address_{refused.reason}"[:64])
    except (TimeoutError, httpx.HTTPError) as error:
        # An answer that was begun says what became of the request, whatever its text does.
        if status is None:
            return ended(None, _named(error))
    if waits is None:
        return ended(status, None, text)
    return ended(status, None, text, retry_after_s=waits)


def _named(error: Exception) -> str:
    import httpx

    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "timeout"
    return "no_connection" if isinstance(error, httpx.ConnectError) else "no_answer"


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a `Retry-After` header, a number of them or a date; None: it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
