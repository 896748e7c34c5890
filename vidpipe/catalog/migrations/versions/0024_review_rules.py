"""Reviews: when channels ask, as it is set in the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vidpipe.catalog.tables import Utc

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "review_rules",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_review_rules"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("review_rules")
