"""vidpipe process: what is due is done, without a daemon."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import Annotated

import typer

from vidpipe.cli.app import app, guard, library, line, observe, out


class DueWork(StrEnum):
    """What is worked off."""

    UPLOADS = "uploads"
    VIDEOS = "videos"


@app.command()
def process(
    only: Annotated[
        DueWork | None,
        typer.Argument(help="uploads: only ingest what was dropped; videos: only make clips"),
    ] = None,
    run: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Process what is due, here, and end: what was dropped, asked for, approved, is tried again."""

    def go() -> int:
        from vidpipe.library.work import end_with_parent, fresh_run, run_due, take_in_due

        def end(*_: object) -> None:
            # As an interrupt does: what it is at is left to the next.
            raise SystemExit(128 + signal.SIGTERM)

        asked, code = library(), 0
        before = signal.signal(signal.SIGTERM, end)
        if run is not None:
            # Of a service: its log is that of the service, and it does one thing.
            observe(asked.engine.settings, serves=True)
            end_with_parent(asked.engine, run)
        say = out if run is None else None
        try:
            if run is None and only is not DueWork.VIDEOS:
                from vidpipe.library.processor import Processor

                Processor(asked).notice()
            if only is not DueWork.VIDEOS:
                for key, outcome in take_in_due(asked.engine, run or fresh_run()):
                    message = outcome if isinstance(outcome, str) else outcome.message
                    if say is not None:
                        say.print(f"{line(key)}: {line(message)}")
            while only is not DueWork.UPLOADS:
                made = run_due(asked.engine, run or fresh_run())
                if made is None:
                    break
                if say is not None:
                    say.print(f"{made.video_id}: {line(made.message)}")
                if run is not None:
                    break
                code = code if made.error is None else 4
        finally:
            signal.signal(signal.SIGTERM, before)
        return code

    raise typer.Exit(guard(go))
