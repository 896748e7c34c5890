"""The audit log of what requests change: rows in the transactions of the changes.

What a request changes in the catalog is one transaction, and the rows that tell of it are part of
it: both are there, or neither. What reaches beyond the catalog (a platform, bytes that get a name)
is announced: a row says that it begins, before it does; another one says how it ended.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from vidpipe.accounts.audit import record
from vidpipe.api.asked import Asked
from vidpipe.api.middleware import limits_of
from vidpipe.catalog.units import apart
from vidpipe.errors import Unavailable
from vidpipe.observability import events

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN, _WRAPPED = "_vidpipe_writes_down", "_vidpipe_in_one"

#: The loop itself would forget what nobody waits for.
_AT_WORK: set[asyncio.Task[Response]] = set()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def writes_down(endpoint: Endpoint) -> Endpoint:
    """Mark the function of a route that calls `changing` or `announce` itself.

    What waits for bytes in a loop must: no transaction is open meanwhile.
    """
    setattr(endpoint, _OWN, True)
    return endpoint


@contextmanager
def changing(asked: Asked) -> Iterator[None]:
    """What this thread changes within it is one transaction; `settle` has it stand, with its rows.

    Where that does not come nothing is changed.
    """
    with asked.library.engine.catalog.as_one() as unit:
        asked.writing.unit = unit
        try:
            yield
        finally:
            asked.writing.unit = None


def settle(
    asked: Asked,
    answer: object,
    *,
    where: str | None = None,
    created: bool = False,
    details: dict[str, Any] | None = None,
) -> None:
    """Write down what was changed, and have both stand.

    Args:
        asked: by whom.
        answer: how what was changed is shown: a model, or a response.
        where: it is; none: where the answer says that it was created, or the request's path.
        created: whether there was none before; also where the answer says where it is.
        details: what the rows are to say besides.

    Raises:
        Unavailable: it cannot be written down; then nothing is changed.
    """
    state, catalog = asked.writing, asked.library.engine.catalog
    location = answer.headers.get("location") if isinstance(answer, Response) else None
    rows = _rows(
        asked, where or location or asked.path, _shown(answer), created=created or bool(location)
    )
    if asked.recorded:
        # Those who changed it wrote their own rows, in the same transaction.
        rows = iter(())
        if state.unit is not None and state.unit.changed and not state.unit.audited:
            raise RuntimeError(f"{asked.change} changed something, and no row tells of it")
    _write(asked, rows, details or {})
    if state.unit is not None:
        catalog.commit(state.unit)
    state.settled = True


def announce(asked: Asked) -> None:
    """Write down that something begins that cannot be taken back, before it does.

    What is changed in the catalog from then on are transactions of their own.

    Raises:
        Unavailable: it cannot be written down; then it is not to be begun.
    """
    state = asked.writing
    if state.announced is not None:
        return
    if state.unit is not None:
        if state.unit.begun:
            raise RuntimeError(f"{asked.change} is announced after it changed something")
        state.unit.left = True
    with apart():
        _write(asked, _rows(asked, asked.path, None, created=False), {"begun": True})
    state.announced = asked


def finishing(asked: Asked, path: str | None = None) -> Callable[[], None]:
    """What announces that an upload is finished, as every byte is there, by a request for
    something else: to look at it, or to begin it, which has another path than it."""
    finish = dataclasses.replace(asked, change="upload.finish", path=path or asked.path)
    return functools.partial(announce, finish)


def _write(asked: Asked, rows: Iterator[dict[str, Any]], details: dict[str, Any]) -> None:
    every = [{"details": details, **fields} for fields in rows]
    if not every:
        return
    try:
        with asked.library.engine.catalog.writing() as session:
            for fields in every:
                record(session, asked.actor, asked.change, **fields)
    except (SQLAlchemyError, Unavailable) as error:
        said = {"actor": asked.actor.id, "action": asked.change, "object": every[0]["what"]}
        events.error("audit_write_failed", **said)
        if isinstance(error, Unavailable):
            raise
        raise Unavailable("the audit log cannot be written, so that nothing is changed") from error


def _end(asked: Asked, answer: object | None) -> None:
    """Write down how something ended that was announced: that it was begun is known already."""
    done, where, after = answer is not None, asked.path, _shown(answer)
    try:
        rows = _rows(asked, where, after, created=False)
        _write(asked, ({**fields, "succeeded": done} for fields in rows), {})
    except Unavailable:
        # Told to the log of the service; it is as it is.
        pass
    asked.writing.settled = True


def _in_one(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a route, as one transaction with the rows that tell of it."""

    @functools.wraps(endpoint)
    def obeyed(**given: Any) -> Any:
        asked = next((value for value in given.values() if isinstance(value, Asked)), None)
        if asked is None:
            raise TypeError(f"{endpoint.__name__} changes something, and takes nobody who asks")
        with changing(asked):
            answer = endpoint(**given)
            refused = isinstance(answer, Response) and answer.status_code >= 300
            if not (refused or asked.writing.announced is not None or asked.writing.settled):
                settle(asked, answer)
            return answer

    setattr(obeyed, _WRAPPED, True)
    return obeyed


class AuditedRoute(APIRoute):
    """A route of the library: what it changes and the row that tells of it are one transaction.

    Who, what (`job.cancel`, from the function's name), which object, digests of how it is shown
    before and after, the request. A create that is only answered again changes nothing.

    Whatever is read by GET answers HEAD, too: the same, without its body.

    Raises:
        TypeError: it changes something in the event loop, and does not say that it writes this
            down itself: see `writes_down`.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        changes = bool(set(more.get("methods") or ("GET",)) - _READS)
        if changes and inspect.iscoroutinefunction(endpoint):
            if not getattr(endpoint, _OWN, False):
                raise TypeError(f"{endpoint.__name__} changes something: see writes_down")
        elif changes and not getattr(endpoint, _WRAPPED, False):
            endpoint = _in_one(endpoint)
        super().__init__(path, endpoint, **more)

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
            try:
                response = await handle(request)
            except Exception:
                begun = _announced(request)
                if begun is not None:
                    await run_in_threadpool(_end, begun, None)
                raise
            begun = _announced(request)
            if begun is not None:
                done = response if response.status_code < 300 else None
                await run_in_threadpool(_end, begun, done)
            return response

        async def handled(request: Request) -> Response:
            if request.method in _READS:
                # Whoever looks at an upload may finish it.
                found = await obeyed(request)
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


def _announced(request: Request) -> Asked | None:
    """What was written down to begin in a request, as it was; None: nothing was."""
    asked: Asked | None = request.scope.get("vidpipe.asked")
    return asked.writing.announced if asked is not None else None


def _without_body(found: Response) -> Response:
    """What is said of an answer, without what is in it: a stream is not begun."""
    head = Response(status_code=found.status_code, background=found.background)
    head.raw_headers = found.raw_headers
    return head


def _shown(answer: object) -> dict[str, Any] | None:
    """What an answer says, as whoever asked reads it."""
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json", by_alias=True)
    body = bytes(answer.body) if isinstance(answer, Response) else b""
    said: dict[str, Any] | None = json.loads(body) if body else None
    return said


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
