"""Metrics for Prometheus: for whoever may see everything, as they name every channel."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from vidpipe.accounts.model import Action, Principal
from vidpipe.api.problems import Forbidden
from vidpipe.api.security.dependencies import gate_of, known_of
from vidpipe.observability.metrics import Exporter

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Everything that there is to watch, as Prometheus reads it."""
    if not _has_token(request):
        _check(request, (await known_of(request)).principal)
    exporter: Exporter = request.app.state.exporter
    accept = request.headers.get("accept", "")
    text, media_type = await run_in_threadpool(exporter.write, accept)
    return Response(text, headers={"Content-Type": media_type})


def _has_token(request: Request) -> bool:
    """Whether the token that is set for this is sent; where none is set, none is good."""
    wanted = gate_of(request).settings.service.metrics_token.get_secret_value()
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("utf-8", "surrogatepass")
    return bool(wanted) and kind.lower() == "bearer" and hmac.compare_digest(sent, wanted.encode())


def _check(request: Request, who: Principal) -> None:
    channels = request.app.state.library.engine.channels
    known = [(channel.organisation, name) for name, channel in channels.items()]
    readable = who.channels(Action.READ, known)
    if not who.everything and len(readable) < len(known):
        raise Forbidden("metrics are about every channel, and you may not read each of them")
