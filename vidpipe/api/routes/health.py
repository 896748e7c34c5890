"""Whether the service works, for whoever watches it: no login, and nothing secret."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

import vidpipe
from vidpipe.api.described import errors
from vidpipe.api.models import Health, Readiness, ReadyItem
from vidpipe.errors import VidpipeError
from vidpipe.library import Library

router = APIRouter(tags=["health"])


@router.get(
    "/health",
    summary="Health",
    responses={**errors(), 503: {"model": Health, "description": "The database is away"}},
)
def health(request: Request, response: Response) -> Health:
    """Whether the service runs and reaches its database: 200, or 503."""
    error = None
    try:
        request.app.state.library.check_catalog()
    except VidpipeError:
        response.status_code, error = 503, "Failed to connect to database"
    return Health(
        status="healthy" if error is None else "unhealthy",
        service="vidpipe",
        version=vidpipe.__version__,
        database="connected" if error is None else "disconnected",
        timestamp=datetime.now(UTC),
        error=error,
    )


@router.get(
    "/ready",
    summary="Readiness",
    responses={**errors(), 503: {"model": Readiness, "description": "It cannot serve requests"}},
)
def ready(request: Request, response: Response) -> Readiness:
    """Whether requests can be served: 200, or 503 with the part that is away. The item
    `processing` says who processes what is due; it is not `ok` where something has waited for over
    a minute and nobody does, which is no reason for a 503."""
    library: Library = request.app.state.library
    items = []
    for name, look in (("catalog", library.check_catalog), ("store", library.check_store)):
        try:
            look()
            items.append(ReadyItem(name=name, ok=True, says="reached"))
        except VidpipeError:
            items.append(ReadyItem(name=name, ok=False, says="cannot be reached; the log says why"))
    good = all(item.ok for item in items)
    if good:
        items.append(_processing(library))
    response.status_code = 200 if good else 503
    return Readiness(ready=good, items=tuple(items))


def _processing(library: Library) -> ReadyItem:
    """Whether what is due is taken; where it is not, requests are served all the same."""
    try:
        found = library.processing()
    except VidpipeError:
        return ReadyItem(name="processing", ok=False, says="not known; the log says why")
    return ReadyItem(name="processing", ok=found.ok, says=found.says)
