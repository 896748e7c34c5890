"""What a job and a requested run came from, for logs and traces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column to both tables that lead to a run."""
    for table in ("requests", "jobs"):
        op.add_column(table, sa.Column("origin", sa.JSON))


def downgrade() -> None:
    """The same backwards."""
    for table in ("jobs", "requests"):
        op.drop_column(table, "origin")
