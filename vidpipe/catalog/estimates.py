"""What jobs were expected to cost: before their work, and again while it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from vidpipe.catalog.cost_tables import CostEstimateRow
from vidpipe.catalog.database import Database
from vidpipe.catalog.states import ACTIVE
from vidpipe.catalog.tables import JobRow, StageRunRow, now

_TOLD = aliased(CostEstimateRow)
#: For so long after a result an estimate is renewed by it.
_TRIED = timedelta(hours=1)


class EstimateRows:
    """Estimates as they are kept. None is ever changed: what is told anew stands beside it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, row: CostEstimateRow) -> bool:
        """Keep an estimate; False: the same result renewed it already, and what was told stays."""
        columns = CostEstimateRow.__table__.columns.keys()
        values = {name: getattr(row, name) for name in columns if name != "id"}
        with self._db.writing() as session:
            embedded = session.get_bind().dialect.name == "sqlite"
            insert: Any = (sqlite if embedded else postgresql).insert(CostEstimateRow)
            made = insert.values(**values).on_conflict_do_nothing().returning(CostEstimateRow.id)
            return session.scalar(made) is not None

    def unestimated(self, limit: int) -> list[JobRow]:
        """Jobs that go on, of which nothing was written down before their work."""
        # Whose passages are chosen has had its work: nothing is told of before it any more.
        known = select(_TOLD.id).where(_TOLD.job_id == JobRow.job_id)
        query = select(JobRow).where(
            JobRow.state.in_(ACTIVE), JobRow.video_id.is_not(None), ~known.exists()
        )
        with self._db.session() as session:
            return list(session.scalars(query.order_by(JobRow.created_at).limit(limit)))

    def unrenewed(self, after: str, limit: int) -> list[JobRow]:
        """Jobs that go on, that a stage has made its result for, and whose estimate is that of
        before; the newest first.

        Args:
            after: the stage.
            limit: of them at most.
        """
        made = select(StageRunRow.id).where(
            StageRunRow.video_id == JobRow.video_id,
            StageRunRow.stage == after,
            StageRunRow.error.is_(None),
            StageRunRow.created_at >= JobRow.created_at,
            # What could not be told until then is not tried for ever.
            StageRunRow.created_at >= now() - _TRIED,
        )
        told = select(_TOLD.id).where(_TOLD.job_id == JobRow.job_id, _TOLD.after == after)
        query = select(JobRow).where(JobRow.state.in_(ACTIVE), made.exists(), ~told.exists())
        with self._db.session() as session:
            return list(session.scalars(query.order_by(JobRow.created_at.desc()).limit(limit)))

    def read(
        self, limit: int, *, video_id: str | None = None, job_id: str | None = None
    ) -> list[CostEstimateRow]:
        """What was expected of runs, the newest first."""
        query = select(CostEstimateRow)
        if video_id is not None:
            query = query.where(CostEstimateRow.video_id == video_id)
        if job_id is not None:
            query = query.where(CostEstimateRow.job_id == job_id)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(CostEstimateRow.id.desc()).limit(limit)))
