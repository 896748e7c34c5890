"""What was noticed in drop folders and waits to be taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit
from vidpipe.catalog.following import alive_since, follow, refused, taken_in
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.requests import Cause, request
from vidpipe.catalog.tables import Heartbeat, UploadRow, Video, now
from vidpipe.errors import RETRY_DELAYS_S, wait_before_s

PENDING = "pending"
#: An upload that could not be taken in again and again, see `failures`.
FAILED = "failed"
#: Rejected when it came in; it lies where its owner finds it, with its reason.
QUARANTINED = "quarantined"
#: In a drop folder, and no upload: its reason says why.
SKIPPED = "skipped"
_PORTION = 500


class Inbox:
    """Uploads by key; the newest version of each, and what was decided on it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def known(self, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """(version, sidecar version) of those of these keys that were seen before."""
        found: dict[str, tuple[str, str]] = {}
        query = select(UploadRow.key, UploadRow.version, UploadRow.sidecar_version)
        with self._db.session() as session:
            for k in range(0, len(keys), _PORTION):
                portion = query.where(UploadRow.key.in_(keys[k : k + _PORTION]))
                found.update(
                    {key: (version, beside) for key, version, beside in session.execute(portion)}
                )
        return found

    def notice(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Remember new or changed objects until they are taken in.

        A row gives key, channel, version, size_bytes, modified_s, sidecars and
        sidecar_version. What was decided on an older version stays until the new one is.
        """
        fresh = {"state": PENDING, "changed_at": now(), "attempts": 0, "not_before": None}
        self._upsert([{**row, **fresh, "run_id": None} for row in rows])

    def skip(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write down what is in a drop folder and is not taken in, with the reason.

        A row gives key, channel, version, size_bytes, modified_s, reason and message.
        """
        fresh = {"state": SKIPPED, "changed_at": now(), "attempts": 0, "not_before": None}
        nothing = {"sidecars": {}, "sidecar_version": ""}
        self._upsert([{**row, **nothing, **fresh} for row in rows])

    def _upsert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        kind = sqlite if self._db.embedded else postgresql
        at = now()
        if not rows:
            return
        values = [{**row, "created_at": at, "updated_at": at} for row in rows]
        insert = kind.insert(UploadRow)
        changed = {n: insert.excluded[n] for n in values[0] if n not in ("key", "created_at")}
        upsert = insert.on_conflict_do_update(index_elements=["key"], set_=changed)
        with self._db.writing() as session:
            # Returning makes SQLAlchemy send a thousand rows at once: 25,000 in 3.4 s on
            # PostgreSQL instead of 9.5.
            session.execute(upsert.returning(UploadRow.key), values)

    def claim(self, keys: Sequence[str]) -> None:
        """What was passed over and now lies beside a recording is passed over no longer."""
        with self._db.writing() as session:
            for k in range(0, len(keys), _PORTION):
                session.execute(
                    delete(UploadRow).where(
                        UploadRow.key.in_(keys[k : k + _PORTION]), UploadRow.state == SKIPPED
                    )
                )

    def waiting(self, limit: int, *, settled_s: float = 0.0) -> list[UploadRow]:
        """Noticed uploads that may be taken in now, the oldest of each channel first.

        At most `limit` of each channel, so that a large channel hides no other.
        """
        at = now()
        place = func.row_number().over(
            partition_by=UploadRow.channel,
            order_by=(UploadRow.attempts, UploadRow.changed_at, UploadRow.key),
        )
        ranked = (
            select(UploadRow.key, place.label("place"))
            .where(
                UploadRow.state == PENDING,
                UploadRow.changed_at <= at - timedelta(seconds=settled_s),
                # A file dated in the future (a camera's clock, an archive) says nothing of
                # when it was written: then only what was seen of it counts.
                or_(
                    UploadRow.modified_s <= at.timestamp() - settled_s,
                    UploadRow.modified_s > at.timestamp(),
                ),
                or_(UploadRow.not_before.is_(None), UploadRow.not_before <= at),
                or_(UploadRow.run_id.is_(None), UploadRow.run_id.not_in(_living())),
            )
            .subquery()
        )
        query = (
            select(UploadRow)
            .join(ranked, ranked.c.key == UploadRow.key)
            .where(ranked.c.place <= limit)
            .order_by(ranked.c.place, UploadRow.channel)
        )
        with self._db.session() as session:
            return list(session.scalars(query))

    def count(self) -> int:
        """How many are noticed and not decided on."""
        with self._db.session() as session:
            query = select(func.count()).select_from(UploadRow).where(UploadRow.state == PENDING)
            return session.scalar(query) or 0

    def begin(
        self,
        key: str,
        version: str,
        run_id: str = "",
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> int:
        """Count an attempt to take this version in; returns which one it is, 0 if it is gone.

        Counted before the work, so that one that kills its process counts too. It is gone, too,
        where another run that sends heartbeats is at it. Where one was at it whose process died,
        it waits first, as after any other failure: what killed that one may pass.

        Args:
            key: of the upload.
            version: that was noticed.
            run_id: of the run that takes it up; empty: of none that others know of.
            retry_delays_s: seconds to wait after so many attempts.
        """
        with self._db.writing() as session:
            row = session.get(UploadRow, key, with_for_update=True)
            if row is None or row.version != version or row.state != PENDING:
                return 0
            other = row.run_id if row.run_id != run_id else None
            if other and session.scalar(_living().where(Heartbeat.run_id == other)) is not None:
                return 0
            wait_s = wait_before_s(row.attempts, retry_delays_s) if other and row.attempts else None
            if wait_s is not None:
                row.run_id, row.not_before = None, now() + timedelta(seconds=wait_s)
                return 0
            row.run_id = run_id or None
            row.attempts += 1
            return row.attempts

    def leave(self, key: str, run_id: str, until: datetime | None = None) -> None:
        """A run was ended before it took this in, or could not begin: that counts as no attempt.

        Args:
            key: of the upload.
            run_id: of the run.
            until: before which it is not tried again, unless a newer version is noticed; None: at
                once.
        """
        with self._db.writing() as session:
            row = session.get(UploadRow, key, with_for_update=True)
            if row is not None and (row.run_id or "") == run_id and row.state == PENDING:
                row.run_id = None
                row.not_before = until
                row.attempts = max(0, row.attempts - 1)

    def defer(self, key: str, until: datetime) -> None:
        """Try again, but not before."""
        self._set(key, not_before=until, run_id=None)

    def give_up(self, key: str, why: str) -> None:
        """Not tried again by itself: see `failures`."""
        self._set(key, state=FAILED, message=why)

    def again(self, key: str) -> None:
        """From the beginning: as if it had just been noticed."""
        fresh = {"attempts": 0, "not_before": None, "run_id": None, "changed_at": now()}
        self._set(key, state=PENDING, **fresh)

    def forget(self, key: str) -> None:
        """It is no longer in the drop folder, and nothing was decided on it.

        Its version goes too: moved back as it was, it is new.
        """
        said = "it was removed before it was taken in"
        self._set(key, state="gone", version="", message=said)

    def _set(self, key: str, **values: Any) -> None:
        with self._db.writing() as session:
            session.execute(
                update(UploadRow)
                .where(UploadRow.key == key, UploadRow.state.in_((PENDING, FAILED)))
                .values(**values)
            )

    def decide(self, row: UploadRow) -> None:
        """What became of an upload; replaces what is known of its key."""
        with self._db.writing() as session:
            known = session.get(UploadRow, row.key)
            if known is not None and known.state == PENDING and known.version != row.version:
                # It was replaced while this version was taken in: the newer one still waits.
                return
            session.merge(row)
            if row.state != PENDING:
                totals.add(session, totals.UPLOADS_DECIDED, row.channel, row.state)
            if row.video_id is not None:
                told: dict[str, Any] = {"upload_key": row.key, "video_id": row.video_id}
                told["duplicate"] = row.state == "alias"
                emit(session, "intake.accepted", row.channel, told)
                _pass_on(session, row.key, row.video_id)
            elif row.state != PENDING:
                error = {"code": row.reason or row.state, "stage": "intake"}
                told = {"upload_key": row.key, "error": error}
                emit(session, "intake.refused", row.channel, told)
                refused(session, row.key, row.reason or row.state, row.message or "")
            if row.state == QUARANTINED:
                said = Notice(
                    "upload.rejected",
                    row.message or "",
                    cause=row.reason or "",
                    channel=row.channel,
                    subject=row.key,
                )
                tell(session, said)


def _living() -> Select[tuple[str]]:
    """Runs whose processes were alive a moment ago."""
    return select(Heartbeat.run_id).where(Heartbeat.at >= alive_since())


def _pass_on(session: Session, key: str, video_id: str) -> None:
    """Jobs of an upload become jobs of its video, and what they want of it is asked for."""
    video = session.get_one(Video, video_id)
    jobs = taken_in(session, key, video_id)
    # Where one wants what channel and sidecar say, too, the request of the upload is for that.
    plain = any(job.stages is None and job.run_options is None for job in jobs)
    for job in jobs:
        if job.stages is None and job.run_options is None:
            continue
        # What was made of the same bytes before does not meet it.
        job.since = now()
        request(
            session,
            video,
            Cause.MANUAL if plain else Cause.UPLOAD,
            stages=job.stages,
            run_options=job.run_options,
            origin=job.origin,
        )
    follow(session, video_id)
