"""Commands for whoever keeps vidpipe running: plans, failures, retention, schema."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.cli.audited import changing, of_videos, written_down
from vidpipe.cli.costs import say_estimate
from vidpipe.errors import Misconfigured

if TYPE_CHECKING:
    from vidpipe.library import FailureView, StaleVideos

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
    """Show what a run would rebuild and why, stage by stage. Makes nothing."""
    if (video is None) is not all_videos:
        raise typer.BadParameter("give a video, or --all")

    def go() -> int:
        asked = library()
        if video is not None:
            found = asked.plan(video)
            shown = table("stage", "", "because")
            for step in found.steps:
                shown.add_row(step.stage, step.verdict.value, "; ".join(step.because))
            out.print(shown)
            say_estimate(asked.spending.estimate(video))
            plans = [found]
        else:
            stale = asked.stale(channel=channel)
            _say_all(stale)
            plans = list(stale.plans)
        if request:
            stale_ones = [item for item in plans if item.stale]
            for item in stale_ones:
                with changing(asked):
                    asked.request_stale([item])
                    written_down(
                        asked, "video.request", of_videos(asked, [item.video_id]), stale=True
                    )
            out.print(f"{len(stale_ones)} asked for")
        return 0

    raise typer.Exit(guard(go))


def _say_all(stale: StaleVideos) -> None:
    reasons = Counter(reason for p in stale.plans for reason in p.reasons)
    shown = table("videos", "because")
    for reason, count in reasons.most_common(_SHOWN):
        shown.add_row(str(count), reason)
    if stale.plans:
        out.print(shown)
    for p in stale.plans[:_SHOWN]:
        out.print(f"{p.video_id}: {', '.join(p.stages)}")
    if len(stale.plans) > _SHOWN:
        out.print(f"and {len(stale.plans) - _SHOWN} more")
    out.print(f"{len(stale.plans)} of {stale.planned} finished videos are stale")
    for video_id, why in stale.unplanned.items():
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
    """List what failed, given up or tried again later; with --retry try it again at once."""

    def go() -> int:
        asked = library()
        found = asked.failures(cause=cause, channel=channel)
        if retry or retry_all:
            known = {item.id for item in found}
            missing = set(retry or ()) - known
            if missing:
                raise Misconfigured(f"no such failure: {', '.join(map(str, sorted(missing)))}")
            chosen = known if retry_all else set(retry or ())
            with changing(asked):
                count = asked.retry(chosen)
                again = [(f"failures/{f.id}", f.channel) for f in found if f.id in chosen]
                written_down(asked, "failure.retry", again)
            out.print(f"{count} asked for again")
            return 0
        ui_url = asked.engine.settings.ui_url
        if as_json:
            typer.echo(json.dumps([_json(item, ui_url) for item in found], indent=1))
            return 0
        shown = table("no", "", "what", "stage", "attempts", "cause", "message", "run")
        for item in found:
            state = "dead" if item.given_up else "waits"
            shown.add_row(
                *(str(item.id), state, line(item.subject), item.stage, str(item.attempts)),
                *(item.cause, line(item.message), _run(item, ui_url)),
            )
        if found:
            out.print(shown)
        dead = sum(item.given_up for item in found)
        out.print(f"{dead} given up, {len(found) - dead} tried again by themselves")
        return 0

    raise typer.Exit(guard(go))


def _run(item: FailureView, ui_url: str) -> str:
    from vidpipe.operations.links import run_link

    return run_link(ui_url, item.run_id) or item.run_id


def _json(item: FailureView, ui_url: str) -> dict[str, object]:
    names = ("id", "subject", "channel", "job", "stage", "cause", "message", "attempts")
    return {
        **{name: getattr(item, name) for name in names},
        "state": "dead" if item.given_up else "waiting",
        "at": item.failed_at.isoformat(),
        "run": _run(item, ui_url),
    }


@app.command()
def request(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="their ids")],
    stage: Annotated[
        list[str] | None, typer.Option(help="only this stage; repeat for several")
    ] = None,
) -> None:
    """Ask the daemon for runs of videos."""

    def go() -> int:
        asked = library()
        for video in videos:
            asked.status(video)
        count = 0
        for video in videos:
            with changing(asked):
                count += asked.request(video, stages=stage or None)
                written_down(asked, "video.request", of_videos(asked, [video]), stages=stage)
        out.print(f"{count} asked for, {len(videos) - count} were asked for already")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="remove it; without it is only said")
    ] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="although it went on by more than was seen")
    ] = False,
) -> None:
    """Show what the channels' retention policies remove, or remove it."""

    def go() -> int:
        asked = library()
        found = asked.plan_removal(trust_clock=trust_clock)
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
            # What is removed is gone, whatever comes then: that it is begun is written down first.
            planned, what = len(found.removals), [("retention", None)]
            written_down(asked, "retention.apply", what, planned=planned, begun=True)
            removed = asked.remove(found)
            written_down(asked, "retention.apply", what, planned=planned, removed=removed)
        done = "removed" if apply else "would be removed"
        out.print(f"{len(found.removals)} objects, {found.size_bytes / 1e6:.1f} MB {done}")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def hold(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="its id")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="why; it is shown wherever it matters")
    ] = "",
    release: Annotated[bool, typer.Option("--release", help="let go again")] = False,
) -> None:
    """Keep everything of a video from retention and retiring."""
    if release is bool(reason):
        raise typer.BadParameter("give --reason, or --release")

    def go() -> int:
        asked = library()
        with changing(asked):
            if release:
                asked.release(video)
            else:
                asked.hold(video, reason)
            action = "video.release" if release else "video.hold"
            written_down(asked, action, of_videos(asked, [video]))
        return 0

    raise typer.Exit(guard(go))


@app.command()
def retire(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="their ids")],
) -> None:
    """Remove everything made of videos, and the recordings; dropped again they are revived."""

    def go() -> int:
        asked = library()
        # Each with its row: what was done before an error is in the log.
        for video in asked.check_retirable(videos):
            with changing(asked):
                count = asked.retire([video])[video]
                written_down(asked, "video.retire", of_videos(asked, [video]))
            out.print(f"{video}: {count} files removed")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def migrate() -> None:
    """Bring the catalog's schema up to date."""

    def go() -> int:
        from vidpipe.catalog.catalog import Catalog
        from vidpipe.settings import load_settings

        catalog = Catalog(load_settings().database_url.get_secret_value())
        catalog.upgrade()
        out.print(f"{catalog.shown}: up to date")
        return 0

    raise typer.Exit(guard(go))
