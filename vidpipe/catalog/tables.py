"""The tables, as SQLAlchemy knows them. Changed only together with a migration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


class Utc(TypeDecorator[datetime]):
    """A moment with its time zone; SQLite would forget that it is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # A server gives moments in the time zone of the session.
        return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)


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

    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    updated_at: Mapped[datetime] = mapped_column(Utc, default=now, onupdate=now)


class UploadRow(Audited, Base):
    """An object seen in a drop folder: one row per key, the newest version of it.

    `pending` until intake has decided on this version; `changed_at` is when the version
    was first seen. A row that is tried again waits until `not_before`. `run_id` is of the run
    that took it up last, which has it for as long as it sends heartbeats.
    """

    __tablename__ = "uploads"

    key: Mapped[str] = mapped_column(String(1024), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    modified_s: Mapped[float] = mapped_column(Float, default=0.0)
    sidecars: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    sidecar_version: Mapped[str] = mapped_column(String(400), default="")
    state: Mapped[str] = mapped_column(String(16))
    changed_at: Mapped[datetime] = mapped_column(Utc, default=now)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Utc)
    reason: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    video_id: Mapped[str | None] = mapped_column(String(64))
    quarantine_key: Mapped[str | None] = mapped_column(String(1200))
    run_id: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_uploads_video_id", "video_id"),
        Index("ix_uploads_updated_at", "updated_at", "key"),
        Index("ix_uploads_channel_updated_at", "channel", "updated_at", "key"),
        Index(
            "ix_uploads_quarantined",
            "channel",
            postgresql_where=text("state = 'quarantined'"),
            sqlite_where=text("state = 'quarantined'"),
        ),
        Index(
            "ix_uploads_pending",
            "changed_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
    )


#: Of which few videos are, so that lists of them find them by an index of their own.
VIDEO_CONDITIONS = {
    "unfinished": "finished_at IS NULL AND state = 'accepted'",
    "held": "hold IS NOT NULL",
    "retired": "state = 'retired'",
}


def _newest_first(name: str, condition: str) -> Index:
    return Index(
        f"ix_videos_{name}",
        "created_at",
        "video_id",
        postgresql_where=text(condition),
        sqlite_where=text(condition),
    )


class Video(Audited, Base):
    """An accepted upload: unique by channel and digest.

    `finished_at` is when a run for all of it last succeeded; a `hold` says why nothing
    of it may be removed.
    """

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
    priority: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(16), default="accepted")
    finished_at: Mapped[datetime | None] = mapped_column(Utc)
    hold: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        UniqueConstraint("channel", "sha256", name="uq_videos_channel_sha256"),
        Index("ix_videos_channel", "channel", "state"),
        Index("ix_videos_created_at", "created_at", "video_id"),
        Index("ix_videos_channel_created_at", "channel", "created_at", "video_id"),
        *(_newest_first(name, condition) for name, condition in VIDEO_CONDITIONS.items()),
    )


class StageRunRow(Audited, Base):
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
    """A clip of the current result of its video.

    `fingerprint` is of its files and texts: what a user approves of; null of clips that were
    made before there was one.
    """

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
    fingerprint: Mapped[str | None] = mapped_column(String(64))

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


class RequestRow(Audited, Base):
    """A request for a run of one video: open until a run answers it, then done with it.

    `stages` are those to run, all of them when null. `run_options` is what the run is to do
    differently from what channel and sidecar say. `run_id` is the run that works on it or had
    it last. `origin` is what it came from, for logs and traces: ids and a W3C traceparent. One
    that waits for money or quota names it in `waits_for`, and says in `why` what for.
    `gate` is where the run ends, because a user has to approve before it goes on. `replaced_by`
    is the request that took its place before a run had it.
    """

    __tablename__ = "requests"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(64))
    stages: Mapped[list[str] | None] = mapped_column(JSON)
    run_options: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    cause: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(String(16), default="open")
    run_id: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    waits_for: Mapped[str | None] = mapped_column(String(255))
    why: Mapped[str | None] = mapped_column(Text)
    gate: Mapped[str | None] = mapped_column(String(16))
    replaced_by: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("ix_requests_video_id", "video_id", "state"),
        Index(
            "ix_requests_living",
            "video_id",
            postgresql_where=text("state != 'done'"),
            sqlite_where=text("state != 'done'"),
        ),
        Index(
            "ix_requests_open",
            "channel",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )


