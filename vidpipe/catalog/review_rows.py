"""Reads where clips and videos stand with those who decide, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, literal, or_, select, tuple_

from vidpipe.catalog.database import Database
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.outputs import OutputPlace
from vidpipe.catalog.review_states import GateState, ReviewState, Verdict, told
from vidpipe.catalog.review_tables import CommentRow, DecisionRow, GateRow
from vidpipe.catalog.reviews import CLIP_GATES, counts, is_granted, pending_clips
from vidpipe.catalog.tables import ClipRow, StageRunRow, Video

#: Seconds in which those are told who are to decide.
_LEASE_S = 60.0


@dataclass(frozen=True)
class ClipReview:
    """A clip, and what was said of it.

    Attributes:
        clip: as it is.
        video: of which it is.
        decision: that counts; None: nobody decided on the clip as it is.
        earlier: the newest decision on an earlier form of it, where none counts.
        needed: whether a gate waits for a decision.
        comments: that are not resolved.
    """

    clip: ClipRow
    video: Video
    decision: DecisionRow | None
    earlier: DecisionRow | None
    needed: bool
    comments: int


class ReviewRows:
    """What is to be decided, and what was."""

    def __init__(self, database: Database) -> None:
        self._db = database
        #: Gates of which those are to be told who decide.
        self.untold: Leases[GateRow] = Leases(database, GateRow, lease_s=_LEASE_S)

    def clips(
        self,
        limit: int,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        clip_id: str | None = None,
        state: ReviewState | None = None,
        needed: bool | None = None,
        after: OutputPlace | None = None,
    ) -> list[ClipReview]:
        """Clips of the newest videos first, of each the best first, with what was said of them.

        Args:
            limit: how many.
            channels: only of these.
            video_id: only of this video.
            clip_id: only this clip of it.
            state: only those that stand so.
            needed: only those that a gate waits for, or only the others.
            after: the last of the page before.
        """
        waits = _waits().where(GateRow.video_id == ClipRow.video_id).exists()
        query = (
            select(ClipRow, Video, DecisionRow)
            .join(Video, Video.video_id == ClipRow.video_id)
            .outerjoin(DecisionRow, counts())
            .where(Video.channel.in_(channels), Video.state == "accepted")
        )
        if video_id is not None:
            query = query.where(ClipRow.video_id == video_id)
        if clip_id is not None:
            query = query.where(ClipRow.clip_id == clip_id)
        if state is ReviewState.PENDING:
            query = query.where(DecisionRow.id.is_(None))
        elif state is not None:
            query = query.where(DecisionRow.verdict == state.value)
        if needed is not None:
            wanted = and_(DecisionRow.id.is_(None), waits)
            query = query.where(wanted if needed else ~wanted)
        if after is not None:
            video = tuple_(Video.created_at, Video.video_id)
            last = tuple_(literal(after.at, Video.created_at.type), literal(after.video_id))
            within = tuple_(ClipRow.rank, ClipRow.clip_id) > tuple_(*map(literal, after.rest))
            query = query.where(or_(video < last, and_(video == last, within)))
        query = query.order_by(
            Video.created_at.desc(), Video.video_id.desc(), ClipRow.rank, ClipRow.clip_id
        )
        with self._db.session() as session:
            rows = [tuple(row) for row in session.execute(query.limit(limit))]
        return self._with_more(rows)

    def _with_more(
        self, rows: Sequence[tuple[ClipRow, Video, DecisionRow | None]]
    ) -> list[ClipReview]:
        videos = {clip.video_id for clip, _, _ in rows}
        undecided = [(c.video_id, c.clip_id) for c, _, decision in rows if decision is None]
        earlier: dict[tuple[str, str], DecisionRow] = {}
        place = tuple_(DecisionRow.video_id, DecisionRow.clip_id)
        past = select(DecisionRow).where(place.in_(undecided), DecisionRow.undone_at.is_(None))
        open_now = (
            select(CommentRow.video_id, CommentRow.clip_id, func.count())
            .where(CommentRow.video_id.in_(videos), CommentRow.resolved_at.is_(None))
            .group_by(CommentRow.video_id, CommentRow.clip_id)
        )
        with self._db.session() as session:
            if undecided:
                for row in session.scalars(past.order_by(DecisionRow.id)):
                    earlier[row.video_id, row.clip_id] = row
            said = {(v, c): count for v, c, count in session.execute(open_now)}
            halted = set(session.scalars(_waits().where(GateRow.video_id.in_(videos))))
        return [
            ClipReview(
                clip,
                video,
                decision,
                earlier.get((clip.video_id, clip.clip_id)) if decision is None else None,
                decision is None and clip.video_id in halted,
                said.get((clip.video_id, clip.clip_id), 0),
            )
            for clip, video, decision in rows
        ]

    def history(self, video_id: str, clip_id: str) -> list[DecisionRow]:
        """Everything that was decided of a clip, the newest first."""
        same = (DecisionRow.video_id == video_id, DecisionRow.clip_id == clip_id)
        with self._db.session() as session:
            return list(
                session.scalars(select(DecisionRow).where(*same).order_by(DecisionRow.id.desc()))
            )

    def decision(self, number: int) -> DecisionRow | None:
        with self._db.session() as session:
            return session.get(DecisionRow, number)

    def states(self, clips: Sequence[ClipRow]) -> dict[tuple[str, str], ReviewState]:
        """Where each of these clips stands, by video and clip."""
        videos = {clip.video_id for clip in clips}
        query = select(ClipRow.video_id, ClipRow.clip_id, DecisionRow.verdict).join(
            DecisionRow, counts()
        )
        with self._db.session() as session:
            rows = session.execute(query.where(ClipRow.video_id.in_(videos)))
            found = {(v, c): ReviewState(verdict) for v, c, verdict in rows}
        return {
            (clip.video_id, clip.clip_id): found.get(
                (clip.video_id, clip.clip_id), ReviewState.PENDING
            )
            for clip in clips
        }

    def approval(
        self, clip_id: str, fingerprint: str, video_id: str | None = None
    ) -> DecisionRow | None:
        """Who approved of a clip as it was with this fingerprint, and as it still is."""
        query = (
            select(DecisionRow)
            .join(ClipRow, counts())
            .join(Video, Video.video_id == ClipRow.video_id)
            .where(
                DecisionRow.clip_id == clip_id,
                DecisionRow.fingerprint == fingerprint,
                DecisionRow.verdict == Verdict.APPROVED,
                Video.state == "accepted",
            )
        )
        if video_id is not None:
            query = query.where(DecisionRow.video_id == video_id)
        with self._db.session() as session:
            return session.scalars(query.order_by(DecisionRow.id.desc()).limit(1)).first()

    def withheld(self, video_id: str, *, asks: bool = False) -> dict[str, str]:
        """The clips of a video that are kept from exports and publishing, and why, by id.

        Args:
            video_id: of the video.
            asks: somebody has to approve of each before it is exported, whether or not the
                video waits for that already.
        """
        query = (
            select(ClipRow.clip_id, DecisionRow)
            .outerjoin(DecisionRow, counts())
            .where(ClipRow.video_id == video_id)
        )
        exporting = select(GateRow.id).where(
            GateRow.video_id == video_id,
            GateRow.state == GateState.WAITING,
            GateRow.gate == "export",
        )
        found: dict[str, str] = {}
        with self._db.session() as session:
            waits = asks or session.scalar(exporting.limit(1)) is not None
            for clip_id, row in session.execute(query):
                if row is None:
                    if waits:
                        found[clip_id] = "it waits for somebody's approval"
                elif row.verdict == Verdict.REJECTED:
                    found[clip_id] = f"{row.by_name} rejected it: {told(row.reason, row.note)}"
        return found

    def exported(self, video_id: str) -> list[str]:
        """The stages that made exports of a video."""
        query = (
            select(StageRunRow.stage)
            .where(
                StageRunRow.video_id == video_id,
                StageRunRow.stage.like("platform!_exports/%", escape="!"),
                StageRunRow.error.is_(None),
            )
            .distinct()
        )
        with self._db.session() as session:
            return sorted(session.scalars(query))

    # Gates

    def gates(
        self,
        limit: int,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        state: GateState | None = None,
        before: int | None = None,
    ) -> list[tuple[GateRow, int, str]]:
        """Gates at which videos wait or waited, the newest first, how many clips are pending, and
        the title of the video.

        Args:
            limit: how many.
            channels: only of these.
            video_id: only of this video.
            state: only in this state.
            before: the number of the last one of the page before.
        """
        query = select(GateRow, Video.title).join(Video, Video.video_id == GateRow.video_id)
        query = query.where(GateRow.channel.in_(channels))
        if video_id is not None:
            query = query.where(GateRow.video_id == video_id)
        if state is not None:
            query = query.where(GateRow.state == state)
        if before is not None:
            query = query.where(GateRow.id < before)
        with self._db.session() as session:
            found = session.execute(query.order_by(GateRow.id.desc()).limit(limit))
            rows = [(row, title) for row, title in found]
            videos = {r.video_id for r, _ in rows if r.gate in CLIP_GATES}
            pending = _pending(videos)
            counted = {row[0]: row[1] for row in session.execute(pending)}
        return [
            (row, counted.get(row.video_id, 0) if row.gate in CLIP_GATES else 0, title)
            for row, title in rows
        ]

    def gate(self, number: int) -> GateRow | None:
        with self._db.session() as session:
            return session.get(GateRow, number)

    def waiting(self, video_ids: Sequence[str]) -> set[str]:
        """Those of these videos that wait for somebody."""
        query = select(GateRow.video_id).where(
            GateRow.video_id.in_(video_ids), GateRow.state == GateState.WAITING
        )
        with self._db.session() as session:
            return set(session.scalars(query))

    def all_waiting(self) -> set[str]:
        """Every video that waits for somebody."""
        query = select(GateRow.video_id).where(GateRow.state == GateState.WAITING)
        with self._db.session() as session:
            return set(session.scalars(query))

    def count_waiting(self, channel: str) -> dict[str, int]:
        """How many videos of a channel wait at each gate."""
        query = (
            select(GateRow.gate, func.count(func.distinct(GateRow.video_id)))
            .where(GateRow.channel == channel, GateRow.state == GateState.WAITING)
            .group_by(GateRow.gate)
        )
        with self._db.session() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def waits_at(self, video_id: str, gate: str) -> bool:
        """Whether a video waits at this gate."""
        query = select(GateRow.id).where(
            GateRow.video_id == video_id,
            GateRow.gate == gate,
            GateRow.state == GateState.WAITING,
        )
        with self._db.session() as session:
            return session.scalar(query.limit(1)) is not None

    def granted(self, video_id: str, gate: str, fingerprint: str) -> bool:
        """Whether somebody let this video through this gate with what it has now."""
        with self._db.session() as session:
            return is_granted(session, video_id, gate, fingerprint)

    def pending(self, video_id: str) -> list[str]:
        """The clips of a video that nobody decided on as they are, the best first."""
        with self._db.session() as session:
            return pending_clips(session, video_id)

    def any_approved(self, video_id: str) -> bool:
        """Whether somebody approved of a clip of a video as it is."""
        query = (
            select(ClipRow.clip_id)
            .join(DecisionRow, counts())
            .where(ClipRow.video_id == video_id, DecisionRow.verdict == Verdict.APPROVED)
        )
        with self._db.session() as session:
            return session.scalar(query.limit(1)) is not None

    # Comments

    def comments(
        self,
        limit: int,
        *,
        video_id: str,
        clips: Collection[str] | None = None,
        after: int | None = None,
    ) -> list[CommentRow]:
        """What was said of the clips of a video, the oldest first."""
        query = select(CommentRow).where(CommentRow.video_id == video_id)
        if clips is not None:
            query = query.where(CommentRow.clip_id.in_(clips))
        if after is not None:
            query = query.where(CommentRow.id > after)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(CommentRow.id).limit(limit)))

    def comment(self, number: int) -> CommentRow | None:
        with self._db.session() as session:
            return session.get(CommentRow, number)

    # What came of it

    def decided(
        self, channels: Collection[str], since: datetime | None, until: datetime | None
    ) -> list[DecisionRow]:
        """Decisions that were not undone, of a span of time, the oldest first."""
        query = select(DecisionRow).where(
            DecisionRow.channel.in_(channels), DecisionRow.undone_at.is_(None)
        )
        if since is not None:
            query = query.where(DecisionRow.at >= since)
        if until is not None:
            query = query.where(DecisionRow.at < until)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(DecisionRow.id)))


def _waits() -> Select[tuple[str]]:
    """Videos whose clips somebody is waited for to decide on."""
    return select(GateRow.video_id).where(
        GateRow.state == GateState.WAITING, GateRow.gate.in_(CLIP_GATES)
    )


def _pending(videos: Collection[str]) -> Select[tuple[str, int]]:
    decided = exists().where(counts())
    return (
        select(ClipRow.video_id, func.count())
        .where(ClipRow.video_id.in_(videos), ~decided)
        .group_by(ClipRow.video_id)
    )
