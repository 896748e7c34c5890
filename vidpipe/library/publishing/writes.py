"""What is written down of a post that somebody works on: how far it is, what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy.orm import Session

from vidpipe.catalog.notices import tell as tell_people
from vidpipe.catalog.post_states import ACCOUNT_BROKEN, UNSENT, PostState
from vidpipe.catalog.posts import moved
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.unpaid import budget_changed
from vidpipe.errors import BudgetExceeded, Unavailable
from vidpipe.library.errors import AccountBroken
from vidpipe.library.publishing.building import PostProgress
from vidpipe.library.publishing.outcomes import next_review, notice, settled
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule_views import PostWait
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import PostHeld, Task

#: What waits for approval or an export is looked at again after so long, and the longest that
#: this grows to, as long as the post is old.
LOOK_AGAIN, _LOOK_AT_LAST = timedelta(minutes=5), timedelta(hours=6)
#: The longest pause before it is asked again whether a token, or a file, is to be had.
_LONGEST_AWAY = timedelta(minutes=30)
#: What waits for a budget that somebody has to raise asks again after so long.
UNTIL_RAISED = timedelta(hours=1)
_AGAIN = timedelta(seconds=1)
_BROKEN = (
    "It could not be worked on, again and again: see the log of the workers, and post it again."
)
_UNREAD = "It could not be looked at, again and again: see the log of the workers."
_BROKEN_UNSURE = "It may be public: look at the account, and then mark this post as posted or not."

#: Something may be asked of the platform for these, although they have ended.
_REMOTE = (PostState.POSTED, PostState.FAILED)


class TurnOver(Enum):
    """Nothing more is done for a post now: it is written down when it is due again, if ever."""

    OVER = "over"


class LeaseLost(Exception):
    """Somebody else has the post by now."""


class PostWrites:
    """Writes a post that was claimed, with its lease; for several threads.

    Args:
        posts: of the library.
        clock: says which moment it is.
    """

    def __init__(self, posts: SocialPosts, clock: Callable[[], datetime]) -> None:
        self._posts = posts
        self._engine = posts.engine
        self._leases = posts.rows.leases
        self._now = clock

    def _machine(self, row: PostRow) -> Machine:
        return self._posts.machine(row.account_id, row.platform)

    def _keep(self, row: PostRow, work: Callable[[Session, PostRow], None]) -> PostRow:
        """The row as it is written; the lease goes on."""
        found: list[PostRow] = []

        def both(session: Session, mine: PostRow) -> None:
            work(session, mine)
            found.append(mine)

        if not self._leases.keep(row, both):
            raise LeaseLost
        return found[0]

    def _settle(self, row: PostRow, work: Callable[[Session, PostRow], None]) -> TurnOver:
        """Write the row, and end the lease; `work` says when it is due again."""
        if not self._leases.settle(row, work):
            raise LeaseLost
        return TurnOver.OVER

    def _save(self, row: PostRow, progress: PostProgress, wait: PostWait | None = None) -> PostRow:
        """How far it is, and why it waits, at once: neither is true without the other."""

        def work(_: Session, mine: PostRow) -> None:
            mine.remote = self._posts.sealed(progress)
            if wait is not None:
                mine.problem, mine.code = wait.words, wait.code

        return self._keep(row, work)

    def _pause(self, row: PostRow, progress: PostProgress, until: datetime) -> TurnOver:
        """The platform, or a failure, is waited for."""
        fault = progress.state.fault

        def work(_: Session, mine: PostRow) -> None:
            mine.remote, mine.due_at = self._posts.sealed(progress), until
            mine.waits_until = until
            if progress.state.task is not Task.REVIEW:
                mine.problem = fault.words if fault is not None else ""
                mine.code = fault.code if fault is not None else ""

        return self._settle(row, work)

    def _unpaid(
        self,
        row: PostRow,
        progress: PostProgress,
        until: datetime,
        code: str,
        words: str,
        asked_at: datetime | None = None,
    ) -> TurnOver:
        """A bucket is empty, which is nobody's failure: it waits, and others go on.

        A budget that was changed since `asked_at` may allow it: it is asked again at once.
        """
        progress = progress.at(progress.state.having(moved_at=until))

        def work(session: Session, mine: PostRow) -> None:
            again, unpaid = until, code == BudgetExceeded.cause
            if unpaid and asked_at is not None and budget_changed(session, asked_at):
                again = min(until, self._now() + _AGAIN)
            mine.remote, mine.due_at = self._posts.sealed(progress), again
            mine.problem, mine.code, mine.waits_until = words, code, again

        return self._settle(row, work)

    def _away(self, row: PostRow, progress: PostProgress, away: Unavailable) -> TurnOver:
        """Its token, or its file, is not to be had: asked again ever later, but not for ever.

        As nothing comes of it meanwhile, the platform's machine gives up in the end.
        """
        at = self._now()
        named = timedelta(seconds=max(1.0, away.retry_after_s or 60.0))
        since = max(timedelta(0), at - progress.state.moved_at)
        until = at + max(named, min(since / 4, _LONGEST_AWAY))

        def work(_: Session, mine: PostRow) -> None:
            mine.remote, mine.due_at = self._posts.sealed(progress), until
            mine.problem, mine.code, mine.waits_until = str(away), "unavailable", until

        return self._settle(row, work)

    def _waits(self, row: PostRow, code: str, words: str, at: datetime) -> TurnOver:
        """It waits for somebody who approves, or for its export; both have it looked at."""

        late = row.at is not None and row.at + LOOK_AGAIN <= at
        if code == "no_export" and late:
            code = "no_export_in_time"

        def work(session: Session, mine: PostRow) -> None:
            news = mine.code != code
            mine.problem, mine.code, mine.waits_until = words, code, None
            mine.due_at, mine.remote = at + _look_again_after(mine, at), None
            moved(session, mine, PostState.WAITING)
            if news and code == "no_export_in_time":
                tell_people(session, notice("post.held", mine))

        return self._settle(row, work)

    def _hold(self, row: PostRow, code: str, words: str) -> TurnOver:
        def work(session: Session, mine: PostRow) -> None:
            mine.problem, mine.code, mine.waits_until = words, code, None
            moved(session, mine, PostState.HELD)
            if code != ACCOUNT_BROKEN:
                tell_people(session, notice("post.held", mine))

        return self._settle(row, work)

    def _fail(self, row: PostRow, code: str, words: str) -> TurnOver:
        def work(session: Session, mine: PostRow) -> None:
            mine.problem, mine.code, mine.waits_until = words, code, None
            moved(session, mine, PostState.FAILED)
            tell_people(session, notice("post.failed", mine))

        return self._settle(row, work)

    def _end(
        self,
        row: PostRow,
        progress: PostProgress,
        machine: Machine,
        first: Callable[[Session, PostRow], None] | None = None,
    ) -> TurnOver:
        """It has ended, or is held; `first` is written before that, in the same transaction."""
        at, state = self._now(), progress.state

        def work(session: Session, mine: PostRow) -> None:
            if first is not None:
                first(session, mine)
            settled(session, mine, progress, machine, at, self._posts.sealed)

        self._settle(row, work)
        if state.held is PostHeld.ACCOUNT:
            fault = state.fault
            words, code = (fault.words, fault.code) if fault is not None else ("", "refused")
            self._posts.accounts.broke(row.account_id, words, code)
        return TurnOver.OVER

    def _refresh(
        self, row: PostRow, progress: PostProgress, machine: Machine
    ) -> PostRow | TurnOver:
        """The platform did not take the access token: a fresh one, or the account is broken."""
        try:
            self._posts.accounts.token(row.account_id, fresh=True)
        except AccountBroken as broken:
            return self._broken(row, progress, machine, broken.words)
        except Unavailable as away:
            return self._away(row, progress, away)
        return self._save(row, progress.at(machine.refreshed(progress.state)))

    def _broken(
        self, row: PostRow, progress: PostProgress, machine: Machine, words: str
    ) -> PostRow | TurnOver:
        """The account is broken, and told of."""
        held = machine.disconnected(progress.state, words)
        return self._end(row, progress.at(held), machine)

    def _give_up(self, row: PostRow, progress: PostProgress | None) -> TurnOver:
        """Nothing could be written down for long: it ends all the same.

        What has ended stays as it is, whatever was asked of it since: only what was asked ends.
        """
        if row.state not in (PostState.POSTING, *UNSENT):
            return self._let_be(row, progress)
        if progress is None:
            return self._fail(row, "not_workable", _BROKEN)
        unsure = progress.state.posted or self._machine(row).is_unsure(progress.state)
        state = PostState.UNCERTAIN if unsure else PostState.FAILED

        def work(session: Session, mine: PostRow) -> None:
            mine.problem = f"{_BROKEN_UNSURE} {_BROKEN}" if unsure else _BROKEN
            mine.code, mine.waits_until = "not_workable", None
            moved(session, mine, state)
            tell_people(session, notice(f"post.{state}", mine))

        return self._settle(row, work)

    def _let_be(self, row: PostRow, progress: PostProgress | None) -> TurnOver:
        at = self._now()

        def work(_: Session, mine: PostRow) -> None:
            mine.waits_until = None
            if progress is None or mine.state not in _REMOTE:
                return
            mine.problem, mine.code = _UNREAD, "not_workable"
            reviews = progress.reviews + (0 if progress.asked else 1)
            state = progress.state.having(task=Task.PUBLISH, held=None, fault=None, armed="")
            changes = {"reviews": reviews, "asked": False}
            ended = progress.asking(state).model_copy(update=changes)
            mine.remote = self._posts.sealed(ended)
            if mine.state == PostState.POSTED:
                mine.due_at = next_review(mine, ended, at)

        return self._settle(row, work)

    def unreadable(self, row: PostRow, words: str) -> TurnOver:
        """A setting or a key is not as it has to be: it waits, says so, and is left as it is."""
        until = self._now() + UNTIL_RAISED

        def work(_: Session, mine: PostRow) -> None:
            mine.problem, mine.code = words, "misconfigured"
            mine.due_at = mine.waits_until = until

        return self._settle(row, work)


def _look_again_after(row: PostRow, at: datetime) -> timedelta:
    """Until a post that waits is looked at without cause: each time for twice as long."""
    return max(LOOK_AGAIN, min(_LOOK_AT_LAST, at - row.created_at))
