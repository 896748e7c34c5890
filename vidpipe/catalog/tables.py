"""The tables, as SQLAlchemy knows them. Changed only together with a migration."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What all tables share: names of indexes and constraints that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Audited:
    """When a row came and when it last changed (UTC)."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=_now, onupdate=_now
    )


class Upload(Audited, Base):
    """An object seen in a drop folder: one row per key, the newest version of it."""

    __tablename__ = "uploads"

    key: Mapped[str] = mapped_column(String(1024), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sidecar_version: Mapped[str] = mapped_column(String(400), default="")
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    video_id: Mapped[str | None] = mapped_column(String(64))
    quarantine_key: Mapped[str | None] = mapped_column(String(1200))

    __table_args__ = (
        Index("ix_uploads_video_id", "video_id"),
        Index(
            "ix_uploads_quarantined",
            "channel",
            postgresql_where=text("state = 'quarantined'"),
            sqlite_where=text("state = 'quarantined'"),
        ),
    )


class Video(Audited, Base):
    """An accepted upload: unique by channel and digest."""

    __tablename__ = "videos"

    video_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(512))
    title: Mapped[str] = mapped_column(String(512))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_s: Mapped[float] = mapped_column(Float)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    sidecar_version: Mapped[str] = mapped_column(String(400), default="")
    requested_version: Mapped[str | None] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(16), default="accepted")

    __table_args__ = (
        UniqueConstraint("channel", "sha256", name="uq_videos_channel_sha256"),
        Index(
            "ix_videos_waiting",
            "created_at",
            postgresql_where=text("requested_version IS NULL"),
            sqlite_where=text("requested_version IS NULL"),
        ),
    )


class StageRun(Audited, Base):
    """One run of one stage for one video."""

    __tablename__ = "stage_runs"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id", ondelete="CASCADE"))
    stage: Mapped[str] = mapped_column(String(40))
    fingerprint: Mapped[str] = mapped_column(String(64))
    reused: Mapped[bool] = mapped_column(Boolean)
    wall_s: Mapped[float] = mapped_column(Float)
    error: Mapped[str | None] = mapped_column(Text)
    error_kind: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (Index("ix_stage_runs_video_stage", "video_id", "stage"),)


class ClipRow(Audited, Base):
    """A clip of the current result of its video."""

    __tablename__ = "clips"

    clip_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    video_id: Mapped[str] = mapped_column(
        ForeignKey("videos.video_id", ondelete="CASCADE"), primary_key=True
    )
    rank: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(512))
    score: Mapped[float] = mapped_column(Float)
    start_s: Mapped[float] = mapped_column(Float)
    end_s: Mapped[float] = mapped_column(Float)
    duration_s: Mapped[float] = mapped_column(Float)
    compositions: Mapped[list[str]] = mapped_column(JSON)

    __table_args__ = (Index("ix_clips_video_id", "video_id"),)


class ExportRow(Audited, Base):
    """A clip as one platform gets it."""

    __tablename__ = "exports"

    clip_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    video_id: Mapped[str] = mapped_column(
        ForeignKey("videos.video_id", ondelete="CASCADE"), primary_key=True
    )
    platform: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(1200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_s: Mapped[float] = mapped_column(Float)
    conforms: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (Index("ix_exports_video_id", "video_id"),)


class Encode(Audited, Base):
    """One encode or copy of a clip: what was estimated and what it took, on one machine."""

    __tablename__ = "encodes"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id", ondelete="CASCADE"))
    clip_id: Mapped[str] = mapped_column(String(32))
    work: Mapped[str] = mapped_column(String(200))
    host: Mapped[str] = mapped_column(String(200))
    clip_s: Mapped[float] = mapped_column(Float)
    seconds: Mapped[float] = mapped_column(Float)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    estimated_s: Mapped[float] = mapped_column(Float)
    estimated_bytes: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_encodes_work_host", "work", "host", "id"),)
