"""Approving and rejecting: clips, gates, links for reviewers without an account, comments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vidpipe.api.asked import Asked, Comments, Decides, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, text
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    ClipPath,
    Cursor,
    Limit,
    Listed,
    VideoId,
    VideoQuery,
)
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.repeated import Created, Key, once
from vidpipe.catalog.units import apart
from vidpipe.channels.reviews import GatesUnreadable
from vidpipe.library import (
    BatchResult,
    CommentView,
    GateState,
    GateView,
    LinkPermission,
    NotDecided,
    Reason,
    Refused,
    ReviewDetail,
    ReviewItem,
    ReviewLinkCreated,
    ReviewLinkView,
    ReviewReport,
    ReviewState,
    Unknown,
    Verdict,
)
from vidpipe.library.review_links import COMMENT, LONGEST_H, PASSWORD
from vidpipe.library.reviews import NOTE, outcome_of

router = APIRouter(tags=["reviews"], route_class=AuditedRoute)
_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_WORDS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
GateId = Annotated[int, Path(ge=1, le=2**53, description="number of a gate")]
CommentId = Annotated[int, Path(ge=1, le=2**53, description="number of a comment")]
ReviewLinkId = Annotated[str, Path(pattern=_ID, description="id of a review link")]
Fingerprint = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="of what was seen, from the answer that showed it",
        examples=["0123456789abcdef" * 4],
    ),
]
Note = Annotated[str, Field(max_length=NOTE, pattern=_WORDS, description="in your own words")]
Clip = Annotated[str, Field(pattern=_ID, description="id of a clip, or its rank")]
_Answer = TypeVar("_Answer")
Moment = Annotated[AwareDatetime | None, Query(description="with a time zone")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ApproveRequest(_Body):
    """Somebody approves of what they saw."""

    fingerprint: Fingerprint
    note: Note = ""


class RejectRequest(_Body):
    """Somebody rejects what they saw."""

    fingerprint: Fingerprint
    reason: Reason = Field(description="`other` needs a note")
    note: Note = ""


class UndoRequest(_Body):
    """Which decision is taken back."""

    decision_id: int = Field(ge=1, le=2**53)


class BatchDecision(_Body):
    """One of several decisions."""

    video_id: str = Field(pattern=_ID)
    clip: Clip
    fingerprint: Fingerprint
    verdict: Verdict
    reason: Reason | None = Field(default=None, description="of a rejection")
    note: Note = ""


class BatchRequest(_Body):
    """Several decisions, each of which counts or not by itself."""

    decisions: Annotated[tuple[BatchDecision, ...], Field(min_length=1, max_length=200)]


class BatchAnswer(BaseModel):
    """What came of each, in the order of the request."""

    results: tuple[BatchResult, ...]


class ReviewLinkCreate(_Body):
    """A link that is to be made."""

    video_id: str = Field(pattern=_ID)
    clips: Annotated[tuple[Clip, ...], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="only these; none: all of the video, those that come, too"
    )
    permission: LinkPermission = LinkPermission.COMMENT
    expires_in_h: float = Field(default=168.0, gt=0, le=LONGEST_H, description="hours")
    password: str | None = Field(
        default=None, min_length=8, max_length=PASSWORD, description="asked for when it is opened"
    )
    label: str = Field(default="", max_length=200, pattern=_WORDS, description="for whom it is")


class CommentCreate(_Body):
    """A remark at a second of a clip."""

    at_s: float = Field(ge=0, le=86400, description="seconds from the beginning of the clip")
    text: str = Field(min_length=1, max_length=COMMENT, pattern=_WORDS)


class ResolveRequest(_Body):
    """Whether a comment was seen to."""

    resolved: bool


# Clips


@router.get("/reviews", summary="List clips to review", responses=errors(404))
def list_reviews(
    asked: Reads,
    channel: ChannelQuery = None,
    video_id: VideoQuery = None,
    state: Annotated[ReviewState | None, Query(description="only those that stand so")] = None,
    needed: Annotated[
        bool | None, Query(description="only those that a gate waits for, or only the others")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[ReviewItem]:
    """Clips and where each stands with those who decide: those of the newest videos first, of
    each video the best first."""
    if video_id is not None:
        asked.video(video_id)
    page = asked.library.reviews.list(
        channels=asked.among(channel),
        video_id=video_id,
        state=state,
        needed=needed,
        limit=limit,
        cursor=cursor,
    )
    return Listed[ReviewItem](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/videos/{video_id}/clips/{clip}/review", summary="Get a review", responses=errors(404))
def get_review(asked: Reads, video_id: VideoId, clip: ClipPath) -> ReviewDetail:
    """Where a clip stands, and everything that was decided of it."""
    return asked.library.reviews.get(asked.video(video_id), clip)


@router.post(
    "/videos/{video_id}/clips/{clip}/approve",
    summary="Approve a clip",
    responses=errors(404, 409),
)
def approve_clip(
    asked: Decides, video_id: VideoId, clip: ClipPath, body: ApproveRequest
) -> ReviewDetail:
    """Approve of a clip as you saw it. Where its channel asks before exports, these are made now.

    409 `clip_changed`: it was made anew since, `details.fingerprint` is the new one. 409
    `gates_unreadable`: a later version set the gates of the channel; set them anew. 409
    `already_decided`: `details.decision` says who decided what.
    """
    made = asked.library.reviews.approve(
        asked.video(video_id),
        clip,
        body.fingerprint,
        asked.decider,
        note=body.note,
        audit=asked.actor,
    )
    return _recorded(asked, made)


@router.post(
    "/videos/{video_id}/clips/{clip}/reject",
    summary="Reject a clip",
    responses=errors(404, 409),
)
def reject_clip(
    asked: Decides, video_id: VideoId, clip: ClipPath, body: RejectRequest
) -> ReviewDetail:
    """Keep a clip from exports and publishing; what there is of it for platforms is taken back.

    409 as when it is approved.
    """
    made = asked.library.reviews.reject(
        asked.video(video_id),
        clip,
        body.fingerprint,
        body.reason,
        asked.decider,
        note=body.note,
        audit=asked.actor,
    )
    return _recorded(asked, made)


@router.post(
    "/videos/{video_id}/clips/{clip}/undo",
    summary="Take a decision back",
    responses=errors(404, 409),
)
def undo_clip(asked: Decides, video_id: VideoId, clip: ClipPath, body: UndoRequest) -> ReviewDetail:
    """Have a clip wait for a decision again. 409 `decision_not_standing`: it was undone already,
    or does not count, as the clip was made anew since."""
    made = asked.library.reviews.undo(
        asked.video(video_id), clip, body.decision_id, asked.decider, audit=asked.actor
    )
    return _recorded(asked, made)


@router.post("/reviews/batch", summary="Decide on several clips", responses=errors(404))
def decide_reviews(asked: Decides, body: BatchRequest) -> BatchAnswer:
    """Approve and reject up to 200 clips. Each decision counts or not by itself: the answer says
    which did, in the order of the request. 403 or 404 where none is of a clip that you may decide
    on."""
    # Of 200 in one transaction each would wait for all, and one that fails take the others back.
    with apart():
        results = tuple(_one(asked, said) for said in body.decisions)
    outcomes = {result.outcome for result in results}
    if outcomes == {"forbidden"}:
        raise Forbidden(results[0].message)
    if outcomes == {"not_found"}:
        raise ApiError(404, "clip_not_found", results[0].message)
    return _recorded(asked, BatchAnswer(results=results))


def _recorded(asked: Asked, answer: _Answer) -> _Answer:
    """An answer about decisions each of which has its row, if it is one: written with it."""
    asked.recorded.append(asked.change)
    return answer


def _one(asked: Asked, said: BatchDecision) -> BatchResult:
    where: dict[str, Any] = {"video_id": said.video_id, "clip": said.clip}
    reviews, by = asked.library.reviews, asked.actor
    note, seen = said.note, said.fingerprint
    try:
        video_id, who = asked.video(said.video_id), asked.decider
        if said.verdict is Verdict.APPROVED:
            made = reviews.approve(video_id, said.clip, seen, who, note=note, audit=by)
        elif said.reason is None:
            raise Refused("reason: say why it is rejected")
        else:
            made = reviews.reject(video_id, said.clip, seen, said.reason, who, note=note, audit=by)
    except NotDecided as error:
        return BatchResult(
            **where,
            outcome=outcome_of(error),
            message=str(error),
            fingerprint=error.details.get("fingerprint"),
            decision=error.details.get("decision"),
        )
    except Forbidden as error:
        return BatchResult(**where, outcome="forbidden", message=error.detail)
    except Unknown as error:
        return BatchResult(**where, outcome="not_found", message=str(error))
    except (Refused, GatesUnreadable) as error:
        return BatchResult(**where, outcome="refused", message=str(error))
    decision = made.decision.model_dump(mode="json") if made.decision is not None else None
    return BatchResult(**where, outcome="done", fingerprint=made.fingerprint, decision=decision)


# Gates


@router.get("/reviews/gates", summary="List gates", responses=errors(404))
def list_gates(
    asked: Reads,
    channel: ChannelQuery = None,
    video_id: VideoQuery = None,
    state: Annotated[GateState | None, Query(description="only in this state")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[GateView]:
    """Where videos wait for somebody before they go on, or did, the newest first."""
    if video_id is not None:
        asked.video(video_id)
    page = asked.library.reviews.gates(
        channels=asked.among(channel), video_id=video_id, state=state, limit=limit, cursor=cursor
    )
    return Listed[GateView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.post(
    "/reviews/gates/{gate_id}/approve", summary="Approve at a gate", responses=errors(404, 409)
)
def approve_gate(asked: Decides, gate_id: GateId, body: ApproveRequest) -> GateView:
    """Let a video go on: what is behind the gate is asked for. 409 `gate_changed`,
    `already_decided`, or `decide_clips`: at this gate clips are decided on one by one."""
    found = asked.gate(gate_id)
    made = asked.library.reviews.approve_gate(
        found.gate_id, body.fingerprint, asked.decider, note=body.note, audit=asked.actor
    )
    return _recorded(asked, made)


@router.post(
    "/reviews/gates/{gate_id}/reject", summary="Reject at a gate", responses=errors(404, 409)
)
def reject_gate(asked: Decides, gate_id: GateId, body: RejectRequest) -> GateView:
    """Have a video not go on: it is among the failures, with the reason, until it is retried."""
    found = asked.gate(gate_id)
    made = asked.library.reviews.reject_gate(
        found.gate_id,
        body.fingerprint,
        body.reason,
        asked.decider,
        note=body.note,
        audit=asked.actor,
    )
    return _recorded(asked, made)


# Links and comments


@router.post(
    "/reviews/links",
    summary="Create a review link",
    status_code=201,
    response_model=ReviewLinkCreated,
    responses=errors(404),
)
def create_review_link(asked: Comments, body: ReviewLinkCreate, key: Key = None) -> Response:
    """Make a link by which somebody without an account looks at clips of a video, comments on
    them or decides. `url` is in this answer alone."""
    asked.video(body.video_id)

    def work() -> Created:
        made = asked.library.reviews.links.create(
            **body.model_dump(), created_by=asked.principal.id
        )
        return Created(f"/api/v1/reviews/links/{made.link.link_id}", made, once={"url"})

    return once(asked, key, "POST /reviews/links", body, work)


@router.get("/reviews/links", summary="List review links", responses=errors(404))
def list_review_links(
    asked: Reads,
    channel: ChannelQuery = None,
    video_id: VideoQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[ReviewLinkView]:
    """Links, those that were revoked or have expired, too, the newest first; without addresses."""
    if video_id is not None:
        asked.video(video_id)
    page = asked.library.reviews.links.list(
        channels=asked.among(channel), video_id=video_id, limit=limit, cursor=cursor
    )
    return Listed[ReviewLinkView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.delete("/reviews/links/{link_id}", summary="Revoke a review link", responses=errors(404))
def revoke_review_link(asked: Comments, link_id: ReviewLinkId) -> ReviewLinkView:
    """Have a link open nothing any more, at once."""
    return asked.library.reviews.links.revoke(asked.review_link(link_id).link_id)


@router.get("/videos/{video_id}/comments", summary="List comments", responses=errors(404))
def list_comments(
    asked: Reads,
    video_id: VideoId,
    clip: Annotated[
        str | None, Query(pattern=_ID, description="only of this clip: its id or rank")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[CommentView]:
    """What was remarked at times of the clips of a video, the oldest first."""
    page = asked.library.reviews.links.comments(
        asked.video(video_id),
        clips=[clip] if clip is not None else None,
        limit=limit,
        cursor=cursor,
    )
    return Listed[CommentView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.post(
    "/videos/{video_id}/clips/{clip}/comments",
    summary="Comment on a clip",
    status_code=201,
    response_model=CommentView,
    responses=errors(404),
)
def create_comment(
    asked: Comments, video_id: VideoId, clip: ClipPath, body: CommentCreate, key: Key = None
) -> Response:
    """Remark something at a second of a clip."""
    asked.video(video_id)

    def work() -> Created:
        made = asked.library.reviews.links.comment(
            video_id,
            clip,
            body.at_s,
            body.text,
            by=asked.principal.id,
            by_name=asked.principal.name,
        )
        where = f"/api/v1/videos/{video_id}/comments"
        return Created(f"{where}?clip={made.clip_id}", made)

    route = f"POST /videos/{video_id}/clips/{clip}/comments"
    return once(asked, key, route, body, work)


@router.put(
    "/reviews/comments/{comment_id}/resolved", summary="Resolve a comment", responses=errors(404)
)
def resolve_comment(asked: Comments, comment_id: CommentId, body: ResolveRequest) -> CommentView:
    """Say that a comment was seen to, or that it was not after all."""
    asked.comment(comment_id)
    return asked.library.reviews.links.resolve(
        comment_id, resolved=body.resolved, by=asked.principal.id
    )


# What came of it


@router.get("/reviews/report", summary="Report on reviews", responses=errors())
def report_reviews(
    asked: Reads, channel: ChannelQuery = None, since: Moment = None, until: Moment = None
) -> ReviewReport:
    """How often choices stood: approved as they were chosen, by channel, by what was chosen and
    by bands of scores."""
    return asked.library.reviews.report(
        channels=asked.among(channel), since=_sane(since), until=_sane(until)
    )


@router.get(
    "/reviews/marks",
    summary="Export reviews as marks",
    response_class=Response,
    responses={**text("CSV", "text/csv", "recording,start_s,end_s,...\n"), **errors()},
)
def export_marks(asked: Reads, channel: ChannelQuery = None) -> Response:
    """Decisions as marks of passages, in the form that the choice of moments is learnt from."""
    marks = asked.library.reviews.marks(channels=asked.among(channel))
    return Response(marks, media_type="text/csv; charset=utf-8")


def _sane(moment: datetime | None) -> datetime | None:
    """A moment that a database takes.

    Raises:
        Refused: it is outside of its calendar.
    """
    if moment is not None and not 1971 <= moment.year <= 9000:
        raise Refused("since and until: between 1971 and 9000")
    return moment
