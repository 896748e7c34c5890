"""Where a post stands for people, and what may be asked of it there."""

from __future__ import annotations

from enum import StrEnum


class PostState(StrEnum):
    """Where a post stands.

    Attributes:
        WAITING: for somebody who approves, or for the clip's export.
        QUEUED: for a slot.
        SCHEDULED: it has its moment.
        POSTING: requests are made of its platform.
        HELD: somebody has to do something first: connect the account, change the post.
        POSTED: the platform has it.
        UNCERTAIN: whether the platform has it a person has to look.
        FAILED: given up; nothing happens before somebody retries it.
        CANCELLED: somebody took it back before it was posted.
        DELETED: it was posted, and is not there any more.
    """

    WAITING = "waiting"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    POSTING = "posting"
    HELD = "held"
    POSTED = "posted"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class PostAction(StrEnum):
    """What may be asked of a post."""

    CHANGE = "change"
    MOVE = "move"
    NOW = "now"
    CANCEL = "cancel"
    RETRY = "retry"
    DECIDE = "decide"
    DELETE = "delete"
    UPDATE = "update"


#: Nothing was sent yet.
UNSENT = frozenset({PostState.WAITING, PostState.QUEUED, PostState.SCHEDULED})
#: They stand in nobody's way: the account takes the clip again.
FALLEN = frozenset({PostState.FAILED, PostState.CANCELLED, PostState.DELETED})
#: Why a post is held whose account has to be connected again.
ACCOUNT_BROKEN = "account_broken"
#: Why a post is held that its platform would refuse as it is.
REFUSED = "refused"

#: Why a platform does not show what it has at the time that it was told.
KEPT_BACK = ("paused", "quiet_day", "no_slot")

_UNSENT_ACTIONS = (PostAction.CHANGE, PostAction.MOVE, PostAction.NOW, PostAction.CANCEL)
#: What may be asked of a post in each state.
ACTIONS: dict[PostState, tuple[PostAction, ...]] = {
    PostState.WAITING: _UNSENT_ACTIONS,
    PostState.QUEUED: _UNSENT_ACTIONS,
    PostState.SCHEDULED: _UNSENT_ACTIONS,
    PostState.POSTING: (PostAction.CANCEL,),
    PostState.HELD: (PostAction.CHANGE, PostAction.RETRY, PostAction.CANCEL),
    PostState.POSTED: (PostAction.UPDATE, PostAction.DELETE),
    PostState.UNCERTAIN: (PostAction.DECIDE,),
    PostState.FAILED: (PostAction.CHANGE, PostAction.RETRY),
    PostState.CANCELLED: (PostAction.RETRY,),
    PostState.DELETED: (),
}
