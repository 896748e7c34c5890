"""How posts are doing: figures are read of platforms, kept by the day, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field, SecretStr

from vidpipe.catalog.post_figures import COUNTED, PostFigureRows, write
from vidpipe.catalog.post_states import FALLEN, PostState
from vidpipe.catalog.publishing_tables import PostFiguresRow, PostReadingRow, PostRow
from vidpipe.catalog.states import WrongState
from vidpipe.catalog.tables import now
from vidpipe.costs.accountant import Account
from vidpipe.errors import MustWait, Unavailable, VidpipeError
from vidpipe.library.errors import AccountBroken, UnknownPost
from vidpipe.library.publishing.charges import purchase_of, settle
from vidpipe.library.publishing.figure_rules import (
    MOST_FAILURES,
    again_after,
    first_reading,
    next_reading,
    spread,
)
from vidpipe.library.views import LibraryView
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.calls import Arrival, PlatformCall, Reply
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import (
    Fault,
    PostFigures,
    PostingAccount,
    Remedy,
    RemoteState,
)
from vidpipe.publishing.platforms import PLATFORMS
from vidpipe.results.model import Results

if TYPE_CHECKING:
    import httpx

    #: One that reaches the public network alone, and one that reaches this one as well.
    _Clients = tuple[httpx.AsyncClient, httpx.AsyncClient]

#: Posts of one process whose figures are read at the same time.
_AT_ONCE = 8
#: What is paid for is booked on this.
STAGE = "figures"


class DayFigures(LibraryView):
    """How a post was doing on a day; none of what the platform does not say."""

    day: date
    at: datetime
    age_days: float = Field(description="how old the post was then")
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    watch_s: float | None = Field(description="seconds that it was watched, in all")


class PostFiguresView(LibraryView):
    """How a post is doing, day by day."""

    post_id: str
    platform: str
    posted_at: datetime | None
    days: tuple[DayFigures, ...] = Field(description="on which figures were read, the first first")
    read_at: datetime | None = Field(description="when the platform was asked last")
    next_at: datetime | None = Field(description="when it is asked next; none: not any more")
    problem: str = Field(description="why there is nothing newer; empty: nothing is wrong")
    code: str = Field(description="the same, short and stable")


class PostsSource(Protocol):
    """What reading figures needs of the library's posts."""

    def opened(self, row: PostRow) -> RemoteState | None: ...

    def application(self, account_id: str) -> str: ...

    def review(self, post_id: str) -> Any: ...


class AccountsSource(Protocol):
    """What it needs of the accounts at platforms."""

    def token(self, account_id: str, *, fresh: bool = False) -> SecretStr: ...

    def posting_account(self, account_id: str) -> PostingAccount: ...

    def machine(self, account_id: str) -> Machine: ...

    def may_reach_private(self, platform: str) -> bool: ...


@dataclass(frozen=True)
class _Told:
    """What a platform said of a post.

    Attributes:
        figures: None: it did not say.
        until: when to ask again; None: at the post's own time.
        passing: whether asking again soon may help.
    """

    figures: PostFigures | None = None
    code: str = ""
    words: str = ""
    until: datetime | None = None
    passing: bool = False


class _NoFiles:
    """Nothing of a post is sent to read its figures."""

    def read(self, name: str, start: int, end: int) -> bytes:
        raise ValueError(f"{name}, {start} to {end}: reading figures sends no files")


