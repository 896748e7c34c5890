"""The audit log of what requests change: one row for each that was obeyed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from vidpipe.api.asked import Asked
from vidpipe.api.security.dependencies import actor_of, gate_of

_READS = frozenset({"GET", "HEAD", "OPTIONS"})

#: The loop itself would forget what nobody waits for.
_AT_WORK: set[asyncio.Task[Response]] = set()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class AuditedRoute(APIRoute):
    """A route of the library: what it changes is written down before the answer is sent.

    Who, what (`job.cancel`, from the function's name), which object, digests of how it is shown
    before and after, the request. A create that is only answered again changes nothing.
    """

    def get_route_handler(self) -> Handler:
        """The handler of the route, and the row that follows it."""
        handle = super().get_route_handler()

        async def obeyed(request: Request) -> Response:
            response = await handle(request)
            asked: Asked | None = request.scope.get("vidpipe.asked")
            done = response.status_code < 300 and "idempotency-replayed" not in response.headers
            if asked is not None and done:
                await self._write(request, asked, response)
            return response

        async def handled(request: Request) -> Response:
            if request.method in _READS:
                return await handle(request)
            # Whoever is told that it took too long: what was begun is done, and written down.
            work = asyncio.create_task(obeyed(request))
            _AT_WORK.add(work)
            work.add_done_callback(_AT_WORK.discard)
            return await asyncio.shield(work)

        return handled

    async def _write(self, request: Request, asked: Asked, response: Response) -> None:
        verb, _, noun = self.name.partition("_")
        created = response.headers.get("location")
        where = created if created is not None else request.scope["path"]
        _, _, what = where.rpartition("/api/v1/")
        after = json.loads(bytes(response.body)) if response.body else None
        before = asked.before[0].model_dump(mode="json") if asked.before else None
        for organisation in asked.organisations or (None,):
            await gate_of(request).accounts.audit.write(
                actor_of(request, asked.principal.id),
                f"{noun}.{verb}",
                what.lstrip("/"),
                organisation=organisation,
                before=None if created is not None else before,
                after=after,
            )
