"""vidpipe watch: what happens, as it happens."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidpipe.cli.app import app, err, guard, library, line, out

if TYPE_CHECKING:
    from rich.status import Status

#: Where jobs and videos stand when nothing more happens to them by itself, and whether that is
#: what was wanted.
_OVER = {
    **dict.fromkeys(("done", "held"), True),
    **dict.fromkeys(("failed", "cancelled", "rejected", "retired"), False),
}
_ENDS = {
    **dict.fromkeys(("job.completed", "video.completed"), True),
    **dict.fromkeys(("job.failed", "job.cancelled", "video.failed", "video.retired"), False),
}
#: What of an event is said on a terminal, besides its ids.
_SAID = (
    *("stage", "platform", "rank", "score", "reused", "wall_s", "attempts", "given_up", "url"),
    *("amount", "currency", "gate", "by"),
)


@app.command()
def watch(
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="of a vidpipe service; default: the catalog here"),
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="only this; repeatable")] = None,
    video: Annotated[list[str] | None, typer.Option(help="only this; repeatable")] = None,
    job: Annotated[list[str] | None, typer.Option(help="only this; repeatable")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="such as job.failed or 'stage.*'; repeatable")
    ] = None,
    after: Annotated[
        int | None, typer.Option(min=0, metavar="ID", help="events after this; default: new ones")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="a line of JSON for each")] = False,
    until_done: Annotated[
        bool,
        typer.Option("--until-done", help="with one job or video: end with it; 1 where it failed"),
    ] = False,
) -> None:
    """Show what happens, as it happens: jobs, stages, clips, failures, and how far runs are.

    For a service that asks for a login, put an API key into VIDPIPE_API_KEY."""
    named = {"channel": channel or [], "video": video or [], "job": job or []}
    if until_done and (len(named["job"]) + len(named["video"]) != 1 or channel):
        raise typer.BadParameter("--until-done goes with one --job or one --video")

    def go() -> int:
        state: Callable[[str, str], str]
        if server is not None:
            from vidpipe.cli.event_streams import ServerStream

            key = os.environ.get("VIDPIPE_API_KEY", "")
            stream = ServerStream(server, key, {**named, "type": kind or []}, after)
            happening, state = stream.events(), stream.state
        else:
            happening, state = _here(named, kind or [], after)
        return _follow(happening, state, named if until_done else {}, as_json=as_json)

    try:
        code = guard(go)
    except KeyboardInterrupt:
        code = 0
    raise typer.Exit(code)


def _here(
    named: dict[str, list[str]], kinds: list[str], after: int | None
) -> tuple[Iterator[dict[str, Any] | None], Callable[[str, str], str]]:
    """The same of the catalog that the settings lead to."""
    from vidpipe.channels.model import channel_named
    from vidpipe.cli.event_streams import of_catalog

    asked = library()
    for name in named["channel"]:
        channel_named(asked.engine.channels, name)
    rooms = asked.events.rooms(
        asked.engine.channels,
        channels=named["channel"],
        videos=[asked.status(video).video_id for video in named["video"]],
        jobs=[asked.jobs.get(job) for job in named["job"]],
        kinds=kinds,
    )

    def state(kind: str, item: str) -> str:
        return str(asked.jobs.get(item).state if kind == "jobs" else asked.status(item).state)

    return of_catalog(asked, rooms, after), state


def _follow(
    happening: Iterator[dict[str, Any] | None],
    state: Callable[[str, str], str],
    ending: dict[str, list[str]],
    *,
    as_json: bool,
) -> int:
    """Show all of it; the exit code once what is waited for is over."""
    ends = [(f"{kind}s", item) for kind in ("job", "video") for item in ending.get(kind, [])]
    looked = False
    with ExitStack() as stack:
        bar = stack.enter_context(err.status("")) if _has_bar(as_json) else None
        for said in happening:
            if said is not None:
                _show(said, bar, as_json=as_json)
            for kind, item in ends:
                # It may have been over before: looked at once what was missed is shown.
                over = _ends(said, kind, item) if said is not None else None
                if said is None and not looked:
                    looked = True
                    over = _OVER.get(state(kind, item))
                if over is not None:
                    return 0 if over else 1
    return 0


def _has_bar(as_json: bool) -> bool:
    return err.is_terminal and not as_json


def _ends(said: dict[str, Any], kind: str, item: str) -> bool | None:
    """Whether an event is the end of a job or a video, and a good one; None: it is none."""
    name = str(said.get("type"))
    if not name.startswith(f"{kind[:-1]}."):
        return None
    same = said.get("data", {}).get(f"{kind[:-1]}_id") == item
    return _ENDS.get(name) if same else None


def _show(said: dict[str, Any], bar: Status | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False, separators=(",", ":")))
    elif said["type"] == "reload":
        err.print("vidpipe: more was missed than is kept; what follows is new", style="yellow")
    elif said["type"] == "progress":
        if bar is not None:
            bar.update(line(_far(said["data"])))
    else:
        out.print(line(_words(said)))


def _far(data: dict[str, Any]) -> str:
    left = "" if data["eta_s"] is None else f", {round(data['eta_s'])} s left"
    stage = f"{data['stage']} {data['stage_percent']:.0f} %"
    return f"{data['video_id']}: {stage}, {data['percent']:.0f} % of all{left}"


def _words(said: dict[str, Any]) -> str:
    data = said["data"]
    about = data.get("job_id") or data.get("video_id") or data.get("upload_key") or ""
    more = [f"{name} {data[name]}" for name in _SAID if data.get(name) not in (None, "")]
    error = data.get("error")
    if error is not None:
        more.append(f"error {error['code']}")
    if data.get("clip_id"):
        more.insert(0, f"clip {data['clip_id']}")
    words = [str(said["timestamp"])[11:19], said["channel"], said["type"], str(about), *more]
    return "  ".join(word for word in words if word)
