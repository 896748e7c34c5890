"""What a requested run is to do differently from what channel and sidecar say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column to both tables that lead to a run."""
    for table in ("requests", "jobs"):
        op.add_column(table, sa.Column("run_options", sa.JSON))


def downgrade() -> None:
    """The same backwards."""
    for table in ("jobs", "requests"):
        op.drop_column(table, "run_options")
