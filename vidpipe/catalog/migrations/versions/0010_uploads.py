"""Uploads in progress, and assets of channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _text(name: str, length: int, nullable: bool = False, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


def _audit() -> list[sa.Column]:
    return [
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    ]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "upload_sessions",
        _text("upload_id", 32, key=True),
        _text("channel", 64),
        _text("key", 1024),
        _text("name", 255),
        _text("media_type", 127),
        _text("fingerprint", 255),
        sa.Column("client_metadata", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger()),
        _text("protocol", 16),
        _text("state", 16),
        sa.Column("instructions", sa.JSON()),
        _text("store_upload_id", 1024, nullable=True),
        sa.Column("part_size_bytes", sa.BigInteger()),
        _text("asked_by", 200),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        *_audit(),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_upload_sessions_key",
        "upload_sessions",
        ["key"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    for name, columns in (
        ("asked_by", ["asked_by", "created_at", "upload_id"]),
        ("expires_at", ["state", "expires_at"]),
        ("ended_at", ["ended_at"]),
    ):
        op.create_index(f"ix_upload_sessions_{name}", "upload_sessions", columns)
    op.create_table(
        "assets",
        _text("channel", 64, key=True),
        _text("name", 64, key=True),
        _text("kind", 16),
        _text("media_type", 127),
        _text("key", 1024),
        _text("sha256", 64),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("duration_s", sa.Float()),
        _text("asked_by", 200),
        *_audit(),
    )
    op.create_index("ix_assets_created_at", "assets", ["created_at", "name"])
    op.create_index("ix_assets_key", "assets", ["key"])


def downgrade() -> None:
    """Drop them; what is on its way has to be sent again."""
    op.drop_table("assets")
    op.drop_table("upload_sessions")
