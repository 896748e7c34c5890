"""The tables of reviews: decisions, gates, links, comments, what was changed. Each migrated."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.leases import Leased
from vidpipe.catalog.tables import Audited, Base, Utc, now

_STANDING = text("undone_at IS NULL")
_WAITING = text("state = 'waiting'")
_DUE = text("due_at IS NOT NULL")


def _number() -> Mapped[int]:
    kind = BigInteger().with_variant(Integer, "sqlite")
    return mapped_column(kind, primary_key=True, autoincrement=True)


def _video() -> Mapped[str]:
    return mapped_column(ForeignKey("videos.video_id", ondelete="CASCADE"))


class DecisionRow(Base):
    """What someone said of a clip that they saw: approved or rejected; `undone_at`: not any more.

    At most one that is not undone for each fingerprint of a clip: of two at once one is first.
    It counts while that is the fingerprint of the clip. What the clip was then (`rank`, `score`,
    times and title) is kept with it, as clips come and go.
    """

    __tablename__ = "review_decisions"

    id: Mapped[int] = _number()
    video_id: Mapped[str] = _video()
    clip_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    undone_at: Mapped[datetime | None] = mapped_column(Utc)
    undone_by: Mapped[str | None] = mapped_column(String(200))
    rank: Mapped[int] = mapped_column(Integer)
    score: Mapped[float] = mapped_column(Float)
    start_s: Mapped[float] = mapped_column(Float)
    end_s: Mapped[float] = mapped_column(Float)
    title: Mapped[str] = mapped_column(String(512))

    __table_args__ = (
        Index(
            "uq_review_decisions_standing",
            "video_id",
            "clip_id",
            "fingerprint",
            unique=True,
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
        Index("ix_review_decisions_clip", "video_id", "clip_id", "id"),
        Index("ix_review_decisions_fingerprint", "clip_id", "fingerprint"),
        Index("ix_review_decisions_channel", "channel", "at"),
    )


class GateRow(Leased, Audited, Base):
    """A video that waits for someone before it goes on, or did.

    `stages` are those that are asked for once it is approved, with the `run_options` and the
    `origin` of what was asked for; `fingerprint` is of what is to be looked at. `options_key`
    is a digest of the options: runs with other options wait by themselves. It is due until
    those were told of it who are to decide.
    """

    __tablename__ = "review_gates"

    id: Mapped[int] = _number()
    video_id: Mapped[str] = _video()
    channel: Mapped[str] = mapped_column(String(64))
    gate: Mapped[str] = mapped_column(String(16))
    options_key: Mapped[str] = mapped_column(String(64))
    run_options: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    stages: Mapped[list[str]] = mapped_column(JSON)
    origin: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    decided_at: Mapped[datetime | None] = mapped_column(Utc)
    by: Mapped[str | None] = mapped_column(String(200))
    by_name: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index(
            "uq_review_gates_waiting",
            "video_id",
            "gate",
            "options_key",
            unique=True,
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index("ix_review_gates_video_id", "video_id", "gate", "fingerprint"),
        Index("ix_review_gates_created_at", "created_at", "id"),
        Index("ix_review_gates_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
    )


class ReviewLinkRow(Base):
    """A link by which someone without an account looks at a video's clips, or decides on them.

    Of its token only the SHA-256 is kept, of its password an argon2id hash. `clips` are ids;
    null: all that the video has.
    """

    __tablename__ = "review_links"

    link_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    video_id: Mapped[str] = _video()
    channel: Mapped[str] = mapped_column(String(64))
    clips: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    permission: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (
        Index("ix_review_links_video_id", "video_id"),
        Index("ix_review_links_created_at", "created_at", "link_id"),
    )


class CommentRow(Base):
    """A remark at a second of a clip, about the file that was seen."""

    __tablename__ = "review_comments"

    id: Mapped[int] = _number()
    video_id: Mapped[str] = _video()
    clip_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    at_s: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    resolved_at: Mapped[datetime | None] = mapped_column(Utc)
    resolved_by: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (Index("ix_review_comments_video_id", "video_id", "clip_id", "id"),)


class ReviewChangeRow(Base):
    """Something that someone changed of a clip: what it was, and what they made of it."""

    __tablename__ = "review_changes"

    id: Mapped[int] = _number()
    video_id: Mapped[str] = _video()
    clip_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(24))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    score: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (
        Index("ix_review_changes_clip", "video_id", "clip_id", "id"),
        Index("ix_review_changes_channel", "channel", "at"),
    )


class ReviewRulesRow(Base):
    """When a channel asks, as it was set in the service: instead of what its file says.

    `rules` is null where the file holds again; the version goes on counting.
    """

    __tablename__ = "review_rules"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    rules: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int] = mapped_column(Integer)
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(Utc, default=now)


class SlackRequestRow(Base):
    """A signed request of Slack's that was obeyed: sent again, it is not obeyed again."""

    __tablename__ = "slack_requests"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (Index("ix_slack_requests_at", "at"),)