@dataclass
class FigureReader:
    """Asks platforms how posts are doing; the chore `figures`.

    Args:
        engine: catalog, accountant.
        posts: what is known of posts.
        accounts: gives tokens.
        factors: by what the clip of a post was chosen.
        client: makes what requests are made with, which may reach this network or not.
        clock: says which moment it is.
    """

    engine: Engine
    posts: PostsSource
    accounts: AccountsSource
    factors: Callable[[PostRow], Mapping[str, float]]
    client: Callable[[bool], AbstractAsyncContextManager[httpx.AsyncClient]]
    clock: Callable[[], datetime] = now
    stop: Callable[[], bool] = field(default=lambda: False)

    def read_due(self) -> bool:
        """Read the figures of posts that are due; whether there may be more.

        Every process that works may do it at the same time: each post is one's at a time.
        """
        rows = PostFigureRows(self.engine.catalog, self.clock)
        more = rows.begin(tuple(PLATFORMS), _first)
        claimed = rows.leases.claim(_AT_ONCE)
        if claimed:
            asyncio.run(self._read(rows, claimed))
        return more or len(claimed) == _AT_ONCE

    async def _read(self, rows: PostFigureRows, claimed: list[PostReadingRow]) -> None:
        async with self.client(False) as public, self.client(True) as private:
            clients = (public, private)
            done = await asyncio.gather(
                *(self._one(clients, rows, reading) for reading in claimed), return_exceptions=True
            )
        for reading, error in zip(claimed, done, strict=True):
            if isinstance(error, Exception):
                # A bug of ours, or the database: others go on, this one when its lease ends.
                events.error("figures_read_failed", cause=error, post=reading.post_id)

    async def _one(self, clients: _Clients, rows: PostFigureRows, reading: PostReadingRow) -> None:
        post = await asyncio.to_thread(rows.post, reading.post_id)
        if post is None or post.state in FALLEN:
            await asyncio.to_thread(rows.leases.settle, reading)
            return
        if self.stop() or post.state != PostState.POSTED:
            later = self.clock() + timedelta(hours=1)
            await asyncio.to_thread(partial(rows.leases.settle, reading, due_at=later))
            return
        if reading.claims > MOST_FAILURES:
            # Whoever read it died of it again and again.
            told = _Told(code="failed", words=_DIED)
        else:
            private = self.accounts.may_reach_private(post.platform)
            told = await self._asked(clients[private], post)
        await asyncio.to_thread(self._keep, rows, reading, post, told)

    def _keep(
        self, rows: PostFigureRows, reading: PostReadingRow, post: PostRow, told: _Told
    ) -> None:
        at = self.clock()
        marks = dict(reading.factors or self.factors(post))
        failures = reading.failures + 1 if told.passing else 0
        due_at = told.until
        if 0 < failures < MOST_FAILURES:
            due_at = max(due_at or at, at + again_after(failures))
        elif due_at is None or failures:
            # At its own time again: what is asked for too often is refused for ever.
            due_at, failures = next_reading(post.post_id, post.posted_at or at, at), 0

        def work(session: Any, mine: PostReadingRow) -> None:
            mine.factors, mine.read_at, mine.failures = marks, at, failures
            mine.code, mine.problem = told.code, told.words
            if told.figures is not None:
                write(session, post, at, told.figures.model_dump())

        rows.leases.settle(reading, work, due_at=due_at)

    async def _asked(self, client: httpx.AsyncClient, post: PostRow) -> _Told:
        state = await asyncio.to_thread(self.posts.opened, post)
        if state is None:
            return _Told(code="unknown", words="Nothing is known of it at its platform any more.")
        try:
            machine = await asyncio.to_thread(self.accounts.machine, post.account_id)
            account = await asyncio.to_thread(self.accounts.posting_account, post.account_id)
            calls = machine.statistics(account, state, self.clock())
            if not calls:
                return _Told(code="not_shown", words=_NOT_SHOWN)
            replies: list[Reply] = []
            for call in calls:
                reply = await self._performed(client, post, machine, call)
                replies.append(reply)
                fault = machine.unread(call, reply, self.clock())
                if fault is not None and not machine.seems_gone(replies) and len(replies) == 1:
                    return self._refused(post, fault)
        except AccountBroken as broken:
            return _Told(code="account_broken", words=broken.words)
        except MustWait as full:
            until = full.until or self.clock() + timedelta(hours=1)
            return _Told(code=full.cause, words=str(full), until=until + spread(post.post_id))
        except Unavailable as away:
            return _Told(code="unavailable", words=str(away), passing=True)
        return await self._counted(machine, post, replies)

    async def _counted(self, machine: Machine, post: PostRow, replies: list[Reply]) -> _Told:
        if machine.seems_gone(replies):
            # Whether it is gone the post's own look finds out, and tells.
            with suppress(WrongState):
                # It may have been taken down meanwhile.
                await asyncio.to_thread(self.posts.review, post.post_id)
            return _Told(code="gone", words=_GONE)
        figures = machine.figures(replies)
        # The first answer is the one that counts views: without it the rest says too little.
        if PostFigures() in (figures, machine.figures(replies[:1])):
            return _Told(code="not_said", words=_NOT_SAID, passing=True)
        return _Told(figures)

    def _refused(self, post: PostRow, fault: Fault) -> _Told:
        words = f"{_NO_FIGURES} {fault.words}"
        if fault.remedy is Remedy.WAIT:
            until = (fault.until or self.clock()) + spread(post.post_id)
            return _Told(code=fault.code, words=words, until=until, passing=True)
        return _Told(code=fault.code, words=words, passing=fault.remedy is Remedy.LOOK)

    async def _performed(
        self, client: httpx.AsyncClient, post: PostRow, machine: Machine, call: PlatformCall
    ) -> Reply:
        """The answer to a request; one whose token was refused is made again with a fresh one.

        Raises:
            AccountBroken: the account has no token that is good.
            MustWait: a quota or a budget allows no more now.
            Unavailable: the service is called too often just now.
        """
        token = await asyncio.to_thread(self.accounts.token, post.account_id)
        reply = await self._paid(client, post, call, token)
        fault = machine.unread(call, reply, self.clock())
        if fault is None or fault.remedy is not Remedy.REFRESH:
            return reply
        fresh = partial(self.accounts.token, post.account_id, fresh=True)
        return await self._paid(client, post, call, await asyncio.to_thread(fresh))

    async def _paid(
        self, client: httpx.AsyncClient, post: PostRow, call: PlatformCall, token: SecretStr
    ) -> Reply:
        from vidpipe.publishing.wire import perform

        own = self.engine.accountant
        application = await asyncio.to_thread(self.posts.application, post.account_id)
        purchase = purchase_of(call, post.platform, application, currency=own.options.currency)
        held = None
        if purchase is not None:
            payer = Account(channel=post.channel, stage=STAGE, video_id=post.video_id)
            purse = own.purse(payer, max_wait_s=0.0)
            held = await asyncio.to_thread(purse.reserve, purchase)
        reply = Reply(Arrival.NOT_SENT, why="not_made")
        try:
            reply = await perform(client, call, token, _NoFiles())
        finally:
            if held is not None and purchase is not None:
                await asyncio.to_thread(settle, held, purchase, reply)
        return reply


