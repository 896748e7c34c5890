"""The vidpipe command."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from vidpipe.channels.model import Channel, load_channels
from vidpipe.errors import InputRejected, Misconfigured, VidpipeError
from vidpipe.exports.conformance import check as check_rules
from vidpipe.exports.facts import look_at, plays
from vidpipe.intake import sidecars
from vidpipe.intake.intake import Drop
from vidpipe.intake.model import State
from vidpipe.pipeline.engine import Engine, StageResult
from vidpipe.pipeline.stages import stage_names
from vidpipe.platforms.model import TierName
from vidpipe.readiness import readiness
from vidpipe.results.deliver import deliver
from vidpipe.results.model import Results, json_schema
from vidpipe.settings import load_settings
from vidpipe.timeline import clock

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turns long videos into platform-ready short clips.",
)
_WIDE = None if sys.stdout.isatty() else 200
_out = Console(highlight=False, soft_wrap=True, width=_WIDE)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


#: When several files end differently, the gravest is what the command returns.
_GRAVITY = (1, 4, 2, 3, 0)


@app.command()
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="recordings")],
    out: Annotated[Path | None, typer.Option(help="folder; default ./clips/{name}/")] = None,
    channel: Annotated[str, typer.Option(help="channel of channels.yaml")] = "default",
    platform: Annotated[list[str] | None, typer.Option(help="platform; repeat for several")] = None,
    clips: Annotated[int | None, typer.Option(min=1, max=50, help="at most so many")] = None,
    transcript: Annotated[
        Path | None, typer.Option(help="SRT, VTT or JSON; default the one beside the file")
    ] = None,
    quality: Annotated[TierName | None, typer.Option(help="default: the channel's")] = None,
    force: Annotated[bool, typer.Option("--force", help="make everything anew")] = False,
) -> None:
    """Make clips of recordings."""
    if transcript is not None and len(files) > 1:
        raise typer.BadParameter("--transcript goes with one file")
    if transcript is not None and not transcript.is_file():
        raise typer.BadParameter(f"there is no file {transcript}")

    def go() -> int:
        engine = Engine(load_settings())
        whose = _channel(engine.channels, channel)
        for name in platform or ():
            whose.preset(name)
        engine.artifacts.sweep()
        codes = []
        for file in files:
            target = _folder_for(file, out, len(files))
            work = functools.partial(
                _run_one,
                engine,
                file,
                target,
                channel=channel,
                platforms=tuple(dict.fromkeys(platform or ())),
                clips=clips,
                transcript=transcript,
                quality=quality,
                force=force,
            )
            codes.append(_guard(work))
        return next(code for code in _GRAVITY if code in codes)

    raise typer.Exit(_guard(go))


def _folder_for(file: Path, out: Path | None, count: int) -> Path:
    if out is None:
        return Path("clips") / file.stem
    return out / file.stem if count > 1 else out


def _run_one(
    engine: Engine,
    file: Path,
    folder: Path,
    *,
    channel: str,
    platforms: tuple[str, ...],
    clips: int | None,
    transcript: Path | None,
    quality: TierName | None,
    force: bool,
) -> int:
    if not file.is_file():
        raise Misconfigured(f"there is no file {file}")
    beside = sidecars.beside(file)
    if transcript is not None:
        beside = {k: v for k, v in beside.items() if k not in sidecars.TRANSCRIPT_SUFFIXES}
        suffix = transcript.suffix.lower()
        beside[suffix if suffix in sidecars.TRANSCRIPT_SUFFIXES else ".srt"] = transcript
    stat = file.stat()
    outcome = engine.intake().take(
        Drop(
            key=f"{channel}/{file.name}",
            channel=channel,
            name=file.name,
            path=file,
            version=f"{stat.st_size}-{stat.st_mtime_ns}",
            sidecars=beside,
            insist=True,
        )
    )
    if outcome.state is State.QUARANTINED:
        raise InputRejected(outcome.reason or "", outcome.message, name=str(file))
    video_id = outcome.video_id
    assert video_id is not None
    order = engine.order(video_id, platforms=platforms, clips=clips, quality=quality, force=force)
    ran: list[StageResult] = []
    names = stage_names(order.wanted_platforms)
    with _progress(file.name, names) as report:
        for name in names:
            ran.append(engine.run_stage(name, video_id, order, report(name)))
    results = deliver(engine, video_id, ran, folder)
    print_results(results, folder)
    return 0


@contextmanager
def _progress(
    title: str, names: Sequence[str]
) -> Iterator[Callable[[str], Callable[[float, str], None]]]:
    """Bars on a terminal, plain lines elsewhere."""
    if not _err.is_terminal:

        def plain(name: str) -> Callable[[float, str], None]:
            _err.print(f"{title}: {name}")
            last = ""

            def tell(fraction: float, message: str) -> None:
                nonlocal last
                if message and message != last:
                    last = message
                    _err.print(f"{title}: {name}: {message}")

            return tell

        yield plain
        return
    bars = Progress(
        TextColumn("{task.description:>28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=_err,
    )
    with bars:
        tasks: dict[str, TaskID] = {}

        def shown(name: str) -> Callable[[float, str], None]:
            tasks[name] = bars.add_task(name, total=1.0, note="")

            def tell(fraction: float, message: str) -> None:
                bars.update(tasks[name], completed=fraction, note=message)

            return tell

        yield shown


def print_results(results: Results, folder: Path) -> None:
    """The table of clips, and where they are."""
    video = results.video
    draft = " (a draft: captions are not burned in)" if video.transcript_draft else ""
    _out.print(
        f"\n{video.name}: {clock(video.duration_s)}, words from {video.transcript_source}{draft}"
    )
    if video.heard_language and video.heard_language != video.language:
        _out.print(
            f"  expected {video.language}, but {video.heard_language} is heard", style="yellow"
        )
    for line in video.repaired:
        _out.print(f"  repaired: {line}")
    for line in video.passed_over:
        _out.print(f"  not used: {line}", style="yellow")
    if results.nothing:
        _out.print(f"No clips: {results.nothing}.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("rank", "score", "title", "start-end", "duration", "composition", "files"):
        table.add_column(column, overflow="fold")
    segments = {s.rank: s for s in results.segments}
    for clip in results.clips:
        segment = segments[clip.segment]
        files = [e for e in results.exports if e.clip == clip.id]
        shown = ", ".join(dict.fromkeys(c.composition for c in clip.compositions))
        table.add_row(
            str(clip.segment),
            f"{segment.score:.0f}",
            segment.title,
            f"{clock(segment.start_s)}-{clock(segment.end_s)}",
            f"{clip.duration_s:.1f} s",
            shown,
            "\n".join(e.file for e in files),
        )
    _out.print(table)
    for clip in results.clips:
        for objection in clip.objections:
            _out.print(f"clip {clip.segment} {objection}", style="yellow")
    for failure in results.failed:
        _out.print(f"not made: {failure}", style="red", markup=False)
    for refusal in results.refused:
        _out.print(f"refused: {refusal}", style="yellow", markup=False)
    for export in results.exports:
        for problem in export.problems:
            _out.print(f"{export.file}: {problem}", style="yellow")
    thought_s = sum(c.estimated_s for c in results.clips)
    took_s = sum(c.encoded_s for c in results.clips)
    thought, size = (
        sum(n) / 1e6
        for n in zip(*((c.estimated_bytes, c.size_bytes) for c in results.clips), strict=True)
    )
    _out.print(
        f"\n{len(results.clips)} clips in {folder}: encoded in {took_s:.0f} s (estimated "
        f"{thought_s:.0f} s), {size:.1f} MB ({thought:.1f} MB)"
    )


@app.command()
def check() -> None:
    """Say what will be used and why, and everything that is missing."""
    items = readiness()
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for item in items:
        table.add_row("ok" if item.ok else "[red]missing[/red]", item.name, item.says)
    _out.print(table)
    raise typer.Exit(0 if all(item.ok for item in items) else 2)


@app.command()
def status() -> None:
    """List videos and where each stands, and what is in quarantine."""

    def go() -> int:
        engine = Engine(load_settings())
        table = Table(box=None, pad_edge=False)
        for column in ("video", "title", "length", "stages done", "clips", "exports", "last error"):
            table.add_column(column, overflow="fold")
        videos = engine.catalog.videos()
        for video in videos:
            stages = engine.catalog.stages(video.video_id)
            errors = [f"{s.stage}: {s.error}" for s in stages if s.error]
            table.add_row(
                video.video_id,
                video.title,
                clock(video.duration_s),
                ", ".join(s.stage for s in stages if not s.error) or "none yet",
                str(len(engine.catalog.clips(video.video_id))),
                str(len(engine.catalog.exports(video.video_id))),
                errors[-1] if errors else "",
            )
        if videos:
            _out.print(table)
        else:
            _out.print("No videos yet.")
        for upload in engine.catalog.uploads():
            if upload.state == State.QUARANTINED:
                _out.print(f"quarantined: {upload.key}: {upload.message}")
            elif upload.state == State.ALIAS:
                _out.print(f"alias: {upload.key} of {upload.video_id}")
        return 0

    raise typer.Exit(_guard(go))


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
        whose = _channel(load_channels(load_settings().channels_file), channel)
        presets = [whose.preset(name) for name in platform]
        facts, playing = look_at(file), plays(file)
        kept = True
        for item in presets:
            rules = [*check_rules(facts, item, whose.loudness_lufs), playing]
            kept &= all(rule.ok for rule in rules)
            table = Table(box=None, pad_edge=False, title=f"{file.name} for {item.title}")
            for column in ("", "rule", "measured", "wanted"):
                table.add_column(column, overflow="fold")
            for rule in rules:
                mark = "ok" if rule.ok else "[red]no[/red]"
                table.add_row(mark, rule.rule, rule.measured, rule.wanted)
            _out.print(table)
        return 0 if kept else InputRejected.exit_code

    raise typer.Exit(_guard(go))


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
            _err.print("no exports yet", style="yellow")
        return 0

    raise typer.Exit(_guard(go))


def _channel(channels: Mapping[str, Channel], name: str) -> Channel:
    if name not in channels:
        raise Misconfigured(
            f"there is no channel {name!r}; there are: {', '.join(sorted(channels))}"
        )
    return channels[name]


@app.command()
def migrate() -> None:
    """Bring the catalog's schema up to date."""

    def go() -> int:
        from vidpipe.catalog.catalog import Catalog

        catalog = Catalog(load_settings().database_url.get_secret_value())
        catalog.upgrade()
        _out.print(f"{catalog.url.render_as_string(hide_password=True)}: up to date")
        return 0

    raise typer.Exit(_guard(go))


@app.command()
def schema() -> None:
    """Print the JSON Schema of results.json."""
    sys.stdout.write(json_schema())


def _guard(work: Callable[[], int]) -> int:
    """Run, and turn an error into words and an exit code."""
    try:
        return work()
    except VidpipeError as error:
        for problem in error.problems if isinstance(error, Misconfigured) else [str(error)]:
            _err.print(f"vidpipe: {problem}", style="red", markup=False)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        _err.print("vidpipe: this is a bug of ours; the traceback above says where", style="red")
        return 1


def main() -> None:
    """Entry point of the `vidpipe` command."""
    app()
