"""Posts: rows that leave once, and what was asked of platforms for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.post_states import ACCOUNT_BROKEN, FALLEN, KEPT_BACK, UNSENT, PostState
from vidpipe.catalog.publishing_tables import PostRequestRow, PostRow, SocialAccountRow
from vidpipe.catalog.tables import ClipRow, now

#: Seconds that a worker has a post: longer than it says nothing while a request goes on.
LEASE_S = 120.0
#: Requests of a post that are shown.
_SHOWN_REQUESTS = 100
#: States in which an account that breaks or is connected again matters.
_OPEN = (*UNSENT, PostState.POSTING)


@dataclass(frozen=True)
class PostQuery:
    """Which posts a list is of; None and empty: any."""

    channels: Collection[str]
    platform: str | None = None
    states: Collection[str] = ()
    video_id: str | None = None
    account_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class PostOf:
    """A post, the name of its account, and the rank of its clip; None: the clip is gone."""

    post: PostRow
    account_name: str
    rank: int | None


class Posts:
    """Reads and writes posts. Several processes drive them, each post by one at a time.

    Args:
        database: where they are.
        clock: says which moment it is; None: this machine's.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._db = database
        self.leases: Leases[PostRow] = Leases(database, PostRow, lease_s=LEASE_S, clock=clock)

    def get(self, post_id: str) -> PostRow | None:
        with self._db.session() as session:
            return session.get(PostRow, post_id)

    def one(self, post_id: str) -> PostOf | None:
        """A post as lists have it."""
        with self._db.session() as session:
            row = session.execute(_listed().where(PostRow.post_id == post_id)).one_or_none()
        return PostOf(*row) if row is not None else None

    def add(self, row: PostRow, check: Callable[[Session], None] = lambda _: None) -> bool:
        """Insert; False where the account has this clip already, or is to have it.

        Args:
            row: the new one.
            check: reads and locks within the transaction what speaks against it, and raises.
        """
        try:
            with self._db.writing() as session:
                check(session)
                session.add(row)
                session.flush()
                tell(session, "post.created", row)
        except IntegrityError:
            return False
        return True

    def standing(
        self, account_id: str, video_id: str, clip_id: str, session: Session | None = None
    ) -> PostRow | None:
        """The post of a clip to an account that stands in the way of another."""
        same = (PostRow.account_id == account_id, PostRow.video_id == video_id)
        query = select(PostRow).where(*same, PostRow.clip_id == clip_id, PostRow.standing)
        if session is not None:
            return session.scalars(query).first()
        with self._db.session() as own:
            return own.scalars(query).first()

    def page(
        self, limit: int, asked: PostQuery, after: tuple[datetime, str] | None = None
    ) -> list[PostOf]:
        """The posts that were made last first."""
        query = _listed().where(*_wanted(asked))
        query = newest_first(query, PostRow.created_at, PostRow.post_id, after).limit(limit)
        with self._db.session() as session:
            return [PostOf(*row) for row in session.execute(query)]

    def requests(self, post_id: str) -> list[PostRequestRow]:
        """The newest requests of a post, the oldest first."""
        query = select(PostRequestRow).where(PostRequestRow.post_id == post_id)
        query = query.order_by(PostRequestRow.id.desc()).limit(_SHOWN_REQUESTS)
        with self._db.session() as session:
            return list(reversed(list(session.scalars(query))))

    def change(
        self,
        post_id: str,
        work: Callable[[Session, PostRow], None],
        first: Callable[[Session], object] = lambda _: None,
    ) -> PostRow | None:
        """Change a post, whoever works on it; None: there is none. `first` locks what is locked
        before posts are.

        A worker that has it is stopped: what it saved says which request it was about to make.
        Nobody else works on it before its lease had ended.

        Raises:
            IntegrityError: of a slot that another has.
        """
        with self._db.writing() as session:
            first(session)
            row = session.get(PostRow, post_id, with_for_update=True)
            if row is None:
                return None
            taken_until = row.due_at if row.lease is not None else None
            work(session, row)
            if taken_until is not None:
                row.lease = None
                row.due_at = max(row.due_at, taken_until) if row.due_at is not None else None
            session.flush()
        return row

    def videos_waited_for(self) -> set[str]:
        """Videos whose files posts are made of that are still to be sent."""
        open_now = PostRow.state.in_((*_OPEN, PostState.HELD))
        with self._db.session() as session:
            return set(session.scalars(select(PostRow.video_id).where(open_now).distinct()))

    def reseal(
        self, renewed: Callable[[str], str | None], *, after: str = "", limit: int = 200
    ) -> str | None:
        """Encrypt what is sealed again, a portion at a time.

        Args:
            renewed: gives None for what may stay as it is.
            after: the post that the portion before ended with.
            limit: how many are looked at.

        Returns:
            The post that this one ends with; None: it is the last.
        """
        query = select(PostRow.post_id, PostRow.remote).where(
            PostRow.remote.is_not(None), PostRow.post_id > after
        )
        with self._db.session() as session:
            rows = session.execute(query.order_by(PostRow.post_id).limit(limit)).all()
        for post_id, sealed in rows:
            fresh = renewed(sealed)
            if fresh is None:
                continue
            same = (PostRow.post_id == post_id, PostRow.remote == sealed)
            with self._db.writing() as session:
                session.execute(update(PostRow).where(*same).values(remote=fresh))
        return rows[-1].post_id if len(rows) == limit else None


# Within the transactions of others


