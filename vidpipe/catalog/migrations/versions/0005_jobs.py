"""Jobs, projects, idempotency keys; indexes for lists of few among many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
#: Name, table, columns, condition.
_INDEXES = (
    ("ix_videos_channel_created_at", "videos", ["channel", "created_at", "video_id"], None),
    (
        "ix_videos_unfinished",
        "videos",
        ["created_at", "video_id"],
        "finished_at IS NULL AND state = 'accepted'",
    ),
    ("ix_videos_held", "videos", ["created_at", "video_id"], "hold IS NOT NULL"),
    ("ix_videos_retired", "videos", ["created_at", "video_id"], "state = 'retired'"),
    ("ix_requests_living", "requests", ["video_id"], "state != 'done'"),
    ("ix_failures_unresolved", "failures", ["state", "id"], "state != 'resolved'"),
    ("ix_uploads_updated_at", "uploads", ["updated_at", "key"], None),
    ("ix_uploads_channel_updated_at", "uploads", ["channel", "updated_at", "key"], None),
)
_JOBS = {
    "created_at": ["created_at", "job_id"],
    "channel": ["channel", "created_at", "job_id"],
    "state": ["state", "created_at", "job_id"],
    "video_id": ["video_id", "created_at", "job_id"],
    "upload_key": ["upload_key"],
    "project_id": ["project_id", "created_at", "job_id"],
    "batch_id": ["batch_id", "created_at", "job_id"],
}


def _audit() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    ]


def upgrade() -> None:
    """Make the tables and the indexes."""
    op.create_table(
        "projects",
        sa.Column("project_id", sa.String(40), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        *_audit(),
        sa.UniqueConstraint("channel", "name", name="uq_projects_channel_name"),
    )
    op.create_index("ix_projects_created_at", "projects", ["created_at", "project_id"])
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(40), primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(40), sa.ForeignKey("projects.project_id")),
        sa.Column("batch_id", sa.String(40)),
        sa.Column("upload_key", sa.String(1024)),
        sa.Column("video_id", sa.String(64)),
        sa.Column("stages", sa.JSON),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", _MOMENT),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text),
        sa.Column("failed_stage", sa.String(64)),
        sa.Column("ended_at", _MOMENT),
        *_audit(),
    )
    for name, columns in _JOBS.items():
        op.create_index(f"ix_jobs_{name}", "jobs", columns)
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("route", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("location", sa.String(400)),
        sa.Column("body", sa.Text),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
    for name, table, columns, condition in _INDEXES:
        only = sa.text(condition) if condition else None
        op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)


def downgrade() -> None:
    """The same backwards."""
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    for table in ("idempotency_keys", "jobs", "projects"):
        op.drop_table(table)
