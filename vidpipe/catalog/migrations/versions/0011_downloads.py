"""What jobs have fetched from links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table, and the column that shows where a job's recording is from."""
    op.add_column("jobs", sa.Column("source_url", sa.Text))
    op.create_table(
        "downloads",
        sa.Column(
            "job_id",
            sa.String(40),
            sa.ForeignKey("jobs.job_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", _MOMENT),
        sa.Column("worker", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("received_bytes", sa.BigInteger, nullable=False),
        sa.Column("total_bytes", sa.BigInteger),
        sa.Column("code", sa.String(64)),
        sa.Column("message", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    only = sa.text("state IN ('waiting', 'running')")
    op.create_index(
        "ix_downloads_open",
        "downloads",
        ["created_at"],
        postgresql_where=only,
        sqlite_where=only,
    )


def downgrade() -> None:
    """The same backwards."""
    op.drop_table("downloads")
    op.drop_column("jobs", "source_url")
