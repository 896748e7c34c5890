"""Decisions on clips and on gates, within the transaction that makes them.

Everything here locks the row of the video first: of two people who decide at once the later sees
what the earlier said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from vidpipe.catalog.analytics import note as note_day
from vidpipe.catalog.events import emit
from vidpipe.catalog.failures import count_failure, resolve
from vidpipe.catalog.following import follow, options_digest
from vidpipe.catalog.posts import look_again
from vidpipe.catalog.progress import forget
from vidpipe.catalog.requests import Cause, request
from vidpipe.catalog.review_states import GateState, NotDecided, Verdict, told
from vidpipe.catalog.review_tables import DecisionRow, GateRow
from vidpipe.catalog.states import FailureState, RequestState
from vidpipe.catalog.tables import ClipRow, FailureRow, RequestRow, Video, now

#: Gates that are decided clip by clip.
CLIP_GATES = ("export", "publish")
#: The cause of a video that somebody did not let go on.
REJECTED_BY_REVIEW = "rejected:by_review"


@dataclass(frozen=True)
class Decider:
    """Whoever decides.

    Attributes:
        id: `user:…`, `key:…`, `link:…`, `local`.
        name: for people.
    """

    id: str
    name: str


@dataclass(frozen=True)
class DecisionSaid:
    """What somebody decides.

    Attributes:
        verdict: approved or rejected.
        fingerprint: of what they saw.
        reason: why it is rejected, of `Reason`.
        note: in their own words.
    """

    verdict: Verdict
    fingerprint: str
    reason: str | None = None
    note: str = ""


def locked(session: Session, video_id: str) -> Video | None:
    """The row of a video, which nobody else changes until the transaction ends."""
    query = select(Video).where(Video.video_id == video_id)
    return session.scalars(query.with_for_update(key_share=True)).one_or_none()


def counts(decision: type[DecisionRow] = DecisionRow) -> ColumnElement[bool]:
    """That a decision counts for the row of a clip in the same query."""
    return and_(
        decision.video_id == ClipRow.video_id,
        decision.clip_id == ClipRow.clip_id,
        decision.fingerprint == ClipRow.fingerprint,
        decision.undone_at.is_(None),
    )


def decision_data(row: DecisionRow) -> dict[str, Any]:
    """Who decided what, for programs."""
    return {
        "decision_id": row.id,
        "video_id": row.video_id,
        "clip_id": row.clip_id,
        "verdict": row.verdict,
        "fingerprint": row.fingerprint,
        "reason": row.reason,
        "note": row.note,
        "by": row.by,
        "by_name": row.by_name,
        "at": row.at.isoformat(),
    }


def decide(
    session: Session, video_id: str, clip_id: str, said: DecisionSaid, who: Decider
) -> tuple[DecisionRow, bool]:
    """Write down what somebody decided of a clip; whether it is new.

    Raises:
        LookupError: there is no such clip.
        NotDecided: the clip changed since they saw it, or somebody decided already.
    """
    video = locked(session, video_id)
    clip = session.get(ClipRow, (clip_id, video_id))
    if video is None or clip is None:
        raise LookupError(clip_id)
    if clip.fingerprint is None or clip.fingerprint != said.fingerprint:
        raise NotDecided(
            "clip_changed",
            f"clip {clip_id} was changed since you saw it: look at it again",
            {"fingerprint": clip.fingerprint},
        )
    standing = session.scalars(
        select(DecisionRow).where(
            DecisionRow.video_id == video_id,
            DecisionRow.clip_id == clip_id,
            DecisionRow.fingerprint == said.fingerprint,
            DecisionRow.undone_at.is_(None),
        )
    ).one_or_none()
    if standing is not None:
        same = (standing.by, standing.verdict, standing.reason)
        if same == (who.id, said.verdict, said.reason):
            return standing, False
        raise NotDecided(
            "already_decided",
            f"{standing.by_name} {standing.verdict} clip {clip_id} already, at "
            f"{standing.at:%Y-%m-%d %H:%M} UTC; undo that first to decide otherwise",
            {"decision": decision_data(standing)},
        )
    row = DecisionRow(
        video_id=video_id,
        clip_id=clip_id,
        channel=video.channel,
        fingerprint=said.fingerprint,
        verdict=said.verdict,
        reason=said.reason,
        note=said.note,
        by=who.id[:200],
        by_name=who.name[:200],
        rank=clip.rank,
        score=clip.score,
        start_s=clip.start_s,
        end_s=clip.end_s,
        title=clip.title,
    )
    session.add(row)
    session.flush()
    data = {"video_id": video_id, "clip_id": clip_id, "gate": None}
    data |= {"verdict": row.verdict, "reason": row.reason, "by": row.by}
    emit(session, "review.decided", video.channel, data)
    look_again(session, video_id, clip_id)
    return row, True


def undo(session: Session, decision_id: int, who: Decider) -> DecisionRow:
    """Take a decision back: its clip waits again.

    Raises:
        LookupError: there is none of this number.
        NotDecided: it does not count any more.
    """
    found = session.get(DecisionRow, decision_id)
    if found is None:
        raise LookupError(decision_id)
    locked(session, found.video_id)
    session.refresh(found)
    clip = session.get(ClipRow, (found.clip_id, found.video_id))
    if found.undone_at is not None or clip is None or clip.fingerprint != found.fingerprint:
        words = "this decision does not count any more: it was undone, or the clip was changed"
        raise NotDecided("decision_not_standing", words, {"decision": decision_data(found)})
    found.undone_at, found.undone_by = now(), who.id[:200]
    session.flush()
    data = {"video_id": found.video_id, "clip_id": found.clip_id, "gate": None}
    data |= {"verdict": "undone", "reason": None, "by": who.id}
    emit(session, "review.decided", found.channel, data)
    look_again(session, found.video_id, found.clip_id)
    return found


def pending_clips(session: Session, video_id: str) -> list[str]:
    """The clips of a video that nobody decided on as they are, the best first."""
    return list(
        session.scalars(
            select(ClipRow.clip_id)
            .outerjoin(DecisionRow, counts())
            .where(ClipRow.video_id == video_id, DecisionRow.id.is_(None))
            .order_by(ClipRow.rank)
        )
    )


def approved_clips(session: Session, video_id: str) -> list[str]:
    """The clips of a video that somebody approved as they are, the best first."""
    return list(
        session.scalars(
            select(ClipRow.clip_id)
            .join(DecisionRow, counts())
            .where(ClipRow.video_id == video_id, DecisionRow.verdict == Verdict.APPROVED)
            .order_by(ClipRow.rank)
        )
    )


def waiting_gates(video_id: str) -> Select[tuple[GateRow]]:
    """The gates at which a video waits."""
    waits = (GateRow.video_id == video_id, GateRow.state == GateState.WAITING)
    return select(GateRow).where(*waits).order_by(GateRow.id)


def settle_clips(
    session: Session, video_id: str, who: Decider, remade: Sequence[str], *, approved: bool
) -> None:
    """What follows from a decision on a clip, or from taking one back: runs that go on.

    Args:
        session: of the transaction of the decision.
        video_id: of the clip.
        who: decided.
        remade: stages to ask for where the video waits for nobody: what they made of the clip
            goes, or comes back.
        approved: whether a clip was approved, which can go on at once.
    """
    video = session.get_one(Video, video_id)
    session.flush()
    gates = [row for row in session.scalars(waiting_gates(video_id)) if row.gate in CLIP_GATES]
    pending = pending_clips(session, video_id)
    exporting = [gate for gate in gates if gate.stages]
    for gate in gates:
        if not pending:
            passed = bool(approved_clips(session, video_id))
            gate.state = GateState.APPROVED if passed else GateState.REJECTED
            gate.decided_at, gate.by, gate.by_name = now(), who.id[:200], who.name[:200]
            gate.due_at = None
        if gate.stages and (approved or not pending):
            _go_on(session, video, gate)
    if not exporting and remade and video.state == "accepted":
        request(session, video, Cause.REVIEW, stages=remade)
    session.flush()
    follow(session, video_id)


def _go_on(session: Session, video: Video, gate: GateRow) -> None:
    if video.state != "accepted":
        return
    request(
        session,
        video,
        Cause.REVIEW,
        stages=gate.stages,
        run_options=gate.run_options,
        origin=gate.origin,
    )


# Gates


def is_granted(session: Session, video_id: str, gate: str, fingerprint: str) -> bool:
    """Whether somebody let this video through this gate with what it has now."""
    found = select(GateRow.id).where(
        GateRow.video_id == video_id,
        GateRow.gate == gate,
        GateRow.fingerprint == fingerprint,
        GateRow.state == GateState.APPROVED,
    )
    return session.scalar(found.limit(1)) is not None


@dataclass(frozen=True)
class Halt:
    """A video that is to wait.

    Attributes:
        gate: where.
        fingerprint: of what is to be looked at.
        stages: what is asked for once it is approved.
        run_options: of what was asked for.
        origin: the same, for logs and traces.
    """

    gate: str
    fingerprint: str
    stages: tuple[str, ...]
    run_options: Mapping[str, Any] | None = None
    origin: Mapping[str, str] | None = None


def halt(session: Session, video: Video, at: Halt) -> GateRow:
    """Have a video wait at a gate, where it may wait already; whoever decides is told of it."""
    key = options_digest(at.run_options)
    forget(session, video.video_id)
    rows = session.scalars(waiting_gates(video.video_id).with_for_update())
    row = next((r for r in rows if (r.gate, r.options_key) == (at.gate, key)), None)
    if row is not None:
        row.stages = list(dict.fromkeys([*row.stages, *at.stages]))
        if row.fingerprint == at.fingerprint:
            return row
        row.fingerprint, row.due_at = at.fingerprint, now()
    else:
        row = GateRow(
            video_id=video.video_id,
            channel=video.channel,
            gate=at.gate,
            options_key=key,
            run_options=dict(at.run_options) if at.run_options else None,
            stages=list(at.stages),
            origin=dict(at.origin) if at.origin else None,
            fingerprint=at.fingerprint,
            state=GateState.WAITING,
            note="",
            due_at=now(),
            claims=0,
        )
        session.add(row)
    session.flush()
    clips = pending_clips(session, video.video_id) if at.gate in CLIP_GATES else []
    data = {"video_id": video.video_id, "gate": at.gate, "clip_ids": clips}
    emit(session, "review.needed", video.channel, data)
    return row


def stop_at(session: Session, asked: RequestRow, at: Halt) -> None:
    """A run ended where somebody has to approve: its request is met, its video waits."""
    video = locked(session, asked.video_id)
    asked = session.get_one(RequestRow, asked.id)
    asked.state = RequestState.DONE
    if video is not None and video.state == "accepted":
        halt(session, video, at)
        resolve(session, video.video_id)
    session.flush()
    follow(session, asked.video_id)


def go_past(session: Session, asked: RequestRow, stages: Sequence[str]) -> None:
    """A run ended at a gate that is open by now: the rest is asked for."""
    video = locked(session, asked.video_id)
    asked = session.get_one(RequestRow, asked.id)
    asked.state = RequestState.DONE
    if video is not None and video.state == "accepted":
        options = asked.run_options
        origin = asked.origin
        forget(session, video.video_id)
        request(session, video, Cause.REVIEW, stages=stages, run_options=options, origin=origin)
        resolve(session, video.video_id)
    session.flush()
    follow(session, asked.video_id)


def decide_gate(
    session: Session, gate_id: int, said: DecisionSaid, who: Decider
) -> tuple[GateRow, bool]:
    """Let a video go on, or not; whether that is new.

    One that may not go on is among the failures, with the reason, until somebody retries it.

    Raises:
        LookupError: there is no gate of this number.
        NotDecided: it is decided clip by clip, or already, or what is to be looked at changed.
    """
    row = session.get(GateRow, gate_id)
    if row is None:
        raise LookupError(gate_id)
    video = locked(session, row.video_id)
    session.refresh(row)
    if row.gate in CLIP_GATES:
        words = f"at the gate {row.gate} clips are approved or rejected, each by itself"
        raise NotDecided("decide_clips", words, {})
    if row.state != GateState.WAITING:
        if (row.by, row.state, row.reason) == (who.id, said.verdict, said.reason):
            return row, False
        by = f"{row.by_name} {row.state} it already" if row.by_name else "nobody has to any more"
        details = {"state": row.state, "by": row.by, "by_name": row.by_name}
        decided = {"gate_id": row.id, "verdict": row.state, "reason": row.reason, **details}
        raise NotDecided("already_decided", by, {"decision": decided})
    if row.fingerprint != said.fingerprint:
        words = "what is to be approved was changed since you saw it: look at it again"
        raise NotDecided("gate_changed", words, {"fingerprint": row.fingerprint})
    row.state, row.reason, row.note = GateState(said.verdict.value), said.reason, said.note
    row.decided_at, row.by, row.by_name = now(), who.id[:200], who.name[:200]
    row.due_at = None
    session.flush()
    if video is not None and said.verdict is Verdict.APPROVED:
        _go_on(session, video, row)
    elif video is not None and video.state == "accepted":
        _give_up(session, video, row)
    data = {"video_id": row.video_id, "clip_id": None, "gate": row.gate}
    data |= {"verdict": row.state, "reason": row.reason, "by": row.by}
    emit(session, "review.decided", row.channel, data)
    session.flush()
    follow(session, row.video_id)
    return row, True


def _give_up(session: Session, video: Video, gate: GateRow) -> None:
    """Leave a video among the failures; nobody has to be told, as somebody decided so."""
    resolve(session, video.video_id)
    count_failure(session, video.channel, REJECTED_BY_REVIEW, dead=True)
    why = told(gate.reason, gate.note)
    row = FailureRow(
        subject=video.video_id,
        channel=video.channel,
        job="review",
        stage=gate.stages[0] if gate.stages else "",
        cause=REJECTED_BY_REVIEW,
        message=f"{gate.by_name} rejected it at the gate {gate.gate}: {why}"[:4000],
        attempts=1,
        state=FailureState.DEAD,
        run_id=f"gate-{gate.id}",
    )
    session.add(row)
    session.flush()
    note_day(session, row.channel, row.created_at)


def void_gates(
    session: Session,
    video_id: str,
    *,
    options: str | None = None,
    made: Collection[str] | None = None,
    undecided_stay: bool = False,
) -> None:
    """Nobody has to decide any more where this video waits.

    Args:
        session: of the transaction that made it so.
        video_id: of the video.
        options: only of runs with these options (their digest), and before something is made.
        made: only before these stages; None: whatever comes after.
        undecided_stay: not before exports of clips that nobody decided on: they were withheld.
    """
    withheld = undecided_stay and bool(pending_clips(session, video_id))
    for row in session.scalars(waiting_gates(video_id).with_for_update()):
        if options is not None and (row.options_key != options or not row.stages):
            continue
        if withheld and row.gate == "export":
            continue
        if made is None or set(row.stages) <= set(made):
            row.state, row.due_at, row.decided_at = GateState.VOID, None, now()


def void_approvals(session: Session, video_id: str, fresh: Mapping[str, str | None]) -> None:
    """Tell of approvals that count no more, as the clips of a video are others now.

    Args:
        session: of the transaction in which the old rows of the clips are still there.
        video_id: of the clips.
        fresh: the fingerprint of each clip from now on.
    """
    rows = session.execute(
        select(ClipRow.clip_id, ClipRow.fingerprint, Video.channel)
        .join(DecisionRow, counts())
        .join(Video, Video.video_id == ClipRow.video_id)
        .where(ClipRow.video_id == video_id, DecisionRow.verdict == Verdict.APPROVED)
    ).all()
    for clip_id, fingerprint, channel in rows:
        if fresh.get(clip_id) != fingerprint:
            data = {"video_id": video_id, "clip_id": clip_id}
            emit(session, "review.voided", channel, data)


def count_waiting() -> Select[Any]:
    """Videos that wait, by channel and gate, and since when."""
    return (
        select(
            GateRow.channel,
            GateRow.gate,
            func.count(func.distinct(GateRow.video_id)),
            func.min(GateRow.created_at),
        )
        .where(GateRow.state == GateState.WAITING)
        .group_by(GateRow.channel, GateRow.gate)
    )
