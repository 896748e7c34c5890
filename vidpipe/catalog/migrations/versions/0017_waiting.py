"""Why a requested run waits: for a budget or a quota, in words and by its key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("requests", sa.Column("waits_for", sa.String(255)))
    op.add_column("requests", sa.Column("why", sa.Text()))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("requests", "why")
    op.drop_column("requests", "waits_for")
