"""The first schema: uploads, videos, stage runs, clips, exports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _audit() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "uploads",
        sa.Column("key", sa.String(1024), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sidecar_version", sa.String(400), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("message", sa.Text),
        sa.Column("video_id", sa.String(64)),
        sa.Column("quarantine_key", sa.String(1200)),
        *_audit(),
        sa.PrimaryKeyConstraint("key", name="pk_uploads"),
    )
    op.create_index("ix_uploads_video_id", "uploads", ["video_id"])
    op.create_index(
        "ix_uploads_quarantined",
        "uploads",
        ["channel"],
        postgresql_where=sa.text("state = 'quarantined'"),
        sqlite_where=sa.text("state = 'quarantined'"),
    )
    op.create_table(
        "videos",
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("title", sa.String(512), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("sidecar_version", sa.String(400), nullable=False),
        sa.Column("requested_version", sa.String(400)),
        sa.Column("state", sa.String(16), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("video_id", name="pk_videos"),
        sa.UniqueConstraint("channel", "sha256", name="uq_videos_channel_sha256"),
    )
    op.create_index(
        "ix_videos_waiting",
        "videos",
        ["created_at"],
        postgresql_where=sa.text("requested_version IS NULL"),
        sqlite_where=sa.text("requested_version IS NULL"),
    )
    op.create_table(
        "stage_runs",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("reused", sa.Boolean, nullable=False),
        sa.Column("wall_s", sa.Float, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("error_kind", sa.String(40)),
        *_audit(),
        sa.PrimaryKeyConstraint("id", name="pk_stage_runs"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.video_id"], name="fk_stage_runs_video_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_stage_runs_video_stage", "stage_runs", ["video_id", "stage"])
    op.create_table(
        "clips",
        sa.Column("clip_id", sa.String(32), nullable=False),
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("title", sa.String(512), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("compositions", sa.JSON, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("clip_id", "video_id", name="pk_clips"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.video_id"], name="fk_clips_video_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_clips_video_id", "clips", ["video_id"])
    op.create_table(
        "exports",
        sa.Column("clip_id", sa.String(32), nullable=False),
        sa.Column("video_id", sa.String(64), nullable=False),
        sa.Column("platform", sa.String(40), nullable=False),
        sa.Column("key", sa.String(1200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("conforms", sa.Boolean, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("clip_id", "video_id", "platform", name="pk_exports"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.video_id"], name="fk_exports_video_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_exports_video_id", "exports", ["video_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("exports", "clips", "stage_runs", "videos", "uploads"):
        op.drop_table(table)
