"""What things cost: the ledger, what is held of budgets and quotas, prices, breakers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from vidpipe.catalog.tables import Utc

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_GROWS = ("cost_entries", "budget_raises")
_TABLES = (
    "cost_estimates",
    "service_breakers",
    "budget_raises",
    "budgets",
    "cost_prices",
    "quota_uses",
    "cost_buckets",
    "cost_reservations",
    "cost_entries",
)


def _id() -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, primary_key=True, autoincrement=True)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _small(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Utc(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _charged() -> tuple[sa.Column[Any], ...]:
    return (
        _text("service", 64),
        _text("product", 128),
        _number("estimate"),
        _number("reserved"),
        _text("currency", 3),
        _number("price_id", nullable=True),
        _text("video_id", 64, nullable=True),
        _text("stage", 64),
        _text("channel", 64),
        _text("project_id", 40, nullable=True),
        _text("job_id", 40, nullable=True),
        _text("run_id", 64, nullable=True),
        _small("attempt"),
    )


def _ledger() -> None:
    op.create_table(
        "cost_entries",
        _id(),
        _moment("at"),
        _text("kind", 16),
        _text("outcome", 16),
        _text("reservation_id", 40),
        _number("amount"),
        _json("quantities"),
        _json("buckets"),
        *_charged(),
        sa.UniqueConstraint("reservation_id", "kind", name="uq_cost_entries_reservation_id"),
    )
    op.create_index("ix_cost_entries_at", "cost_entries", ["at", "id"])
    op.create_index("ix_cost_entries_channel", "cost_entries", ["channel", "at"])
    op.create_index("ix_cost_entries_video_id", "cost_entries", ["video_id", "id"])
    op.create_index("ix_cost_entries_job_id", "cost_entries", ["job_id", "id"])
    op.create_index("ix_cost_entries_stage", "cost_entries", ["stage", "kind", "id"])
    op.create_table(
        "cost_prices",
        _id(),
        _text("service", 64),
        _text("product", 128),
        _json("rates"),
        _text("currency", 3),
        _text("version", 80),
        sa.Column("source", sa.Text(), nullable=False),
        _text("digest", 64),
        _moment("at"),
        sa.UniqueConstraint("service", "product", "digest", name="uq_cost_prices_service_product"),
    )
    op.create_table(
        "cost_estimates",
        _id(),
        _moment("at"),
        _text("video_id", 64),
        _text("job_id", 40, nullable=True),
        _text("run_id", 64, nullable=True),
        _text("channel", 64),
        _number("outside"),
        _number("local"),
        _text("currency", 3),
        _json("basis"),
    )
    op.create_index("ix_cost_estimates_video_id", "cost_estimates", ["video_id", "id"])
    op.create_index("ix_cost_estimates_job_id", "cost_estimates", ["job_id"])
    op.create_index("ix_cost_estimates_at", "cost_estimates", ["at"])


def _holds() -> None:
    op.create_table(
        "cost_reservations",
        sa.Column("reservation_id", sa.String(40), primary_key=True),
        _moment("at"),
        _moment("expires_at"),
        _json("expected"),
        _json("money"),
        _json("quota"),
        sa.Column("trial", sa.Boolean(), nullable=False),
        *_charged(),
    )
    op.create_index("ix_cost_reservations_expires_at", "cost_reservations", ["expires_at"])
    op.create_table(
        "cost_buckets",
        sa.Column("key", sa.String(255), primary_key=True),
        _number("spent"),
        _number("reserved"),
        _moment("soft_told", nullable=True),
        _moment("hard_told", nullable=True),
    )
    op.create_table(
        "quota_uses",
        _id(),
        _text("bucket", 255),
        _moment("at"),
        _number("amount"),
        _text("reservation_id", 40),
    )
    op.create_index("ix_quota_uses_bucket", "quota_uses", ["bucket", "at"])
    op.create_index("ix_quota_uses_reservation_id", "quota_uses", ["reservation_id"])
    op.create_table(
        "service_breakers",
        sa.Column("service", sa.String(64), primary_key=True),
        _text("state", 12),
        _small("failures"),
        _small("opened"),
        _moment("retry_at", nullable=True),
        _text("trial", 40, nullable=True),
        _moment("trial_until", nullable=True),
        _moment("pause_until", nullable=True),
        _moment("changed_at"),
    )


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("scope", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(8), primary_key=True),
        _number("soft", nullable=True),
        _number("hard", nullable=True),
        _text("changed_by", 200),
        _moment("created_at"),
        _moment("updated_at"),
    )
    op.create_table(
        "budget_raises",
        _id(),
        _text("scope", 16),
        _text("subject", 64),
        _text("period", 8),
        sa.Column("day", sa.Date(), nullable=False),
        _number("amount"),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("raised_by", 200),
        _moment("at"),
    )
    op.create_index("ix_budget_raises_day", "budget_raises", ["day", "scope", "subject", "period"])


def _only_grow() -> None:
    """No statement changes or removes what stands in the ledger."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _GROWS:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION costs_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
    )
    for table in _GROWS:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION costs_only_grow()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION costs_only_grow()"
        )


def upgrade() -> None:
    """Make the tables, and the triggers that keep the ledger as it is."""
    _ledger()
    _holds()
    _budgets()
    _only_grow()


def downgrade() -> None:
    """Drop them, the ledger too."""
    for name in _TABLES:
        op.drop_table(name)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION costs_only_grow()")
