"""The tables of uploads in progress and of channels' assets. Changed only with a migration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Audited, Base, Utc

_OPEN = text("state = 'open'")


class UploadSessionRow(Audited, Base):
    """A file on its way into the drop folder: who sends it, for which channel, and how.

    How many bytes are there is asked of the disk or of the bucket, and never of this row.
    `size_bytes` is null as long as the client has not said it. No two that are open have one
    `key`. `client_metadata` is what a client of tus is told again. `store_upload_id` is a bucket's
    name for a multipart upload, once a part of it was signed. A row stays for a while after its
    end, so that whoever comes back late is told.
    """

    __tablename__ = "upload_sessions"

    upload_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(1024))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127), default="")
    fingerprint: Mapped[str] = mapped_column(String(255), default="")
    client_metadata: Mapped[str] = mapped_column(Text, default="")
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    protocol: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="open")
    instructions: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    store_upload_id: Mapped[str | None] = mapped_column(String(1024))
    part_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    asked_by: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (
        Index(
            "uq_upload_sessions_key",
            "key",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index("ix_upload_sessions_asked_by", "asked_by", "created_at", "upload_id"),
        Index("ix_upload_sessions_expires_at", "state", "expires_at"),
        Index("ix_upload_sessions_ended_at", "ended_at"),
    )


class AssetRow(Audited, Base):
    """A logo, a picture, music of a channel: by its name there, its bytes in the store.

    Several may have the same bytes, and then the same `key`. `width` and `height` are null of
    sound, `duration_s` of pictures.
    """

    __tablename__ = "assets"

    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(127))
    key: Mapped[str] = mapped_column(String(1024))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    duration_s: Mapped[float | None] = mapped_column(Float)
    asked_by: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        Index("ix_assets_created_at", "created_at", "name"),
        Index("ix_assets_key", "key"),
    )