def tell(session: Session, kind: str, row: PostRow) -> None:
    """Have an event of a post written with the transaction.

    Args:
        session: of the transaction that changes it.
        kind: of the events: `post.failed`.
        row: as it is now.
    """
    data: dict[str, Any] = {
        "post_id": row.post_id,
        "video_id": row.video_id,
        "clip_id": row.clip_id,
        "platform": row.platform,
        "account_id": row.account_id,
        "state": str(row.state),
        "code": row.code,
        "url": row.url,
        "at": row.at,
    }
    emit(session, kind, row.channel, data)


def look_again(session: Session, video_id: str, clip_id: str | None = None) -> None:
    """Have posts that were not sent yet looked at: what was decided of their clips is another.

    Args:
        session: of the transaction that decides.
        video_id: of the clips.
        clip_id: only of this clip.
    """
    # One that a worker has is looked at by it, right before its first request.
    waits = (PostRow.state.in_(UNSENT), PostRow.lease.is_(None))
    query = update(PostRow).where(PostRow.video_id == video_id, *waits)
    if clip_id is not None:
        query = query.where(PostRow.clip_id == clip_id)
    session.execute(query.values(due_at=now()))
    # One that its platform makes public later is taken back there.
    there = (
        *(PostRow.state == PostState.POSTED, PostRow.lease.is_(None)),
        *(PostRow.opens_at.is_not(None), PostRow.remote.is_not(None)),
    )
    posted = select(PostRow).where(PostRow.video_id == video_id, *there)
    if clip_id is not None:
        posted = posted.where(PostRow.clip_id == clip_id)
    for row in session.scalars(posted):
        if opens_later(row):
            row.due_at = now()


def opens_later(row: PostRow) -> bool:
    """Whether a platform is to make a post public at a moment that is to come, or not yet."""
    return row.opens_at is not None and (row.opens_at > now() or row.code in KEPT_BACK)


def hold_posts(session: Session, account_id: str, words: str) -> int:
    """Hold the posts of an account that cannot be used any more; how many.

    Those that a worker has are held by it, before its next request.

    Args:
        session: of the transaction that says so of the account.
        account_id: of the account.
        words: for a person: what is to be done.
    """
    query = select(PostRow).where(
        PostRow.account_id == account_id, PostRow.state.in_(_OPEN), PostRow.lease.is_(None)
    )
    rows = session.scalars(query.with_for_update()).all()
    for row in rows:
        row.state, row.code, row.problem = PostState.HELD, ACCOUNT_BROKEN, words
        row.due_at = row.waits_until = None
        session.flush()
        tell(session, "post.held", row)
    return len(rows)


def release_posts(session: Session, account_id: str) -> int:
    """Have the posts go on that an account held which is connected again; how many.

    Args:
        session: of the transaction that says so of the account.
        account_id: of the account.
    """
    query = select(PostRow).where(
        PostRow.account_id == account_id,
        PostRow.state == PostState.HELD,
        PostRow.code == ACCOUNT_BROKEN,
    )
    rows = session.scalars(query.with_for_update()).all()
    for row in rows:
        released(row, now())
    return len(rows)


def wake_posts(session: Session, account_id: str) -> None:
    """Have posts of an account that wait for something looked at; those that a worker has are by
    it.

    Args:
        session: of the transaction that changes what they may wait for.
        account_id: of the account.
    """
    waits = (PostRow.waits_until.is_not(None), PostRow.due_at.is_not(None))
    query = update(PostRow).where(
        PostRow.account_id == account_id,
        PostRow.state.in_((PostState.POSTING, PostState.POSTED)),
        PostRow.lease.is_(None),
        *waits,
    )
    session.execute(query.values(due_at=now()))


def released(row: PostRow, at: datetime) -> None:
    """A post that was held goes on where it was; whoever drives it looks where that is."""
    if row.remote is not None:
        row.state = PostState.POSTING
    else:
        row.state = PostState.SCHEDULED if row.at is not None else PostState.QUEUED
    row.code = row.problem = ""
    row.waits_until, row.due_at = None, at


def moved(session: Session, row: PostRow, state: PostState, *, tells: bool = True) -> None:
    """The only way that a post comes into another state; an event says so.

    Args:
        session: of the transaction.
        row: locked.
        state: that it is in from now on.
        tells: whether it is told where it is news.
    """
    news = row.state != state
    row.state, row.standing = state, state not in FALLEN
    if not row.standing:
        row.slot = None
    if news and tells and state not in (PostState.QUEUED, PostState.POSTING):
        session.flush()
        tell(session, f"post.{state}", row)


def waited_for(session: Session, account_id: str) -> int:
    """How many posts an account is to have yet."""
    query = select(func.count()).select_from(PostRow)
    open_now = PostRow.state.in_((*_OPEN, PostState.HELD))
    return session.scalar(query.where(PostRow.account_id == account_id, open_now)) or 0


def _listed() -> Any:
    clip = (ClipRow.video_id == PostRow.video_id) & (ClipRow.clip_id == PostRow.clip_id)
    return (
        select(PostRow, SocialAccountRow.name, ClipRow.rank)
        .join(SocialAccountRow, SocialAccountRow.account_id == PostRow.account_id)
        .outerjoin(ClipRow, clip)
    )


def _wanted(asked: PostQuery) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [PostRow.channel.in_(asked.channels)]
    for column, value in (
        (PostRow.platform, asked.platform),
        (PostRow.video_id, asked.video_id),
        (PostRow.account_id, asked.account_id),
    ):
        if value is not None:
            found.append(column == value)
    if asked.states:
        found.append(PostRow.state.in_(asked.states))
    moment = func.coalesce(PostRow.posted_at, PostRow.at)
    if asked.since is not None:
        found.append(moment >= asked.since)
    if asked.until is not None:
        found.append(moment < asked.until)
    return found
