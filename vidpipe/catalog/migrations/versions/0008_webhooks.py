"""Webhooks: endpoints, events, deliveries and their attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DUE = sa.text("due_at IS NOT NULL")
_TABLES = ("webhook_attempts", "webhook_deliveries", "webhook_events", "webhook_endpoints")


def _text(name: str, length: int, nullable: bool = False, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, _MOMENT, nullable=nullable)


def _audit() -> list[sa.Column]:
    return [_moment("created_at", nullable=False), _moment("updated_at", nullable=False)]


def _leased() -> list[sa.Column]:
    return [
        _moment("due_at"),
        _text("lease", 32, nullable=True),
        sa.Column("claims", sa.Integer, nullable=False),
    ]


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        _text("endpoint_id", 40, key=True),
        _text("organisation", 64),
        sa.Column("channels", sa.JSON),
        _text("url", 2000),
        _text("description", 400),
        sa.Column("types", sa.JSON, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secret", sa.Text),
        _moment("old_secret_until"),
        _moment("disabled_at"),
        _text("disabled_because", 16, nullable=True),
        _moment("failing_since"),
        _moment("last_success_at"),
        _text("created_by", 200),
        sa.Column("revision", sa.Integer, nullable=False),
        *_audit(),
    )
    op.create_index("ix_webhook_endpoints_organisation", "webhook_endpoints", ["organisation"])
    op.create_index(
        "ix_webhook_endpoints_created_at", "webhook_endpoints", ["created_at", "endpoint_id"]
    )


def _events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        _text("event_id", 40),
        _text("type", 64),
        _text("channel", 64, nullable=True),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("body", sa.Text),
        _moment("occurred_at", nullable=False),
        *_leased(),
        sa.UniqueConstraint("event_id", name="uq_webhook_events_event_id"),
    )
    op.create_index("ix_webhook_events_occurred_at", "webhook_events", ["occurred_at"])
    op.create_index(
        "ix_webhook_events_due",
        "webhook_events",
        ["due_at"],
        postgresql_where=_DUE,
        sqlite_where=_DUE,
    )


def _deliveries() -> None:
    endpoint = sa.ForeignKey("webhook_endpoints.endpoint_id", ondelete="CASCADE")
    event = sa.ForeignKey("webhook_events.id", ondelete="CASCADE")
    op.create_table(
        "webhook_deliveries",
        _text("delivery_id", 40, key=True),
        sa.Column("endpoint_id", sa.String(40), endpoint, nullable=False),
        sa.Column("event", _NUMBER, event, nullable=False),
        _text("event_id", 40),
        _text("type", 64),
        _text("state", 16),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_status", sa.Integer),
        _text("last_error", 64, nullable=True),
        _moment("ended_at"),
        *_leased(),
        *_audit(),
        sa.UniqueConstraint("endpoint_id", "event", name="uq_webhook_deliveries_endpoint_id_event"),
    )
    indexes = {
        "endpoint_id": ["endpoint_id", "created_at", "delivery_id"],
        "event": ["event"],
        "ended_at": ["ended_at"],
    }
    for name, columns in indexes.items():
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns)
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["due_at"],
        postgresql_where=_DUE,
        sqlite_where=_DUE,
    )


def _attempts() -> None:
    delivery = sa.ForeignKey("webhook_deliveries.delivery_id", ondelete="CASCADE")
    op.create_table(
        "webhook_attempts",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", sa.String(40), delivery, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        _moment("at", nullable=False),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        _text("error", 64, nullable=True),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_webhook_attempts_delivery_id", "webhook_attempts", ["delivery_id", "id"])


def upgrade() -> None:
    """Make the tables."""
    _endpoints()
    _events()
    _deliveries()
    _attempts()


def downgrade() -> None:
    """Drop them, with what was not sent yet."""
    for name in _TABLES:
        op.drop_table(name)
