"""vidpipe posts: clips on their way to accounts at platforms, and what may be done to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, say_dry, table
from vidpipe.errors import Misconfigured

if TYPE_CHECKING:
    from vidpipe.library import Library, PostChanges, SocialPost

posts = typer.Typer(
    no_args_is_help=True, help="Post clips to accounts at platforms, and see what became of them."
)
app.add_typer(posts, name="posts")
_SHOWN = 100
PostArg = Annotated[str, typer.Argument(metavar="POST", help="id, see vidpipe posts list")]
TitleOption = Annotated[str | None, typer.Option(help="in place of the export's")]
TextOption = Annotated[
    str | None, typer.Option(help="description or caption, in place of the export's")
]
PrivacyOption = Annotated[str | None, typer.Option(help="public, unlisted, private, …")]
AtOption = Annotated[
    str | None, typer.Option(help="when, such as 2026-03-01T18:00+01:00; else the next free slot")
]
AnywayOption = Annotated[
    bool, typer.Option("--anyway", help="also where the channel's rules speak against it")
]


@posts.command("list")
def list_posts(
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    platform: Annotated[str | None, typer.Option(help="only there")] = None,
    state: Annotated[str | None, typer.Option(help="only in this state, such as failed")] = None,
    video: Annotated[str | None, typer.Option(help="only of this video")] = None,
    account: Annotated[str | None, typer.Option(help="only to this account")] = None,
) -> None:
    """List posts, those that were made last first; with what is not as planned."""

    def go() -> int:
        from vidpipe.channels.model import channel_named
        from vidpipe.library import PostState
        from vidpipe.library.publishing.account_words import TITLES

        if platform is not None and platform not in TITLES:
            names = ", ".join(TITLES)
            raise Misconfigured(f"--platform: there is no {platform!r}; there are: {names}")
        known = tuple(PostState)
        if state is not None and state not in known:
            raise Misconfigured(f"--state: there is no {state!r}; there are: {', '.join(known)}")
        asked = library()
        say_dry(asked.engine.settings)
        if channel is not None:
            channel_named(asked.engine.channels, channel)
        page = asked.posts.list(
            channels=[channel] if channel is not None else list(asked.engine.channels),
            platform=platform,
            states=[PostState(state)] if state is not None else (),
            video_id=video,
            account_id=account,
            limit=_SHOWN,
        )
        if not page.items:
            out.print("There are no posts.")
            return 0
        shown = table("post", "account", "clip", "state", "when", "")
        for item in page.items:
            clip = f"{item.video_id} {item.rank or item.clip_id}"
            said = item.problem or item.url
            where = f"{item.platform} {line(item.account_name)}"
            shown.add_row(item.post_id, where, clip, str(item.state), _when(item), line(said))
        out.print(shown)
        if page.next_cursor is not None:
            err.print(f"vidpipe: more than {_SHOWN} posts: name a channel, a video or a state")
        return 0

    raise typer.Exit(guard(go))


def _when(item: SocialPost) -> str:
    moment = item.posted_at or item.at
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment is not None else ""


@posts.command()
def make(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="id, see vidpipe status")],
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="id or rank of its clip")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="see vidpipe accounts list")],
    at: AtOption = None,
    now: Annotated[bool, typer.Option("--now", help="as soon as it may be")] = False,
    anyway: AnywayOption = False,
    title: TitleOption = None,
    text: TextOption = None,
    privacy: PrivacyOption = None,
) -> None:
    """Have a clip posted to an account of its channel; one that waits for approval waits."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        say_dry(asked.engine.settings)
        with changing(asked):
            made = asked.posts.make(
                video,
                clip,
                account,
                at=_moment(at),
                at_once=now,
                anyway=anyway,
                changes=_changes(title, text, privacy),
                by="local",
            )
            written_down(
                asked, "social_post.create", [(f"social-posts/{made.post_id}", made.channel)]
            )
        return _say(made)

    raise typer.Exit(guard(go))


