"""vidpipe run: recordings in, clips in a folder."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from vidpipe.catalog.tables import now
from vidpipe.cli.app import app, channel_named, err, guard, plain, table
from vidpipe.cli.app import out as say
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.intake import sidecars
from vidpipe.intake.intake import Drop
from vidpipe.intake.model import State
from vidpipe.pipeline.engine import Engine, StageResult
from vidpipe.pipeline.needs import needed_models
from vidpipe.pipeline.wishes import Wishes
from vidpipe.platforms.model import TierName
from vidpipe.results.deliver import check_folder, deliver, folder_for
from vidpipe.results.model import Results
from vidpipe.settings import load_settings
from vidpipe.stuck import Stuck, watched
from vidpipe.timeline import clock

#: When several files end differently, the gravest is what the command returns.
_GRAVITY = (1, 4, 2, 3, 0)


@app.command()
def run(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="recordings: videos or sound")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="default ./clips/{name}/")
    ] = None,
    channel: Annotated[str, typer.Option(help="channel of channels.yaml")] = "default",
    platform: Annotated[list[str] | None, typer.Option(help="platform; repeat for several")] = None,
    clips: Annotated[
        int | None, typer.Option(min=1, max=50, help="so many, the best there are, weak or not")
    ] = None,
    length: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="of a clip in seconds, such as 20-45")
    ] = None,
    transcript: Annotated[
        Path | None, typer.Option(help="subtitles, DOCX or JSON; default what lies beside the file")
    ] = None,
    quality: Annotated[TierName | None, typer.Option(help="default: the channel's")] = None,
    template: Annotated[
        str | None, typer.Option(help="look, see `vidpipe templates`; default: the channel's")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="make everything anew")] = False,
) -> None:
    """Make clips of recordings."""
    if transcript is not None and len(files) > 1:
        raise typer.BadParameter("--transcript goes with one file")
    if transcript is not None and not transcript.is_file():
        raise typer.BadParameter(f"there is no file {transcript}")

    def go() -> int:
        engine = Engine(load_settings())
        whose = channel_named(engine.channels, channel)
        for name in platform or ():
            whose.preset(name)
        wanted = tuple(dict.fromkeys(platform or ()))
        if template is not None:
            whose.look(template)
        wishes = Wishes.of(
            platforms=wanted,
            clips=clips,
            length=length,
            quality=quality,
            template=template,
            force=force,
        )
        for need in needed_models(engine.settings):
            if need.to_fetch():
                err.print(f"vidpipe: {need.to_come()}")
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
                transcript=transcript,
                wishes=wishes,
            )
            codes.append(guard(functools.partial(_ended_when_stuck, engine, work)))
        return next(code for code in _GRAVITY if code in codes)

    raise typer.Exit(guard(go))


def _ended_when_stuck(engine: Engine, work: Callable[[], int]) -> int:
    """Do it, but not for ever: what gets no further is ended, and the next file comes."""

    def last(error: Stuck) -> None:
        err.print(f"vidpipe: {error}", style="red")
        os._exit(error.exit_code)

    with watched(engine.settings.stuck_after_s, last):
        return work()


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
    transcript: Path | None,
    wishes: Wishes,
) -> int:
    if not file.is_file():
        raise Misconfigured(f"there is no file {file}")
    check_folder(folder, ())
    beside = sidecars.beside(file)
    if transcript is not None:
        beside = {k: v for k, v in beside.items() if not k.endswith(sidecars.TRANSCRIPT_SUFFIXES)}
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
    # Another run of the same video may go on beside this one, with other wishes or sidecars:
    # this one reads what it took in, made or found itself.
    chosen = dict(outcome.taken)
    order = engine.order(video_id, wishes, chosen)
    check_folder(folder, order.wanted_platforms)
    ran: list[StageResult] = []
    names = engine.pipeline.names(order.wanted_platforms)
    begun = now()
    alive = engine.catalog.beats.alive(f"cli-{uuid.uuid4().hex}", video_id)
    with _progress(file.name, names) as report, alive:
        for name in names:
            ran.append(engine.run_stage(name, video_id, order, report(name), chosen))
            chosen[name] = ran[-1].manifest
    engine.catalog.finish_video(video_id, begun)
    folder, theirs = folder_for(folder, video_id)
    results = deliver(engine, video_id, ran, folder)
    print_results(results, folder)
    if results.video.name != file.name:
        say.print(f"{file.name} is taken for {results.video.name}: it holds the same bytes")
    if theirs:
        say.print(f"Not beside those of {theirs}, another recording of that name")
    for name in sidecars.unused(file):
        say.print(f"not used: {name} is no transcript of {file.name} that is read")
    return 0


@contextmanager
def _progress(
    title: str, names: Sequence[str]
) -> Iterator[Callable[[str], Callable[[float, str], None]]]:
    """Bars on a terminal, plain lines elsewhere."""
    if not err.is_terminal:

        def lines(name: str) -> Callable[[float, str], None]:
            err.print(f"{title}: {name}")
            last = ""

            def tell(fraction: float, message: str) -> None:
                nonlocal last
                if message and message != last:
                    last = message
                    err.print(f"{title}: {name}: {message}")

            return tell

        yield lines
        return
    bars = Progress(
        TextColumn("{task.description:>28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=err,
    )
    with bars:
        tasks: dict[str, TaskID] = {}

        def shown(name: str) -> Callable[[float, str], None]:
            tasks[name] = bars.add_task(name, total=1.0, note="")

            def tell(fraction: float, message: str) -> None:
                bars.update(tasks[name], completed=fraction, note=plain(message))

            return tell

        yield shown


def print_results(results: Results, folder: Path) -> None:
    """The table of clips, and where they are."""
    video = results.video
    draft = " (a draft: captions are not burned in)" if video.transcript_draft else ""
    say.print(
        f"\n{video.name}: {clock(video.duration_s)}, words from {video.transcript_source}{draft}",
    )
    for line in video.notes:
        say.print(f"  {line}")
    if video.heard_language and video.heard_language != video.language:
        say.print(
            f"  expected {video.language}, but {video.heard_language} is heard", style="yellow"
        )
    if video.speech_without_words_s:
        said = f"{video.speech_without_words_s:.1f} s of speech have no words"
        say.print(f"  {said}", style="yellow")
    for line in video.repaired:
        say.print(f"  repaired: {line}")
    for line in video.passed_over:
        say.print(f"  not used: {line}", style="yellow")
    if results.nothing:
        say.print(f"No clips: {results.nothing}.")
        return
    shown = table("rank", "score", "title", "start-end", "duration", "composition", "files")
    weak = [s for s in results.segments if s.weak]
    segments = {s.rank: s for s in results.segments}
    for clip in results.clips:
        segment = segments[clip.segment]
        files = [e for e in results.exports if e.clip == clip.id]
        compositions = ", ".join(dict.fromkeys(c.composition for c in clip.compositions))
        shown.add_row(
            str(clip.segment),
            f"{segment.score:.0f}{' weak' if segment.weak else ''}",
            segment.title,
            f"{clock(segment.start_s)}-{clock(segment.end_s)}",
            f"{clip.duration_s:.1f} s",
            compositions,
            "\n".join(e.file for e in files),
        )
    say.print(shown)
    for segment in results.segments:
        if segment.factors:
            named = ", ".join(f"{f.name.replace('_', ' ')} {f.value:.0f}" for f in segment.factors)
            say.print(f"clip {segment.rank}: {named}")
            for factor in segment.factors:
                why = "; ".join(factor.evidence)
                say.print(f"  {factor.name.replace('_', ' ')}: {why}", style="dim")
    if weak:
        say.print(
            f"{len(weak)} of them would not have been made unasked: their score is too low",
            style="yellow",
        )
    for clip in results.clips:
        for objection in clip.objections:
            say.print(f"clip {clip.segment} {objection}", style="yellow")
    for failure in results.failed:
        say.print(f"not made: {failure}", style="red")
    for refusal in results.refused:
        say.print(f"refused: {refusal}", style="yellow")
    for export in results.exports:
        for problem in export.problems:
            say.print(f"{export.file}: {problem}", style="yellow")
    thought_s = sum(c.estimated_s for c in results.clips)
    took_s = sum(c.encoded_s for c in results.clips)
    thought, size = (
        sum(n) / 1e6
        for n in zip(*((c.estimated_bytes, c.size_bytes) for c in results.clips), strict=True)
    )
    say.print(
        f"\n{len(results.clips)} clips in {folder}: encoded in {took_s:.0f} s (estimated "
        f"{thought_s:.0f} s), {size:.1f} MB ({thought:.1f} MB)"
    )
