"""The end of the demo: its clips are posted to platforms that are not there.

Fakes of YouTube, TikTok and Instagram are started on this machine, accounts of them are connected
as a person does it, and the clips are posted by the same code that posts to the platforms. What
they show is written into pages; then they are stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn

from vidpipe.catalog.posts import Posts
from vidpipe.catalog.review_states import ReviewState
from vidpipe.catalog.tables import now
from vidpipe.library import AlreadyPosted, Decider, Library, Refused
from vidpipe.library.publishing.driver import PostDriver
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule import Schedule
from vidpipe.library.publishing.views import SocialPost
from vidpipe.publishing.options import PublishingOptions
from vidpipe.results.model import Results
from vidpipe.settings import Settings
from vidpipe_fakes import FAKES, FakePlatform

#: Where the demo posts to.
PLATFORMS = ("youtube", "tiktok", "instagram")
#: Accounts that only the demo has: whoever tries vidpipe with fakes has connected others.
ACCOUNTS = {
    "youtube": "UCfakechannelofdemo",
    "tiktok": "fake_creator_of_demo",
    "instagram": "17840000000000099",
}
BY = "demo"
#: Where people would be sent back to; nobody is, as the answer is read here.
_RETURN = "http://127.0.0.1:3001/oauth/return"
#: Whatever happens, the demo ends.
_LONGEST_S, _LONGEST_THERE = 180.0, timedelta(hours=2)
_OVER = frozenset({"posted", "failed", "held", "uncertain", "cancelled", "deleted"})


@dataclass
class DemoClock:
    """Minutes pass in moments: nobody waits until a fake has processed a video."""

    ahead: timedelta = field(default=timedelta(minutes=-5))

    def __call__(self) -> datetime:
        return now() + self.ahead

    def be(self, moment: datetime) -> None:
        """Let it be a moment that is still to come."""
        self.ahead += max(timedelta(0), moment - self())


@contextlib.contextmanager
def fakes_on(clock: Callable[[], datetime]) -> Iterator[dict[str, tuple[FakePlatform, str]]]:
    """Fakes, each with its address on this machine, until the block ends."""
    made = {name: _fake(name)(clock) for name in PLATFORMS}
    servers = {
        name: uvicorn.Server(
            uvicorn.Config(fake, host="127.0.0.1", port=0, log_level="error", lifespan="off")
        )
        for name, fake in made.items()
    }

    async def serve() -> None:
        for server in servers.values():
            # Interrupts are the demo's.
            server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]
        await asyncio.gather(*(server.serve() for server in servers.values()))

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="fakes", daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 10
        while not all(server.started for server in servers.values()):
            if not thread.is_alive() or time.monotonic() > until:
                raise SystemExit("The fakes of the platforms could not be started.")
            time.sleep(0.01)
        yield {
            name: (made[name], f"http://127.0.0.1:{_port(server)}")
            for name, server in servers.items()
        }
    finally:
        for server in servers.values():
            server.should_exit = True
        thread.join(10)


def _fake(platform: str) -> type[FakePlatform]:
    """A fake whose account is the demo's."""
    kind = FAKES[platform]
    return type(f"Demo{kind.__name__}", (kind,), {"ACCOUNT": ACCOUNTS[platform]})


def _port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


def post_clips(
    settings: Settings, video_id: str, results: Results, folder: Path, say: Callable[[str], None]
) -> list[SocialPost]:
    """Approve the clips of a video, have them posted to fakes, and write what these show.

    Args:
        settings: of the demo.
        video_id: of its talk.
        results: of it.
        folder: where the clips are, and the pages come.
        say: tells whoever watches.
    """
    clock = DemoClock()
    with fakes_on(clock) as fakes:
        dry = {name: where for name, (_, where) in fakes.items()}
        own = settings.model_copy(update={"publishing": PublishingOptions(dry=dry)})
        library = Library.open(own)
        accounts = {
            name: _connected(library, library.channel_of(video_id), name) for name in PLATFORMS
        }
        try:
            posts = _posts(library, clock)
            made = _queued(library, posts, video_id, results, accounts, say)
            say(f"Posting {len(made)} times, to {', '.join(PLATFORMS)}: fakes on this machine")
            found = _driven(posts, made, clock)
            written = write_pages(folder, results, found, fakes)
        finally:
            # The fakes are gone in a moment: nothing is to be asked of them again.
            for account_id in accounts.values():
                library.social_accounts.disconnect(account_id)
            library.engine.catalog.engine.dispose()
    for post in found:
        problem = f": {post.problem}" if post.problem and post.state != "posted" else ""
        say(f"  {post.platform:<10} clip {post.rank or '-'}  {post.state}{problem}  {post.url}")
    say(f"What the platforms would show: {written}")
    return found


