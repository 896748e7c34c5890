"""Which request took another's place, and when earlier attempts of a job went on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; of what is there already nobody knows it any more."""
    op.add_column("requests", sa.Column("replaced_by", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("earlier", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("jobs", "earlier")
    op.drop_column("requests", "replaced_by")
