"""The audit log of what requests change: one row for each that was obeyed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from vidpipe.accounts.audit import record
from vidpipe.api.asked import Asked
from vidpipe.api.middleware import limits_of
from vidpipe.api.security.dependencies import gate_of
from vidpipe.observability import events

_READS = frozenset({"GET", "HEAD", "OPTIONS"})

#: The loop itself would forget what nobody waits for.
_AT_WORK: set[asyncio.Task[Response]] = set()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class AuditedRoute(APIRoute):
    """A route of the library: what it changes is written down before the answer is sent.

    Who, what (`job.cancel`, from the function's name), which object, digests of how it is shown
    before and after, the request. A create that is only answered again changes nothing.

    Whatever is read by GET answers HEAD, too: the same, without its body.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is one for this route."""
        if scope["type"] == "http" and self._is_head(scope):
            return super().matches({**scope, "method": "GET"})
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is one for this route."""
        if self._is_head(scope):
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def _is_head(self, scope: Scope) -> bool:
        methods = self.methods or ()
        return scope["method"] == "HEAD" and "GET" in methods and "HEAD" not in methods

    def get_route_handler(self) -> Handler:
        """The handler of the route, and the row that follows it."""
        handle = super().get_route_handler()

        async def obeyed(request: Request) -> Response:
            response = await handle(request)
            asked: Asked | None = request.scope.get("vidpipe.asked")
            done = response.status_code < 300 and "idempotency-replayed" not in response.headers
            if asked is not None and done and not asked.recorded:
                await self._write(request, asked, response)
            return response

        async def handled(request: Request) -> Response:
            if request.method in _READS:
                found = await handle(request)
                if request.method == "HEAD" and self._is_head(request.scope):
                    return _without_body(found)
                if isinstance(found, StreamingResponse):
                    # It is sent for as long as its reader takes it; who takes nothing is cut off.
                    limits_of(request.scope).lift()
                return found
            # Whoever is told that it took too long: what was begun is done, and written down.
            work = asyncio.create_task(obeyed(request))
            _AT_WORK.add(work)
            work.add_done_callback(_AT_WORK.discard)
            return await asyncio.shield(work)

        return handled

    async def _write(self, request: Request, asked: Asked, response: Response) -> None:
        created = response.headers.get("location")
        what = created if created is not None else request.scope["path"]
        after = json.loads(bytes(response.body)) if response.body else None
        audit = gate_of(request).accounts.audit
        for fields in _rows(asked, what, after, created=created is not None):
            try:
                await audit.write(asked.actor, asked.change, **fields)
            except Exception:
                # It is done, and cannot be taken back: the log of the service has what it can.
                events.error(
                    "audit_write_failed",
                    actor=asked.actor.id,
                    action=asked.change,
                    object=fields["what"],
                )
                raise


def _without_body(found: Response) -> Response:
    """What is said of an answer, without what is in it: a stream is not begun."""
    head = Response(status_code=found.status_code, background=found.background)
    head.raw_headers = found.raw_headers
    return head


def record_created(session: Session, asked: Asked, location: str, after: dict[str, Any]) -> None:
    """Write down what a request created, in the transaction that keeps its answer.

    Args:
        session: of that transaction.
        asked: by whom.
        location: of what was created.
        after: how it is shown.
    """
    for fields in _rows(asked, location, after, created=True):
        record(session, asked.actor, asked.change, **fields)
    asked.recorded.append(asked.change)


def _rows(
    asked: Asked, where: str, after: dict[str, Any] | None, *, created: bool
) -> Iterator[dict[str, Any]]:
    """What each row says: one for each organisation that it is about."""
    _, _, what = where.rpartition("/api/v1/")
    before = asked.before[0].model_dump(mode="json") if asked.before and not created else None
    for organisation in asked.organisations or (None,):
        yield {
            "what": what.lstrip("/"),
            "organisation": organisation,
            "before": before,
            "after": after,
        }
