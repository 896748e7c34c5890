"""Commands that look: what there is, what will be used, what a file is like."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.timeline import clock

if TYPE_CHECKING:
    from vidpipe.library import Library, VideoView

#: A state as a person reads it.
_STATES = {"failed": "given up", "waiting_for_review": "waits for review"}


@app.command()
def check() -> None:
    """Show what will be used and why, and everything that is missing."""
    from vidpipe.readiness import readiness

    items = readiness()
    shown = table("", "", "")
    for item in items:
        shown.add_row("ok" if item.ok else Text("missing", style="red"), item.name, line(item.says))
    out.print(shown)
    raise typer.Exit(0 if all(item.ok for item in items) else 2)


@app.command()
def status(
    video: Annotated[str | None, typer.Argument(metavar="VIDEO", help="only this, closely")] = None,
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    newest: Annotated[
        int, typer.Option(min=1, max=500, help="how many videos and uploads are shown")
    ] = 30,
) -> None:
    """List the newest videos and where each stands, and what is in quarantine; or one closely."""

    def go() -> int:
        asked = library()
        if video is not None:
            return _status_of(asked, video)
        shown = table("video", "title", "length", "state", "clips", "exports", "last error")
        videos = asked.list(channel=channel, limit=newest).items
        for item in reversed(videos):
            failed = item.failure
            shown.add_row(
                item.video_id,
                line(item.title),
                clock(item.duration_s),
                _state(item),
                str(item.clips),
                str(item.exports),
                line(f"{failed.stage}: {failed.message}") if failed else "",
            )
        if videos:
            out.print(shown)
        else:
            out.print("No videos yet.")
        for upload in reversed(asked.uploads(channel=channel, limit=newest)):
            alias = upload.state == "alias" and upload.video_id
            said = f"of {upload.video_id}" if alias else upload.message
            out.print(f"{upload.state.replace('_', ' ')}: {line(upload.key)}: {line(said)}")
        totals = asked.totals()
        out.print(
            f"{totals.videos} videos, {totals.requests_due} wait for a run, "
            f"{totals.requests_later} to be tried again, "
            f"{totals.uploads_pending} uploads wait for intake"
        )
        return 0

    raise typer.Exit(guard(go))


def _status_of(asked: Library, video_id: str) -> int:
    """One video: its stages, what is asked for, what failed."""
    video = asked.status(video_id)
    out.print(f"{line(video.title)}: {clock(video.duration_s)}, {_state(video)}")
    if video.hold:
        out.print(f"held: {line(video.hold)}")
    shown = table("stage", "", "seconds", "")
    for stage in video.stages:
        how = "failed" if stage.error else "found" if stage.reused else "made"
        shown.add_row(stage.stage, how, f"{stage.wall_s:.1f}", line(stage.error or ""))
    out.print(shown)
    for wanted in video.requests:
        what = ", ".join(wanted.stages) if wanted.stages is not None else "all of it"
        run = f", run {wanted.run_id}" if wanted.run_id else ""
        if wanted.why is not None:
            run = f": waits: {line(wanted.why)}"
        out.print(f"wanted ({wanted.cause}): {what}{run}")
    spent = asked.spending.of_video(video_id)
    if spent.total:
        out.print(
            f"cost until now: {spent.outside:f} {spent.currency} of services, "
            f"{spent.local:f} of own work"
        )
    for failed in video.failures:
        state = "given up" if failed.given_up else "tried again later"
        out.print(f"{state}: {failed.cause}: {line(failed.message)} (run {failed.run_id})")
    return 0


def _state(video: VideoView) -> str:
    if video.state == "queued" and video.failure is not None and not video.failure.given_up:
        return "tried again later"
    return _STATES.get(video.state, video.state.value)


@app.command()
def results(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="its id, see vidpipe status")],
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="put its clips there, with results.json"),
    ] = None,
) -> None:
    """Print the results of a video as JSON, whoever processed it, or put them into a folder."""

    def go() -> int:
        from vidpipe.results.deliver import check_folder

        asked = library()
        if folder is None:
            sys.stdout.write(asked.results(video).model_dump_json(indent=2) + "\n")
            return 0
        asked.status(video)
        check_folder(folder, ())
        made = asked.deliver(video, folder)
        out.print(f"{len(made.exports)} files of {len(made.clips)} clips in {folder}")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="any video or sound file")],
    platform: Annotated[list[str], typer.Option(help="platform; repeat for several")],
    channel: Annotated[str, typer.Option(help="whose loudness and platforms")] = "default",
) -> None:
    """Hold any file, made by vidpipe or not, against every rule of a platform."""

    def go() -> int:
        from vidpipe.channels.model import channel_named, load_channels
        from vidpipe.exports.conformance import check as check_rules
        from vidpipe.exports.facts import check_decodes, measure_file
        from vidpipe.settings import load_settings

        if not file.is_file():
            raise Misconfigured(f"there is no file {file}")
        whose = channel_named(load_channels(load_settings().channels_file), channel)
        presets = [whose.preset(name) for name in platform]
        facts, playing = measure_file(file), check_decodes(file)
        kept = True
        for item in presets:
            rules = [*check_rules(facts, item, whose.loudness_lufs), playing]
            kept &= all(rule.ok for rule in rules)
            shown = table("", "rule", "measured", "wanted", title=f"{file.name} for {item.title}")
            for rule in rules:
                mark = "ok" if rule.ok else Text("no", style="red")
                shown.add_row(mark, rule.rule, rule.measured, rule.wanted)
            out.print(shown)
            for advice in item.file.advice:
                if facts.duration_s > advice.over_s:
                    said = f"{item.title}: of more than {advice.over_s:g} s: {advice.says}"
                    err.print(said, style="yellow")
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
        found = library().links(video, platforms=platform or (), expires_s=round(hours * 3600))
        for item in found:
            typer.echo(f"{item.rank}\t{item.platform}\t{item.title}\t{item.url}")
        if not found:
            err.print("no exports yet", style="yellow")
        return 0

    raise typer.Exit(guard(go))


@app.command()
def mcp() -> None:
    """Serve tools for language models (MCP) on standard input and output; a program starts it.

    With an API key in VIDPIPE_API_KEY the tools may do what the key may."""

    def go() -> int:
        from vidpipe.extras import from_extra

        with from_extra("mcp"):
            from vidpipe.mcp.stdio import run
        run(library(), os.environ.get("VIDPIPE_API_KEY") or None)
        return 0

    raise typer.Exit(guard(go))


@app.command()
def schema() -> None:
    """Print the JSON Schema of results.json."""
    from vidpipe.results.model import json_schema

    sys.stdout.write(json_schema())
