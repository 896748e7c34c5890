"""vidpipe edits: what people decide of videos and their clips."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.cli.audited import changing, of_videos, written_down
from vidpipe.errors import Misconfigured
from vidpipe.timeline import clock

if TYPE_CHECKING:
    from vidpipe.library import EditsView, Library

edits = typer.Typer(
    no_args_is_help=True,
    help="Change clips: borders, cuts, captions, texts, look, framing; versions of it; lists for "
    "other editors.",
)
app.add_typer(edits, name="edits")
Video = Annotated[str, typer.Argument(metavar="VIDEO", help="its id, see vidpipe status")]
Note = Annotated[str, typer.Option(help="what the history says of this version")]
#: A document of a video of three hours, with each word corrected, is shorter.
_MOST_BYTES = 8 << 20


@edits.command("show")
def show(
    video: Video,
    version: Annotated[int | None, typer.Option(min=0, help="as it was in this version")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the document, for `edits set`")] = False,
) -> None:
    """Show the clips of a video and what is decided of them."""

    def go() -> int:
        asked = library()
        found = asked.edits.get(video) if version is None else asked.edits.version(video, version)
        if as_json:
            told = found.document.as_json()
            sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
            return 0
        _show(asked, found)
        return 0

    raise typer.Exit(guard(go))


def _show(asked: Library, found: EditsView) -> None:
    shown = table("clip", "rank", "from", "to", "title", "decided")
    for clip in asked.player.timeline(found.video_id).clips:
        edit = found.document.of(clip.clip)
        told = edit.model_dump(exclude_defaults=True, exclude={"clip", "moment"}) if edit else {}
        decided = "dropped" if clip.dropped else ", ".join(told)
        shown.add_row(
            clip.clip,
            str(clip.rank) if clip.rank else "",
            clock(clip.start_s),
            clock(clip.end_s),
            line(clip.title),
            decided + (" (not made yet)" if clip.stale else ""),
        )
    out.print(shown if shown.row_count else "No clips yet.")
    whole = found.document.model_dump(exclude_defaults=True, exclude={"clip_edits", "format"})
    for name, value in whole.items():
        over = " (in place of the sidecar's)" if name in found.overrides else ""
        out.print(f"{name}{over}: {line(json.dumps(value, ensure_ascii=False, default=str))}")
    by = f" by {found.created_by}" if found.created_by else ""
    made = "" if found.rendered else "; the clips are not made of it: vidpipe edits render"
    out.print(f"version {found.version}{by}{made}")


@edits.command("set")
def change(
    video: Video,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="what changes; VALUE as in YAML, null: back"),
    ] = None,
    clip: Annotated[str | None, typer.Option(help="of this clip, by its id or rank")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="a document as JSON or YAML, or fields of the clip; - for the input"),
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="only if this version is still the newest")
    ] = None,
    note: Note = "",
) -> None:
    """Decide something of a video or of one clip, and save it as a new version."""

    def go() -> int:
        from vidpipe.edits.merging import checked
        from vidpipe.edits.model import EditDocument
        from vidpipe.library import EditAuthor

        told = _fields(fields or [])
        if (file is None) == (not told):
            raise Misconfigured("give FIELD=VALUE, or --file; not both")
        asked, by = library(), EditAuthor("command line", source="cli", note=note)
        if file is not None:
            told = _read(file)
        with changing(asked):
            if clip is not None:
                saved = asked.edits.patch_clip(video, clip, told, version=version, by=by)
            elif file is not None:
                document = checked(EditDocument, told)
                saved = asked.edits.put(video, document, version=version, by=by)
            else:
                saved = asked.edits.patch(video, told, version=version, by=by)
            written_down(asked, "edits.save", of_videos(asked, [video]), version=saved.version)
        out.print(f"Saved as version {saved.version}. vidpipe edits render {video} makes it.")
        return 0

    raise typer.Exit(guard(go))


def _fields(said: list[str]) -> dict[str, Any]:
    """Fields that were typed.

    Raises:
        Misconfigured: one is none.
    """
    from vidpipe.untrusted import Unreadable, read_yaml

    found: dict[str, Any] = {}
    for item in said:
        name, equals, value = item.partition("=")
        if not equals or not name.isidentifier():
            raise Misconfigured(f"{item!r}: write FIELD=VALUE, such as title='Another title'")
        try:
            found[name] = read_yaml(value.encode(), _MOST_BYTES)
        except Unreadable:
            found[name] = value
        if value and found[name] is not None and not isinstance(found[name], list | dict | bool):
            # A title that is a number is a title all the same.
            found[name] = value if name not in ("start_s", "end_s") else found[name]
    return found


def _read(file: Path) -> dict[str, Any]:
    """A document as somebody wrote it down.

    Raises:
        Misconfigured: there is no such file, or it holds no fields.
    """
    from vidpipe.untrusted import Unreadable, read_yaml

    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{file}: {error.strerror}") from error
    try:
        found = read_yaml(data, _MOST_BYTES)
    except Unreadable as error:
        raise Misconfigured(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise Misconfigured(f"{file}: it holds no fields; `vidpipe edits show --json` writes one")
    return found


@edits.command()
def history(
    video: Video,
    limit: Annotated[int, typer.Option(min=1, max=500, help="how many versions are shown")] = 30,
) -> None:
    """List the versions, the newest first: who, when, from which, what changed."""

    def go() -> int:
        shown = table("version", "when", "who", "with", "based on", "changes", "note")
        for item in library().edits.versions(video, limit=limit).items:
            shown.add_row(
                str(item.version),
                f"{item.created_at:%Y-%m-%d %H:%M:%S}",
                line(item.created_by),
                item.source,
                str(item.based_on),
                line("; ".join(item.changes)),
                line(item.note),
            )
        out.print(shown if shown.row_count else "Nobody decided anything yet.")
        return 0

    raise typer.Exit(guard(go))


@edits.command()
def compare(
    video: Video,
    before: Annotated[int, typer.Argument(metavar="VERSION", min=0, help="0: as it was found")],
    after: Annotated[int, typer.Argument(metavar="VERSION", min=0)],
) -> None:
    """Show what differs between two versions."""

    def go() -> int:
        shown = table("field", "before", "after")
        for item in library().edits.compare(video, before, after).changes:
            values = (json.dumps(v, ensure_ascii=False) for v in (item.before, item.after))
            shown.add_row(item.path, *(line(value) for value in values))
        out.print(shown if shown.row_count else "They say the same.")
        return 0

    raise typer.Exit(guard(go))


@edits.command()
def restore(
    video: Video,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=0, help="0: as it was found")],
    note: Note = "",
) -> None:
    """Go back: save a new version that says what an earlier one said."""

    def go() -> int:
        from vidpipe.library import EditAuthor

        asked = library()
        by = EditAuthor("command line", source="cli", note=note)
        with changing(asked):
            saved = asked.edits.restore(video, version, version=None, by=by)
            written_down(asked, "edits.restore", of_videos(asked, [video]), version=saved.version)
        out.print(f"Version {saved.version} says what version {version} said.")
        return 0

    raise typer.Exit(guard(go))


@edits.command()
def render(
    video: Video,
    dry: Annotated[bool, typer.Option("--estimate", help="only say what it will take")] = False,
) -> None:
    """Have the clips made as they are decided: only what an edit touches."""

    def go() -> int:
        asked = library()
        found = asked.edits.estimate(video)
        for clip in found.clips:
            how = "encoded anew" if clip.pictures else "nothing encoded"
            out.print(f"clip {clip.clip}: {', '.join(clip.why)}; {how}, about {clip.seconds:.0f} s")
        if dry:
            out.print(f"about {found.seconds:.0f} s in all")
            return 0
        with changing(asked):
            made = asked.edits.render(video, by="command line")
            written_down(asked, "edits.render", of_videos(asked, [video]), job=made.job.job_id)
        out.print(f"Asked for as {made.job.job_id}, about {found.seconds:.0f} s.")
        return 0

    raise typer.Exit(guard(go))


@edits.command()
def work(
    only: Annotated[
        str | None, typer.Option(help="edit: changed clips; review: what was approved of")
    ] = None,
    while_open: Annotated[bool, typer.Option("--while-open", hidden=True)] = False,
) -> None:
    """Make all clips that were asked for by `edits render`, here, and end."""

    def go() -> int:
        from vidpipe.catalog.requests import WATCHED, Cause
        from vidpipe.library.edit_runs import work_off_one
        from vidpipe.library.work import end_with_parent

        if only is not None and only not in WATCHED:
            raise Misconfigured(f"--only is one of: {', '.join(WATCHED)}")
        causes = WATCHED if only is None else (Cause(only),)

        def end(*_: object) -> None:
            # As an interrupt does: what it is at is left to the next.
            raise SystemExit(128 + signal.SIGTERM)

        asked, code = library(), 0
        before = signal.signal(signal.SIGTERM, end)
        if while_open:
            # Of a service.
            end_with_parent(asked.engine)
        try:
            while (outcome := work_off_one(asked.engine, causes)) is not None:
                out.print(f"{outcome.video_id}: {line(outcome.message)}")
                code = code if outcome.error is None else 4
        finally:
            signal.signal(signal.SIGTERM, before)
        return code

    raise typer.Exit(guard(go))


@edits.command()
def export(
    video: Video,
    form: Annotated[str, typer.Option(help="edl, otio, xml, markers.csv or markers.edl")] = "edl",
    file: Annotated[Path | None, typer.Option("--out", help="default: beside, by its id")] = None,
    clip: Annotated[str | None, typer.Option(help="only this, by its id or rank")] = None,
    media: Annotated[
        str | None, typer.Option(help="where the other editor finds the recording")
    ] = None,
) -> None:
    """Write clips for another editor: EDL, OpenTimelineIO, Premiere and Resolve XML, markers."""

    def go() -> int:
        made = library().player.for_editors(video, form, clip=clip, media=media)
        target = file or Path(made.name)
        if target.exists() and file is None:
            err.print(f"vidpipe: {target} is there already: name another with --out", style="red")
            return Misconfigured.exit_code
        try:
            target.write_bytes(b"".join(made.portions))
        except OSError as error:
            raise Misconfigured(f"{target}: {error.strerror}") from error
        out.print(f"{target}")
        return 0

    raise typer.Exit(guard(go))
