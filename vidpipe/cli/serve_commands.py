"""vidpipe serve and vidpipe studio: the pages, the API, and processing beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, observe, say_dry

if TYPE_CHECKING:
    from vidpipe.library import Library

_PORT = 3001
ProcessOption = Annotated[
    bool | None,
    typer.Option(
        "--process/--no-process",
        help="whether to process what is due, without Dagster; default: VIDPIPE_SERVICE__PROCESS",
        show_default=False,
    ),
]


@app.command()
def studio(
    port: Annotated[int, typer.Option(min=1, max=65535)] = _PORT,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="whether to open the studio in a browser")
    ] = True,
) -> None:
    """Open the studio and process what is dropped there: all that one person needs."""
    host = "127.0.0.1"

    def opened() -> None:
        address = f"http://{host}:{port}/studio/"
        err.print(f"vidpipe: the studio is at {address}; Ctrl-C ends it")
        if browser:
            import webbrowser

            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(address)

    raise typer.Exit(guard(lambda: _serve(host, port, process=True, ready=opened)))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="0.0.0.0: from other machines too")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = _PORT,
    process: ProcessOption = None,
) -> None:
    """Serve clips to browsers, the links of the Dagster UI, the studio and the API."""
    raise typer.Exit(guard(lambda: _serve(host, port, process=process)))


def _serve(
    host: str, port: int, *, process: bool | None, ready: Callable[[], None] | None = None
) -> int:
    import asyncio

    from vidpipe.extras import from_extra

    with from_extra("service"):
        import uvicorn

        from vidpipe.api.app import service
        from vidpipe.api.security.gate import check_login, is_loopback
        from vidpipe.api.serving import Server
        from vidpipe.mcp import http as tools
        from vidpipe.web.limits import BoundedProtocol, allow_more_files

    served = library()
    observe(served.engine.settings, serves=True)
    served.totals()
    asyncio.run(check_login(served.engine.settings, host))
    extensions = [tools.extension()] if tools.installed() else []
    _announce(served, host, port, needs_login=not is_loopback(host), tools=bool(extensions))
    say_who_processes(served, process=process)
    allow_more_files()
    app = service(served, host=host, extensions=extensions, process=process)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        # Its loggers' records come out in the form of ours, and requests are logged by ours.
        log_config=None,
        access_log=False,
        log_level="warning",
        http=BoundedProtocol,
        server_header=False,
        # Whose word on addresses counts is VIDPIPE_ACCOUNTS__TRUSTED_PROXIES.
        proxy_headers=False,
        # What clients say over a WebSocket is nothing that is listened to.
        ws_max_size=65536,
    )
    return 0 if Server(config, app.state.feed, ready).serve_until_told() else 3


def say_who_processes(served: Library, *, process: bool | None) -> None:
    """Whether what is dropped here is processed, and by whom."""
    from vidpipe.library.coordination import takers
    from vidpipe.observability import events, logs

    settings = served.engine.settings
    on = settings.service.process if process is None else process
    found = takers(served.engine)
    if logs.is_json(settings.log):
        by = "daemon" if found.daemon else "service" if on or found.processor else "nobody"
        events.info("processing_start_done", by=by, videos_at_once=settings.service.videos_at_once)
        return
    if found.daemon:
        err.print("vidpipe: a Dagster daemon processes what is dropped here")
        if on:
            silent = settings.notify.silent_after_s
            err.print(
                f"vidpipe: this processes nothing until that was silent for {silent:.0f} s",
                style="yellow",
            )
    elif on:
        many = settings.service.videos_at_once
        err.print(f"vidpipe: what is dropped here is processed, {many} at once")
    elif found.processor:
        err.print("vidpipe: another service processes what is dropped here")
    else:
        err.print(
            "vidpipe: nothing processes what is dropped here: start this as `vidpipe studio`, or "
            "with --process, or start a Dagster daemon",
            style="yellow",
        )


def _announce(served: Library, host: str, port: int, *, needs_login: bool, tools: bool) -> None:
    """Where what is served is, and who may see it: in words, or in the log where that is JSON."""
    from vidpipe.observability import events, logs

    settings = served.engine.settings
    anonymous = settings.accounts.anonymous_read
    if logs.is_json(settings.log):
        may_look = "local" if not needs_login else "everybody" if anonymous else "users"
        where = {"tools": "/mcp"} if tools else {}
        dry = {"publishing": "dry"} if settings.publishing.bases is not None else {}
        said = {"address": f"{host}:{port}", "may_look": may_look, **where, **dry}
        events.info("service_start_done", **said)
        return
    err.print(f"vidpipe: clips are at http://{host}:{port}")
    say_dry(settings)
    err.print(f"vidpipe: the API is described at http://{host}:{port}/api/v1/docs")
    if tools:
        err.print(f"vidpipe: tools for language models (MCP) are at http://{host}:{port}/mcp")
    if not needs_login:
        err.print("vidpipe: whoever works on this machine needs no login")
    elif anonymous:
        err.print("vidpipe: everybody who reaches this may look without a login", style="yellow")
