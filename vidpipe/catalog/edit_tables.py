"""The table of what people decided of videos. Changed only with a migration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Base, Utc, now


class EditVersionRow(Base):
    """One version of the edit document of a video; never changed, never removed.

    Versions of a video count from 1; that two people save at once is settled by the key. The
    document is JSON that `vidpipe.edits` reads. `based_on` is the version that it was made of, 0
    for nothing. `source` says what wrote it: `api`, `cli`, `sidecar` or `restore`.
    """

    __tablename__ = "edit_versions"

    video_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    changes: Mapped[list[str]] = mapped_column(JSON, default=list)
    source: Mapped[str] = mapped_column(String(16))
    based_on: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(400), default="")
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
