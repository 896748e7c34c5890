"""What the library answers of reviews: frozen, typed, and free of the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from vidpipe.catalog.review_rows import ClipReview
from vidpipe.catalog.review_states import (
    ChangeKind,
    GateState,
    LinkPermission,
    Reason,
    ReviewState,
    Verdict,
)
from vidpipe.catalog.review_tables import CommentRow, DecisionRow, GateRow, ReviewLinkRow
from vidpipe.channels.reviews import GateName
from vidpipe.library.views import LibraryView


class DecisionView(LibraryView):
    """What somebody decided of a clip as they saw it."""

    decision_id: int
    video_id: str
    clip_id: str
    verdict: Verdict
    fingerprint: str = Field(description="of the clip that was seen")
    reason: Reason | None = Field(description="why it was rejected")
    note: str
    by: str = Field(description="user:…, key:…, link:… or local")
    by_name: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None
    stands: bool = Field(description="whether it counts for the clip as it is")


class ReviewItem(LibraryView):
    """A clip, and where it stands with those who decide."""

    video_id: str
    clip_id: str
    channel: str
    rank: int = Field(description="1 is the best of its video")
    title: str
    score: float = Field(description="0 to 100")
    start_s: float = Field(description="of the moment, in the recording")
    end_s: float
    duration_s: float = Field(description="of the clip")
    fingerprint: str | None = Field(
        description="of the clip as it is: a decision names it; none: its files are gone"
    )
    state: ReviewState = Field(description="of the clip as it is")
    needed: bool = Field(description="whether a gate of its channel waits for a decision")
    decision: DecisionView | None = Field(description="the one that counts")
    voided: DecisionView | None = Field(
        description="the newest decision on an earlier form of the clip, where none counts"
    )
    comments: int = Field(description="that are not resolved")


class ReviewDetail(ReviewItem):
    """A clip with everything that was decided of it."""

    history: tuple[DecisionView, ...] = Field(description="the newest first")


class GateView(LibraryView):
    """A video that waits for somebody before it goes on, or did."""

    gate_id: int
    video_id: str
    title: str = Field(description="of the video")
    channel: str
    gate: GateName
    state: GateState
    fingerprint: str = Field(description="of what is to be looked at: a decision names it")
    stages: tuple[str, ...] = Field(description="that are made once it is approved")
    pending_clips: int = Field(description="that are still to be decided on")
    opened_at: datetime
    decided_at: datetime | None
    by: str | None
    by_name: str | None
    reason: Reason | None
    note: str


class Approval(LibraryView):
    """Somebody approved of a clip as it is."""

    decision_id: int
    video_id: str
    clip_id: str
    fingerprint: str
    by: str
    by_name: str
    at: datetime


class BatchResult(LibraryView):
    """What came of one of several decisions."""

    video_id: str
    clip: str
    outcome: str = Field(
        description="done, changed, decided, not_found, forbidden or refused; all but the first "
        "changed nothing"
    )
    message: str = ""
    fingerprint: str | None = Field(default=None, description="of the clip as it is")
    decision: dict[str, Any] | None = Field(default=None, description="that counts: whose, which")


class CommentView(LibraryView):
    """A remark at a second of a clip."""

    comment_id: int
    video_id: str
    clip_id: str
    fingerprint: str | None = Field(description="of the clip that was seen")
    at_s: float = Field(description="seconds from the beginning of the clip")
    text: str
    by: str
    by_name: str
    created_at: datetime
    resolved_at: datetime | None


class ReviewLinkView(LibraryView):
    """A link by which somebody without an account reviews clips."""

    link_id: str
    video_id: str
    channel: str
    clips: tuple[str, ...] | None = Field(description="ids; none: all that the video has")
    permission: LinkPermission
    label: str
    has_password: bool
    expires_at: datetime
    revoked_at: datetime | None
    created_by: str
    created_at: datetime
    last_used_at: datetime | None


class ReviewLinkCreated(LibraryView):
    """A link at the only moment when its address is known."""

    link: ReviewLinkView
    url: str | None = Field(description="where it leads; in the first answer alone")


class ReportRow(LibraryView):
    """How often choices of one kind stood, in one channel and band of scores."""

    channel: str
    kind: str = Field(description="clip, or what was changed: borders, title, hook and so on")
    band: str = Field(description="scores such as 60-69; empty: of changes without one")
    approved: int
    rejected: int
    changed: int = Field(description="clips of which this was changed before it was decided")
    stood: int = Field(description="clips that were approved with this as it was chosen")
    share: float | None = Field(description="stood, of all that were decided, 0 to 1")


class ReviewReport(LibraryView):
    """What reviewers did with what was chosen."""

    rows: tuple[ReportRow, ...]
    reasons: dict[str, int] = Field(description="how often each was given, the frequent ones first")
    decisions: int
    median_wait_s: float | None = Field(
        description="seconds from when a clip was made until somebody decided"
    )


def decision_view(row: DecisionRow, fingerprint: str | None) -> DecisionView:
    """A decision; `fingerprint` is that of its clip now."""
    return DecisionView(
        decision_id=row.id,
        video_id=row.video_id,
        clip_id=row.clip_id,
        verdict=Verdict(row.verdict),
        fingerprint=row.fingerprint,
        reason=Reason(row.reason) if row.reason is not None else None,
        note=row.note,
        by=row.by,
        by_name=row.by_name,
        at=row.at,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        stands=row.undone_at is None and row.fingerprint == fingerprint,
    )


def item_fields(found: ClipReview) -> dict[str, Any]:
    """The fields of a clip and where it stands."""
    clip, now_is = found.clip, found.clip.fingerprint
    state = ReviewState(found.decision.verdict) if found.decision else ReviewState.PENDING
    return {
        "video_id": clip.video_id,
        "clip_id": clip.clip_id,
        "channel": found.video.channel,
        "rank": clip.rank,
        "title": clip.title,
        "score": clip.score,
        "start_s": clip.start_s,
        "end_s": clip.end_s,
        "duration_s": clip.duration_s,
        "fingerprint": now_is,
        "state": state,
        "needed": found.needed,
        "decision": decision_view(found.decision, now_is) if found.decision else None,
        "voided": decision_view(found.earlier, now_is) if found.earlier else None,
        "comments": found.comments,
    }


def gate_view(row: GateRow, pending: int, title: str) -> GateView:
    """A gate, with how many clips are still to be decided on, and the title of its video."""
    return GateView(
        gate_id=row.id,
        video_id=row.video_id,
        title=title,
        channel=row.channel,
        gate=GateName(row.gate),
        state=GateState(row.state),
        fingerprint=row.fingerprint,
        stages=tuple(row.stages),
        pending_clips=pending if row.state == GateState.WAITING else 0,
        opened_at=row.created_at,
        decided_at=row.decided_at,
        by=row.by,
        by_name=row.by_name,
        reason=Reason(row.reason) if row.reason is not None else None,
        note=row.note,
    )


def comment_view(row: CommentRow) -> CommentView:
    """A comment."""
    return CommentView(
        comment_id=row.id,
        video_id=row.video_id,
        clip_id=row.clip_id,
        fingerprint=row.fingerprint,
        at_s=row.at_s,
        text=row.text,
        by=row.by,
        by_name=row.by_name,
        created_at=row.created_at,
        resolved_at=row.resolved_at,
    )


def link_view(row: ReviewLinkRow) -> ReviewLinkView:
    """A link, without what opens it."""
    return ReviewLinkView(
        link_id=row.link_id,
        video_id=row.video_id,
        channel=row.channel,
        clips=tuple(row.clips) if row.clips is not None else None,
        permission=LinkPermission(row.permission),
        label=row.label,
        has_password=row.password_hash is not None,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        created_by=row.created_by,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )


#: What of a clip a change may be of, as the report names it beside the clip itself.
CHANGES = tuple(ChangeKind)
