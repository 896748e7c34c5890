"""What the library answers of a schedule of posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from vidpipe.library.errors import Refused, Unknown
from vidpipe.library.views import LibraryView
from vidpipe.publishing.schedule import Conflict, ConflictKind


class ConflictView(LibraryView):
    """Something that speaks against posting at a moment."""

    kind: ConflictKind
    words: str = Field(description="for a person")
    firm: bool = Field(description="whether it stands even where a person wants it otherwise")


class CalendarPost(LibraryView):
    """A post in a calendar."""

    post_id: str
    channel: str
    platform: str
    account_id: str
    account_name: str
    state: str
    title: str
    at: datetime = Field(description="when it goes out, or was to go out")
    slot: str | None = Field(description="name of the slot that it has; none: a time of its own")
    pinned: bool = Field(
        description="somebody chose its time although the rules of the channel spoke against it"
    )
    rank: int | None = Field(description="of its clip; none: the clip is gone")
    video_id: str
    clip_id: str
    url: str = Field(description="where it can be seen; empty before")
    problem: str = Field(description="what is wrong, for a person; often empty")


class CalendarSlot(LibraryView):
    """A slot of an account that is free: a post that is moved there meets no conflict."""

    at: datetime
    slot: str = Field(description="its name: the moment in UTC")
    channel: str
    platform: str
    account_id: str
    post_id: str | None = Field(default=None, description="always none: it is free")


class PublishingPauseView(LibraryView):
    """A channel, or one of its platforms, that posts nothing for a while."""

    channel: str
    platform: str | None = Field(description="none: all of the channel's")
    reason: str
    by: str
    at: datetime
    until: datetime | None = Field(description="none: until somebody resumes it")


class CalendarView(LibraryView):
    """Some days of posts, of slots that are free, and of pauses."""

    zone: str = Field(description="of the channel; UTC where there are several of different ones")
    posts: tuple[CalendarPost, ...]
    slots: tuple[CalendarSlot, ...] = Field(description="free ones that are to come")
    pauses: tuple[PublishingPauseView, ...]
    more: bool = Field(description="there are more than are shown: ask for fewer days")


@dataclass(frozen=True)
class PostWait:
    """Why a post may not go out yet.

    Attributes:
        at: ask again then, not before.
        code: short and stable.
        words: for a person.
    """

    at: datetime
    code: str
    words: str


class UnknownPause(Unknown):
    """The channel is not paused."""

    def __init__(self, channel: str, platform: str | None) -> None:
        of = f"{platform} of the channel {channel}" if platform else f"the channel {channel}"
        super().__init__(f"{of} is not paused")


class ScheduleConflict(Refused):
    """A post may not go out at a moment: what speaks against it, all at once."""

    code = "schedule_conflict"

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        self.conflicts = conflict_views(conflicts)
        super().__init__("; ".join(conflict.words for conflict in conflicts))

    @property
    def details(self) -> dict[str, Any]:
        """For programs."""
        return {"conflicts": [one.model_dump(mode="json") for one in self.conflicts]}


def conflict_views(conflicts: tuple[Conflict, ...]) -> tuple[ConflictView, ...]:
    """As programs see them."""
    return tuple(ConflictView(kind=c.kind, words=c.words, firm=c.firm) for c in conflicts)
