"""Commands for whoever keeps vidpipe running: plans, failures, retention, schema."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import FailureState
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import FailureRow
from vidpipe.cli.app import app, err, guard, out, table
from vidpipe.errors import Misconfigured
from vidpipe.operations import retention as policies
from vidpipe.operations.alerts import run_link
from vidpipe.operations.recovery import requeue
from vidpipe.operations.stale import plans
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.planning import plan as plan_of
from vidpipe.settings import load_settings

_SHOWN = 50


@app.command()
def plan(
    video: Annotated[str | None, typer.Argument(metavar="VIDEO", help="its id")] = None,
    all_videos: Annotated[bool, typer.Option("--all", help="every finished video")] = False,
    channel: Annotated[str | None, typer.Option(help="with --all: only of this channel")] = None,
    request: Annotated[
        bool, typer.Option("--request", help="ask the daemon for runs of exactly what is stale")
    ] = False,
) -> None:
    """Say what a run would make anew, stage by stage, and why. Makes nothing."""
    if (video is None) is not all_videos:
        raise typer.BadParameter("give a video, or --all")

    def go() -> int:
        engine = Engine(load_settings())
        if video is not None:
            _known(engine.catalog, video)
            found = [plan_of(engine, video)]
            shown = table("stage", "", "because")
            for step in found[0].steps:
                shown.add_row(step.stage, step.verdict.value, "; ".join(step.because))
            out.print(shown)
        else:
            found, unplanned = plans(engine, channel=channel)
            _say_all([p for p in found if p.stale], len(found), unplanned)
        stale = [p for p in found if p.stale]
        if request:
            for p in stale:
                engine.catalog.requests.add([p.video_id], Cause.STALE, stages=p.stages)
            out.print(f"{len(stale)} asked for")
        return 0

    raise typer.Exit(guard(go))


def _say_all(stale: list, total: int, unplanned: dict[str, str]) -> None:  # type: ignore[type-arg]
    reasons = Counter(reason for p in stale for reason in p.reasons)
    shown = table("videos", "because")
    for reason, count in reasons.most_common(_SHOWN):
        shown.add_row(str(count), reason)
    if stale:
        out.print(shown)
    for p in stale[:_SHOWN]:
        out.print(f"{p.video_id}: {', '.join(p.stages)}")
    if len(stale) > _SHOWN:
        out.print(f"and {len(stale) - _SHOWN} more")
    out.print(f"{len(stale)} of {total} finished videos are stale")
    for video_id, why in unplanned.items():
        err.print(f"{video_id}: {why}", style="yellow")


@app.command()
def failures(
    cause: Annotated[str | None, typer.Option(help="only of this cause")] = None,
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    retry: Annotated[
        list[int] | None, typer.Option(help="try these again, by number; repeatable")
    ] = None,
    retry_all: Annotated[
        bool, typer.Option("--retry-all", help="try all that are shown again")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """List what was given up and what is tried again later; try it again at once."""

    def go() -> int:
        settings = load_settings()
        catalog = Engine(settings).catalog
        rows = catalog.failures.living(cause=cause, channel=channel)
        if retry or retry_all:
            chosen = [r for r in rows if retry_all or r.id in (retry or ())]
            missing = set(retry or ()) - {r.id for r in chosen}
            if missing:
                raise Misconfigured(f"no such failure: {', '.join(map(str, sorted(missing)))}")
            out.print(f"{requeue(catalog, chosen)} asked for again")
            return 0
        if as_json:
            typer.echo(json.dumps([_plain(r, settings.ui_url) for r in rows], indent=1))
            return 0
        shown = table("no", "", "what", "stage", "attempts", "cause", "message", "run")
        for row in rows:
            state = "dead" if row.state == FailureState.DEAD else "waits"
            run = run_link(settings.ui_url, row.run_id) or row.run_id
            shown.add_row(
                *(str(row.id), state, row.subject, row.stage, str(row.attempts)),
                *(row.cause, row.message, run),
            )
        if rows:
            out.print(shown)
        dead = sum(row.state == FailureState.DEAD for row in rows)
        out.print(f"{dead} given up, {len(rows) - dead} tried again by themselves")
        return 0

    raise typer.Exit(guard(go))


def _plain(row: FailureRow, ui_url: str) -> dict[str, object]:
    names = ("id", "state", "subject", "channel", "job", "stage", "cause", "message", "attempts")
    return {
        **{name: getattr(row, name) for name in names},
        "at": row.created_at.isoformat(),
        "run": run_link(ui_url, row.run_id) or row.run_id,
    }


@app.command()
def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="remove it; without it is only said")
    ] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="although it went on by more than was seen")
    ] = False,
) -> None:
    """Say what the channels' retention policies give up, or remove it."""

    def go() -> int:
        engine = Engine(load_settings())
        found = policies.outlook(engine, trust_clock=trust_clock)
        shown = table("channel", "kind", "objects", "MB")
        for (channel, kind), (count, size) in found.by_kind().items():
            shown.add_row(channel, kind, str(count), f"{size / 1e6:.1f}")
        if found.removals:
            out.print(shown)
        if found.doubt:
            err.print(found.doubt, style="yellow")
        for kept in found.kept:
            out.print(f"kept {kept.video_id}: {kept.why}")
        if apply:
            policies.remove(engine, found)
        done = "removed" if apply else "would be removed"
        out.print(f"{len(found.removals)} objects, {found.size_bytes / 1e6:.1f} MB {done}")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def hold(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="its id")],
    why: Annotated[
        str, typer.Option(metavar="TEXT", help="the reason; it is shown wherever it matters")
    ] = "",
    release: Annotated[bool, typer.Option("--release", help="let go again")] = False,
) -> None:
    """Keep everything of a video from retention and retiring."""
    if release is bool(why):
        raise typer.BadParameter("give --why, or --release")

    def go() -> int:
        catalog = Engine(load_settings()).catalog
        _known(catalog, video)
        catalog.hold_video(video, None if release else why)
        return 0

    raise typer.Exit(guard(go))


@app.command()
def retire(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="their ids")],
) -> None:
    """Remove everything made of videos, and the recordings; dropped again they are revived."""

    def go() -> int:
        engine = Engine(load_settings())
        for video in videos:
            _known(engine.catalog, video)
        for video in videos:
            out.print(f"{video}: {policies.retire(engine, video)} files removed")
        return 0

    raise typer.Exit(guard(go))


def _known(catalog: Catalog, video: str) -> None:
    if catalog.video(video) is None:
        raise Misconfigured(f"there is no video {video!r}; `vidpipe status` lists them")


@app.command()
def migrate() -> None:
    """Bring the catalog's schema up to date."""

    def go() -> int:
        catalog = Catalog(load_settings().database_url.get_secret_value())
        catalog.upgrade()
        out.print(f"{catalog.shown}: up to date")
        return 0

    raise typer.Exit(guard(go))
