"""The page of what goes on, and the script that keeps it up to date."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from vidpipe.library import Library
from vidpipe.library.telling import places
from vidpipe.web.guard import policy
from vidpipe.web.rendering import page as rendered
from vidpipe.web.viewer import viewer_of

_SCRIPT = Path(__file__).parent / "static" / "status.js"


def status_routes(library: Library) -> list[Route]:
    """`/status`, for whoever sees pages: what is of their channels; machines where they see all."""
    engine = library.engine
    # This page alone has a script, a file of ours, which asks this server alone.
    live = f"{policy(engine)}; script-src 'self'; connect-src 'self'"
    runbook = places(engine.settings).runbook

    async def status(request: Request) -> Response:
        channels = viewer_of(request.scope).channels
        view = await run_in_threadpool(library.overview.read, channels)
        answer = rendered(request, "status.html", now=view, runbook=runbook)
        answer.headers["Content-Security-Policy"] = live
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def script(_: Request) -> Response:
        kept = {"Cache-Control": "no-cache"}
        return FileResponse(_SCRIPT, media_type="text/javascript", headers=kept)

    return [Route("/status", status), Route("/static/status.js", script)]
