"""Noticed uploads, requests, failures, heartbeats; holds and the end of processing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _partial(name: str, table: str, column: str, state: str) -> None:
    condition = sa.text(f"state = '{state}'")
    op.create_index(name, table, [column], postgresql_where=condition, sqlite_where=condition)


def _audited() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    ]


def upgrade() -> None:
    """Create the tables; videos that no run had started for become requests."""
    op.create_table(
        "requests",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column(
            "video_id",
            sa.String(64),
            sa.ForeignKey("videos.video_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("stages", sa.JSON),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("not_before", _MOMENT),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_id", sa.String(64)),
        *_audited(),
    )
    op.create_index("ix_requests_video_id", "requests", ["video_id", "state"])
    _partial("ix_requests_open", "requests", "channel", "open")
    op.create_table(
        "failures",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String(1024), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("alerted_at", _MOMENT),
        *_audited(),
        sa.UniqueConstraint("run_id", "subject", name="uq_failures_run_id_subject"),
    )
    op.create_index("ix_failures_subject", "failures", ["subject", "state"])
    _partial("ix_failures_dead", "failures", "cause", "dead")
    op.create_table(
        "beats",
        sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    # SQLite would rebuild a table in a batch, and dropping the old one cascades: not here.
    for column in (
        sa.Column("modified_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("sidecars", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("changed_at", _MOMENT, nullable=False, server_default="1970-01-01 00:00:00"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", _MOMENT),
    ):
        op.add_column("uploads", column)
    op.execute("UPDATE uploads SET changed_at = created_at")
    _partial("ix_uploads_noticed", "uploads", "changed_at", "noticed")
    op.execute(
        "INSERT INTO requests"
        " (video_id, channel, cause, priority, state, created_at, updated_at)"
        " SELECT video_id, channel, 'upload', 0, 'open', created_at, updated_at FROM videos"
        " WHERE state = 'accepted' AND (requested_version IS NULL"
        " OR requested_version <> sidecar_version)"
    )
    op.drop_index("ix_videos_waiting", "videos")
    op.add_column("videos", sa.Column("finished_at", _MOMENT))
    # What had a run and has exports was finished, as far as anybody wrote down.
    op.execute(
        "UPDATE videos SET finished_at = updated_at WHERE requested_version = sidecar_version"
        " AND EXISTS (SELECT 1 FROM exports WHERE exports.video_id = videos.video_id)"
    )
    op.drop_column("videos", "requested_version")
    for column in (
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("hold", sa.String(400)),
    ):
        op.add_column("videos", column)
    op.create_index("ix_videos_channel", "videos", ["channel", "state"])


def downgrade() -> None:
    """Drop them; what was requested is requested again."""
    op.drop_index("ix_videos_channel", "videos")
    for name in ("hold", "finished_at", "priority"):
        op.drop_column("videos", name)
    op.add_column("videos", sa.Column("requested_version", sa.String(400)))
    waiting = sa.text("requested_version IS NULL")
    op.create_index(
        "ix_videos_waiting",
        "videos",
        ["created_at"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.drop_index("ix_uploads_noticed", "uploads")
    for name in ("not_before", "attempts", "changed_at", "sidecars", "modified_s"):
        op.drop_column("uploads", name)
    for table in ("beats", "failures", "requests"):
        op.drop_table(table)
