"""Whose turn it was: what runs had in hand, or have."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from vidpipe.catalog.database import Database
from vidpipe.catalog.following import COMMAND_RUN, alive_since
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import Heartbeat, RequestRow, UploadRow


def is_own(run_id: str | None) -> bool:
    """Whether a run is one of vidpipe's own processes, of which no orchestrator knows."""
    return run_id is not None and run_id.startswith(COMMAND_RUN)


class Served:
    """Reads which channels and which runs had a turn."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def channels(self, names: Collection[str]) -> dict[str, float]:
        """When each of these channels last had a run, as a timestamp; of one channel nothing.

        One that never had a run is left out.
        """
        if len(names) < 2:
            return {}
        query = (
            select(RequestRow.channel, func.max(RequestRow.updated_at))
            .where(RequestRow.channel.in_(names), RequestRow.run_id.is_not(None))
            .group_by(RequestRow.channel)
        )
        with self._db.session() as session:
            return {name: at.timestamp() for name, at in session.execute(query)}

    def at_work(self, host: str) -> int:
        """How many requests living processes of vidpipe's own have in hand on this machine."""
        query = (
            select(func.count())
            .select_from(RequestRow)
            .join(Heartbeat, Heartbeat.run_id == RequestRow.run_id)
            .where(
                RequestRow.state == RequestState.SUBMITTED,
                RequestRow.run_id.like(f"{COMMAND_RUN}%"),
                Heartbeat.host == host,
                Heartbeat.at >= alive_since(),
            )
        )
        with self._db.session() as session:
            return session.scalar(query) or 0

    def has_taken(self, run_id: str) -> bool:
        """Whether this run has taken a request, or is at an upload."""
        requests = select(RequestRow.id).where(RequestRow.run_id == run_id)
        uploads = select(UploadRow.key).where(UploadRow.run_id == run_id)
        with self._db.session() as session:
            return any(session.scalar(q.limit(1)) is not None for q in (requests, uploads))
