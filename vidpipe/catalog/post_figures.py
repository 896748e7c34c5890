"""How posts are doing: a row for each day on which their figures were read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import (
    PostFiguresRow,
    PostReadingRow,
    PostRow,
    SocialAccountRow,
)
from vidpipe.catalog.tables import now

#: Seconds that a worker has for reading the figures of one post.
LEASE_S = 300.0
#: Posts whose reading begins, in one transaction.
_PORTION = 500
#: Ids in one query: SQLite takes some 32,000 at most.
_AT_ONCE = 1000

#: What is counted of a post, as columns are named.
COUNTED = ("views", "likes", "comments", "shares", "saves", "watch_s")


@dataclass(frozen=True)
class ReadPost:
    """A post that was posted, by what its clip was chosen, and the name of its account."""

    post: PostRow
    account_name: str
    factors: Mapping[str, float] | None


class PostFigureRows:
    """Reads and writes figures of posts. Several processes read them, each post one at a time.

    Args:
        database: where they are.
        clock: says which moment it is.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._db = database
        self.leases: Leases[PostReadingRow] = Leases(
            database, PostReadingRow, lease_s=LEASE_S, clock=clock
        )

    def begin(self, platforms: Collection[str], first: Callable[[PostRow], datetime]) -> bool:
        """Have the figures of posts read that were posted since; whether there may be more.

        Args:
            platforms: that say how posts are doing.
            first: when those of a post are read first.
        """
        query = (
            select(PostRow)
            .outerjoin(PostReadingRow, PostReadingRow.post_id == PostRow.post_id)
            .where(
                PostRow.state == PostState.POSTED,
                PostRow.platform.in_(sorted(platforms)),
                PostReadingRow.post_id.is_(None),
            )
            .order_by(PostRow.post_id)
            .limit(_PORTION)
        )
        with self._db.session() as session:
            found = list(session.scalars(query))
        if not found:
            return False
        insert = sqlite.insert if self._db.embedded else postgresql.insert
        with self._db.writing() as session:
            for post in found:
                values = {"post_id": post.post_id, "due_at": first(post)}
                # Another process may have begun with it meanwhile.
                session.execute(insert(PostReadingRow).values(values).on_conflict_do_nothing())
        return len(found) == _PORTION

    def post(self, post_id: str) -> PostRow | None:
        with self._db.session() as session:
            return session.get(PostRow, post_id)

    def reading(self, post_id: str) -> PostReadingRow | None:
        """When the figures of a post are read; None: never."""
        with self._db.session() as session:
            return session.get(PostReadingRow, post_id)

    def latest(self, post_ids: Iterable[str]) -> dict[str, PostFiguresRow]:
        """The newest figures of each of these posts that has any."""
        wanted = sorted(set(post_ids))
        found: dict[str, PostFiguresRow] = {}
        with self._db.session() as session:
            for place in range(0, len(wanted), _AT_ONCE):
                newest = (
                    select(PostFiguresRow.post_id, func.max(PostFiguresRow.day).label("day"))
                    .where(PostFiguresRow.post_id.in_(wanted[place : place + _AT_ONCE]))
                    .group_by(PostFiguresRow.post_id)
                    .subquery()
                )
                query = select(PostFiguresRow).join(
                    newest,
                    and_(
                        PostFiguresRow.post_id == newest.c.post_id,
                        PostFiguresRow.day == newest.c.day,
                    ),
                )
                found |= {row.post_id: row for row in session.scalars(query)}
        return found

    def days(self, post_id: str) -> list[PostFiguresRow]:
        """All figures of a post, the oldest first."""
        query = select(PostFiguresRow).where(PostFiguresRow.post_id == post_id)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(PostFiguresRow.day)))

    def posted(
        self,
        channels: Collection[str],
        since: datetime,
        until: datetime,
        platform: str | None,
        limit: int,
    ) -> list[ReadPost]:
        """Posts that were posted in this time, the newest first."""
        query = (
            select(PostRow, SocialAccountRow.name, PostReadingRow.factors)
            .join(PostReadingRow, PostReadingRow.post_id == PostRow.post_id)
            .join(SocialAccountRow, SocialAccountRow.account_id == PostRow.account_id)
            .where(
                PostRow.channel.in_(sorted(channels)),
                PostRow.posted_at >= since,
                PostRow.posted_at < until,
            )
            .order_by(PostRow.posted_at.desc(), PostRow.post_id)
            .limit(limit)
        )
        if platform is not None:
            query = query.where(PostRow.platform == platform)
        with self._db.session() as session:
            return [ReadPost(*row) for row in session.execute(query)]

    def around(
        self, post_ids: Iterable[str], age: timedelta, apart: timedelta
    ) -> dict[str, list[tuple[int, int]]]:
        """How old posts were in seconds and their views then, near an age, the youngest first.

        Args:
            post_ids: of these posts.
            age: near which.
            apart: how far from it at most.
        """
        wanted = sorted(set(post_ids))
        first, last = age - apart, age + apart
        found: dict[str, list[tuple[int, int]]] = {}
        with self._db.session() as session:
            for place in range(0, len(wanted), _AT_ONCE):
                query = (
                    select(PostFiguresRow.post_id, PostFiguresRow.age_s, PostFiguresRow.views)
                    .where(
                        PostFiguresRow.post_id.in_(wanted[place : place + _AT_ONCE]),
                        PostFiguresRow.age_s >= first.total_seconds(),
                        PostFiguresRow.age_s <= last.total_seconds(),
                        PostFiguresRow.views.is_not(None),
                    )
                    .order_by(PostFiguresRow.post_id, PostFiguresRow.age_s)
                )
                for post_id, age_s, views in session.execute(query):
                    found.setdefault(post_id, []).append((age_s, views))
        return found


def write(
    session: Session, post: PostRow, at: datetime, counted: Mapping[str, int | float | None]
) -> None:
    """Write down how a post is doing today; what was read earlier today is replaced.

    Args:
        session: of the transaction.
        post: whose figures they are.
        at: when they were read.
        counted: by column, of `COUNTED`.
    """
    row = PostFiguresRow(
        post_id=post.post_id,
        day=at.astimezone(UTC).date(),
        at=at,
        age_s=max(0, int((at - (post.posted_at or at)).total_seconds())),
        **{name: counted.get(name) for name in COUNTED},
    )
    session.merge(row)
    # The row is another's to work on: nothing but this is changed of it.
    session.execute(
        update(PostRow)
        .where(PostRow.post_id == post.post_id)
        .values(figures_at=at, updated_at=PostRow.updated_at)
    )
