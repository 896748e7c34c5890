"""What a schedule of posts reads and locks: accounts, when they post, pauses, the same elsewhere.

Whoever gives a post its moment, or lets it go, locks the row of its account before that of the
post: so that no two of them pass a limit together that each alone would keep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.post_states import KEPT_BACK, PostState
from vidpipe.catalog.publishing_tables import PostRow, PublishingPauseRow, SocialAccountRow
from vidpipe.catalog.tables import ClipRow, Video

CONNECTED = "connected"
#: Where a post went out, else where it is planned.
_MOMENT = func.coalesce(PostRow.posted_at, PostRow.at)
#: Not shown in a calendar: nothing went out, and nothing will.
_GONE = (PostState.CANCELLED, PostState.DELETED)


def locked_account(session: Session, account_id: str) -> SocialAccountRow | None:
    """An account that nobody else gives slots of until the transaction ends."""
    # Whoever inserts a post meanwhile only needs the key of the account to stay.
    return session.get(SocialAccountRow, account_id, with_for_update={"key_share": True})


def locked_post(session: Session, post_id: str) -> PostRow | None:
    """A post that nobody else changes until the transaction ends, as it is now."""
    query = select(PostRow).where(PostRow.post_id == post_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def shown_at(at: datetime, opens_at: datetime | None) -> datetime:
    """When a post that goes out at a moment is shown: then, or when its platform does so later."""
    return max(at, opens_at or at)


@dataclass(frozen=True)
class Planned:
    """When a post goes out or went out.

    Attributes:
        post_id: of the post.
        account_id: of its account.
        state: where it stands.
        at: its moment; where it went out already, when it did.
        opens_at: when its platform shows it, where that is later.
        waits_until: it is begun, and goes on then.
    """

    post_id: str
    account_id: str
    state: str
    at: datetime
    waits_until: datetime | None
    opens_at: datetime | None

    def taken(self) -> datetime | None:
        """The slot that it has without that anything of it is seen then."""
        return self.at if self.opens_at is not None and self.opens_at > self.at else None

    def moment(self, now: datetime, grace: timedelta) -> datetime | None:
        """When it counts; None where its time went by and it will get another."""
        shown = shown_at(self.at, self.opens_at)
        if self.state == PostState.POSTING:
            return max(shown, self.waits_until or now, now)
        unsent = self.state in (*_UNSENT, PostState.HELD)
        return None if unsent and shown < now - grace else shown


_UNSENT = (PostState.WAITING, PostState.QUEUED, PostState.SCHEDULED)


def planned(
    session: Session,
    accounts: Collection[str],
    since: datetime,
    until: datetime | None = None,
    *,
    without: str = "",
) -> list[Planned]:
    """The posts of accounts from one moment to another (excluded), as far as they have one.

    What was posted and taken down again counts: it was there.
    """
    columns = (
        *(PostRow.post_id, PostRow.account_id, PostRow.state, _MOMENT),
        *(PostRow.waits_until, PostRow.opens_at),
    )
    # What is begun, or shown later, is of a later time than it was planned for.
    begun = or_(PostRow.state == PostState.POSTING, PostRow.opens_at >= since)
    query = select(*columns).where(
        PostRow.account_id.in_(accounts),
        or_(PostRow.standing, PostRow.posted_at.is_not(None)),
        PostRow.at.is_not(None),
        # The index is of the moment that was planned; what is late is late by days at most.
        or_(PostRow.at >= since - timedelta(days=35), begun),
        or_(since <= _MOMENT, begun),
        PostRow.post_id != without,
    )
    if until is not None:
        query = query.where(or_(until > _MOMENT, PostRow.opens_at < until))
    return [Planned(*row) for row in session.execute(query)]


_QUEUED = (PostRow.at.is_(None), PostRow.state == PostState.QUEUED)


def waited_for(session: Session, channels: Collection[str]) -> list[str]:
    """The accounts of channels that posts wait for a slot of."""
    query = select(PostRow.account_id).where(PostRow.channel.in_(channels), *_QUEUED)
    return list(session.scalars(query.distinct().order_by(PostRow.account_id)))


def queue(
    session: Session, account: SocialAccountRow, lease: str | None
) -> list[tuple[str, float, datetime, datetime | None]]:
    """What the order of an account's queue goes by, of each post: its id, its score, since when
    it waits, and when its recording came in.

    Args:
        session: of a transaction.
        account: whose.
        lease: of whoever asks; what others work on is left out.
    """
    columns = (PostRow.post_id, PostRow.score, PostRow.created_at, Video.created_at)
    query = select(*columns).outerjoin(Video, Video.video_id == PostRow.video_id)
    return [tuple(row) for row in session.execute(query.where(*_queue_of(account, lease)))]


def queued(
    session: Session, account: SocialAccountRow, post_ids: Collection[str], lease: str | None
) -> list[PostRow]:
    """Those of some posts that wait for a slot still, locked; in no order.

    What somebody else changes right now is left out.
    """
    query = select(PostRow).where(PostRow.post_id.in_(post_ids), *_queue_of(account, lease))
    query = query.with_for_update(of=PostRow, skip_locked=True)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def untold(
    session: Session, account: SocialAccountRow, words: str, lease: str | None, limit: int
) -> list[str]:
    """Posts that wait for a slot and say something else than these words; some of them."""
    query = select(PostRow.post_id).where(*_queue_of(account, lease), PostRow.problem != words)
    return list(session.scalars(query.limit(limit)))


def tell_queued(
    session: Session, account: SocialAccountRow, words: str, lease: str | None, limit: int
) -> None:
    """Have posts say why they wait for a slot, so many at once."""
    untold_yet = untold(session, account, words, lease, limit)
    if untold_yet:
        same = (PostRow.post_id.in_(untold_yet), *_queue_of(account, lease))
        session.execute(update(PostRow).where(*same).values(problem=words))


def _queue_of(account: SocialAccountRow, lease: str | None) -> tuple[ColumnElement[bool], ...]:
    mine = PostRow.lease.is_(None)
    return (
        PostRow.channel == account.channel,
        PostRow.account_id == account.account_id,
        *_QUEUED,
        mine if lease is None else or_(mine, PostRow.lease == lease),
    )


def late(session: Session, before: datetime, now: datetime, limit: int) -> list[PostRow]:
    """Posts whose moment is over and that nobody has taken up, the first ones first.

    Args:
        session: of a transaction.
        before: their moment was.
        now: this moment; where a pause holds then, they wait for its end.
        limit: how many at most.
    """
    paused = exists().where(
        PublishingPauseRow.channel == PostRow.channel,
        PublishingPauseRow.platform.in_(("", PostRow.platform)),
        or_(PublishingPauseRow.until.is_(None), PublishingPauseRow.until > now),
    )
    query = select(PostRow).where(
        PostRow.due_at.is_not(None),
        PostRow.lease.is_(None),
        PostRow.state == PostState.SCHEDULED,
        PostRow.at < before,
        ~paused,
    )
    return list(session.scalars(query.order_by(PostRow.at, PostRow.post_id).limit(limit)))


def put_off(session: Session, channel: str, platform: str) -> Sequence[PostRow]:
    """Posts of a channel that were to be out already, locked."""
    query = select(PostRow).where(
        PostRow.channel == channel,
        PostRow.due_at.is_not(None),
        PostRow.lease.is_(None),
        PostRow.state == PostState.SCHEDULED,
        PostRow.due_at > PostRow.at,
    )
    if platform:
        query = query.where(PostRow.platform == platform)
    return session.scalars(query.order_by(PostRow.post_id).with_for_update()).all()


def put_off_there(
    session: Session, channel: str, platform: str, now: datetime
) -> Sequence[PostRow]:
    """Posts of a channel that platforms have, and show later or were told not to, locked."""
    query = select(PostRow).where(
        PostRow.channel == channel,
        PostRow.opens_at.is_not(None),
        or_(PostRow.opens_at > now, PostRow.code.in_(KEPT_BACK)),
        PostRow.state.in_((PostState.POSTED, PostState.POSTING)),
        PostRow.lease.is_(None),
        PostRow.remote.is_not(None),
    )
    if platform:
        query = query.where(PostRow.platform == platform)
    return session.scalars(query.order_by(PostRow.post_id).with_for_update()).all()


def pauses(session: Session, channels: Collection[str]) -> list[PublishingPauseRow]:
    """The pauses of channels, also those that are over and not yet removed."""
    query = select(PublishingPauseRow).where(PublishingPauseRow.channel.in_(channels))
    return list(
        session.scalars(query.order_by(PublishingPauseRow.channel, PublishingPauseRow.platform))
    )


def ended_pauses(session: Session, at: datetime) -> list[PublishingPauseRow]:
    """The pauses that are over."""
    return list(session.scalars(select(PublishingPauseRow).where(PublishingPauseRow.until <= at)))


def connected(session: Session, channels: Collection[str]) -> list[SocialAccountRow]:
    """The accounts of channels that can post, by name."""
    query = select(SocialAccountRow).where(
        SocialAccountRow.channel.in_(channels), SocialAccountRow.state == CONNECTED
    )
    order = (SocialAccountRow.channel, SocialAccountRow.platform, SocialAccountRow.account_id)
    return list(session.scalars(query.order_by(*order)))


@dataclass(frozen=True)
class PostedSpan:
    """A post of the same recording to another account.

    Attributes:
        post_id: of the post.
        channel: whose.
        clip_id: of its clip.
        state: where it stands.
        created_at: when it was made.
        span: seconds of the recording; None: the clip is gone.
    """

    post_id: str
    channel: str
    clip_id: str
    state: str
    created_at: datetime
    span: tuple[float, float] | None


def span_of(session: Session, video_id: str, clip_id: str) -> tuple[float, float] | None:
    """Where a clip is in its recording; None: it is gone."""
    clip = session.get(ClipRow, (clip_id, video_id))
    return (clip.start_s, clip.end_s) if clip is not None else None


def elsewhere(
    session: Session, account: SocialAccountRow, video_id: str, channels: Collection[str]
) -> list[PostedSpan]:
    """Posts of the same recording to other accounts of the same platform.

    Args:
        session: of a transaction.
        account: whose own posts are not meant.
        video_id: of a video of the recording.
        channels: that are looked at; each has its own video of a recording.
    """
    digest = select(Video.sha256).where(Video.video_id == video_id).scalar_subquery()
    videos = select(Video.video_id).where(Video.channel.in_(channels), Video.sha256 == digest)
    clip: ColumnElement[bool] = and_(
        ClipRow.clip_id == PostRow.clip_id, ClipRow.video_id == PostRow.video_id
    )
    columns = (PostRow.post_id, PostRow.channel, PostRow.clip_id, PostRow.state)
    query = (
        select(*columns, PostRow.created_at, ClipRow.start_s, ClipRow.end_s)
        .outerjoin(ClipRow, clip)
        .where(
            PostRow.video_id.in_(videos),
            PostRow.platform == account.platform,
            PostRow.account_id != account.account_id,
            PostRow.standing,
        )
        .order_by(PostRow.created_at, PostRow.post_id)
    )
    found = []
    for post_id, channel, clip_id, state, created_at, start_s, end_s in session.execute(query):
        span = (start_s, end_s) if start_s is not None else None
        found.append(PostedSpan(post_id, channel, clip_id, state, created_at, span))
    return found


@dataclass(frozen=True)
class CalendarRow:
    """A post as a calendar shows it."""

    post_id: str
    channel: str
    platform: str
    account_id: str
    state: str
    title: str
    at: datetime
    slot: str | None
    pinned: bool
    video_id: str
    clip_id: str
    url: str
    problem: str
    account_name: str
    rank: int | None


def calendar_rows(
    session: Session, channels: Collection[str], first: datetime, last: datetime, limit: int
) -> list[CalendarRow]:
    """The posts from one moment to another (excluded), in order."""
    columns = [
        getattr(PostRow, name)
        for name in CalendarRow.__dataclass_fields__
        if name not in ("account_name", "rank")
    ]
    clip = (ClipRow.video_id == PostRow.video_id) & (ClipRow.clip_id == PostRow.clip_id)
    query = (
        select(*columns, SocialAccountRow.name, ClipRow.rank)
        .join(SocialAccountRow, SocialAccountRow.account_id == PostRow.account_id)
        .outerjoin(ClipRow, clip)
        .where(
            PostRow.channel.in_(channels),
            PostRow.at >= first,
            PostRow.at < last,
            PostRow.state.not_in(_GONE),
        )
        .order_by(PostRow.at, PostRow.post_id)
        .limit(limit)
    )
    return [CalendarRow(*row) for row in session.execute(query)]
