"""Reading and writing the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog import analytics, search, totals
from vidpipe.catalog.analytics import Analytics
from vidpipe.catalog.assets import AssetRows
from vidpipe.catalog.database import Database
from vidpipe.catalog.downloads import DownloadRows
from vidpipe.catalog.edits import EditRows
from vidpipe.catalog.event_log import EventLog
from vidpipe.catalog.event_tables import ProgressRow
from vidpipe.catalog.events import emit
from vidpipe.catalog.failures import Failures, resolve
from vidpipe.catalog.following import follow, meet, options_digest
from vidpipe.catalog.heartbeats import Heartbeats
from vidpipe.catalog.history import History
from vidpipe.catalog.idempotency import IdempotencyKeys
from vidpipe.catalog.inbox import Inbox
from vidpipe.catalog.jobs import JobRows
from vidpipe.catalog.listing import Listing
from vidpipe.catalog.notices import NoticeRows
from vidpipe.catalog.outputs import OutputRows
from vidpipe.catalog.overview import Overview
from vidpipe.catalog.post_figures import PostFigureRows
from vidpipe.catalog.posts import Posts, look_again
from vidpipe.catalog.processes import Conditions, Processes
from vidpipe.catalog.progress import ProgressRows, done
from vidpipe.catalog.projects import ProjectRows
from vidpipe.catalog.requests import Cause, Requests, close_requests, close_same, request
from vidpipe.catalog.review_rows import ReviewRows
from vidpipe.catalog.review_rules import ReviewRulesRows
from vidpipe.catalog.review_states import GateState
from vidpipe.catalog.review_tables import GateRow
from vidpipe.catalog.reviews import void_approvals, void_gates
from vidpipe.catalog.search import SearchIndex
from vidpipe.catalog.served import Served
from vidpipe.catalog.social_accounts import SocialAccountRows
from vidpipe.catalog.standing import Standing
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import (
    Base,
    ClipRow,
    Encode,
    ExportRow,
    RequestRow,
    StageRunRow,
    UploadRow,
    Video,
    now,
)
from vidpipe.catalog.turns import ChoreTurns
from vidpipe.catalog.upload_sessions import UploadSessionRows
from vidpipe.catalog.webhooks import WebhookRows
from vidpipe.storage.keys import channel_of

#: Keys in one query: SQLite takes some 32,000 at most.
_PORTION = 1000


@dataclass(frozen=True)
class StageRecord:
    """Where one stage of a video stands: the newest row of `stage_runs`."""

    stage: str
    reused: bool
    wall_s: float
    error: str | None


@dataclass(frozen=True)
class Rows:
    """Rows of a table that take the place of those they share some columns with.

    Attributes:
        table: of which they are rows.
        of: the columns that are the same in all of them, by name.
        rows: all that there are from now on.
    """

    table: type[Base]
    of: Mapping[str, str]
    rows: Sequence[Base]


class Catalog(Database):
    """One database: `sqlite:///file` or `postgresql+psycopg2://...`.

    What comes in, what is requested, what went wrong, what is alive, what was done, what lists
    show, what programs asked for and sent, what people are told, what is amiss, what goes on now,
    what is said, what was done on which day, what people change and approve, what is posted, where
    it all stands and what it has come to are each a part of their own: `inbox`, `requests`,
    `failures`, `heartbeats`, `processes`, `history`, `listing`, `jobs`, `projects`, `idempotency`,
    `webhooks`, `notices`, `conditions`, `overview`, `outputs`, `search`, `analytics`,
    `upload_sessions`, `assets`, `downloads`, `edits`, `reviews`, `review_rules`, `posts`,
    `standing`, `totals`,
    whom channels post as: `social_accounts`, whose turn it is with a chore: `turns`, and what
    happens and how far it is: `events`, `progress`.
    """

    @cached_property
    def turns(self) -> ChoreTurns:
        return ChoreTurns(self)

    @cached_property
    def social_accounts(self) -> SocialAccountRows:
        return SocialAccountRows(self)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self)

    @cached_property
    def requests(self) -> Requests:
        return Requests(self)

    @cached_property
    def failures(self) -> Failures:
        return Failures(self)

    @cached_property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(self)

    @cached_property
    def history(self) -> History:
        return History(self)

    @cached_property
    def jobs(self) -> JobRows:
        return JobRows(self)

    @cached_property
    def downloads(self) -> DownloadRows:
        return DownloadRows(self)

    @cached_property
    def projects(self) -> ProjectRows:
        return ProjectRows(self)

    @cached_property
    def totals(self) -> totals.TotalRows:
        return totals.TotalRows(self)

    @cached_property
    def standing(self) -> Standing:
        return Standing(self)

    @cached_property
    def idempotency(self) -> IdempotencyKeys:
        return IdempotencyKeys(self)

    @cached_property
    def webhooks(self) -> WebhookRows:
        return WebhookRows(self)

    @cached_property
    def overview(self) -> Overview:
        return Overview(self)

    @cached_property
    def notices(self) -> NoticeRows:
        return NoticeRows(self)

    @cached_property
    def processes(self) -> Processes:
        return Processes(self)

    @cached_property
    def served(self) -> Served:
        return Served(self)

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(self)

    @cached_property
    def upload_sessions(self) -> UploadSessionRows:
        return UploadSessionRows(self)

    @cached_property
    def assets(self) -> AssetRows:
        return AssetRows(self)

    @cached_property
    def edits(self) -> EditRows:
        return EditRows(self)

    @cached_property
    def listing(self) -> Listing:
        return Listing(self)

    @cached_property
    def outputs(self) -> OutputRows:
        return OutputRows(self)

    @cached_property
    def reviews(self) -> ReviewRows:
        return ReviewRows(self)

    @cached_property
    def review_rules(self) -> ReviewRulesRows:
        return ReviewRulesRows(self)

    @cached_property
    def posts(self) -> Posts:
        return Posts(self)

    @cached_property
    def post_figures(self) -> PostFigureRows:
        return PostFigureRows(self)

    @cached_property
    def search(self) -> SearchIndex:
        return SearchIndex(self)

    @cached_property
    def analytics(self) -> Analytics:
        return Analytics(self)

    @cached_property
    def events(self) -> EventLog:
        return EventLog(self)

    @cached_property
    def progress(self) -> ProgressRows:
        return ProgressRows(self)

    # Uploads

    def uploads(self, keys: Sequence[str] | None = None) -> list[UploadRow]:
        """Uploads by key, or all of them; asks in portions, drop folders can be large."""
        query = select(UploadRow).order_by(UploadRow.key)
        with self.session() as session:
            if keys is None:
                return list(session.scalars(query))
            found: list[UploadRow] = []
            for k in range(0, len(keys), _PORTION):
                found += session.scalars(query.where(UploadRow.key.in_(keys[k : k + _PORTION])))
            return found

    def newest_uploads(
        self, states: Sequence[str], limit: int, channel: str | None = None
    ) -> list[UploadRow]:
        """The newest uploads in these states, the newest last."""
        query = select(UploadRow).where(UploadRow.state.in_(states))
        if channel is not None:
            query = query.where(UploadRow.channel == channel)
        with self.session() as session:
            rows = session.scalars(query.order_by(UploadRow.updated_at.desc()).limit(limit))
            return list(reversed(list(rows)))

    # Videos

    def video(self, video_id: str) -> Video | None:
        with self.session() as session:
            return session.get(Video, video_id)

    def video_by_digest(self, channel: str, sha256: str) -> Video | None:
        with self.session() as session:
            return session.scalar(
                select(Video).where(Video.channel == channel, Video.sha256 == sha256)
            )

    def videos_named(self, channel: str, names: Collection[str]) -> list[Video]:
        """Those of a channel with one of these names, in the order they came."""
        query = select(Video).where(Video.channel == channel, Video.name.in_(names))
        with self.session() as session:
            return list(session.scalars(query.order_by(Video.created_at, Video.video_id)))

    def videos(self, channel: str | None = None) -> list[Video]:
        """All videos, or those of one channel, in the order they came."""
        query = select(Video).order_by(Video.created_at, Video.video_id)
        if channel is not None:
            query = query.where(Video.channel == channel)
        with self.session() as session:
            return list(session.scalars(query))

    def newest_videos(self, limit: int, channel: str | None = None) -> list[Video]:
        """The newest videos, the newest last."""
        query = select(Video).order_by(Video.created_at.desc()).limit(limit)
        if channel is not None:
            query = query.where(Video.channel == channel)
        with self.session() as session:
            return list(reversed(list(session.scalars(query))))

    def count_videos(self) -> int:
        with self.session() as session:
            return session.scalar(select(func.count()).select_from(Video)) or 0

    def accept_video(self, row: Video) -> bool:
        """Insert, with the request for a run; False when others accepted the same bytes first."""
        try:
            with self.writing() as session:
                session.add(row)
                session.flush()
                request(session, row, Cause.UPLOAD)
                analytics.note(session, row.channel, row.created_at)
                totals.add(session, totals.VIDEOS_ACCEPTED, row.channel)
                totals.add(session, totals.RECORDING_SECONDS, row.channel, value=row.duration_s)
        except IntegrityError:
            return False
        return True

    def change_sidecar(self, video_id: str, version: str, priority: int) -> None:
        """Other sidecars, and the request for a run with them, in one transaction."""
        with self.writing() as session:
            row = session.get_one(Video, video_id)
            row.sidecar_version, row.priority, row.finished_at = version, priority, None
            request(session, row, Cause.SIDECAR)

    def finish_video(
        self,
        video_id: str,
        begun: datetime,
        run_options: Mapping[str, Any] | None = None,
        stages: Collection[str] | None = None,
    ) -> None:
        """A run that began then made all of it: older requests are met, failures resolved.

        Nobody has to approve of what it made by now; `stages` are those of the run, None: all.
        A request for more than these stays, and so does a gate before what was withheld.
        """
        at = now()
        with self.writing() as session:
            # Not against whoever writes a row that refers to it: they would wait for each other.
            video = session.get(Video, video_id, with_for_update={"key_share": True})
            if video is not None and video.state == "accepted":
                # Reported twice, the same end is told once.
                is_news = video.finished_at is None or video.finished_at < begun
                video.finished_at = at
                if analytics.finished(session, video):
                    totals.add(session, totals.VIDEOS_FINISHED, video.channel)
                if is_news:
                    took_s = (at - begun).total_seconds()
                    totals.add(session, totals.RUNS, video.channel, totals.Ending.SUCCEEDED)
                    totals.add(session, totals.PROCESSING, value=took_s)
                    emit(session, "video.completed", video.channel, {"video_id": video_id})
            session.execute(delete(ProgressRow).where(ProgressRow.video_id == video_id))
            close_same(session, video_id, run_options, before=begun, made=stages)
            key = options_digest(run_options)
            void_gates(session, video_id, options=key, made=stages, undecided_stay=True)
            resolve(session, video_id)
            if stages is not None:
                meet(session, video_id, run_options, begun, stages)
            follow(session, video_id)

    def unfinished(self) -> list[str]:
        """Accepted videos that no run finished, that nobody requested and that wait for nobody."""
        requested = select(RequestRow.id).where(
            RequestRow.video_id == Video.video_id, RequestRow.state != RequestState.DONE
        )
        halted = select(GateRow.id).where(
            GateRow.video_id == Video.video_id, GateRow.state == GateState.WAITING
        )
        query = (
            select(Video.video_id)
            .where(Video.state == "accepted", Video.finished_at.is_(None))
            .where(~requested.exists(), ~halted.exists())
            .order_by(Video.video_id)
        )
        with self.session() as session:
            return list(session.scalars(query))

    def hold_video(self, video_id: str, why: str | None) -> None:
        """Nothing of it may be removed while a reason stands; None lets go."""
        with self.writing() as session:
            session.execute(update(Video).where(Video.video_id == video_id).values(hold=why))

    def retire_video(self, video_id: str) -> None:
        """It is not wanted any more: its row stays, its requests and results go."""
        with self.writing() as session:
            retired = session.scalar(
                update(Video)
                .where(Video.video_id == video_id, Video.state != "retired")
                .values(state="retired", finished_at=None, updated_at=now())
                .returning(Video.channel)
            )
            if retired is not None:
                emit(session, "video.retired", retired, {"video_id": video_id})
            session.execute(delete(ProgressRow).where(ProgressRow.video_id == video_id))
            for table in (ClipRow, ExportRow):
                session.execute(delete(table).where(table.video_id == video_id))
            search.forget(session, video_id)
            void_gates(session, video_id)
            close_requests(session, video_id)
            resolve(session, video_id)
            follow(session, video_id)

    def revive_video(self, video_id: str, version: str, priority: int) -> None:
        """A retired video was dropped again."""
        with self.writing() as session:
            row = session.get_one(Video, video_id)
            row.state, row.sidecar_version, row.priority = "accepted", version, priority
            request(session, row, Cause.UPLOAD)

    # Results

    def stage_started(self, video_id: str, stage: str) -> None:
        """A stage of a video begins."""
        with self.writing() as session:
            if session.get(Video, video_id) is not None:
                data = {"video_id": video_id, "stage": stage}
                emit(session, "stage.started", channel_of(video_id), data)

    def record_stage(self, row: StageRunRow, cause: str | None = None) -> None:
        """Write down how a stage ended; `cause` is why it failed, as `errors.cause_of` has it."""
        with self.writing() as session:
            session.add(row)
            session.flush()
            video = session.get_one(Video, row.video_id)
            _add_stage(session, row, video)
            _tell_stage(session, row, video.channel, cause)
            if row.error is None:
                done(session, row.video_id, row.stage)
            if not row.reused:
                analytics.note(session, video.channel, row.created_at)

    def stages(self, video_id: str) -> list[StageRecord]:
        """The newest run of every stage of a video."""
        with self.session() as session:
            rows = session.scalars(
                select(StageRunRow).where(StageRunRow.video_id == video_id).order_by(StageRunRow.id)
            )
            newest = {row.stage: row for row in rows}
        return [StageRecord(r.stage, r.reused, r.wall_s, r.error) for r in newest.values()]

    def replace(self, rows: Rows) -> None:
        """What people query of a result: the old rows go as the new ones come."""
        same = [getattr(rows.table, name) == value for name, value in rows.of.items()]
        with self.writing() as session:
            older = session.execute(select(rows.table.__table__).where(*same)).mappings()
            before = {_item(row): _said(row) for row in older}
            if rows.table is ClipRow and "video_id" in rows.of:
                clips = {r.clip_id: r.fingerprint for r in rows.rows if isinstance(r, ClipRow)}
                void_approvals(session, rows.of["video_id"], clips)
                look_again(session, rows.of["video_id"])
            elif rows.table is ExportRow and "video_id" in rows.of:
                look_again(session, rows.of["video_id"])
            session.execute(delete(rows.table).where(*same))
            session.add_all(rows.rows)
            for row in rows.rows:
                _add_made(session, row)
                now_said = {
                    column.key: getattr(row, column.key) for column in row.__table__.columns
                }
                item = _item(now_said)
                if before.get(item) != _said(now_said):
                    _tell_made(session, row, replaced=item in before)

    def clips(self, video_id: str) -> list[ClipRow]:
        with self.session() as session:
            return list(
                session.scalars(
                    select(ClipRow).where(ClipRow.video_id == video_id).order_by(ClipRow.rank)
                )
            )

    def count_clips(self, video_ids: Sequence[str]) -> dict[str, int]:
        """How many clips each of these videos has."""
        return self._count(ClipRow, video_ids)

    def count_exports(self, video_ids: Sequence[str]) -> dict[str, int]:
        """How many exports each of these videos has."""
        return self._count(ExportRow, video_ids)

    def _count(self, table: Any, video_ids: Sequence[str]) -> dict[str, int]:
        query = select(table.video_id, func.count()).group_by(table.video_id)
        with self.session() as session:
            rows = session.execute(query.where(table.video_id.in_(video_ids)))
            return {row[0]: row[1] for row in rows}

    def exports(self, video_id: str) -> list[ExportRow]:
        with self.session() as session:
            return list(session.scalars(select(ExportRow).where(ExportRow.video_id == video_id)))

    def record_encode(self, row: Encode) -> None:
        with self.writing() as session:
            session.add(row)
            totals.add(session, totals.ENCODES)
            totals.add(session, totals.ENCODE_SECONDS, value=row.seconds)
            totals.add(session, totals.ENCODE_MEDIA, value=row.clip_s)
            totals.add(session, totals.ENCODE_ESTIMATED, value=row.estimated_s)
            totals.add(session, totals.ENCODE_BYTES, value=row.size_bytes)

    def encodes(self, work: str, host: str, newest: int) -> list[Encode]:
        """The newest encodes of one kind on one machine, newest first."""
        query = (
            select(Encode)
            .where(Encode.work == work, Encode.host == host)
            .order_by(Encode.id.desc())
            .limit(newest)
        )
        with self.session() as session:
            return list(session.scalars(query))


def _add_stage(session: Session, row: StageRunRow, video: Video) -> None:
    """A run of a stage, in the figures that only grow."""
    outcome = totals.Ending.MADE
    if row.error is not None:
        outcome = totals.Ending.FAILED
    elif row.reused:
        outcome = totals.Ending.REUSED
    totals.add(session, totals.STAGE_RUNS, row.stage, outcome)
    if outcome is totals.Ending.REUSED:
        return
    totals.add(session, totals.WORK_SECONDS, video.channel, value=row.wall_s)
    if outcome is totals.Ending.MADE:
        totals.add(session, totals.STAGE_DURATION, row.stage, value=row.wall_s)
        totals.add(session, totals.STAGE_RECORDING, row.stage, value=video.duration_s)


def _add_made(session: Session, row: Base) -> None:
    """A clip or an export, in the figures that only grow."""
    if isinstance(row, ClipRow):
        totals.add(session, totals.CLIPS, channel_of(row.video_id))
        totals.add(session, totals.CLIP_SCORE, value=row.score)
    elif isinstance(row, ExportRow):
        conforms = "true" if row.conforms else "false"
        totals.add(session, totals.EXPORTS, row.platform, conforms)


def _tell_stage(session: Session, row: StageRunRow, channel: str, cause: str | None) -> None:
    about: dict[str, Any] = {"video_id": row.video_id, "stage": row.stage}
    about["wall_s"] = round(row.wall_s, 3)
    if row.error is None:
        emit(session, "stage.completed", channel, {**about, "reused": row.reused})
        return
    error = {"code": (cause or row.error_kind or "unknown")[:64], "stage": row.stage}
    emit(session, "stage.failed", channel, {**about, "error": error})


def _item(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Which clip or export of its video a row is of."""
    return row.get("clip_id"), row.get("platform")


def _said(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What a row says, but for when it was written."""
    return {name: row[name] for name in row if name not in ("created_at", "updated_at")}


def _tell_made(session: Session, row: Base, *, replaced: bool) -> None:
    """A clip or an export that was not there before as it is now."""
    if isinstance(row, ClipRow):
        about: dict[str, Any] = {"rank": row.rank, "score": row.score}
        kind = "clip.created"
    elif isinstance(row, ExportRow):
        about = {
            "platform": row.platform,
            "conforms": row.conforms,
            "size_bytes": row.size_bytes,
        }
        kind = "export.created"
    else:
        return
    ids = {"video_id": row.video_id, "clip_id": row.clip_id, "duration_s": row.duration_s}
    emit(session, kind, channel_of(row.video_id), {**ids, **about, "replaced": replaced})
