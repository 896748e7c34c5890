"""Commands that look over all videos: what is said, what was done."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from vidpipe.cli.app import app, err, guard, library, line, out, plain, table
from vidpipe.timeline import clock

if TYPE_CHECKING:
    from vidpipe.library import AnalyticsView, SearchHit


@app.command()
def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...",
            help="all of them have to be there; '\"in quotes\"' in this order; begin*",
        ),
    ],
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    video: Annotated[str | None, typer.Option(help="only of this video, by its id")] = None,
    kind: Annotated[
        str | None, typer.Option(help="only this: transcript (what is said) or segment")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="how many hits")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Find what is said in videos, and what chosen moments are called."""

    def go() -> int:
        from vidpipe.library import Refused, SearchKind

        asked = library()
        if kind not in (None, *SearchKind):
            raise Refused(f"kind: {' or '.join(SearchKind)}, not {kind!r}")
        found = asked.search.find(
            " ".join(words),
            channels={channel} if channel is not None else set(asked.engine.channels),
            kind=SearchKind(kind) if kind is not None else None,
            video_id=video,
            limit=limit,
        )
        if as_json:
            sys.stdout.write(found.model_dump_json(indent=1) + "\n")
            return 0
        for hit in found.items:
            out.print(f"{hit.video_id} {clock(hit.start_s)} {line(hit.title)}")
            out.print(_shown(hit))
        if not found.items:
            err.print("nothing found", style="yellow")
        elif found.next_cursor is not None:
            err.print(f"the best {len(found.items)}; --limit shows more", style="yellow")
        return 0

    raise typer.Exit(guard(go))


def _shown(hit: SearchHit) -> Text:
    """The text with what was asked for in bold."""
    shown, at = Text("    "), 0
    for mark in hit.highlights:
        shown.append(line(hit.text[at : mark.start]))
        shown.append(line(hit.text[mark.start : mark.end]), style="bold")
        at = mark.end
    return shown.append(line(hit.text[at:]))


@app.command()
def index(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="VIDEO...", help="their ids; none: all videos")
    ] = None,
) -> None:
    """Write what is said in videos into the search index again. Runs do it by themselves:
    this is for videos that were made before, and after a catalog was lost."""

    def go() -> int:
        asked = library()
        ids = videos or [row.video_id for row in asked.engine.catalog.videos()]
        count = sum(asked.search.index(video_id) for video_id in ids)
        out.print(f"{count} sentences and moments of {len(ids)} videos")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def analytics(
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="day (UTC); default 29 days before"),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="day (UTC), included; default today"),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="first count every day again")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show what was done on which day: videos, clips, work, failures by cause, speed."""

    def go() -> int:
        asked = library()
        if recompute:
            err.print(f"{asked.statistics.recompute()} days of channels counted anew")
        found = asked.statistics.of(
            {channel} if channel is not None else asked.engine.catalog.history.channels(),
            first.date() if first is not None else None,
            last.date() if last is not None else None,
        )
        if as_json:
            sys.stdout.write(found.model_dump_json(indent=1) + "\n")
        else:
            _show(found)
        return 0

    raise typer.Exit(guard(go))


def _show(found: AnalyticsView) -> None:
    days = table(
        *("day", "channel", "accepted", "finished", "clips", "exports", "failures", "given up"),
        *("work min", "media min"),
    )
    for day in found.days:
        counts = (day.accepted, day.finished, day.clips, day.exports, day.failures, day.given_up)
        seconds = (day.work_s, day.media_s)
        days.add_row(
            str(day.day),
            day.channel,
            *map(str, counts),
            *(f"{value / 60:.1f}" for value in seconds),
        )
    if found.days:
        out.print(days)
    stages = table("stage", "runs", "failed", "work min", "p95 s")
    for stage in found.stages:
        p95 = f"{stage.p95_s:.1f}" if stage.p95_s is not None else ""
        work = f"{stage.work_s / 60:.1f}"
        stages.add_row(stage.stage, str(stage.runs), str(stage.failed), work, p95)
    if found.stages:
        out.print(stages)
    for cause in found.causes:
        out.print(f"failed {cause.count} times: {plain(cause.cause)}")
    rate = f"{100 * found.success_rate:.1f} %" if found.success_rate is not None else "not known"
    out.print(
        f"{found.first} to {found.last}: {found.finished} videos finished, "
        f"{found.finished_per_day:g} a day; success {rate}"
    )
