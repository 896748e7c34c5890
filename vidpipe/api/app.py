"""One application of the pages, the API and what watches them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

import vidpipe
from vidpipe.api import reference
from vidpipe.api.account_pages import ACCOUNT_PATHS, account_pages
from vidpipe.api.event_feed import EventFeed
from vidpipe.api.middleware import Envelope
from vidpipe.api.oauth_pages import OAUTH_PATHS, oauth_pages
from vidpipe.api.problems import answer
from vidpipe.api.review_pages import REVIEW_PATHS, review_pages
from vidpipe.api.routes import (
    analytics,
    assets,
    audit,
    auth,
    calendar,
    channels,
    costs,
    edits,
    events,
    failures,
    gates,
    health,
    jobs,
    keys,
    metrics,
    oidc,
    outputs,
    player,
    post_figures,
    projects,
    results,
    reviews,
    search,
    slack,
    social_accounts,
    social_posts,
    texts,
    tus,
    uploads,
    users,
    videos,
    webhooks,
)
from vidpipe.api.security.gate import Gate, gate
from vidpipe.api.security.pages import PagesGate
from vidpipe.errors import VidpipeError
from vidpipe.library import Library
from vidpipe.library.chores import chores, processing
from vidpipe.observability.metrics import Exporter
from vidpipe.observability.metrics.requests import RequestMetrics
from vidpipe.web import web_app
from vidpipe.web.guard import Guard, known_hosts, policy
from vidpipe.worker import Worker

PREFIX = "/api/v1"
_ROUTES = (
    jobs,
    videos,
    results,
    outputs,
    texts,
    edits,
    player,
    search,
    analytics,
    post_figures,
    costs,
    uploads,
    tus,
    assets,
    events,
    failures,
    gates,
    reviews,
    slack,
    calendar,
    projects,
    channels,
    webhooks,
    social_accounts,
    social_posts,
    auth,
    oidc,
    users,
    keys,
    audit,
)


@dataclass(frozen=True)
class Extension:
    """Something that answers beside the pages and the API, behind the same limits.

    Attributes:
        path: where.
        make: gives what answers, and what runs as long as the service does.
    """

    path: str
    make: Callable[[Library, Gate], tuple[ASGIApp, AbstractAsyncContextManager[None]]]


def service(
    library: Library,
    *,
    host: str = "127.0.0.1",
    extensions: Sequence[Extension] = (),
    process: bool | None = None,
) -> Starlette:
    """The application; an ASGI server such as uvicorn runs it.

    Args:
        library: what is served.
        host: the address that it listens on; on one that other machines reach a login is asked for.
        extensions: what else answers.
        process: whether it processes what is due; None: as VIDPIPE_SERVICE__PROCESS says.
    """
    door = gate(library.engine.settings, host)
    watched = _app(library, door, docs=False)
    watched.include_router(health.router)
    watched.include_router(metrics.router)
    databases = {"accounts": door.accounts.sessions.engine.sync_engine}
    exporter = Exporter(library.engine, databases, vidpipe.__version__)
    watched.state.exporter = exporter
    routes: list[BaseRoute] = [Route(path, watched) for path in ("/health", "/ready", "/metrics")]
    answering = api_app(library, door)
    api = Mount(PREFIX, answering)
    # A line feed in an address is none of the pages' either.
    api.path_regex = re.compile(api.path_regex.pattern, re.DOTALL)
    routes.append(api)
    running = []
    for extension in extensions:
        app, while_served = extension.make(library, door)
        for middleware in reversed(_middleware(library)):
            app = middleware.cls(app, *middleware.args, **middleware.kwargs)
        routes.append(Route(extension.path, app))
        running.append(while_served)
    settings = library.engine.settings
    guard = Middleware(
        Guard, hosts=known_hosts(settings.public_url), content_policy=policy(library.engine)
    )
    accounts = account_pages(door, guard)
    routes += [Route(path, accounts) for path in ACCOUNT_PATHS]
    reviewed = review_pages(library, door, guard)
    routes += [Route(path, reviewed) for path in REVIEW_PATHS]
    returned = oauth_pages(library, door, guard)
    routes += [Route(path, returned) for path in OAUTH_PATHS]
    pages = PagesGate(web_app(library), door, library, guard)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if library.engine.settings.service.chores:
            found = chores(library, process)
        else:
            found = processing(library, process)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(Worker(found).beside())
            for while_served in running:
                await stack.enter_async_context(while_served)
            yield
        await door.accounts.close()

    served = Starlette(
        routes=[*routes, Mount("/", pages)],
        lifespan=lifespan,
        middleware=[Middleware(RequestMetrics, registry=exporter.registry)],
    )
    served.state.exporter = exporter
    served.state.feed = answering.state.feed
    return served


def api_app(library: Library, door: Gate | None = None) -> FastAPI:
    """The API alone; with no gate that of a server on this machine."""
    door = door or gate(library.engine.settings, "127.0.0.1")
    app = _app(library, door, docs=True)
    for module in _ROUTES:
        app.include_router(module.router)
    app.include_router(health.router)
    app.include_router(reference.router)
    app.openapi = lambda: reference.document(app)  # type: ignore[method-assign]
    return app


def _app(library: Library, door: Gate, *, docs: bool) -> FastAPI:
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
        # What generated clients call it: the name of the function, which no two routes share.
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=handlers,
        middleware=_middleware(library),
    )
    app.state.library = library
    app.state.gate = door
    # One reader of what happens for all streams, and what was found of who has them open.
    app.state.feed = EventFeed(library)
    app.state.rights = {}
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
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=[
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "If-Match",
                    "X-CSRF-Token",
                    "X-Request-ID",
                    *tus.REQUEST_HEADERS,
                ],
                expose_headers=[
                    "ETag",
                    "Location",
                    "Retry-After",
                    "X-Request-ID",
                    *tus.ANSWER_HEADERS,
                ],
            )
        )
    return made
