"""Accounts at platforms: whom a channel posts as, and those who are about to connect one.

Secrets come and go sealed: nothing here opens them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.posts import hold_posts, release_posts, wake_posts
from vidpipe.catalog.publishing_tables import ConnectingRow, PostRow, SocialAccountRow
from vidpipe.catalog.tables import now

#: Seconds after which a process that renews a token is taken to have died: longer than a request.
LEASE_S = 120.0
#: Of posts that wait for their account.
HELD_CODE = "account_broken"
_BROKEN = "account.broken"
#: States in which a post is held when its account breaks.
_HOLDABLE = ("queued", "scheduled", "posting")
_WAITING = ("waiting", *_HOLDABLE, "held")


class AccountState(StrEnum):
    """Where an account stands."""

    CONNECTED = "connected"
    BROKEN = "broken"
    DISCONNECTED = "disconnected"


class Busy(StrEnum):
    """Why an account was not claimed."""

    #: Another process renews its token.
    HELD = "held"
    #: Its secret is another one by now.
    CHANGED = "changed"


@dataclass(frozen=True)
class FoundAccount:
    """An account that somebody connected.

    Attributes:
        secret: sealed.
        due_at: when its token is to be renewed; None: it never is.
        problem: what they did not allow, in words; empty: nothing is missing.
    """

    remote_id: str
    name: str
    secret: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    due_at: datetime | None
    problem: str = ""


class SocialAccountRows:
    """Reads and writes the tables of accounts at platforms."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @cached_property
    def due(self) -> Leases[SocialAccountRow]:
        """Accounts whose token is to be renewed."""
        return Leases(self._db, SocialAccountRow, lease_s=LEASE_S)

    # Connecting

    def begin(self, row: ConnectingRow, most: int) -> bool:
        """Expect somebody back; False where so many of theirs are expected already."""
        with self._db.writing() as session:
            session.execute(delete(ConnectingRow).where(ConnectingRow.expires_at <= now()))
            mine = select(func.count()).where(ConnectingRow.by == row.by)
            if (session.scalar(mine) or 0) >= most:
                return False
            session.add(row)
        return True

    def came_back(self, state_sha256: str, platform: str, by: str) -> ConnectingRow | None:
        """Who was expected, once; None: nobody who began this is, any more."""
        query = delete(ConnectingRow).where(
            ConnectingRow.state_sha256 == state_sha256,
            ConnectingRow.platform == platform,
            ConnectingRow.by == by,
            ConnectingRow.expires_at > now(),
        )
        with self._db.writing() as session:
            return session.scalars(query.returning(ConnectingRow)).one_or_none()

    def connect(
        self,
        found: Sequence[FoundAccount],
        *,
        channel: str,
        platform: str,
        application: str,
        by: str,
        beside: Callable[[Session, SocialAccountRow], None] = lambda _, __: None,
    ) -> list[str]:
        """Write down what somebody connected; an account that was there is renewed. Their ids.

        Posts that waited for an account go on.

        Args:
            found: each with a remote id of its own.
            channel: that posts as these.
            platform: where they are.
            application: that was allowed to.
            by: the id of whoever connected them.
            beside: whatever belongs to each within the transaction.
        """
        fixed = {"channel": channel, "platform": platform}
        for last in (False, True):
            try:
                with self._db.writing() as session:
                    made = []
                    for one in found:
                        row = _place(session, one.remote_id, fixed)
                        before = AccountState(row.state) if row.state else None
                        if before is not None and row.application != application:
                            # The quotas are others: what waits for those of the one before is
                            # looked at.
                            wake_posts(session, row.account_id)
                        row.name, row.application = one.name[:200], application
                        row.secret, row.scopes = one.secret, list(one.scopes)
                        row.expires_at, row.due_at = one.expires_at, one.due_at
                        row.lease, row.claims = None, 0
                        row.connected_by, row.updated_at = by, now()
                        _mend(session, row, before)
                        row.problem = one.problem
                        data = {
                            "account_id": row.account_id,
                            "platform": platform,
                            "renewed": before is not None,
                        }
                        emit(session, "account.connected", channel, data)
                        beside(session, row)
                        made.append(row.account_id)
                return made
            except IntegrityError:
                # Somebody connected the same account at the same moment.
                if last:
                    raise
        raise AssertionError

    # Reading

    def get(self, account_id: str) -> SocialAccountRow | None:
        with self._db.session() as session:
            return session.get(SocialAccountRow, account_id)

    def list(
        self, channels: Collection[str] | None = None, *, platform: str | None = None
    ) -> list[SocialAccountRow]:
        """Accounts of these channels, or all; by channel, platform and name."""
        query = select(SocialAccountRow)
        if channels is not None:
            query = query.where(SocialAccountRow.channel.in_(channels))
        if platform is not None:
            query = query.where(SocialAccountRow.platform == platform)
        order = (
            SocialAccountRow.channel,
            SocialAccountRow.platform,
            SocialAccountRow.name,
            SocialAccountRow.account_id,
        )
        with self._db.session() as session:
            return list(session.scalars(query.order_by(*order)))

    def posts_waiting(self, account_ids: Collection[str]) -> dict[str, int]:
        """How many posts wait of each of these accounts; those with none are left out."""
        query = (
            select(PostRow.account_id, func.count())
            .where(PostRow.account_id.in_(account_ids), PostRow.state.in_(_WAITING))
            .group_by(PostRow.account_id)
        )
        with self._db.session() as session:
            return {account: count for account, count in session.execute(query)}  # noqa: C416

    # Tokens

    def claim(self, account_id: str, seen: str) -> SocialAccountRow | Busy:
        """Take an account to renew its token now, whether it is due or not.

        Args:
            account_id: of which.
            seen: its secret, sealed, as it was read.
        """
        with self._db.writing() as session:
            row = session.get(SocialAccountRow, account_id, with_for_update=True)
            if row is None or row.secret != seen:
                return Busy.CHANGED
            if row.lease is not None and row.due_at is not None and row.due_at > now():
                return Busy.HELD
            row.lease, row.claims = uuid.uuid4().hex, row.claims + 1
            row.due_at = now() + timedelta(seconds=LEASE_S)
            return row

    def renewed(
        self,
        row: SocialAccountRow,
        secret: str,
        *,
        expires_at: datetime | None,
        due_at: datetime | None,
        scopes: Sequence[str],
        problem: str = "",
    ) -> bool:
        """Keep the token that was got with this row's secret, and end its lease.

        It is kept although the lease was lost meanwhile: a platform that gives a refresh token
        once takes the old one no more. False: the account was connected again, or disconnected.
        """
        with self._db.writing() as session:
            mine = session.get(SocialAccountRow, row.account_id, with_for_update=True)
            if mine is None or mine.secret is None or mine.secret != row.secret:
                return False
            mine.secret, mine.expires_at, mine.due_at = secret, expires_at, due_at
            mine.scopes = list(scopes)
            mine.lease, mine.claims = None, 0
            _mend(session, mine, AccountState(mine.state))
            mine.problem = problem
        return True

    def put_off(self, row: SocialAccountRow, due_at: datetime | None, problem: str | None) -> bool:
        """Nothing came of renewing it; try again at that time. False: the lease was lost.

        Args:
            row: as it was claimed.
            due_at: when; None: not by itself.
            problem: what is said of it; None: as before.
        """

        def work(_: Session, mine: SocialAccountRow) -> None:
            if problem is not None:
                mine.problem = problem

        return self.due.settle(row, work, due_at=due_at)

    def ending(self, row: SocialAccountRow, due_at: datetime | None, words: str) -> bool:
        """Tell people that an account will have to be connected again. False: as above."""

        def work(session: Session, mine: SocialAccountRow) -> None:
            mine.problem = words
            tell(session, _notice("account.ending", mine, words))

        return self.due.settle(row, work, due_at=due_at)

    def broke(
        self,
        account_id: str,
        words: str,
        code: str,
        *,
        due_at: datetime | None = None,
        seen: str | None = None,
    ) -> bool:
        """An account cannot be posted to: its posts wait, and people are told, once.

        Args:
            account_id: of which.
            words: why, and what to do.
            code: short and stable.
            due_at: when its token is tried to be renewed again; None: not by itself.
            seen: only while its secret is still this one.

        Returns:
            False where it is disconnected, or another secret is there.
        """
        with self._db.writing() as session:
            row = session.get(SocialAccountRow, account_id, with_for_update=True)
            if row is None or row.state == AccountState.DISCONNECTED:
                return False
            if seen is not None and row.secret != seen:
                return False
            known = row.state == AccountState.BROKEN
            row.state, row.problem, row.updated_at = AccountState.BROKEN, words, now()
            row.due_at, row.lease, row.claims = due_at, None, 0
            held = hold_posts(session, account_id, words)
            if not known:
                data = {
                    "account_id": account_id,
                    "platform": row.platform,
                    "code": code,
                    "posts": held,
                }
                emit(session, "account.broken", row.channel, data)
                tell(session, _notice(_BROKEN, row, words))
        return True

    def disconnect(self, account_id: str, words: str) -> bool:
        """Forget an account's tokens; its posts wait until it is connected again."""
        with self._db.writing() as session:
            row = session.get(SocialAccountRow, account_id, with_for_update=True)
            if row is None or row.state == AccountState.DISCONNECTED:
                return False
            if row.state == AccountState.BROKEN:
                tell(session, _notice(_BROKEN, row, "", over=True))
            row.state, row.problem, row.updated_at = AccountState.DISCONNECTED, words, now()
            row.secret, row.expires_at, row.limits, row.limits_at = None, None, None, None
            row.due_at, row.lease, row.claims = None, None, 0
            hold_posts(session, account_id, words)
            data = {"account_id": account_id, "platform": row.platform}
            emit(session, "account.disconnected", row.channel, data)
        return True

    def limits_read(self, account_id: str, name: str, limits: dict[str, Any]) -> None:
        """Keep what was read of what an account may do."""
        query = update(SocialAccountRow).where(SocialAccountRow.account_id == account_id)
        with self._db.writing() as session:
            session.execute(query.values(limits=limits, limits_at=now(), name=name[:200]))

    def reseal(self, renewed: Callable[[str], str | None]) -> tuple[int, int]:
        """Encrypt secrets again; `renewed` gives None for what may stay as it is. How many, and
        how many could not be now."""
        query = select(SocialAccountRow.account_id, SocialAccountRow.secret)
        with self._db.session() as session:
            rows = list(session.execute(query.where(SocialAccountRow.secret.is_not(None))))
        count = left = 0
        for account_id, secret in rows:
            sealed = renewed(secret)
            if sealed is None:
                continue
            # Whoever renews its token goes by the secret that it found: it is left alone.
            change = update(SocialAccountRow).where(
                SocialAccountRow.account_id == account_id,
                SocialAccountRow.secret == secret,
                SocialAccountRow.lease.is_(None),
            )
            done = change.values(secret=sealed).returning(SocialAccountRow.account_id)
            with self._db.writing() as session:
                changed = session.scalar(done) is not None
            count, left = count + changed, left + (not changed)
        return count, left

    def forget_expected(self) -> None:
        """Remove what is kept of those who did not come back."""
        with self._db.writing() as session:
            session.execute(delete(ConnectingRow).where(ConnectingRow.expires_at <= now()))


def _place(session: Session, remote_id: str, fixed: dict[str, str]) -> SocialAccountRow:
    """The row of an account, as it is or new."""
    query = select(SocialAccountRow).filter_by(remote_id=remote_id, **fixed).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        row = SocialAccountRow(
            account_id=f"account-{uuid.uuid4().hex[:20]}",
            remote_id=remote_id,
            state="",
            claims=0,
            scopes=[],
            connected_by="",
            **fixed,
        )
        session.add(row)
    return row


def _mend(session: Session, row: SocialAccountRow, before: AccountState | None) -> None:
    """It can be posted to: what waited for it goes on."""
    row.state, row.problem = AccountState.CONNECTED, ""
    if before is AccountState.BROKEN:
        tell(session, _notice(_BROKEN, row, "", over=True))
    if before in (AccountState.BROKEN, AccountState.DISCONNECTED):
        session.flush()
        release_posts(session, row.account_id)


def _notice(kind: str, row: SocialAccountRow, words: str, *, over: bool = False) -> Notice:
    return Notice(
        kind,
        words,
        channel=row.channel,
        subject=row.account_id,
        name=f"{row.platform}: {row.name}",
        data={"account_id": row.account_id},
        over=over,
    )
