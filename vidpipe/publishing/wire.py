"""Requests made over the network: the only place that secrets pass through."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pydantic import SecretStr

from vidpipe.extras import from_extra
from vidpipe.outbound import AddressRefused
from vidpipe.publishing.calls import Arrival, Auth, PlatformCall, PostFiles, Reply
from vidpipe.webhooks.signing import headers as signed_headers

if TYPE_CHECKING:
    import httpx

#: Bytes of an answer that are read; a longer one is no answer of an API.
LONGEST_ANSWER = 4 * 2**20
#: Bytes of a file that are held at once.
_PIECE = 2**20


async def perform(
    client: httpx.AsyncClient, call: PlatformCall, secret: SecretStr | None, files: PostFiles
) -> Reply:
    """Make one request. No redirect is followed: it would take the secret elsewhere.

    Args:
        client: guarded, see `vidpipe.outbound`.
        call: as a platform planned it.
        secret: the account's access token, or the secret that a webhook is signed with.
        files: of the post.

    Raises:
        InputRejected: a file of the post is not what it was.
        Unavailable: a file of the post cannot be read now.
    """
    with from_extra("service"):
        import httpx
    request = client.build_request(
        call.method,
        call.url,
        headers=_headers(call, secret),
        content=_content(call, files) if call.body else None,
        timeout=call.timeout_s,
    )
    try:
        answer = await client.send(request, stream=True, follow_redirects=False)
        try:
            return await _read(answer)
        finally:
            await answer.aclose()
    except AddressRefused as refused:
        return Reply(Arrival.NOT_SENT, why=f"address_{refused.reason}")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        return Reply(Arrival.NOT_SENT, why="no_connection")
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        return Reply(Arrival.NOT_SENT, why="address_url")
    except httpx.TimeoutException:
        return Reply(Arrival.UNANSWERED, why="timeout")
    except httpx.HTTPError:
        return Reply(Arrival.UNANSWERED, why="no_answer")


async def _read(answer: httpx.Response) -> Reply:
    import httpx

    body = bytearray()
    try:
        async for piece in answer.aiter_bytes(_PIECE):
            body += piece
            if len(body) > LONGEST_ANSWER:
                return Reply(Arrival.UNANSWERED, answer.status_code, why="too_long")
    except httpx.HTTPError:
        return Reply(Arrival.UNANSWERED, answer.status_code, why="cut_off")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(Arrival.ANSWERED, answer.status_code, headers, bytes(body))


def _headers(call: PlatformCall, secret: SecretStr | None) -> dict[str, str]:
    made = {"Accept-Encoding": "identity", **dict(call.headers)}
    if call.body or call.method in ("POST", "PUT"):
        made["Content-Length"] = str(call.size)
    if call.auth is Auth.NONE:
        return made
    if secret is None:
        raise ValueError(f"{call.name}: a secret is needed")
    if call.auth is Auth.SIGNED:
        body = b"".join(piece for piece in call.body if isinstance(piece, bytes))
        key = made.pop("webhook-id")
        return {**made, **signed_headers([secret.get_secret_value()], key, int(time.time()), body)}
    scheme = "OAuth" if call.auth is Auth.OAUTH else "Bearer"
    return {**made, "Authorization": f"{scheme} {secret.get_secret_value()}"}


async def _content(call: PlatformCall, files: PostFiles) -> AsyncIterator[bytes]:
    for piece in call.body:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece.start, piece.end, _PIECE):
            end = min(start + _PIECE, piece.end)
            yield await asyncio.to_thread(files.read, piece.file, start, end)


def as_reply(status: int, value: object) -> Reply:
    """An answer of something that is not reached over the network."""
    headers = {"content-type": "application/json"}
    return Reply(Arrival.ANSWERED, status, headers, json.dumps(value).encode())
