"""One table of everything that happens, of which webhooks are one reader; and of progress."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at IS NOT NULL")
_ROOMS = ("channel", "video_id", "job_id")


def _indexes(old: str, new: str) -> None:
    """SQLite cannot rename an index."""
    table = "events"
    op.drop_index(f"ix_{old}_due", table)
    op.drop_index(f"ix_{old}_occurred_at", table)
    op.create_index(f"ix_{new}_due", table, ["due_at"], postgresql_where=_DUE, sqlite_where=_DUE)
    op.create_index(f"ix_{new}_occurred_at", table, ["occurred_at"])


def upgrade() -> None:
    """Rename the table, so that what refers to it goes on to; add what events are found by.

    The unique constraint keeps its name: SQLite would have to write the table anew, and with it
    lose what refers to its rows.
    """
    op.rename_table("webhook_events", "events")
    _indexes("webhook_events", "events")
    op.add_column("events", sa.Column("video_id", sa.String(64)))
    op.add_column("events", sa.Column("job_id", sa.String(40)))
    embedded = op.get_bind().dialect.name == "sqlite"
    for name in ("video_id", "job_id"):
        said = f"json_extract(data, '$.{name}')" if embedded else f"data ->> '{name}'"
        op.execute(f"UPDATE events SET {name} = {said}")  # noqa: S608
    for name in _ROOMS:
        op.create_index(f"ix_events_{name}", "events", [name, "id"])
    op.create_table(
        "progress",
        sa.Column("video_id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("percent", sa.Float, nullable=False),
        sa.Column("eta_s", sa.Float),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_progress_updated_at", "progress", ["updated_at"])


def downgrade() -> None:
    """The same backwards; what webhooks were never to be told of goes."""
    op.drop_table("progress")
    for name in _ROOMS:
        op.drop_index(f"ix_events_{name}", "events")
    for name in ("job_id", "video_id"):
        op.drop_column("events", name)
    op.execute(
        "DELETE FROM events WHERE due_at IS NULL "
        "AND id NOT IN (SELECT event FROM webhook_deliveries)"
    )
    _indexes("events", "webhook_events")
    op.rename_table("events", "webhook_events")
