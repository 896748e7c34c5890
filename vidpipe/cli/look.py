"""Commands that look: what there is, what will be used, what a file is like."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import FailureState
from vidpipe.catalog.requests import RequestState
from vidpipe.catalog.tables import FailureRow, Video
from vidpipe.channels.model import load_channels
from vidpipe.cli.app import app, channel_named, err, guard, out, table
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.exports.conformance import check as check_rules
from vidpipe.exports.facts import look_at, plays
from vidpipe.intake.model import State
from vidpipe.pipeline.engine import Engine
from vidpipe.readiness import readiness
from vidpipe.results.model import json_schema
from vidpipe.settings import load_settings
from vidpipe.timeline import clock


@app.command()
def check() -> None:
    """Say what will be used and why, and everything that is missing."""
    items = readiness()
    shown = table("", "", "")
    for item in items:
        shown.add_row("ok" if item.ok else "[red]missing[/red]", item.name, escape(item.says))
    out.print(shown)
    raise typer.Exit(0 if all(item.ok for item in items) else 2)


@app.command()
def status(
    video: Annotated[str | None, typer.Argument(metavar="VIDEO", help="only this, closely")] = None,
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    newest: Annotated[int, typer.Option(min=1, help="so many videos and uploads")] = 30,
) -> None:
    """List the newest videos and where each stands, and what is in quarantine; or one closely."""

    def go() -> int:
        catalog = Engine(load_settings()).catalog
        if video is not None:
            return _status_of(catalog, video)
        shown = table("video", "title", "length", "state", "clips", "exports", "last error")
        videos = catalog.newest_videos(newest, channel)
        ids = [v.video_id for v in videos]
        clips, exports = catalog.count_clips(ids), catalog.count_exports(ids)
        living = {f.subject: f for f in catalog.failures.living()}
        for row in videos:
            failed = living.get(row.video_id)
            shown.add_row(
                row.video_id,
                row.title,
                clock(row.duration_s),
                _state(row, failed),
                str(clips.get(row.video_id, 0)),
                str(exports.get(row.video_id, 0)),
                f"{failed.stage}: {failed.message}" if failed else "",
            )
        if videos:
            out.print(shown)
        else:
            out.print("No videos yet.")
        told = (State.QUARANTINED, State.ALIAS, State.PASSED_OVER)
        for upload in catalog.newest_uploads(told, newest, channel):
            if upload.state == State.PASSED_OVER:
                out.print(f"passed over: {upload.key}: {upload.message}", markup=False)
            elif upload.state == State.QUARANTINED:
                out.print(f"quarantined: {upload.key}: {upload.message}")
            else:
                out.print(f"alias: {upload.key} of {upload.video_id}")
        ready, later = catalog.requests.count()
        out.print(
            f"{catalog.count_videos()} videos, {ready} wait for a run, {later} to be tried again, "
            f"{catalog.inbox.count()} uploads wait to be taken in"
        )
        return 0

    raise typer.Exit(guard(go))


def _status_of(catalog: Catalog, video_id: str) -> int:
    """One video: its stages, what is wished for, what failed."""
    row = catalog.video(video_id)
    if row is None:
        raise Misconfigured(f"there is no video {video_id!r}; `vidpipe status` lists them")
    failures = catalog.failures.living(subject=video_id)
    out.print(f"{row.title}: {clock(row.duration_s)}, {_state(row, next(iter(failures), None))}")
    if row.hold:
        out.print(f"held: {row.hold}")
    shown = table("stage", "", "seconds", "")
    for stage in catalog.stages(video_id):
        how = "failed" if stage.error else "found" if stage.reused else "made"
        shown.add_row(stage.stage, how, f"{stage.wall_s:.1f}", stage.error or "")
    out.print(shown)
    for wish in catalog.requests.of_video(video_id):
        if wish.state != RequestState.DONE:
            what = ", ".join(wish.stages) if wish.stages else "all of it"
            out.print(
                f"wanted ({wish.cause}): {what}{f', run {wish.run_id}' if wish.run_id else ''}"
            )
    for failed in failures:
        out.print(f"{failed.state}: {failed.cause}: {failed.message} (run {failed.run_id})")
    return 0


def _state(video: Video, failed: FailureRow | None) -> str:
    if video.state != "accepted":
        return video.state
    if failed is not None:
        return "given up" if failed.state == FailureState.DEAD else "tried again later"
    return "finished" if video.finished_at else "in work"


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="any video or sound file")],
    platform: Annotated[list[str], typer.Option(help="platform; repeat for several")],
    channel: Annotated[str, typer.Option(help="whose loudness and platforms")] = "default",
) -> None:
    """Hold a file, ours or not, against every rule of a platform."""

    def go() -> int:
        if not file.is_file():
            raise Misconfigured(f"there is no file {file}")
        whose = channel_named(load_channels(load_settings().channels_file), channel)
        presets = [whose.preset(name) for name in platform]
        facts, playing = look_at(file), plays(file)
        kept = True
        for item in presets:
            rules = [*check_rules(facts, item, whose.loudness_lufs), playing]
            kept &= all(rule.ok for rule in rules)
            shown = table("", "rule", "measured", "wanted", title=f"{file.name} for {item.title}")
            for rule in rules:
                mark = "ok" if rule.ok else "[red]no[/red]"
                shown.add_row(mark, rule.rule, rule.measured, rule.wanted)
            out.print(shown)
            for advice in item.file.advice:
                if facts.duration_s > advice.over_s:
                    said = f"{item.title}: of more than {advice.over_s:g} s: {advice.says}"
                    err.print(said, style="yellow", markup=False)
        return 0 if kept else InputRejected.exit_code

    raise typer.Exit(guard(go))


@app.command()
def links(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="its id, see vidpipe status")],
    platform: Annotated[list[str] | None, typer.Option(help="only this; repeatable")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=168, help="how long links hold")] = 24.0,
) -> None:
    """Print a link to every export of a video, one a line."""

    def go() -> int:
        engine = Engine(load_settings())
        if engine.catalog.video(video) is None:
            raise Misconfigured(f"there is no video {video!r}; `vidpipe status` lists them")
        titles = {c.clip_id: (c.rank, c.title) for c in engine.catalog.clips(video)}
        rows = [e for e in engine.catalog.exports(video) if not platform or e.platform in platform]
        for row in sorted(rows, key=lambda e: (titles.get(e.clip_id, (0, ""))[0], e.platform)):
            rank, title = titles.get(row.clip_id, (0, ""))
            url = engine.link(row.key, expires_s=round(hours * 3600))
            typer.echo(f"{rank}\t{row.platform}\t{title}\t{url}")
        if not rows:
            err.print("no exports yet", style="yellow")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="0.0.0.0: from other machines too")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3001,
) -> None:
    """Show clips in a browser, and serve the links that the Dagster UI shows."""

    def go() -> int:
        import uvicorn

        from vidpipe.web import web_app

        engine = Engine(load_settings())
        engine.catalog.ready()
        err.print(f"vidpipe: clips are at http://{host}:{port}")
        uvicorn.run(web_app(engine), host=host, port=port, log_level="warning")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def schema() -> None:
    """Print the JSON Schema of results.json."""
    sys.stdout.write(json_schema())
