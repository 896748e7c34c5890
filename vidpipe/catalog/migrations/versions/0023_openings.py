"""When platforms are to show posts; chores that one process does for all."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from vidpipe.catalog.tables import Utc

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, fill it with what posts say, and make the table."""
    op.add_column("posts", sa.Column("opens_at", Utc()))
    opens = sa.text("opens_at IS NOT NULL")
    op.create_index(
        "ix_posts_opens_at", "posts", ["opens_at"], postgresql_where=opens, sqlite_where=opens
    )
    posts = sa.table(
        "posts", sa.column("post_id"), sa.column("changes", sa.JSON()), sa.column("opens_at", Utc())
    )
    bind = op.get_bind()
    for post_id, changes in bind.execute(sa.select(posts.c.post_id, posts.c.changes)).all():
        said = changes.get("publish_at") if isinstance(changes, dict) else None
        if isinstance(said, str):
            moment = datetime.fromisoformat(said)
            bind.execute(posts.update().where(posts.c.post_id == post_id).values(opens_at=moment))
    op.create_table(
        "chore_turns",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("lease", sa.String(32), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("chore_turns")
    op.drop_index("ix_posts_opens_at", "posts")
    op.drop_column("posts", "opens_at")
