"""When a platform shows a post: what it is told, decided again before each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.library.errors import NotApproved, UnknownClip
from vidpipe.library.publishing.building import PostProgress
from vidpipe.library.publishing.outcomes import MISSED, SKIPPED
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule_views import PostWait
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import Phase, Task


@dataclass(frozen=True)
class Showing:
    """What is done of a post that its platform has and does not show yet.

    Attributes:
        asks: what is asked of its platform; None: nothing.
        wait: why it is not shown at its time, and when that is asked again; None: it is.
    """

    asks: PostProgress | None = None
    wait: PostWait | None = None


class PostShowing:
    """Decides whether platforms may show posts: of clips that stand, as the schedule allows.

    Args:
        posts: of the library.
    """

    def __init__(self, posts: SocialPosts) -> None:
        self._posts = posts

    def comes_up(self, row: PostRow, progress: PostProgress, at: datetime) -> bool:
        """Whether a platform has a post and is to be told when it shows it.

        Also where it was asked to show what it kept back and has not said yet that it does:
        meanwhile it may be that it is not to any more.
        """
        state, opens = progress.state, progress.publication.publish_at
        if row.state != PostState.POSTED or not (state.ended or state.task is Task.REOPEN):
            return False
        return state.phase is Phase.WITHHELD or (
            state.phase is Phase.SCHEDULED and opens is not None and opens > at
        )

    def of(self, row: PostRow, progress: PostProgress, machine: Machine, at: datetime) -> Showing:
        """What is asked of a platform of a post that comes up, see `comes_up`."""
        state, schedule = progress.state, self._posts.schedule

        def asks(task: Task, *, again: bool = False, why: str = "") -> PostProgress:
            return progress.asking(machine.asked(state, task, at), again=again, why=why)

        if not self.stands(row):
            return Showing(asks(Task.DELETE, again=True))
        kept = state.phase is Phase.WITHHELD
        found = schedule.opening(row, at) if kept else schedule.held_back(row, at)
        if isinstance(found, PostWait):
            if kept and state.ended:
                return Showing(wait=found)
            if not machine.withholds:
                return Showing(asks(Task.DELETE, again=True, why=found.code), found)
            # It may have been told to show it although it did not answer; where that was at
            # once, only a look says whether it did.
            opens = progress.publication.publish_at
            ahead = opens is not None and opens > at
            return Showing(asks(Task.WITHHOLD if ahead else Task.REVIEW), found)
        if not kept:
            return Showing()
        if found is None:
            return Showing(asks(Task.DELETE, why=MISSED), PostWait(at, MISSED, SKIPPED))
        # One that was asked before goes on with its pauses after failures.
        opened = progress if state.task is Task.REOPEN else asks(Task.REOPEN)
        shown = opened.publication.model_copy(update={"publish_at": found})
        return Showing(opened.model_copy(update={"publication": shown}))

    def instead(
        self, row: PostRow, progress: PostProgress, machine: Machine, at: datetime
    ) -> PostProgress | PostWait | None:
        """What is done in place of the request that makes a post public.

        Returns:
            How it goes on instead: it is taken back, kept back at its platform, or gets another
            time. A wait: not yet, and why. None: it may become public.
        """
        state = progress.state
        if not self.stands(row):
            return progress.asking(machine.asked(state, Task.CANCEL, at), again=True)
        if row.opens_at is None:
            return None
        found = self._posts.schedule.opening(row, at)
        if found is None:
            return progress.asking(machine.asked(state, Task.CANCEL, at), why=MISSED)
        if isinstance(found, PostWait):
            # Where it can be kept back it is: it has everything, and waits there without a time.
            return progress.at(machine.withheld(state)) if machine.withholds else found
        if found <= at or found == progress.publication.publish_at:
            return None
        shown = progress.publication.model_copy(update={"publish_at": found})
        return progress.model_copy(update={"publication": shown})

    def stands(self, row: PostRow) -> bool:
        """Whether the clip is still the one that was approved; asked before it gets public."""
        try:
            self._posts.reviews.may_publish(row.video_id, row.clip_id)
            now_is = self._posts.reviews.get(row.video_id, row.clip_id).fingerprint
        except (NotApproved, UnknownClip):
            return False
        return now_is == row.fingerprint