class FiguresOfPosts:
    """What is known of how posts are doing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def of(self, post_id: str) -> PostFiguresView:
        """The figures of a post, day by day.

        Raises:
            UnknownPost: there is none of this id.
        """
        rows = self.engine.catalog.post_figures
        with self.engine.catalog.together():
            post, reading = rows.post(post_id), rows.reading(post_id)
            days = rows.days(post_id)
        if post is None:
            raise UnknownPost(post_id)
        said = post.platform in PLATFORMS
        return PostFiguresView(
            post_id=post_id,
            platform=post.platform,
            posted_at=post.posted_at,
            days=tuple(day_figures(row) for row in days),
            read_at=reading.read_at if reading is not None else None,
            next_at=reading.due_at if reading is not None else None,
            problem=(reading.problem if reading is not None else "") if said else _NEVER,
            code=(reading.code if reading is not None else "") if said else "never_said",
        )


def day_figures(row: PostFiguresRow) -> DayFigures:
    """A day's figures as they are shown."""
    counted = {name: getattr(row, name) for name in COUNTED}
    return DayFigures(day=row.day, at=row.at, age_days=round(row.age_s / 86_400, 3), **counted)


def chosen_by(results: Results, clip_id: str) -> dict[str, float]:
    """The score of the moment that a clip was made of, and its factors; empty: not known."""
    clip = next((clip for clip in results.clips if clip.id == clip_id), None)
    segments = {segment.rank: segment for segment in results.segments}
    segment = segments.get(clip.segment) if clip is not None else None
    if segment is None:
        return {}
    return {"score": segment.score, **{one.name: one.value for one in segment.factors}}


def factors_of(results: Callable[[str], Results]) -> Callable[[PostRow], Mapping[str, float]]:
    """By what the clip of a post was chosen; where the clip is gone, its score alone."""

    def of(post: PostRow) -> Mapping[str, float]:
        try:
            found = chosen_by(results(post.video_id), post.clip_id)
        except VidpipeError:
            found = {}
        return found or {"score": post.score}

    return of


def _first(post: PostRow) -> datetime:
    return first_reading(post.post_id, post.posted_at or now())


_NOT_SHOWN = (
    "The platform has not said yet where the post is shown; it is asked again at the usual time."
)
_GONE = "The platform does not show the post any more; whether it is gone is looked up."
_NOT_SAID = "The platform answered, and said no figures."
_NO_FIGURES = "Figures could not be read."
_DIED = "Reading them ended without an answer several times: see the log of the worker."
_NEVER = "A folder or a receiver of your own does not say how a post is doing."
