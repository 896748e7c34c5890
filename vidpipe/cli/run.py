"""vidpipe run: recordings in, clips in a folder."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from vidpipe.cli.app import app, err, guard, library, plain
from vidpipe.cli.app import out as say
from vidpipe.cli.event_lines import events_as_lines
from vidpipe.cli.summary import print_results
from vidpipe.platforms.model import TierName

if TYPE_CHECKING:
    from vidpipe.library import Library
    from vidpipe.pipeline.run_options import RunOptions
    from vidpipe.stuck import Stuck


class ProgressForm(StrEnum):
    """How a run says how far it is."""

    AUTO = "auto"
    JSONL = "jsonl"


#: When several files end differently, the gravest is what the command returns.
_GRAVITY = (1, 4, 2, 3, 5, 0)


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
        int | None, typer.Option(min=1, max=50, help="this number, the best there are, weak or not")
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
    force: Annotated[bool, typer.Option("--force", help="make everything again")] = False,
    progress: Annotated[
        ProgressForm,
        typer.Option(help="bars and words, or events as lines of JSON and nothing else on stdout"),
    ] = ProgressForm.AUTO,
) -> None:
    """Make clips of recordings."""
    if transcript is not None and len(files) > 1:
        raise typer.BadParameter("--transcript goes with one file")
    if transcript is not None and not transcript.is_file():
        raise typer.BadParameter(f"there is no file {transcript}")

    def go() -> int:
        from vidpipe.channels.model import channel_named
        from vidpipe.pipeline.needs import needed_models
        from vidpipe.pipeline.run_options import RunOptions

        asked = library()
        whose = channel_named(asked.engine.channels, channel)
        for name in platform or ():
            whose.preset(name)
        wanted = tuple(dict.fromkeys(platform or ()))
        if template is not None:
            whose.look(template)
        run_options = RunOptions.of(
            platforms=wanted,
            clips=clips,
            length=length,
            quality=quality,
            template=template,
            force=force,
        )
        for need in needed_models(asked.engine.settings):
            if need.to_fetch():
                err.print(f"vidpipe: {need.to_come()}")
        asked.engine.artifacts.sweep()
        codes = []
        for file in files:
            target = _folder_for(file, out, len(files))
            work = functools.partial(
                _run_one,
                asked,
                file,
                target,
                channel=channel,
                transcript=transcript,
                run_options=run_options,
                form=progress,
            )
            codes.append(guard(functools.partial(_ended_when_stuck, asked, work)))
        return next(code for code in _GRAVITY if code in codes)

    raise typer.Exit(guard(go))


def _ended_when_stuck(asked: Library, work: Callable[[], int]) -> int:
    """Do it, but not for ever: what gets no further is ended, and the next file comes."""
    from vidpipe.stuck import watched

    def last(error: Stuck) -> None:
        err.print(f"vidpipe: {error}", style="red")
        os._exit(error.exit_code)

    with watched(asked.engine.settings.stuck_after_s, last):
        return work()


def _folder_for(file: Path, out: Path | None, count: int) -> Path:
    if out is None:
        return Path("clips") / file.stem
    return out / file.stem if count > 1 else out


def _run_one(
    asked: Library,
    file: Path,
    folder: Path,
    *,
    channel: str,
    transcript: Path | None,
    run_options: RunOptions,
    form: ProgressForm,
) -> int:
    from vidpipe.intake.sidecars import unused

    if form is ProgressForm.JSONL:
        with events_as_lines(asked, file, channel) as known:
            done = asked.process(
                file,
                folder,
                channel=channel,
                transcript=transcript,
                options=run_options,
                reporter=lambda _: lambda *_: None,
            )
            known(done.results.video.id)
        return 0
    with _progress(file.name) as report:
        done = asked.process(
            file,
            folder,
            channel=channel,
            transcript=transcript,
            options=run_options,
            reporter=report,
        )
    results = done.results
    print_results(results, done.folder or folder)
    if results.video.name != file.name:
        say.print(f"{file.name} is taken for {results.video.name}: it holds the same bytes")
    if done.other_name:
        say.print(f"Not beside those of {done.other_name}, another recording of that name")
    for name in unused(file):
        say.print(f"not used: {name} is no transcript of {file.name} that is read")
    return 0


@app.command()
def submit(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="recordings: videos or sound")
    ],
    channel: Annotated[str, typer.Option(help="channel of channels.yaml")] = "default",
    transcript: Annotated[
        Path | None, typer.Option(help="subtitles, DOCX or JSON; default what lies beside the file")
    ] = None,
) -> None:
    """Store recordings in the library and ask the daemon to process them."""
    if transcript is not None and len(files) > 1:
        raise typer.BadParameter("--transcript goes with one file")

    def one(file: Path) -> int:
        from vidpipe.cli.audited import of_videos, written_down

        asked = library()
        # Its bytes are stored by what follows: that it begins is written down first.
        written_down(asked, "video.submit", [(f"channels/{channel}", channel)], begun=True)
        taken = asked.submit(file, channel=channel, transcript=transcript)
        written_down(asked, "video.submit", of_videos(asked, [taken.video_id]))
        say.print(f"{taken.video_id}: {plain(taken.message)}")
        return 0

    codes = [guard(functools.partial(one, file)) for file in files]
    raise typer.Exit(next(code for code in _GRAVITY if code in codes))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str], Callable[[float, str], None]]]:
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
