"""Tables of the analytics: what was done on which day (UTC) in which channel.

They follow from other tables, and can be made again of these at any time.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Base, Utc


class CompletionRow(Base):
    """A video was finished on a day, and what it had then. It stays when the video is retired."""

    __tablename__ = "completions"

    video_id: Mapped[str] = mapped_column(
        ForeignKey("videos.video_id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    finished_at: Mapped[datetime] = mapped_column(Utc)
    duration_s: Mapped[float] = mapped_column(Float)
    clips: Mapped[int] = mapped_column(Integer)
    exports: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_completions_channel", "channel", "day"),)


class DayRow(Base):
    """What was done on one day in one channel.

    `given_up` are videos and uploads of which a failure of that day still stands; `work_s` is
    what stages took, `media_s` how long the finished recordings are. `cost` is null where
    nothing is known of it.
    """

    __tablename__ = "analytics_days"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    accepted: Mapped[int] = mapped_column(Integer)
    finished: Mapped[int] = mapped_column(Integer)
    clips: Mapped[int] = mapped_column(Integer)
    exports: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    given_up: Mapped[int] = mapped_column(Integer)
    work_s: Mapped[float] = mapped_column(Float)
    media_s: Mapped[float] = mapped_column(Float)
    cost: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (Index("ix_analytics_days_day", "day", "channel"),)


class DayFailureRow(Base):
    """How often something failed for one cause on one day in one channel."""

    __tablename__ = "analytics_failures"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    cause: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class DayStageRow(Base):
    """What one stage took on one day in one channel, where it was made and not found.

    `buckets` counts runs by how long they took: bucket `k` holds those of up to 1.05 ** k
    seconds, so that any share of any span of days is known to 5 %.
    """

    __tablename__ = "analytics_stages"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    stage: Mapped[str] = mapped_column(String(40), primary_key=True)
    runs: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    work_s: Mapped[float] = mapped_column(Float)
    buckets: Mapped[dict[str, int]] = mapped_column(JSON)


class ChangedDayRow(Base):
    """Something changed on a day in a channel since its analytics were made.

    Rows are only added, each by the transaction that changes something, and taken by whoever
    counts the day again: none is missed.
    """

    __tablename__ = "analytics_changes"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    channel: Mapped[str] = mapped_column(String(64))
    day: Mapped[date] = mapped_column(Date)
