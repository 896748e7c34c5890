"""The table of what jobs have fetched from links. Changed only together with a migration."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Audited, Base, Utc


class DownloadRow(Audited, Base):
    """What a job has fetched: `waiting`, `running`, `done`, `failed` or `cancelled`.

    A row that is tried again waits until `not_before`. Whoever is at work on it holds it until
    `lease_until`, and writes under its `worker` alone. `url` may hold what is secret, and keeps
    none of it once it is done. `code` and `message` are those of the last attempt that failed.
    """

    __tablename__ = "downloads"

    job_id: Mapped[str] = mapped_column(
        ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Utc)
    worker: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(Utc)
    received_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    code: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(
            "ix_downloads_open",
            "created_at",
            postgresql_where=text("state IN ('waiting', 'running')"),
            sqlite_where=text("state IN ('waiting', 'running')"),
        ),
    )
