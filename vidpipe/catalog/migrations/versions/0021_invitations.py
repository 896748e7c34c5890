"""Invitations of users who have an account: a role that waits until they accept it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from vidpipe.catalog.tables import Utc

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "invitations",
        sa.Column("invitation_id", sa.String(32), primary_key=True),
        sa.Column(
            "user_id",
            sa.String(32),
            sa.ForeignKey("users.user_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("invited_by", sa.String(64), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.UniqueConstraint("sha256", name="uq_invitations_sha256"),
        sa.UniqueConstraint("user_id", "organisation", "channel", name="uq_invitations_place"),
    )
    op.create_index("ix_invitations_organisation", "invitations", ["organisation"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_invitations_organisation", "invitations")
    op.drop_table("invitations")
