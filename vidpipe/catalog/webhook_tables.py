"""The tables of webhooks: who is to know, what was sent. Each with its migration."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.leases import Leased
from vidpipe.catalog.tables import Audited, Base, Utc, now

_DUE = text("due_at IS NOT NULL")


class EndpointRow(Audited, Base):
    """Someone's address that is sent events of an organisation, or of channels of it.

    `secret` and `old_secret` are encrypted: deliveries are signed with them, with the old one
    until `old_secret_until`. `failing_since` is when the first of the failures in a row was;
    `disabled_because` is `by_hand`, `gone` or `failing`.
    """

    __tablename__ = "webhook_endpoints"

    endpoint_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(64))
    channels: Mapped[list[str] | None] = mapped_column(JSON)
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(400), default="")
    types: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(Text)
    old_secret: Mapped[str | None] = mapped_column(Text)
    old_secret_until: Mapped[datetime | None] = mapped_column(Utc)
    disabled_at: Mapped[datetime | None] = mapped_column(Utc)
    disabled_because: Mapped[str | None] = mapped_column(String(16))
    failing_since: Mapped[datetime | None] = mapped_column(Utc)
    last_success_at: Mapped[datetime | None] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(200))
    revision: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        Index("ix_webhook_endpoints_organisation", "organisation"),
        Index("ix_webhook_endpoints_created_at", "created_at", "endpoint_id"),
    )


class DeliveryRow(Leased, Audited, Base):
    """One event for one endpoint: `pending`, `delivered`, or `failed` for good.

    `attempts` counts all of them, `failures` those in a row since it was last begun.
    """

    __tablename__ = "webhook_deliveries"

    delivery_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_endpoints.endpoint_id", ondelete="CASCADE")
    )
    event: Mapped[int] = mapped_column(ForeignKey(EventRow.id, ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (
        UniqueConstraint("endpoint_id", "event", name="uq_webhook_deliveries_endpoint_id_event"),
        Index("ix_webhook_deliveries_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "created_at", "delivery_id"),
        Index("ix_webhook_deliveries_event", "event"),
        Index("ix_webhook_deliveries_ended_at", "ended_at"),
    )


class AttemptRow(Base):
    """One request of a delivery: how it ended, how long it took, how the answer begins."""

    __tablename__ = "webhook_attempts"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.delivery_id", ondelete="CASCADE")
    )
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    duration_ms: Mapped[int] = mapped_column(Integer)
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (Index("ix_webhook_attempts_delivery_id", "delivery_id", "id"),)
