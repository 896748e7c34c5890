"""What people are told of, which conditions hold, which processes live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; what was told of is no longer a column of the failures."""
    op.create_table(
        "notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64)),
        sa.Column("subject", sa.String(1024), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        *_leased(),
    )
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "notice_groups",
        sa.Column("target", sa.String(64), primary_key=True),
        sa.Column("group_id", sa.String(300), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64)),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("untold", sa.Integer, nullable=False),
        sa.Column("examples", sa.JSON, nullable=False),
        sa.Column("first_at", _MOMENT),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("told_at", _MOMENT),
        sa.Column("began_at", _MOMENT),
        sa.Column("over_at", _MOMENT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_error", sa.String(400)),
        *_leased(),
    )
    due = sa.text("due_at IS NOT NULL")
    for table in ("notices", "notice_groups"):
        op.create_index(
            f"ix_{table}_due", table, ["due_at"], postgresql_where=due, sqlite_where=due
        )
    op.create_table(
        "conditions",
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("channel", sa.String(64)),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "processes",
        sa.Column("process_id", sa.String(40), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.drop_column("failures", "alerted_at")


def _leased() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("due_at", _MOMENT),
        sa.Column("lease", sa.String(32)),
        sa.Column("claims", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """The same backwards."""
    op.add_column("failures", sa.Column("alerted_at", _MOMENT))
    for table in ("processes", "conditions", "notice_groups", "notices"):
        op.drop_table(table)
