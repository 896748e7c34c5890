"""vidpipe schedule: when posts go out, and how to have it otherwise."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, guard, library, line, out, table
from vidpipe.errors import Misconfigured

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from vidpipe.library import CalendarView, Library

schedule = typer.Typer(
    no_args_is_help=True, help="See when posts go out; move them, pause and resume channels."
)
app.add_typer(schedule, name="schedule")
ChannelArg = Annotated[str, typer.Argument(metavar="CHANNEL", help="of channels.yaml")]
ChannelOption = Annotated[str | None, typer.Option(help="only of this channel")]
PlatformOption = Annotated[
    str | None, typer.Option(help="only there, such as youtube; default: all of the channel's")
]


@schedule.command()
def show(
    channel: ChannelOption = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="day; default today"),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=62, help="how many")] = 14,
    free: Annotated[bool, typer.Option("--free", help="also slots that are free")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show which posts go out when, in the channel's time zone, and what is paused."""

    def go() -> int:
        asked = library()
        channels = _channels(asked, channel)
        zone = _zone(asked, channels)
        today = datetime.now(zone).date() if first is None else first.date()
        begin = datetime(today.year, today.month, today.day, tzinfo=zone)
        found = asked.schedule.calendar(
            channels, begin.astimezone(UTC), begin.astimezone(UTC) + timedelta(days=days)
        )
        if as_json:
            sys.stdout.write(found.model_dump_json(indent=1) + "\n")
            return 0
        _say(found, zone, free=free)
        return 0

    raise typer.Exit(guard(go))


def _say(found: CalendarView, zone: ZoneInfo, *, free: bool) -> None:
    for pause in found.pauses:
        where = f"{pause.channel} at {pause.platform}" if pause.platform else pause.channel
        until = f"until {_told(pause.until, zone)}" if pause.until else "until somebody resumes it"
        why = f" ({line(pause.reason)})" if pause.reason else ""
        out.print(f"{where} is paused {until}{why}")
    shown = table(f"when ({zone.key})", "channel", "to", "post", "state", "what", "")
    rows: list[tuple[datetime, tuple[str, ...]]] = [
        (
            post.at,
            (
                *(post.channel, f"{post.platform} {line(post.account_name)}", post.post_id),
                *(post.state, line(post.title), line(post.problem or post.url)),
            ),
        )
        for post in found.posts
    ]
    if free:
        rows += [
            (slot.at, (slot.channel, slot.platform, "", "free", "", "")) for slot in found.slots
        ]
    for at, cells in sorted(rows):
        shown.add_row(_told(at, zone), *cells)
    out.print(shown if rows else "No posts in these days.")
    if found.slots and not free:
        out.print(f"{len(found.slots)} slots are free: --free lists them")
    if found.more:
        out.print("There are more: ask for fewer days, or for one channel.")


@schedule.command()
def move(
    post: Annotated[str, typer.Argument(metavar="POST", help="id, see vidpipe posts list")],
    when: Annotated[
        str,
        typer.Argument(
            metavar="WHEN",
            help="a moment such as 2026-03-01T18:00, in the channel's time zone unless it has one; "
            "or next: the next free slot",
        ),
    ],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="also where the channel's rules speak against it")
    ] = False,
) -> None:
    """Have a post go out at another moment; what speaks against it is said."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        channel = asked.posts.get(post).channel
        zone = asked.schedule.rules(channel).zone
        at = None if when == "next" else _moment("WHEN", when, zone)
        with changing(asked):
            moment = asked.schedule.move(post, at=at, anyway=anyway)
            written_down(asked, "social_post.change", [(f"social-posts/{post}", channel)])
        out.print(f"{post} goes out at {_told(moment, zone)} ({zone.key})")
        return 0

    raise typer.Exit(guard(go))


@schedule.command()
def pause(
    channel: ChannelArg,
    platform: PlatformOption = None,
    until: Annotated[
        str | None,
        typer.Option(help="a moment such as 2026-03-01T18:00; default: until it is resumed"),
    ] = None,
    reason: Annotated[str, typer.Option(help="shown to others")] = "",
) -> None:
    """Have a channel, or one of its platforms, post nothing. What was begun is finished."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        zone = asked.schedule.rules(channel).zone
        end = _moment("--until", until, zone) if until is not None else None
        with changing(asked):
            asked.schedule.pause(channel, _platform(platform), reason=reason, until=end, by="local")
            what = f"channels/{channel}/publishing-pause"
            written_down(asked, "publishing.pause", [(what, channel)])
        then = f"until {_told(end, zone)} ({zone.key})" if end else "until it is resumed"
        out.print(f"{channel}{f' at {platform}' if platform else ''} is paused {then}")
        return 0

    raise typer.Exit(guard(go))


@schedule.command()
def resume(channel: ChannelArg, platform: PlatformOption = None) -> None:
    """Have a channel, or one of its platforms, post again."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        with changing(asked):
            asked.schedule.resume(channel, _platform(platform), by="local")
            what = f"channels/{channel}/publishing-pause"
            written_down(asked, "publishing.resume", [(what, channel)])
        out.print(f"{channel}{f' at {platform}' if platform else ''} posts again")
        return 0

    raise typer.Exit(guard(go))


@schedule.command()
def fill(channel: ChannelOption = None) -> None:
    """Give queued posts their slots now; a service does so by itself."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        for name in _channels(asked, channel):
            with changing(asked):
                placed = asked.schedule.place_queued(name)
                where = [(f"channels/{name}/schedule", name)]
                written_down(asked, "schedule.fill", where, posts=placed)
            if placed or channel is not None:
                out.print(f"{name}: {placed} posts got a slot")
        return 0

    raise typer.Exit(guard(go))


def _channels(asked: Library, channel: str | None) -> list[str]:
    from vidpipe.channels.model import channel_named

    if channel is None:
        return sorted(asked.engine.channels)
    return [channel_named(asked.engine.channels, channel).name]


def _zone(asked: Library, channels: list[str]) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    zones = {asked.schedule.rules(name).timezone for name in channels}
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")


def _platform(given: str | None) -> str | None:
    from vidpipe.channels.publishing import PLATFORM_NAMES

    if given is not None and given not in PLATFORM_NAMES:
        names = ", ".join(PLATFORM_NAMES)
        raise Misconfigured(f"--platform: there is no {given!r}; there are: {names}")
    return given


def _moment(option: str, given: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise Misconfigured(
            f"{option}: {given!r} is no moment, such as 2026-03-01T18:00"
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _told(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
