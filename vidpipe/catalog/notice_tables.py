"""The tables of what people are told: what happened, what each target is still to be told, which
conditions hold, which processes live. Changed only together with a migration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.leases import Leased
from vidpipe.catalog.tables import Base, Utc, now

_DUE = text("due_at IS NOT NULL")


class NoticeRow(Leased, Base):
    """Something that people are to be told, written in the transaction in which it happened.

    It is due until every target that wants it has it among what it is sent next. `over`: what
    an earlier notice said is over.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    kind: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(1024), default="")
    name: Mapped[str] = mapped_column(String(512), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    over: Mapped[bool] = mapped_column(Boolean, default=False)
    at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (
        Index("ix_notices_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("ix_notices_at", "at"),
    )


class NoticeGroupRow(Leased, Base):
    """Notices of one cause in one channel for one target: gathered, sent, repeated, over.

    `untold` things were gathered since `first_at` and are sent when the row is due; `examples`
    are the first of them. `told` were sent since `began_at`, the last of them at `told_at`. Over
    since `over_at`, which is to be told as well. `failures` tries in a row did not reach the
    target.
    """

    __tablename__ = "notice_groups"

    target: Mapped[str] = mapped_column(String(64), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(300), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))
    untold: Mapped[int] = mapped_column(Integer, default=0)
    examples: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    first_at: Mapped[datetime | None] = mapped_column(Utc)
    last_at: Mapped[datetime] = mapped_column(Utc)
    told: Mapped[int] = mapped_column(Integer, default=0)
    told_at: Mapped[datetime | None] = mapped_column(Utc)
    began_at: Mapped[datetime | None] = mapped_column(Utc)
    over_at: Mapped[datetime | None] = mapped_column(Utc)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        Index("ix_notice_groups_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
    )


class ConditionRow(Base):
    """Something that holds until it is over; people were notified of it at `told_at`."""

    __tablename__ = "conditions"

    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    channel: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(Utc)
    told_at: Mapped[datetime] = mapped_column(Utc)


class ProcessRow(Base):
    """A process that works in the background, and when it was last alive."""

    __tablename__ = "processes"

    process_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int] = mapped_column(Integer)
    began_at: Mapped[datetime] = mapped_column(Utc)
    at: Mapped[datetime] = mapped_column(Utc)