class FailureRow(Audited, Base):
    """What went wrong with a video or an upload: waiting for another try, dead, or resolved."""

    __tablename__ = "failures"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    subject: Mapped[str] = mapped_column(String(1024))
    channel: Mapped[str] = mapped_column(String(64))
    job: Mapped[str] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(64), default="")
    cause: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    run_id: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("run_id", "subject", name="uq_failures_run_id_subject"),
        Index("ix_failures_subject", "subject", "state"),
        Index(
            "ix_failures_unresolved",
            "state",
            "id",
            postgresql_where=text("state != 'resolved'"),
            sqlite_where=text("state != 'resolved'"),
        ),
        Index(
            "ix_failures_dead",
            "cause",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
    )


class Heartbeat(Base):
    """The last heartbeat of the process that leads a run, and the video it works on."""

    __tablename__ = "heartbeats"

    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    video_id: Mapped[str] = mapped_column(String(64))
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc)


class TotalRow(Base):
    """A figure that only grows, for one combination of its labels; see `vidpipe.catalog.totals`.

    `labels` are their values as a JSON array; `place` is the class of a histogram, else 0.
    """

    __tablename__ = "totals"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    labels: Mapped[str] = mapped_column(String(600), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float] = mapped_column(Float)


class ProjectRow(Audited, Base):
    """A campaign, a course, a client: jobs of one channel that belong together.

    `revision` counts its changes, so that nobody overwrites what they have not seen.
    """

    __tablename__ = "projects"

    project_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    revision: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        UniqueConstraint("channel", "name", name="uq_projects_channel_name"),
        Index("ix_projects_created_at", "created_at", "project_id"),
    )


class JobRow(Audited, Base):
    """What someone asked for: of an upload until intake decided, then of its video.

    `stages` are those to run, all of them when null; `run_options` is what the run is to do
    differently from what channel and sidecar say. What happened `since` then counts; null:
    whatever happened to its video. One of a link (`source_url`, as it may be shown)
    has no upload before it is fetched, see `DownloadRow`.
    `origin` is the request that asked for it, for logs and traces: ids and a W3C
    traceparent. `earlier` is from when until when (ISO 8601) its attempts before a retry went on.
    """

    __tablename__ = "jobs"

    job_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.project_id"))
    batch_id: Mapped[str | None] = mapped_column(String(40))
    upload_key: Mapped[str | None] = mapped_column(String(1024))
    source_url: Mapped[str | None] = mapped_column(Text)
    video_id: Mapped[str | None] = mapped_column(String(64))
    stages: Mapped[list[str] | None] = mapped_column(JSON)
    run_options: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(24))
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    since: Mapped[datetime | None] = mapped_column(Utc)
    asked_by: Mapped[str] = mapped_column(String(200))
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    failed_stage: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    earlier: Mapped[list[list[str]] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        Index("ix_jobs_created_at", "created_at", "job_id"),
        Index("ix_jobs_channel", "channel", "created_at", "job_id"),
        Index("ix_jobs_state", "state", "created_at", "job_id"),
        Index("ix_jobs_video_id", "video_id", "created_at", "job_id"),
        Index("ix_jobs_upload_key", "upload_key"),
        Index("ix_jobs_project_id", "project_id", "created_at", "job_id"),
        Index("ix_jobs_batch_id", "batch_id", "created_at", "job_id"),
    )


class IdempotencyRow(Base):
    """One `Idempotency-Key` of one principal, and the answer that it got.

    `status` is null while the first request with it is at work, under `token`.
    """

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    route: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(40))
    status: Mapped[int | None] = mapped_column(Integer)
    location: Mapped[str | None] = mapped_column(String(400))
    body: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Utc)

    __table_args__ = (Index("ix_idempotency_keys_at", "at"),)
