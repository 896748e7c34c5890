"""What the state of a post at its platform means for its row, its readers, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from vidpipe.catalog.notices import Notice
from vidpipe.catalog.notices import tell as tell_people
from vidpipe.catalog.post_states import ACCOUNT_BROKEN, KEPT_BACK, PostState
from vidpipe.catalog.posts import moved
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.library.publishing.building import PostProgress
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import Phase, PostHeld, Task

#: When it is looked whether what was posted is still there, after it was.
REVIEWS = (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1), timedelta(days=7))
#: How long before a platform makes a post public it is asked whether it may still be.
_BEFORE, _LAST = timedelta(minutes=15), timedelta(minutes=1)
#: When a time that could not be given is tried to be given again.
_MUCH_LATER = timedelta(hours=6)
_NO_REVIEW = f"no_{Task.REVIEW}"
#: Why a post is taken back, or never sent, that its channel skips, and what people are told.
MISSED = "missed"
SKIPPED = "Its time went by, and the channel skips what is missed."
_GONE = "It is not at the platform any more."
_DRAFT = "It is a draft: the account's owner has to publish it."
#: What a person sees of these has an end, whatever is asked of the platform afterwards.
_SETTLED = (PostState.POSTED, PostState.FAILED, PostState.CANCELLED)

Seal = Callable[[PostProgress], str]


def settled(
    session: Session,
    row: PostRow,
    progress: PostProgress,
    machine: Machine,
    at: datetime,
    seal: Seal,
) -> None:
    """Write down how a post stands for which no request comes next by itself.

    Args:
        session: of the transaction.
        row: locked.
        progress: held, or ended.
        machine: of its platform.
        at: the moment.
        seal: encrypts how far it is.
    """
    state = progress.state
    row.due_at = row.waits_until = None
    row.remote_id = (state.post_id or state.remote_id)[:200]
    row.url = state.url or row.url
    if state.held is not None and row.state in _SETTLED:
        progress = _let_be(row, progress, at)
    elif state.held is not None:
        _held(session, row, progress)
    elif state.posted:
        progress = _posted(session, row, progress, at)
    elif state.phase is Phase.UNCERTAIN:
        _ended(session, row, progress, PostState.UNCERTAIN)
    elif state.phase in (Phase.CANCELLED, Phase.DELETED) and progress.again:
        # It was made anew, or nobody approves of it any more: it begins again from nothing.
        row.remote, row.remote_id, row.url, row.posted_at, row.due_at = None, "", "", None, at
        if progress.why in KEPT_BACK:
            # Its platform has no other way to keep it back: it is sent again, when that ended.
            row.at = row.slot = None
        moved(session, row, PostState.WAITING)
        return
    elif state.phase is Phase.DELETED:
        _taken_back(session, row, progress, PostState.DELETED, _GONE, "deleted")
    elif state.phase is Phase.CANCELLED:
        if row.state != PostState.FAILED:
            _taken_back(session, row, progress, PostState.CANCELLED)
    elif row.state != PostState.FAILED:
        _ended(session, row, progress, PostState.FAILED)
        if state.remote_id or state.session:
            # Nobody sees what was left at the platform; it goes.
            progress, row.due_at = progress.at(machine.asked(state, Task.CANCEL, at)), at
    row.remote = seal(progress.model_copy(update={"asked": False}))


def _taken_back(
    session: Session,
    row: PostRow,
    progress: PostProgress,
    state: PostState,
    words: str = "",
    code: str = "",
) -> None:
    missed = progress.why == MISSED
    row.problem, row.code = (SKIPPED, MISSED) if missed else (words, code)
    moved(session, row, state)


def _let_be(row: PostRow, progress: PostProgress, at: datetime) -> PostProgress:
    """What was asked for of a post that has ended cannot be done now: it stays as it is."""
    state = progress.state
    if state.fault is not None and state.task is not Task.REVIEW:
        row.problem, row.code = state.fault.words, state.fault.code
    progress = progress.asking(state.having(task=Task.PUBLISH, held=None, fault=None, armed=""))
    if row.state == PostState.POSTED:
        row.due_at = next_review(row, progress, at)
        if state.phase is Phase.WITHHELD:
            row.due_at = at + _BEFORE
    return progress


def _held(session: Session, row: PostRow, progress: PostProgress) -> None:
    state = progress.state
    fault = state.fault
    row.problem = fault.words if fault is not None else ""
    row.code = fault.code if fault is not None else ""
    if state.held is PostHeld.ACCOUNT:
        # Of the account people are told once, and not of each of its posts.
        row.code = ACCOUNT_BROKEN
    elif row.state != PostState.HELD:
        tell_people(session, notice("post.held", row))
    moved(session, row, PostState.HELD)


def _posted(session: Session, row: PostRow, progress: PostProgress, at: datetime) -> PostProgress:
    state = progress.state
    fault = state.fault
    if row.state != PostState.POSTED:
        notes = list(state.notes)
        if state.phase is Phase.DRAFTED:
            notes.append(_DRAFT)
        if fault is not None:
            # It was asked to be taken back, and it was too late for that.
            notes.append(fault.words)
        row.problem, row.code, row.posted_at = " ".join(notes), "", row.posted_at or at
        moved(session, row, PostState.POSTED)
    elif fault is not None and fault.code == _NO_REVIEW:
        progress = progress.model_copy(update={"reviews": len(REVIEWS)})
    elif fault is not None:
        row.problem, row.code = fault.words, fault.code
        if state.phase in (Phase.SCHEDULED, Phase.WITHHELD):
            # Its time is not what it is to be, and it is some hours until that is tried again.
            tell_people(session, notice("post.held", row))
    elif row.code:
        row.problem = row.code = ""
    progress = progress.asking(state.having(fault=None))
    row.due_at = next_review(row, progress, at)
    return progress


def _ended(session: Session, row: PostRow, progress: PostProgress, state: PostState) -> None:
    fault = progress.state.fault
    row.problem = fault.words if fault is not None else ""
    row.code = fault.code if fault is not None else ""
    moved(session, row, state)
    tell_people(session, notice(f"post.{state}", row))


def next_review(row: PostRow, progress: PostProgress, at: datetime) -> datetime | None:
    """When it is looked the next time whether what was posted is there; None: not any more."""
    opens = progress.publication.publish_at
    if progress.state.phase is Phase.WITHHELD:
        return at + (_MUCH_LATER if row.code else _LAST)
    if opens is not None and progress.state.phase is Phase.SCHEDULED:
        for before in (_BEFORE, _LAST):
            if opens - before > at:
                return opens - before
    if progress.reviews >= len(REVIEWS):
        return None
    shown = row.posted_at or at
    if progress.publication.publish_at is not None:
        shown = max(shown, progress.publication.publish_at)
    return max(shown + REVIEWS[progress.reviews], at + timedelta(minutes=1))


def notice(kind: str, row: PostRow) -> Notice:
    """What people are told of a post."""
    return Notice(
        kind,
        row.problem or row.code,
        cause=row.code,
        channel=row.channel,
        subject=row.post_id,
        name=row.title,
        data={"post_id": row.post_id, "video_id": row.video_id, "platform": row.platform},
    )
