"""vidpipe reviews: what waits for approval, deciding on it, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.errors import Misconfigured

if TYPE_CHECKING:
    from rich.table import Table

    from vidpipe.library import Decider, GateView, Library, ReviewItem

reviews = typer.Typer(
    no_args_is_help=True,
    help="Approve and reject clips, let videos go on, make links for reviewers.",
)
app.add_typer(reviews, name="reviews")
_SHOWN = 100
VideoArg = Annotated[str, typer.Argument(metavar="VIDEO", help="id, see vidpipe status")]
ClipArg = Annotated[str, typer.Argument(metavar="CLIP", help="id or rank of its clip")]
ChannelOption = Annotated[str | None, typer.Option(help="only of this channel")]
NoteOption = Annotated[str, typer.Option(help="in your own words")]
SeenOption = Annotated[
    str | None,
    typer.Option(
        "--fingerprint", help="of what you saw, or how it begins: refused where it is another now"
    ),
]


@reviews.command("list")
def list_reviews(
    channel: ChannelOption = None,
    video: Annotated[str | None, typer.Option(help="only of this video")] = None,
    state: Annotated[
        str | None, typer.Option(help="only pending, approved or rejected clips")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="all clips, not only those that are waited for")
    ] = False,
) -> None:
    """List what waits for approval: videos at gates, and clips; with why others were rejected."""

    def go() -> int:
        from vidpipe.library import GateState, ReviewState

        asked = library()
        if video is not None:
            asked.status(video)
        wanted = _state(state, tuple(ReviewState))
        channels = _channels(asked, channel)
        gates = asked.reviews.gates(
            channels=channels, video_id=video, state=GateState.WAITING, limit=_SHOWN
        )
        if gates.items:
            out.print(_gates_table(gates.items))
        needed = None if every or state is not None or video is not None else True
        page = asked.reviews.list(
            channels=channels,
            video_id=video,
            state=ReviewState(wanted) if wanted else None,
            needed=needed,
            limit=_SHOWN,
        )
        if page.items:
            out.print(_clips_table(page.items))
        if page.next_cursor is not None:
            err.print(f"vidpipe: more than {_SHOWN} clips: name a channel or a video")
        if not page.items and not gates.items:
            out.print("Nothing waits for approval.")
        return 0

    raise typer.Exit(guard(go))


def _state(given: str | None, known: tuple[str, ...]) -> str | None:
    if given is not None and given not in known:
        raise Misconfigured(f"--state: there is no {given!r}; there are: {', '.join(known)}")
    return given


def _channels(asked: Library, channel: str | None) -> list[str]:
    from vidpipe.channels.model import channel_named

    if channel is not None:
        channel_named(asked.engine.channels, channel)
        return [channel]
    return list(asked.engine.channels)


def _gates_table(gates: tuple[GateView, ...]) -> Table:
    shown = table("gate", "video", "waits before", "since", "clips", "fingerprint")
    for gate in gates:
        count = str(gate.pending_clips) if gate.gate in ("export", "publish") else ""
        since = f"{gate.opened_at:%Y-%m-%d %H:%M}"
        number = str(gate.gate_id)
        shown.add_row(number, gate.video_id, gate.gate, since, count, gate.fingerprint[:12])
    return shown


def _clips_table(items: tuple[ReviewItem, ...]) -> Table:
    shown = table("video", "clip", "title", "score", "state", "", "fingerprint")
    for item in items:
        seen = (item.fingerprint or "")[:12]
        score, state = f"{item.score:.0f}", str(item.state)
        said = _said(item)
        shown.add_row(
            item.video_id, str(item.rank), line(item.title), score, state, line(said), seen
        )
    return shown


def _said(item: ReviewItem) -> str:
    from vidpipe.catalog.review_states import told

    if item.decision is not None:
        why = told(item.decision.reason, item.decision.note)
        return f"{item.decision.by_name}{': ' if why else ''}{why}"
    if item.voided is not None:
        return f"changed since {item.voided.by_name} {item.voided.verdict} it"
    return "waited for" if item.needed else ""


@reviews.command()
def approve(
    video: VideoArg,
    clips: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIP]...", help="ids or ranks of its clips")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="all that nobody decided on yet")] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="let the video go on where it waits as a whole")
    ] = False,
    fingerprint: SeenOption = None,
    note: NoteOption = "",
) -> None:
    """Approve clips of a video; or, with --gate, let it go on."""

    def go() -> int:
        from vidpipe.accounts.audit import COMMAND_LINE

        asked = library()
        asked.status(video)
        if gate:
            waits = _waiting(asked, video)
            _check_seen(waits.fingerprint, fingerprint)
            made = asked.reviews.approve_gate(
                waits.gate_id, waits.fingerprint, _who(), note=note, audit=COMMAND_LINE
            )
            out.print(f"{video}: goes on with {', '.join(made.stages)}")
            return 0
        for name in _named(asked, video, clips, every=every):
            item = asked.reviews.get(video, name)
            seen = _check_seen(item.fingerprint, fingerprint)
            asked.reviews.approve(video, name, seen, _who(), note=note, audit=COMMAND_LINE)
            out.print(f"{video} clip {item.rank}: approved")
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def reject(
    video: VideoArg,
    clips: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIP]...", help="ids or ranks of its clips")
    ] = None,
    reason: Annotated[
        str, typer.Option(help="why; vidpipe reviews reasons lists them; other needs a --note")
    ] = "other",
    gate: Annotated[
        bool, typer.Option("--gate", help="have the video not go on where it waits as a whole")
    ] = False,
    fingerprint: SeenOption = None,
    note: NoteOption = "",
) -> None:
    """Reject clips of a video, which keeps them from exports; or, with --gate, the video."""

    def go() -> int:
        from vidpipe.accounts.audit import COMMAND_LINE
        from vidpipe.library import Reason

        known = tuple(Reason)
        if reason not in known:
            raise Misconfigured(f"--reason: there is no {reason!r}; there are: {', '.join(known)}")
        why, asked = Reason(reason), library()
        asked.status(video)
        if gate:
            waits = _waiting(asked, video)
            _check_seen(waits.fingerprint, fingerprint)
            asked.reviews.reject_gate(
                waits.gate_id, waits.fingerprint, why, _who(), note=note, audit=COMMAND_LINE
            )
            out.print(f"{video}: does not go on; vidpipe retry asks again")
            return 0
        for name in _named(asked, video, clips, every=False):
            item = asked.reviews.get(video, name)
            seen = _check_seen(item.fingerprint, fingerprint)
            asked.reviews.reject(video, name, seen, why, _who(), note=note, audit=COMMAND_LINE)
            out.print(f"{video} clip {item.rank}: rejected")
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def undo(video: VideoArg, clip: ClipArg) -> None:
    """Take the decision back that counts for a clip."""

    def go() -> int:
        from vidpipe.accounts.audit import COMMAND_LINE

        asked = library()
        asked.status(video)
        item = asked.reviews.get(video, clip)
        if item.decision is None:
            raise Misconfigured(f"clip {clip} of {video}: nobody decided on it as it is")
        number = item.decision.decision_id
        asked.reviews.undo(video, clip, number, _who(), audit=COMMAND_LINE)
        out.print(f"{video} clip {item.rank}: waits for a decision again")
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def reasons() -> None:
    """List why something may be rejected."""

    def go() -> int:
        from vidpipe.catalog.review_states import REASONS

        shown = table("reason", "in words")
        for reason, words in REASONS.items():
            shown.add_row(reason, words)
        out.print(shown)
        return 0

    raise typer.Exit(guard(go))


def _named(asked: Library, video: str, clips: list[str] | None, *, every: bool) -> list[str]:
    from vidpipe.library import ReviewState

    if bool(clips) == every:
        raise Misconfigured("name clips, by their ids or ranks (or --all of those that wait)")
    if clips:
        return clips
    channels = _channels(asked, None)
    page = asked.reviews.list(
        channels=channels, video_id=video, state=ReviewState.PENDING, limit=500
    )
    return [item.clip_id for item in page.items]


def _waiting(asked: Library, video: str) -> GateView:
    from vidpipe.library import GateState

    channels = _channels(asked, None)
    page = asked.reviews.gates(channels=channels, video_id=video, state=GateState.WAITING)
    whole = [gate for gate in page.items if gate.gate not in ("export", "publish")]
    if not whole:
        raise Misconfigured(f"{video} waits at no gate as a whole; vidpipe reviews list shows all")
    return whole[-1]


def _check_seen(now_is: str | None, seen: str | None) -> str:
    """The fingerprint that is decided on; refused where it is none that was seen."""
    if now_is is None:
        raise Misconfigured("its files are not known any more: run the video again")
    if seen is not None and (len(seen) < 8 or not now_is.startswith(seen)):
        raise Misconfigured(f"it was changed since: its fingerprint is {now_is}")
    return now_is


def _who() -> Decider:
    from vidpipe.library import Decider

    return Decider("local", "this machine")


@reviews.command()
def report(
    channel: ChannelOption = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="decisions since, such as 2026-01-31")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="decisions before")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Show how often choices stood: by channel, by what was chosen, by bands of scores."""

    def go() -> int:
        asked = library()
        found = asked.reviews.report(
            channels=_channels(asked, channel), since=_moment(since), until=_moment(until)
        )
        if as_json:
            typer.echo(found.model_dump_json(indent=2))
            return 0
        if not found.rows:
            out.print("Nothing was decided yet.")
            return 0
        heads = ("channel", "of", "score", "approved", "rejected", "changed", "stood", "")
        shown = table(*heads)
        for row in found.rows:
            share = f"{row.share:.0%}" if row.share is not None else ""
            counts = (row.approved, row.rejected, row.changed, row.stood)
            shown.add_row(row.channel, row.kind, row.band, *map(str, counts), share)
        out.print(shown)
        for reason, count in found.reasons.items():
            out.print(f"rejected {count}x: {reason}")
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def marks(channel: ChannelOption = None) -> None:
    """Print decisions as marks of passages, a CSV that the choice of moments is learnt from."""

    def go() -> int:
        asked = library()
        typer.echo(asked.reviews.marks(channels=_channels(asked, channel)), nl=False)
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def link(
    video: VideoArg,
    clip: Annotated[
        list[str] | None, typer.Option(help="only this clip, its id or rank; repeatable")
    ] = None,
    permission: Annotated[str, typer.Option(help="view, comment or decide")] = "comment",
    expires_in_h: Annotated[
        float, typer.Option("--hours", help="for which it holds, at most a year")
    ] = 168.0,
    password: Annotated[
        bool, typer.Option("--password", help="ask for a password that it is to have")
    ] = False,
    label: Annotated[str, typer.Option(help="who is to use it")] = "",
) -> None:
    """Make a link for reviewers without an account, and print it: it cannot be shown again."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down
        from vidpipe.library import LinkPermission

        known = tuple(LinkPermission)
        if permission not in known:
            raise Misconfigured(
                f"--permission: there is no {permission!r}; there are: {', '.join(known)}"
            )
        asked = library()
        channel = asked.status(video).channel
        secret = typer.prompt("Password", hide_input=True, err=True) if password else None
        with changing(asked):
            made = asked.reviews.links.create(
                video,
                clips=clip or None,
                permission=LinkPermission(permission),
                expires_in_h=expires_in_h,
                password=secret,
                label=label,
                created_by="local",
            )
            what = f"reviews/links/{made.link.link_id}"
            written_down(asked, "review_link.create", [(what, channel)])
        err.print(f"vidpipe: {made.link.link_id}; keep the link: it is not shown again")
        if not asked.engine.settings.public_url:
            err.print("vidpipe: put the address of vidpipe serve before it, or set "
                      "VIDPIPE_PUBLIC_URL")  # fmt: skip
        typer.echo(made.url)
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def links(
    video: Annotated[str | None, typer.Option(help="only of this video")] = None,
) -> None:
    """List links for reviewers, the newest first."""

    def go() -> int:
        asked = library()
        channels = _channels(asked, None)
        found = asked.reviews.links.list(channels=channels, video_id=video, limit=_SHOWN).items
        shown = table("link", "video", "for", "may", "holds until", "last used", "")
        for item in found:
            until = f"{item.expires_at:%Y-%m-%d %H:%M}"
            used = f"{item.last_used_at:%Y-%m-%d %H:%M}" if item.last_used_at else ""
            state = "revoked" if item.revoked_at else ""
            may = f"{item.permission}, with a password" if item.has_password else item.permission
            row = (item.link_id, item.video_id, line(item.label), may, until, used, state)
            shown.add_row(*row)
        out.print(shown if found else "No links.")
        return 0

    raise typer.Exit(guard(go))


@reviews.command()
def revoke(
    which: Annotated[str, typer.Argument(metavar="LINK", help="id, see vidpipe reviews links")],
) -> None:
    """Have a link open nothing any more."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        with changing(asked):
            found = asked.reviews.links.revoke(which)
            written_down(asked, "review_link.revoke", [(f"reviews/links/{which}", found.channel)])
        out.print(f"{found.link_id}: opens nothing any more")
        return 0

    raise typer.Exit(guard(go))


def _moment(text: str | None) -> datetime | None:
    """A moment as it was typed; without a time zone it is one of this machine's.

    Raises:
        Misconfigured: it is not a moment.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        said = f"{text!r} is not a time such as 2026-01-31 or 2026-01-31T12:00:00+00:00"
        raise Misconfigured(said) from error
