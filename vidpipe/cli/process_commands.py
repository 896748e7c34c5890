"""vidpipe process: what is due is done, without a daemon."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, observe, out

if TYPE_CHECKING:
    from vidpipe.library import Library


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
        from vidpipe.library.work import end_with_parent

        def end(*_: object) -> None:
            # As an interrupt does: what it is at is left to the next.
            raise SystemExit(128 + signal.SIGTERM)

        asked = library()
        before = signal.signal(signal.SIGTERM, end)
        try:
            if run is None:
                return _all_that_is_due(asked, only)
            # Of a service: its log is that of the service, and it does one thing.
            observe(asked.engine.settings, serves=True)
            end_with_parent(asked.engine, run)
            return _one_thing(asked, only, run)
        finally:
            signal.signal(signal.SIGTERM, before)

    raise typer.Exit(guard(go))


def _one_thing(asked: Library, only: DueWork | None, run_id: str) -> int:
    from vidpipe.library.work import NOTHING_DUE, run_due, take_in_due

    taken = 0
    if only is not DueWork.VIDEOS:
        taken = sum(1 for _ in take_in_due(asked.engine, run_id))
    if only is not DueWork.UPLOADS and run_due(asked.engine, run_id) is not None:
        taken += 1
    return 0 if taken else NOTHING_DUE


def _all_that_is_due(asked: Library, only: DueWork | None) -> int:
    from vidpipe.library.processor import Processor
    from vidpipe.library.work import fresh_run, no_place, run_due, take_in_due, why_idle

    engine, processor, code, done = asked.engine, Processor(asked), 0, 0
    # There may be nobody else who takes up what a process had that is gone.
    processor.settle()
    processor.ask_again()
    why = why_idle(engine)
    if not why and only is not DueWork.VIDEOS:
        problem = processor.look()
        if problem:
            err.print(f"vidpipe: {line(problem)}", style="yellow")
        for key, outcome in take_in_due(engine, fresh_run()):
            message = outcome if isinstance(outcome, str) else outcome.message
            out.print(f"{line(key)}: {line(message)}")
            done += 1
    while not why and only is not DueWork.UPLOADS:
        why = why_idle(engine) or no_place(engine)
        made = None if why else run_due(engine, fresh_run())
        if made is None:
            break
        out.print(f"{made.video_id}: {line(made.message)}")
        code = code if made.error is None else 4
        done += 1
    if why:
        err.print(f"vidpipe: nothing {'more ' if done else ''}is begun: {line(why)}")
    elif not done:
        err.print("vidpipe: nothing is due")
    return code
