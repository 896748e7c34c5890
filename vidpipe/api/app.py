"""One application of the pages, the API and what watches them."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route

import vidpipe
from vidpipe.api import reference
from vidpipe.api.middleware import Envelope
from vidpipe.api.problems import answer
from vidpipe.api.routes import (
    channels,
    failures,
    health,
    jobs,
    projects,
    results,
    uploads,
    videos,
)
from vidpipe.errors import VidpipeError
from vidpipe.library import Library
from vidpipe.web import web_app
from vidpipe.web.guard import Guard, known_hosts, policy

PREFIX = "/api/v1"
_ROUTES = (jobs, videos, results, uploads, failures, projects, channels)
_log = logging.getLogger("vidpipe")


def is_loopback(host: str) -> bool:
    """Whether what listens on this address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def service(library: Library, *, host: str = "127.0.0.1") -> Starlette:
    """The application; an ASGI server such as uvicorn runs it.

    Args:
        library: what is served.
        host: the address that it listens on. There is no login: on one that other machines
            reach, the API is left out, and the pages are as they were.
    """
    watched = _app(library, docs=False)
    watched.include_router(health.router)
    routes: list[BaseRoute] = [Route(path, watched) for path in ("/health", "/ready")]
    if is_loopback(host):
        routes.append(Mount(PREFIX, api_app(library)))
    else:
        _log.warning(
            "the API is not served on %s: it has no login, so that it listens on 127.0.0.1 alone",
            host,
        )
    return Starlette(routes=[*routes, Mount("/", web_app(library))])


def api_app(library: Library) -> FastAPI:
    """The API alone."""
    app = _app(library, docs=True)
    for module in _ROUTES:
        app.include_router(module.router)
    app.include_router(health.router)
    app.include_router(reference.router)
    app.openapi = lambda: reference.document(app)  # type: ignore[method-assign]
    return app


def _app(library: Library, *, docs: bool) -> FastAPI:
    kinds = (VidpipeError, RequestValidationError, HTTPException)
    handlers: dict[Any, Any] = dict.fromkeys(kinds, answer)
    app = FastAPI(
        title="vidpipe",
        version=vidpipe.__version__,
        summary="Turns long videos into platform-ready short clips.",
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        exception_handlers=handlers,
        middleware=_middleware(library),
    )
    app.state.library = library
    return app


def _middleware(library: Library) -> list[Middleware]:
    """What every request passes, the outermost first."""
    options, engine = library.engine.settings.service, library.engine
    made = [
        Middleware(
            Envelope,
            max_body_bytes=options.max_body_bytes,
            timeout_s=options.timeout_s,
            origins=options.cors_origins,
        ),
        Middleware(
            Guard, hosts=known_hosts(engine.settings.public_url), content_policy=policy(engine)
        ),
    ]
    if options.cors_origins:
        made.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(options.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=[
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "If-Match",
                    "X-Request-ID",
                ],
                expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID"],
            )
        )
    return made