def _connected(library: Library, channel: str, platform: str) -> str:
    """Connect an account as a person does it, who is sent to the platform and back; its id."""
    begun = library.social_accounts.begin(
        channel, platform, by=BY, redirect_uri=f"{_RETURN}/{platform}"
    )
    answer = httpx.get(str(begun.authorize_url), follow_redirects=False, trust_env=False)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    (account, *_) = library.social_accounts.finish(
        platform, state=back["state"][0], code=back["code"][0], by=BY
    )
    return account.account_id


def _posts(library: Library, clock: DemoClock) -> SocialPosts:
    """The library's posts in the time of the demo."""
    library.engine.catalog.posts = Posts(library.engine.catalog, clock)
    return SocialPosts(
        library.engine,
        library.reviews,
        library.social_accounts,
        Schedule(library.engine, clock),
        lambda: library.webhooks.vault,
        clock=clock,
    )


def _queued(
    library: Library,
    posts: SocialPosts,
    video_id: str,
    results: Results,
    accounts: dict[str, str],
    say: Callable[[str], None],
) -> list[str]:
    """Approve of every clip and have it posted to every account; ids of the posts."""
    made = []
    for clip in sorted(results.clips, key=lambda one: one.segment):
        item = library.reviews.get(video_id, clip.id)
        if item.state is not ReviewState.APPROVED:
            library.reviews.approve(video_id, clip.id, item.fingerprint or "", Decider(BY, BY))
        for name, account_id in accounts.items():
            try:
                made.append(posts.make(video_id, clip.id, account_id, at_once=True, by=BY).post_id)
            except AlreadyPosted as error:
                # Of the demo that ran before. What a person made is theirs.
                if posts.get(error.post_id).created_by == BY:
                    made.append(error.post_id)
            except Refused as error:
                say(f"  {name:<10} clip {clip.segment}  not posted: {error}")
    return made


def _driven(posts: SocialPosts, made: Sequence[str], clock: DemoClock) -> list[SocialPost]:
    """Drive posts until each has ended or waits for a person; the time between is left out.

    No other post is: its account may be a real one, and its time has not come.
    """
    driver = PostDriver(posts, clock=clock, only=made)
    begun, until = clock(), time.monotonic() + _LONGEST_S

    async def drive() -> None:
        while time.monotonic() < until and clock() - begun < _LONGEST_THERE:
            while await driver.work():
                pass
            rows = [posts.rows.get(post_id) for post_id in made]
            due = [row.due_at for row in rows if row is not None and row.state not in _OVER]
            waits = [at for at in due if at is not None]
            if not waits:
                return
            clock.be(min(waits))

    asyncio.run(drive())
    return [posts.get(post_id) for post_id in made]


def write_pages(
    folder: Path,
    results: Results,
    posts: Sequence[SocialPost],
    fakes: dict[str, tuple[FakePlatform, str]],
) -> Path:
    """Write `posts.html`, and beside it the page that each fake shows; where it is."""
    for name, (fake, where) in fakes.items():
        file = folder / f"posts-{name}.html"
        # Who runs the demo again finds everything posted already: to fakes that are gone.
        if fake.shown() or not file.exists():
            file.write_text(httpx.get(f"{where}/", trust_env=False).text, "utf-8")
    pictures = {
        (export.clip, export.platform): export.thumbnail
        for export in results.exports
        if export.thumbnail
    }
    rows = "".join(_row(post, pictures) for post in posts)
    pages = ", ".join(f"<a href=posts-{name}.html>{name}</a>" for name in fakes)
    page = folder / "posts.html"
    page.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><title>Posts of the demo</title>"
        "<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;"
        "color-scheme:light dark}table{border-collapse:collapse;width:100%}"
        ".title{min-width:16rem}.url{overflow-wrap:anywhere}"
        "td,th{text-align:left;padding:.5rem 1rem .5rem 0;vertical-align:top;"
        "border-bottom:1px solid #8886}img{height:6rem;border-radius:.4rem}</style>"
        f"<h1>{html.escape(Path(results.video.name).stem)}: {len(posts)} posts</h1>"
        "<p>Nothing left this machine: the platforms were fakes that speak their protocols, and "
        "their addresses lead nowhere. As each of them shows it: "
        f"{pages}.</p><table><tr><th>Clip<th>Platform<th>State<th>Title<th>Address</tr>"
        f"{rows}</table></html>",
        "utf-8",
    )
    return page


def _row(post: SocialPost, pictures: dict[tuple[str, str], str]) -> str:
    found = [name for (clip, _), name in pictures.items() if clip == post.clip_id]
    own = [n for (c, p), n in pictures.items() if c == post.clip_id and post.platform in p]
    picture = (own or found or [""])[0]
    image = f"<img alt='' src='{html.escape(picture, quote=True)}'>" if picture else ""
    words = f"{post.state}: {post.problem}" if post.problem else str(post.state)
    return (
        f"<tr><td>{image}<td>{html.escape(post.platform)}<td>{html.escape(words)}"
        f'<td class="title">{html.escape(post.title)}<td class="url">{html.escape(post.url)}</tr>'
    )
