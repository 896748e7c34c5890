"""Heartbeats of the processes that lead runs."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from vidpipe.catalog.database import Database
from vidpipe.catalog.following import HEARTBEAT_S, alive_since, follow
from vidpipe.catalog.tables import Heartbeat, now
from vidpipe.errors import VidpipeError


class Heartbeats:
    """One row for each run that is led by a living process."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def beat(self, run_id: str, video_id: str = "") -> None:
        """This process leads the run and is alive."""
        row = Heartbeat(
            run_id=run_id, video_id=video_id, host=platform.node(), pid=os.getpid(), at=now()
        )
        with self._db.writing() as session:
            session.merge(row)
            if video_id:
                follow(session, video_id)

    def keep(self, run_id: str) -> None:
        """Whoever leads this run is seen to live, by another process, which started it.

        A library that does not let go of the interpreter lets nobody else in its process say so.
        """
        same = update(Heartbeat).where(Heartbeat.run_id == run_id).values(at=now())
        with self._db.writing() as session:
            session.execute(same)

    @contextmanager
    def alive(
        self, run_id: str, video_id: str = "", *, until_noted: bool = False
    ) -> Iterator[None]:
        """Heartbeats from a thread of its own, every few seconds, until the end.

        A database that is away for a while stops no work: the next beat tries again.

        Args:
            run_id: of the run.
            video_id: of the video that it is for.
            until_noted: somebody else notes how the run ended, and stops its heartbeats then:
                until that is done, for less than a minute, the video counts as at work. It would
                be queued again for the seconds in between.
        """
        over = threading.Event()

        def beat() -> None:
            while True:
                with contextlib.suppress(VidpipeError):
                    self.beat(run_id, video_id)
                if over.wait(HEARTBEAT_S):
                    return

        thread = threading.Thread(target=beat, name="heartbeats", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=HEARTBEAT_S)
            with contextlib.suppress(VidpipeError):
                if until_noted:
                    self.beat(run_id, video_id)
                else:
                    self.stop([run_id])

    def stop(self, run_ids: Collection[str]) -> None:
        """These runs have ended."""
        ended = Heartbeat.run_id.in_(run_ids)
        with self._db.writing() as session:
            videos = session.scalars(select(Heartbeat.video_id).where(ended)).all()
            session.execute(delete(Heartbeat).where(ended))
            for video_id in sorted({v for v in videos if v}):
                follow(session, video_id)

    def sweep(self) -> None:
        """Forget processes that nobody has heard of for a day."""
        with self._db.writing() as session:
            session.execute(delete(Heartbeat).where(Heartbeat.at < now() - timedelta(days=1)))

    def at_work(self) -> set[str]:
        """Videos that a process which was alive a moment ago works on."""
        query = select(Heartbeat.video_id).where(Heartbeat.at >= alive_since())
        with self._db.session() as session:
            return {video_id for video_id in session.scalars(query) if video_id}

    def last(self) -> dict[str, datetime]:
        """When each was last alive, by run."""
        with self._db.session() as session:
            return {beat.run_id: beat.at for beat in session.scalars(select(Heartbeat))}
