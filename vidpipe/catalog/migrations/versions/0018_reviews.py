"""Reviews: decisions, gates, links, comments, what was changed, requests of Slack."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "slack_requests",
    "review_changes",
    "review_comments",
    "review_links",
    "review_gates",
    "review_decisions",
)


def _text(name: str, length: int, nullable: bool = False, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


def _long(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=nullable)


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, _MOMENT, nullable=nullable)


def _float(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float, nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)


def _video() -> sa.Column:
    video = sa.ForeignKey("videos.video_id", ondelete="CASCADE")
    return sa.Column("video_id", sa.String(64), video, nullable=False)


def _where(condition: str) -> dict[str, sa.TextClause]:
    found = sa.text(condition)
    return {"postgresql_where": found, "sqlite_where": found}


def _decisions() -> None:
    name = "review_decisions"
    op.create_table(
        name,
        _id(),
        _video(),
        _text("clip_id", 32),
        _text("channel", 64),
        _text("fingerprint", 64),
        _text("verdict", 16),
        _text("reason", 32, nullable=True),
        _long("note"),
        _text("by", 200),
        _text("by_name", 200),
        _moment("at", nullable=False),
        _moment("undone_at"),
        _text("undone_by", 200, nullable=True),
        sa.Column("rank", sa.Integer, nullable=False),
        _float("score"),
        _float("start_s"),
        _float("end_s"),
        _text("title", 512),
    )
    what = ["video_id", "clip_id", "fingerprint"]
    standing = _where("undone_at IS NULL")
    op.create_index("uq_review_decisions_standing", name, what, unique=True, **standing)
    op.create_index("ix_review_decisions_clip", name, ["video_id", "clip_id", "id"])
    op.create_index("ix_review_decisions_fingerprint", name, ["clip_id", "fingerprint"])
    op.create_index("ix_review_decisions_channel", name, ["channel", "at"])


def _gates() -> None:
    name = "review_gates"
    op.create_table(
        name,
        _id(),
        _video(),
        _text("channel", 64),
        _text("gate", 16),
        _text("options_key", 64),
        sa.Column("run_options", sa.JSON),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("origin", sa.JSON),
        _text("fingerprint", 64),
        _text("state", 16),
        _moment("decided_at"),
        _text("by", 200, nullable=True),
        _text("by_name", 200, nullable=True),
        _text("reason", 32, nullable=True),
        _long("note"),
        _moment("due_at"),
        _text("lease", 32, nullable=True),
        sa.Column("claims", sa.Integer, nullable=False),
        _moment("created_at", nullable=False),
        _moment("updated_at", nullable=False),
    )
    what = ["video_id", "gate", "options_key"]
    waiting = _where("state = 'waiting'")
    op.create_index("uq_review_gates_waiting", name, what, unique=True, **waiting)
    op.create_index("ix_review_gates_video_id", name, ["video_id", "gate", "fingerprint"])
    op.create_index("ix_review_gates_created_at", name, ["created_at", "id"])
    op.create_index("ix_review_gates_due", name, ["due_at"], **_where("due_at IS NOT NULL"))


def _links() -> None:
    name = "review_links"
    op.create_table(
        name,
        _text("link_id", 40, key=True),
        _text("token_sha256", 64),
        _video(),
        _text("channel", 64),
        sa.Column("clips", sa.JSON),
        _text("permission", 16),
        _text("label", 200),
        _long("password_hash", nullable=True),
        _moment("expires_at", nullable=False),
        _moment("revoked_at"),
        _text("created_by", 200),
        _moment("created_at", nullable=False),
        _moment("last_used_at"),
        sa.UniqueConstraint("token_sha256", name="uq_review_links_token_sha256"),
    )
    op.create_index("ix_review_links_video_id", name, ["video_id"])
    op.create_index("ix_review_links_created_at", name, ["created_at", "link_id"])


def _said() -> None:
    op.create_table(
        "review_comments",
        _id(),
        _video(),
        _text("clip_id", 32),
        _text("channel", 64),
        _text("fingerprint", 64, nullable=True),
        _float("at_s"),
        _long("text"),
        _text("by", 200),
        _text("by_name", 200),
        _moment("created_at", nullable=False),
        _moment("resolved_at"),
        _text("resolved_by", 200, nullable=True),
    )
    place = ["video_id", "clip_id", "id"]
    op.create_index("ix_review_comments_video_id", "review_comments", place)
    op.create_table(
        "review_changes",
        _id(),
        _video(),
        _text("clip_id", 32),
        _text("channel", 64),
        _text("kind", 24),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        _text("by", 200),
        _text("by_name", 200),
        _moment("at", nullable=False),
        _float("score", nullable=True),
    )
    op.create_index("ix_review_changes_clip", "review_changes", place)
    op.create_index("ix_review_changes_channel", "review_changes", ["channel", "at"])
    op.create_table("slack_requests", _text("digest", 64, key=True), _moment("at", nullable=False))
    op.create_index("ix_slack_requests_at", "slack_requests", ["at"])


def upgrade() -> None:
    """Make the tables, and say of clips and requests what reviews need of them."""
    op.add_column("clips", sa.Column("fingerprint", sa.String(64)))
    op.add_column("requests", sa.Column("gate", sa.String(16)))
    _decisions()
    _gates()
    _links()
    _said()


def downgrade() -> None:
    """Drop them, with every decision."""
    for name in _TABLES:
        op.drop_table(name)
    op.drop_column("requests", "gate")
    op.drop_column("clips", "fingerprint")
