"""The tables of events and of progress. Changed only together with a migration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.leases import Leased
from vidpipe.catalog.tables import Base, Utc, now

_DUE = text("due_at IS NOT NULL")


class EventRow(Leased, Base):
    """Something that happened, written in the transaction in which it did.

    Ids grow in the order of commits. It is due while webhooks are still to be told of it, see
    `vidpipe.catalog.webhooks`; `body` is what is sent to them, from then on. `video_id` and
    `job_id` are those in `data`.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    event_id: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)
    video_id: Mapped[str | None] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(String(40))
    occurred_at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (
        UniqueConstraint("event_id", name="uq_webhook_events_event_id"),
        Index("ix_events_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("ix_events_occurred_at", "occurred_at"),
        Index("ix_events_channel", "channel", "id"),
        Index("ix_events_video_id", "video_id", "id"),
        Index("ix_events_job_id", "job_id", "id"),
    )


class ProgressRow(Base):
    """How far the run of a video is: one row, of the last that was heard.

    `stages` is how much of each stage is done, 0 to 1. `serial` grows with each change.
    """

    __tablename__ = "progress"

    video_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(64))
    stages: Mapped[dict[str, float]] = mapped_column(JSON)
    percent: Mapped[float] = mapped_column(Float)
    eta_s: Mapped[float | None] = mapped_column(Float)
    serial: Mapped[int] = mapped_column(Integer, default=1)
    updated_at: Mapped[datetime] = mapped_column(Utc)

    __table_args__ = (Index("ix_progress_updated_at", "updated_at"),)
