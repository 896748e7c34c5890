"""vidpipe worker: the background chores of the service, in a process of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, observe, say_dry
from vidpipe.cli.serve_commands import ProcessOption, say_who_processes


@app.command()
def worker(
    grace_s: Annotated[
        float, typer.Option("--grace", min=0, help="seconds to end in after SIGTERM")
    ] = 20.0,
    alive: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="a file that is touched every 10 seconds, for whoever looks whether it lives",
        ),
    ] = None,
    process: ProcessOption = None,
) -> None:
    """Run the background chores that `vidpipe serve` runs, without serving anything."""

    def go() -> int:
        import asyncio
        import os

        from vidpipe.extras import from_extra
        from vidpipe.library.chores import chores
        from vidpipe.observability import events
        from vidpipe.observability.logs import is_json
        from vidpipe.worker import Chore, Worker
        from vidpipe.worker.process import run_until_told

        with from_extra("service"):
            import httpx  # noqa: F401 (what chores send with; said now rather than later)

        opened = library()
        observe(opened.engine.settings, serves=True)
        opened.totals()
        if opened.engine.settings.service.process if process is None else process:
            say_who_processes(opened, process=True)
        found = chores(opened, process)
        if alive is not None:
            alive.touch()
            found = (*found, Chore("alive file", 10.0, alive.touch))

        def ready() -> None:
            names = ", ".join(chore.name for chore in found)
            if is_json(opened.engine.settings.log):
                dry = opened.engine.settings.publishing.bases is not None
                said = {"publishing": "dry"} if dry else {}
                events.info("worker_start_done", pid=os.getpid(), chores=names, **said)
            else:
                err.print(f"vidpipe: {os.getpid()} works on: {names}")
                say_dry(opened.engine.settings)

        asyncio.run(run_until_told(Worker(found, grace_s=grace_s), ready))
        return 0

    raise typer.Exit(guard(go))
