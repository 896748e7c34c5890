"""What can be said of a clip, why it is rejected, and what keeps a decision from being one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from vidpipe.catalog.states import WrongState


class Verdict(StrEnum):
    """What somebody decided."""

    APPROVED = "approved"
    REJECTED = "rejected"


class ReviewState(StrEnum):
    """Where a clip stands with those who decide; `pending`: nobody said anything of it as it is."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class GateState(StrEnum):
    """Where a gate stands.

    Attributes:
        WAITING: nothing goes on before somebody decides.
        APPROVED: it went on; of clips at least one was approved.
        REJECTED: it did not; of clips none was approved.
        VOID: nobody has to decide any more: the video was retired, or made without a gate.
    """

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOID = "void"


class Reason(StrEnum):
    """Why something is rejected; a note may say more."""

    NOT_INTERESTING = "not_interesting"
    NO_CONTEXT = "no_context"
    STARTS_OR_ENDS_BADLY = "starts_or_ends_badly"
    WRONG_CAPTIONS = "wrong_captions"
    WRONG_FRAMING = "wrong_framing"
    BAD_PICTURE_OR_SOUND = "bad_picture_or_sound"
    WRONG_TITLE = "wrong_title"
    DUPLICATE = "duplicate"
    RIGHTS_OR_PRIVACY = "rights_or_privacy"
    FACTUALLY_WRONG = "factually_wrong"
    OFF_BRAND = "off_brand"
    OTHER = "other"


#: Each in words for people.
REASONS: dict[Reason, str] = {
    Reason.NOT_INTERESTING: "not interesting",
    Reason.NO_CONTEXT: "not understood without what comes before",
    Reason.STARTS_OR_ENDS_BADLY: "starts or ends badly",
    Reason.WRONG_CAPTIONS: "wrong captions",
    Reason.WRONG_FRAMING: "wrong framing",
    Reason.BAD_PICTURE_OR_SOUND: "bad picture or sound",
    Reason.WRONG_TITLE: "wrong title",
    Reason.DUPLICATE: "much the same as another",
    Reason.RIGHTS_OR_PRIVACY: "rights or privacy",
    Reason.FACTUALLY_WRONG: "factually wrong",
    Reason.OFF_BRAND: "does not fit the channel",
    Reason.OTHER: "another reason",
}


class ChangeKind(StrEnum):
    """What of a clip somebody changed."""

    BORDERS = "borders"
    TITLE = "title"
    HOOK = "hook"
    DESCRIPTION = "description"
    CAPTION = "caption"
    CUT = "cut"
    FRAMING = "framing"
    LOOK = "look"
    OTHER = "other"


class LinkPermission(StrEnum):
    """What a link is good for; each for all that those before it are."""

    VIEW = "view"
    COMMENT = "comment"
    DECIDE = "decide"


class NotDecided(WrongState):
    """A decision that does not count; `code` and `details` are for programs.

    Args:
        code: short and stable.
        words: for whoever decided.
        details: what programs may want to know.
    """

    def __init__(self, code: str, words: str, details: Mapping[str, Any]) -> None:
        super().__init__(words)
        self.code = code
        self.details = dict(details)


def told(reason: str | None, note: str) -> str:
    """Why something was rejected, in words."""
    known = REASONS[Reason(reason)] if reason in set(Reason) else reason or ""
    return ": ".join(part for part in (known, note.strip()) if part)
