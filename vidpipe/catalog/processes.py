"""Processes that work in the background, conditions that hold: who is alive, what is amiss."""

from __future__ import annotations

import os
import platform
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vidpipe.catalog.database import Database
from vidpipe.catalog.notice_tables import ConditionRow, ProcessRow
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.tables import now

#: Seconds between two heartbeats of a background process.
BEAT_S = 15.0
#: What runs the chores of the service, and what leads runs (the orchestrator's daemon).
WORKER, COORDINATOR = "worker", "coordinator"
#: What takes what is due, and has processes of its own do it, where there is no orchestrator.
PROCESSOR = "processor"
#: What holds while a processor's own processes end before they take anything.
FAILING = "processor.failing"


def processor_name(process: ProcessRow | None = None) -> str:
    """What a processor is called, this process or another: its machine and its number."""
    host, pid = (platform.node(), os.getpid()) if process is None else (process.host, process.pid)
    return f"{host[:200]}, process {pid}"


class Presence:
    """One process: beats as long as it lives, and says when it ends.

    Args:
        database: where it is written down.
        role: `WORKER`, `COORDINATOR` or `PROCESSOR`.
        alone: there is one of this role however often its process changes.
    """

    def __init__(self, database: Database, role: str, *, alone: bool = False) -> None:
        self._db = database
        self._role = role
        self._id = role if alone else uuid.uuid4().hex
        self._began_at = now()

    def beat(self) -> None:
        """It is alive."""
        where = {"host": platform.node()[:200], "pid": os.getpid(), "at": now()}
        same = update(ProcessRow).where(ProcessRow.process_id == self._id)
        with self._db.writing() as session:
            known = session.scalar(same.values(**where).returning(ProcessRow.process_id))
            if known is None:
                fresh = {"process_id": self._id, "role": self._role, "began_at": self._began_at}
                session.add(ProcessRow(**fresh, **where))

    def leave(self) -> None:
        """It ends as it was told to: nobody has to miss it."""
        with self._db.writing() as session:
            session.execute(delete(ProcessRow).where(ProcessRow.process_id == self._id))


class Processes:
    """Reads who is alive."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[ProcessRow]:
        """Every process that has not ended as it was told to, the longest silent first."""
        with self._db.session() as session:
            return list(session.scalars(select(ProcessRow).order_by(ProcessRow.at)))

    def lost(self, process: ProcessRow, notice: Notice | None) -> bool:
        """Forget one that was silent when it was read, and tell of it; False: another did, or it
        is alive again."""
        seen = (ProcessRow.process_id == process.process_id, ProcessRow.at == process.at)
        query = delete(ProcessRow).where(*seen).returning(ProcessRow.process_id)
        with self._db.writing() as session:
            gone = session.scalar(query) is not None
            if gone and notice is not None:
                tell(session, notice)
        return gone


class Conditions:
    """What holds until it is over: told once, again after a while, and when it is over."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[ConditionRow]:
        """What holds, that first which has held longest."""
        with self._db.session() as session:
            return list(session.scalars(select(ConditionRow).order_by(ConditionRow.since)))

    def holds(self, notice: Notice, *, remind_s: float) -> bool:
        """It holds now; whether it is told of by this call.

        Of several processes that see the same at the same time one tells.

        Args:
            notice: what is said of it; `kind` and `subject` name it.
            remind_s: seconds after which it is told of again, as long as it holds.
        """
        at = now()
        kind = sqlite if self._db.embedded else postgresql
        named = (ConditionRow.kind == notice.kind, ConditionRow.subject == notice.subject)
        with self._db.session() as session:
            known = session.scalars(select(ConditionRow).where(*named)).one_or_none()
        before = at - timedelta(seconds=remind_s)
        if known is not None and known.told_at > before:
            return False
        values: dict[str, Any] = {
            "kind": notice.kind,
            "subject": notice.subject,
            "channel": notice.channel,
            "message": notice.message,
            "since": at,
            "told_at": at,
        }
        insert = kind.insert(ConditionRow).values(values).on_conflict_do_nothing()
        again = (
            update(ConditionRow)
            .where(*named, ConditionRow.told_at <= before)
            .values(told_at=at, message=notice.message)
        )
        with self._db.writing() as session:
            fresh = session.scalar(insert.returning(ConditionRow.kind)) is not None
            if not fresh and session.scalar(again.returning(ConditionRow.kind)) is None:
                return False
            tell(session, notice)
        return True

    def over(self, kind: str, subject: str, message: str) -> bool:
        """It holds no longer, and those who were told are told so; False: it did not hold."""
        named = (ConditionRow.kind == kind, ConditionRow.subject == subject)
        with self._db.session() as session:
            if session.scalar(select(ConditionRow.kind).where(*named)) is None:
                return False
        query = delete(ConditionRow).where(*named).returning(ConditionRow.channel)
        with self._db.writing() as session:
            gone = session.execute(query).first()
            if gone is not None:
                notice = Notice(kind, message, channel=gone[0], subject=subject, over=True)
                tell(session, notice)
        return gone is not None


def silent_since(processes: list[ProcessRow], role: str) -> datetime | None:
    """When the last of a role was alive; None where there is none."""
    return max((p.at for p in processes if p.role == role), default=None)
