"""The tables of publishing: accounts at platforms, posts, what was asked of them, their figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.leases import Leased
from vidpipe.catalog.tables import Audited, Base, Utc, now

_DUE = text("due_at IS NOT NULL")
#: Posts that stand in the way of a second one of the same clip to the same account.
_STANDING = text("standing")
_OPENS = text("opens_at IS NOT NULL")


def _number() -> Mapped[int]:
    kind = BigInteger().with_variant(Integer, "sqlite")
    return mapped_column(kind, primary_key=True, autoincrement=True)


class SocialAccountRow(Leased, Audited, Base):
    """An account at a platform that a channel posts to.

    `secret` is JSON of its tokens, sealed; null once it was disconnected. It is due when its
    access token is to be renewed. `limits` is what was last read of what it may do. While
    `state` is not `connected`, its posts wait; `problem` says why in words for a person.
    """

    __tablename__ = "social_accounts"

    account_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(32))
    remote_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200), default="")
    #: Of the platform's application (an entry of the settings): quotas are of it.
    application: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16))
    problem: Mapped[str] = mapped_column(Text, default="")
    secret: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    limits: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    limits_at: Mapped[datetime | None] = mapped_column(Utc)
    connected_by: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("channel", "platform", "remote_id", name="uq_social_accounts_remote"),
        Index("ix_social_accounts_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
    )


class ConnectingRow(Base):
    """Someone who was sent to a platform to allow it, and is expected back.

    Of the `state` that the platform gives back only the SHA-256 is kept; `verifier` (PKCE) is
    sealed. It is used once.
    """

    __tablename__ = "account_connections"

    state_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(32))
    application: Mapped[str] = mapped_column(String(64), default="")
    verifier: Mapped[str] = mapped_column(Text)
    redirect_uri: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(Utc)

    __table_args__ = (Index("ix_account_connections_expires_at", "expires_at"),)


class PostRow(Leased, Audited, Base):
    """A clip that is to be posted to an account, or was.

    `state` is where it stands for people; `remote` is how far its platform has got with it, as
    JSON, sealed. `fingerprint` is of the clip that was approved: no other file is sent. It is due
    when its next request is to be made. `slot` names the slot that it stands in; null: its time
    was chosen by a person. While it is `standing`, the account takes the clip no second time.
    """

    __tablename__ = "posts"

    post_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    video_id: Mapped[str] = mapped_column(String(64))
    clip_id: Mapped[str] = mapped_column(String(32))
    platform: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[str] = mapped_column(ForeignKey("social_accounts.account_id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    standing: Mapped[bool] = mapped_column(Boolean, default=True)
    title: Mapped[str] = mapped_column(String(512), default="")
    #: What a person said of the post in place of what the export says.
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    score: Mapped[float] = mapped_column(Float, default=0.0)
    at: Mapped[datetime | None] = mapped_column(Utc)
    #: When its platform is to show it, where that is later than `at`.
    opens_at: Mapped[datetime | None] = mapped_column(Utc)
    slot: Mapped[str | None] = mapped_column(String(100))
    #: Somebody chose its time although the rules of the schedule spoke against it.
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    remote: Mapped[str | None] = mapped_column(Text)
    remote_id: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    code: Mapped[str] = mapped_column(String(100), default="")
    waits_until: Mapped[datetime | None] = mapped_column(Utc)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[datetime | None] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(200))
    posted_at: Mapped[datetime | None] = mapped_column(Utc)
    figures_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (
        Index(
            "uq_posts_standing",
            "account_id",
            "video_id",
            "clip_id",
            unique=True,
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
        # Of two posts that look for a place at once, one gets the slot.
        Index(
            "uq_posts_slot",
            "account_id",
            "slot",
            unique=True,
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
        Index("ix_posts_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("ix_posts_channel", "channel", "at", "post_id"),
        Index("ix_posts_account_id", "account_id", "at"),
        Index("ix_posts_video_id", "video_id", "clip_id"),
        Index("ix_posts_created_at", "created_at", "post_id"),
        Index(
            "ix_posts_opens_at",
            "opens_at",
            postgresql_where=_OPENS,
            sqlite_where=_OPENS,
        ),
    )


class PostRequestRow(Base):
    """A request that was made for a post, and what came of it; none of it is secret."""

    __tablename__ = "post_requests"

    id: Mapped[int] = _number()
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.post_id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    #: Which request, as the reference of publishing names it: `upload.start`.
    operation: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (Index("ix_post_requests_post_id", "post_id", "id"),)


class PostFiguresRow(Base):
    """How a post was doing on a day; null is what the platform does not say."""

    __tablename__ = "post_figures"

    post_id: Mapped[str] = mapped_column(
        ForeignKey("posts.post_id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    #: How old the post was then, in seconds.
    age_s: Mapped[int] = mapped_column(BigInteger, default=0)
    views: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    comments: Mapped[int | None] = mapped_column(BigInteger)
    shares: Mapped[int | None] = mapped_column(BigInteger)
    saves: Mapped[int | None] = mapped_column(BigInteger)
    watch_s: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (Index("ix_post_figures_day", "day"),)


class PostReadingRow(Leased, Base):
    """When the figures of a post are read, and what came of it; due when it is read next.

    `factors` is what its clip was chosen by, kept when it was first read: the clip may be made
    again, or be gone, long before its views have been counted.
    """

    __tablename__ = "post_readings"

    post_id: Mapped[str] = mapped_column(
        ForeignKey("posts.post_id", ondelete="CASCADE"), primary_key=True
    )
    factors: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    #: When it was last asked, whatever came of it.
    read_at: Mapped[datetime | None] = mapped_column(Utc)
    problem: Mapped[str] = mapped_column(Text, default="")
    code: Mapped[str] = mapped_column(String(100), default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        Index("ix_post_readings_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
    )


class PublishingPauseRow(Base):
    """A channel that posts nothing for a while; `platform` empty: on none of its platforms."""

    __tablename__ = "publishing_pauses"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform: Mapped[str] = mapped_column(String(32), primary_key=True, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    until: Mapped[datetime | None] = mapped_column(Utc)
