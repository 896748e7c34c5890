"""The field's terms for tables, states and causes; an index for lists of videos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Table, column, what it said, what it says.
_VALUES = (
    ("uploads", "state", "noticed", "pending"),
    ("uploads", "state", "passed_over", "skipped"),
    ("failures", "state", "mended", "resolved"),
    ("requests", "cause", "person", "manual"),
)
#: What a failure's cause began with, and begins with.
_PREFIXES = (("bug:", "unexpected:"), ("system:", "os:"))


def _partial(name: str, state: str) -> None:
    condition = sa.text(f"state = '{state}'")
    op.create_index(
        name, "uploads", ["changed_at"], postgresql_where=condition, sqlite_where=condition
    )


def _rename(table: str, column: str, old: str, new: str) -> None:
    rows = sa.table(table, sa.column(column))
    op.execute(rows.update().where(rows.c[column] == old).values({column: new}))


def _prefix(old: str, new: str) -> None:
    rows = sa.table("failures", sa.column("cause"))
    rest = sa.func.substr(rows.c.cause, len(old) + 1)
    # A cause has 64 characters.
    longer = sa.func.substr(sa.literal(new).concat(rest), 1, 64)
    op.execute(rows.update().where(rows.c.cause.startswith(old)).values(cause=longer))


def upgrade() -> None:
    """Rename the table of heartbeats, the states and causes."""
    op.rename_table("beats", "heartbeats")
    op.drop_index("ix_uploads_noticed", "uploads")
    for item in _VALUES:
        _rename(*item)
    for old, new in _PREFIXES:
        _prefix(old, new)
    _partial("ix_uploads_pending", "pending")
    op.create_index("ix_videos_created_at", "videos", ["created_at", "video_id"])


def downgrade() -> None:
    """The same backwards."""
    op.drop_index("ix_videos_created_at", "videos")
    op.drop_index("ix_uploads_pending", "uploads")
    for old, new in _PREFIXES:
        _prefix(new, old)
    for table, column, old, new in _VALUES:
        _rename(table, column, new, old)
    _partial("ix_uploads_noticed", "noticed")
    op.rename_table("heartbeats", "beats")