@posts.command()
def show(post: PostArg) -> None:
    """Show a post closely: what would be sent, what would be refused, what was asked so far."""

    def go() -> int:
        found = library().posts.detail(post)
        _say(found)
        for name, value in (
            ("title", found.title),
            ("text", found.text),
            ("privacy", found.privacy),
            ("file", found.export),
        ):
            if value:
                out.print(f"{name}: {line(value)}")
        for one in found.refusals:
            out.print(f"would be refused: {one.field}: {line(one.words)}")
        for note in found.notes:
            out.print(f"left out: {line(note)}")
        if found.requests:
            shown = table("at", "request", "outcome", "")
            for asked in found.requests:
                at = f"{asked.at:%Y-%m-%d %H:%M:%S}"
                shown.add_row(at, asked.operation, asked.outcome, line(asked.words))
            out.print(shown)
        return 0

    raise typer.Exit(guard(go))


@posts.command()
def change(
    post: PostArg,
    title: TitleOption = None,
    text: TextOption = None,
    privacy: PrivacyOption = None,
) -> None:
    """Say something else in a post; of one that is posted the platform is asked to change it."""
    _do(post, "change", lambda asked: asked.posts.change(post, _changes(title, text, privacy)))


@posts.command()
def move(
    post: PostArg,
    at: AtOption = None,
    anyway: AnywayOption = False,
) -> None:
    """Give a post another moment."""
    _do(post, "change", lambda asked: asked.posts.move(post, at=_moment(at), anyway=anyway))


@posts.command()
def send(post: PostArg) -> None:
    """Post it as soon as it may be, whatever the schedule of its channel says."""

    def work(asked: Library) -> SocialPost:
        say_dry(asked.engine.settings)
        return asked.posts.post_now(post)

    _do(post, "send", work)


@posts.command()
def cancel(post: PostArg) -> None:
    """Take a post back that is not public yet."""
    _do(post, "cancel", lambda asked: asked.posts.cancel(post))


@posts.command()
def retry(post: PostArg) -> None:
    """Try a post again that failed, was cancelled or is held."""
    _do(post, "retry", lambda asked: asked.posts.retry(post))


@posts.command()
def decide(
    post: PostArg,
    posted: Annotated[bool, typer.Option("--posted/--not-posted", help="whether you saw it there")],
    url: Annotated[str, typer.Option(help="where, if so")] = "",
) -> None:
    """Say of an uncertain post whether it is there, after looking at the account."""
    _do(post, "decide", lambda asked: asked.posts.decide(post, posted=posted, url=url))


@posts.command()
def delete(post: PostArg) -> None:
    """Take down at its platform what was posted."""
    _do(post, "delete", lambda asked: asked.posts.delete(post))


def _do(post: str, action: str, work: Callable[[Library], SocialPost]) -> None:
    """Do something to a post, write it down, and say where it stands."""

    def go() -> int:
        from vidpipe.cli.audited import changing, written_down

        asked = library()
        with changing(asked):
            found = work(asked)
            written_down(asked, f"social_post.{action}", [(f"social-posts/{post}", found.channel)])
        return _say(found)

    raise typer.Exit(guard(go))


def _say(found: SocialPost) -> int:
    words = f": {line(found.problem)}" if found.problem else ""
    when = _when(found)
    at = f", {when}" if when else ""
    out.print(f"{found.post_id} ({found.platform}): {found.state}{at}{words}")
    if found.url:
        out.print(found.url)
    return 0


def _changes(title: str | None, text: str | None, privacy: str | None) -> PostChanges:
    from pydantic import ValidationError

    from vidpipe.library import PostChanges

    try:
        said = {"title": title, "text": text, "privacy": privacy}
        return PostChanges.model_validate({k: v for k, v in said.items() if v is not None})
    except ValidationError as error:
        one = error.errors()[0]
        raise Misconfigured(f"--{'.'.join(map(str, one['loc']))}: {one['msg']}") from error


def _moment(given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise Misconfigured(f"--at: {given!r} is no moment, such as 2026-03-01T18:00Z") from error
    if found.tzinfo is None:
        raise Misconfigured("--at: with a time zone, such as 2026-03-01T18:00Z")
    return found
