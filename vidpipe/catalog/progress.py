"""How far the runs of videos are: the last that is known of each, and nothing of before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.event_tables import ProgressRow
from vidpipe.catalog.events import wake
from vidpipe.catalog.tables import now

#: Seconds between two changes of what is told of a video: twice a second at most.
INTERVAL_S = 0.5


@dataclass(frozen=True)
class ProgressRecord:
    """How far a run was when it was last heard of.

    Attributes:
        stages: how much of each stage is done, 0 to 1.
        percent: of the whole run, 0 to 100.
        eta_s: seconds of work left in it; None where that cannot be said.
        serial: grows with each change.
    """

    video_id: str
    channel: str
    stage: str
    stages: Mapping[str, float]
    percent: float
    eta_s: float | None
    serial: int
    updated_at: datetime


@dataclass(frozen=True)
class StageTick:
    """One step's word of how far it is.

    Attributes:
        run_id: of the run; what an older one said of the same video is forgotten.
        fraction: how much of the stage is done, 0 to 1.
        weights: seconds that each stage of the run usually takes; what is not named counts as
            much as the others on average.
        left_s: seconds that this stage still takes, as far as it can be said.
    """

    video_id: str
    channel: str
    run_id: str
    stage: str
    fraction: float
    weights: Mapping[str, float]
    left_s: float | None = None


class ProgressRows:
    """Writes one row for each video that is worked on, and reads what changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def tell(self, tick: StageTick) -> bool:
        """Write down how far a stage is; whether that is told now.

        Steps of one video that run beside each other share its row: it changes twice a second at
        most, whoever says something. What is said in between counts with the next change.
        """
        at = now()
        try:
            with self._db.writing() as session:
                row = session.get(ProgressRow, tick.video_id, with_for_update=True)
                if row is None:
                    row = ProgressRow(video_id=tick.video_id, stages={}, serial=0, run_id="")
                    session.add(row)
                elif at - row.updated_at < timedelta(seconds=INTERVAL_S):
                    return False
                stages = dict(row.stages) if row.run_id == tick.run_id else {}
                far = max(stages.get(tick.stage, 0.0), min(1.0, max(0.0, tick.fraction)))
                stages[tick.stage] = round(far, 4)
                row.channel, row.run_id, row.stage = tick.channel, tick.run_id, tick.stage
                row.stages, row.serial, row.updated_at = stages, row.serial + 1, at
                row.percent, row.eta_s = _whole(stages, tick)
                if not self._db.embedded:
                    session.flush()
                    wake(session, "progress")
        except IntegrityError:
            # Another step of the same video wrote the first row.
            return False
        return True

    def forget(self, video_ids: Collection[str]) -> None:
        """Nothing works on these any more."""
        with self._db.writing() as session:
            session.execute(delete(ProgressRow).where(ProgressRow.video_id.in_(video_ids)))

    def since(self, at: datetime) -> list[ProgressRecord]:
        """What changed since then, the oldest first."""
        query = select(ProgressRow).where(ProgressRow.updated_at >= at)
        with self._db.session() as session:
            return [_read(row) for row in session.scalars(query.order_by(ProgressRow.updated_at))]

    def remove_old(self, before: datetime) -> None:
        """Forget what nobody has said anything of since."""
        old = select(ProgressRow.video_id).where(ProgressRow.updated_at < before)
        with self._db.session() as session:
            ids = session.scalars(old.limit(1000)).all()
        if ids:
            self.forget(ids)


def forget(session: Session, video_id: str) -> None:
    """Nothing works on this video any more: it waits for somebody, or for money."""
    session.execute(delete(ProgressRow).where(ProgressRow.video_id == video_id))


def done(session: Session, video_id: str, stage: str) -> None:
    """A stage is done: that counts with the next word of its run."""
    row = session.get(ProgressRow, video_id, with_for_update=True)
    if row is not None:
        row.stages = {**row.stages, stage: 1.0}


def _whole(stages: Mapping[str, float], tick: StageTick) -> tuple[float, float | None]:
    """How much of the run is done in per cent of its time, and how many seconds are left."""
    known = tick.weights
    usual = sum(known.values()) / len(known) if known else 1.0
    weights = {**dict.fromkeys(stages, usual), **known}
    total = sum(weights.values()) or 1.0
    made = sum(weights[name] * part for name, part in stages.items())
    percent = round(min(100.0, 100.0 * made / total), 1)
    if not known:
        return percent, round(tick.left_s, 1) if tick.left_s is not None else None
    left = sum(
        weights[name] * (1.0 - stages.get(name, 0.0)) for name in weights if name != tick.stage
    )
    own = weights[tick.stage] * (1.0 - stages[tick.stage])
    return percent, round(left + (tick.left_s if tick.left_s is not None else own), 1)


def _read(row: ProgressRow) -> ProgressRecord:
    return ProgressRecord(
        row.video_id,
        row.channel,
        row.stage,
        row.stages,
        row.percent,
        row.eta_s,
        row.serial,
        row.updated_at,
    )
