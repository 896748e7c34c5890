"""Publishing: accounts at platforms, posts, their requests and figures, pauses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from vidpipe.catalog.tables import Utc

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "publishing_pauses",
    "post_readings",
    "post_figures",
    "post_requests",
    "posts",
    "account_connections",
    "social_accounts",
)


def _where(condition: str) -> dict[str, Any]:
    found = sa.text(condition)
    return {"postgresql_where": found, "sqlite_where": found}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "social_accounts",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("remote_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("application", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("limits", sa.JSON(), nullable=True),
        sa.Column("limits_at", Utc(), nullable=True),
        sa.Column("connected_by", sa.String(length=200), nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_social_accounts"),
        sa.UniqueConstraint("channel", "platform", "remote_id", name="uq_social_accounts_remote"),
    )
    op.create_index(
        "ix_social_accounts_due", "social_accounts", ["due_at"], **_where("due_at IS NOT NULL")
    )
    op.create_table(
        "account_connections",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("application", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name="pk_account_connections"),
    )
    op.create_index("ix_account_connections_expires_at", "account_connections", ["expires_at"])
    op.create_table(
        "posts",
        sa.Column("post_id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("video_id", sa.String(length=64), nullable=False),
        sa.Column("clip_id", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("at", Utc(), nullable=True),
        sa.Column("slot", sa.String(length=100), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("waits_until", Utc(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("approved_at", Utc(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("posted_at", Utc(), nullable=True),
        sa.Column("figures_at", Utc(), nullable=True),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["social_accounts.account_id"], name="fk_posts_account_id"
        ),
        sa.PrimaryKeyConstraint("post_id", name="pk_posts"),
    )
    op.create_index("ix_posts_account_id", "posts", ["account_id", "at"])
    op.create_index("ix_posts_channel", "posts", ["channel", "at", "post_id"])
    op.create_index("ix_posts_created_at", "posts", ["created_at", "post_id"])
    op.create_index("ix_posts_due", "posts", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_posts_video_id", "posts", ["video_id", "clip_id"])
    op.create_index(
        "uq_posts_slot", "posts", ["account_id", "slot"], unique=True, **_where("standing")
    )
    op.create_index(
        "uq_posts_standing",
        "posts",
        ["account_id", "video_id", "clip_id"],
        unique=True,
        **_where("standing"),
    )
    op.create_table(
        "post_requests",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("post_id", sa.String(length=40), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.post_id"], name="fk_post_requests_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_post_requests"),
    )
    op.create_index("ix_post_requests_post_id", "post_requests", ["post_id", "id"])
    op.create_table(
        "post_figures",
        sa.Column("post_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("age_s", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("comments", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("saves", sa.BigInteger(), nullable=True),
        sa.Column("watch_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.post_id"], name="fk_post_figures_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "day", name="pk_post_figures"),
    )
    op.create_index("ix_post_figures_day", "post_figures", ["day"])
    op.create_table(
        "post_readings",
        sa.Column("post_id", sa.String(length=40), nullable=False),
        sa.Column("factors", sa.JSON(), nullable=True),
        sa.Column("read_at", Utc(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.post_id"], name="fk_post_readings_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name="pk_post_readings"),
    )
    op.create_index(
        "ix_post_readings_due", "post_readings", ["due_at"], **_where("due_at IS NOT NULL")
    )
    op.create_table(
        "publishing_pauses",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("until", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "platform", name="pk_publishing_pauses"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)
