"""The steps of a post: what comes next for it, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy.orm import Session

from vidpipe.catalog.post_states import ACCOUNT_BROKEN, REFUSED, UNSENT, PostState
from vidpipe.catalog.posts import moved
from vidpipe.catalog.publishing_tables import PostRequestRow, PostRow
from vidpipe.costs.accountant import Account
from vidpipe.errors import InputRejected, Misconfigured, MustWait, Unavailable
from vidpipe.library.errors import AccountBroken, NoExport, NotApproved, UnknownClip
from vidpipe.library.publishing.building import PostExport, PostProgress
from vidpipe.library.publishing.charges import purchase_of, settle
from vidpipe.library.publishing.outcomes import next_review
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule_views import PostWait
from vidpipe.library.publishing.showing import PostShowing
from vidpipe.library.publishing.writes import LOOK_AGAIN, UNTIL_RAISED, PostWrites, TurnOver
from vidpipe.publishing.calls import Arrival, Auth, PlatformCall, PostFiles, Reply, Slice
from vidpipe.publishing.files import LocalPostFiles
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import (
    PostingAccount,
    Publication,
    RemoteState,
    Task,
    Verb,
)
from vidpipe.spending import Purchase, Reservation

#: How often a post is claimed without that anything of it could be written down.
_MOST_CLAIMS = 50
#: After so long it is looked again for approval and exports, whatever happened or not.
_SOON = timedelta(minutes=1)
_CHANGED = (
    "The clip was made again since this post was made, and is another now: approve it as it is, or "
    "cancel the post."
)

_NO_FILES = LocalPostFiles({})


@dataclass(frozen=True)
class AskedRequest:
    """A request that is about to be made; its state is saved, what it takes is held."""

    row: PostRow
    progress: PostProgress
    machine: Machine
    account: PostingAccount
    call: PlatformCall
    token: SecretStr | None = None
    files: PostFiles = _NO_FILES
    purchase: Purchase | None = None
    held: Reservation | None = None


class PostSteps(PostWrites):
    """What comes next for a post that was claimed; for several threads.

    Args:
        posts: of the library.
        clock: says which moment it is.
    """

    def __init__(self, posts: SocialPosts, clock: Callable[[], datetime]) -> None:
        super().__init__(posts, clock)
        self._showing = PostShowing(posts)

    # Before a request

    def before(self, row: PostRow) -> AskedRequest | PostRow | TurnOver:
        """The next request; or the row, where something else was done that it goes on from."""
        at = self._now()
        if elsewhere := self._posts.accounts.elsewhere(row.account_id):
            return self._elsewhere(row, elsewhere, at)
        progress = self._posts.progress(row)
        if row.claims > _MOST_CLAIMS:
            return self._give_up(row, progress)
        if row.state in UNSENT or (
            row.state == PostState.POSTING and (progress is None or progress.untouched)
        ):
            return self._begin(row, progress, at)
        if progress is None or row.state == PostState.HELD:
            # Whoever made it due meanwhile changed its mind.
            return self._settle(row, _nothing)
        machine = self._machine(row)
        progress = self._elsewhere_counted(row, progress, at)
        state = progress.state
        if row.state == PostState.POSTED and state.ended and progress.asked:
            return self._end(row, progress, machine)
        if self._showing.comes_up(row, progress, at):
            found = self._showing.of(row, progress, machine, at)
            if found.asks is None:
                return self._stays(row, progress, found.wait, at)
            if found.wait is not None:
                return self._save(row, found.asks, found.wait)
            progress, state = found.asks, found.asks.state
        elif row.state == PostState.POSTED and state.ended:
            state = machine.asked(state, Task.REVIEW, at)
            progress = progress.asking(state).model_copy(update={"reviews": progress.reviews + 1})
        elif state.held is not None:
            state = machine.released(state, at)
        return self._next(row, progress.at(state), machine, at)

    def _elsewhere_counted(
        self, row: PostRow, progress: PostProgress, at: datetime
    ) -> PostProgress:
        """Its account has another application since: the quota of the one before is not its."""
        application = self._posts.application(row.account_id)
        if not progress.application or progress.application == application:
            return progress
        state = progress.state.having(not_before=None, waits=0, moved_at=at)
        return progress.at(state).model_copy(update={"application": application})

    def _stays(
        self, row: PostRow, progress: PostProgress, wait: PostWait | None, at: datetime
    ) -> TurnOver:
        """Nothing is asked of a platform that shows it later, or that keeps it back."""
        due_at = next_review(row, progress, at) if wait is None else max(wait.at, at + _SOON)

        def work(_: Session, mine: PostRow) -> None:
            mine.due_at = due_at
            if wait is not None:
                mine.problem, mine.code, mine.waits_until = wait.words, wait.code, wait.at

        return self._settle(row, work)

    def _begin(
        self, row: PostRow, before: PostProgress | None, at: datetime
    ) -> AskedRequest | PostRow | TurnOver:
        """Whether a post may be sent now, right before its first request."""
        try:
            approval = self._posts.reviews.may_publish(row.video_id, row.clip_id)
            fingerprint = self._posts.reviews.get(row.video_id, row.clip_id).fingerprint
        except UnknownClip:
            words = "The video has no such clip any more: it was made anew without it."
            return self._fail(row, "clip_gone", words)
        except NotApproved as error:
            return self._waits(row, "not_approved", str(error), at)
        if fingerprint is None or (approval and approval.fingerprint != fingerprint):
            return self._waits(row, "no_export", "The clip is being made anew.", at)
        if approval is None and row.fingerprint not in ("", fingerprint):
            # Nobody has to approve: what somebody chose to post is what is posted.
            return self._waits(row, "clip_changed", _CHANGED, at)
        if row.state in UNSENT and self._posts.schedule.hold_double(row):
            # Said as soon as it is known, not when its moment has come.
            return TurnOver.OVER
        said: dict[str, Any] = {"fingerprint": fingerprint}
        if approval is not None:
            said |= {"approved_by": approval.by[:200], "approved_at": approval.at}
        try:
            export = self._posts.builder.export(row, fingerprint)
            publication = self._posts.builder.publication(row, export)
        except NoExport as error:
            return self._waits(row, "no_export", str(error), at)
        said["title"] = publication.title[:512]
        if row.at is None:
            self._settle(row, lambda session, mine: _goes_on(session, mine, said))
            self._posts.schedule.place(row.post_id)
            return TurnOver.OVER
        if row.at > at:
            return self._settle(row, lambda session, mine: _goes_on(session, mine, said))
        return self._start(row, before, export, publication, said, at)

    def _start(
        self,
        row: PostRow,
        before: PostProgress | None,
        export: PostExport,
        publication: Publication,
        said: dict[str, Any],
        at: datetime,
    ) -> AskedRequest | PostRow | TurnOver:
        words = self._posts.account_problem(row.account_id)
        machine = self._machine(row)
        account = self._posts.accounts.posting_account(row.account_id)
        if words:
            return self._hold(row, ACCOUNT_BROKEN, words)
        refusals = machine.check(publication, account)
        if refusals:
            words = " ".join(f"{one.field}: {one.words}" for one in refusals)
            return self._hold(row, REFUSED, words)
        state = before.state if before is not None else machine.begin(publication, at)
        if state.held is not None:
            state = machine.released(state, at)
        progress = PostProgress(state=state, publication=publication, file=export.file)
        if row.state != PostState.POSTING:
            row = self._keep(row, lambda session, mine: _goes_on(session, mine, said))
            wait = self._posts.schedule.ask(row, at)
            if wait is not None:
                return self._not_yet(row, wait)

        def work(session: Session, mine: PostRow) -> None:
            for name, value in said.items():
                setattr(mine, name, value)
            mine.problem, mine.code, mine.waits_until = "", "", None
            mine.remote = self._posts.sealed(progress)
            moved(session, mine, PostState.POSTING)

        return self._next(self._keep(row, work), progress, machine, at)

    def _elsewhere(self, row: PostRow, words: str, at: datetime) -> TurnOver:
        """It is of processes whose posts go where its account is: nothing is done for it here."""

        def work(_: Session, mine: PostRow) -> None:
            mine.due_at = at + LOOK_AGAIN
            if row.state in (PostState.POSTING, *UNSENT):
                mine.problem, mine.code, mine.waits_until = words, "account_elsewhere", mine.due_at

        return self._settle(row, work)

    def _not_yet(self, row: PostRow, wait: PostWait) -> TurnOver:
        """Its channel is paused, or posted too much just now: the schedule says so."""

        def work(_: Session, mine: PostRow) -> None:
            mine.problem, mine.code = wait.words, wait.code
            mine.due_at = mine.waits_until = wait.at

        return self._settle(row, work)

    def _next(
        self, row: PostRow, progress: PostProgress, machine: Machine, at: datetime
    ) -> AskedRequest | PostRow | TurnOver:
        account = self._posts.accounts.posting_account(row.account_id)
        progress = _moved_by_now(progress, at)
        move = machine.plan(progress.publication, account, progress.state, at)
        progress = progress.at(move.state)
        call = move.call
        if call is None and move.verb is not Verb.REFRESH:
            if move.at is not None:
                return self._pause(row, progress, move.at)
            return self._end(row, progress, machine)
        ours = progress if call is None else progress.at(_unarmed(progress.state, call))
        # Also before requests that no token goes with: an address may be all that they need.
        words = self._posts.account_problem(row.account_id)
        if words:
            return self._broken(row, ours, machine, words)
        if call is None:
            return self._refresh(row, progress, machine)
        if call.public and ours.state.task is Task.PUBLISH:
            instead = self._not_public(row, ours, machine, at)
            if instead is not None:
                return instead
        token: SecretStr | None = None
        files: PostFiles = LocalPostFiles({})
        try:
            if call.auth is not Auth.NONE:
                token = self._posts.accounts.token(row.account_id)
            if any(isinstance(piece, Slice) for piece in call.body):
                files = self._posts.builder.files(row.video_id, progress)
        except AccountBroken as broken:
            return self._broken(row, ours, machine, broken.words)
        except Unavailable as away:
            return self._away(row, ours, away)
        except InputRejected as gone:
            failed = machine.fatal(ours.state, gone.reason, gone.message)
            return self._end(row, ours.at(failed), machine)
        asked = AskedRequest(row, progress, machine, account, call, token, files)
        return self._reserve(asked, ours)

    def _not_public(
        self, row: PostRow, ours: PostProgress, machine: Machine, at: datetime
    ) -> PostRow | TurnOver | None:
        """What is done in place of what makes a post public; None: it may become public."""
        instead = self._showing.instead(row, ours, machine, at)
        if isinstance(instead, PostWait):
            return self._unpaid(row, ours, instead.at, instead.code, instead.words)
        return self._save(row, instead) if instead is not None else None

    def _reserve(self, asked: AskedRequest, unarmed: PostProgress) -> AskedRequest | TurnOver:
        """Hold what a request takes, then save that it is about to be made."""
        row, own = asked.row, self._engine.accountant
        application = self._posts.application(row.account_id)
        purchase = purchase_of(asked.call, row.platform, application, currency=own.options.currency)
        progress = asked.progress.model_copy(update={"application": application})
        asked = replace(asked, progress=progress)
        held = None
        if purchase is not None:
            payer = Account(channel=row.channel, stage="publishing", video_id=row.video_id)
            asked_at = self._now()
            try:
                held = own.purse(payer, max_wait_s=0.0).reserve(purchase)
            except MustWait as full:
                until = full.until or self._now() + UNTIL_RAISED
                return self._unpaid(row, unarmed, until, full.cause, str(full), asked_at)
            except Unavailable as busy:
                until = self._now() + timedelta(seconds=max(1.0, busy.retry_after_s or 60.0))
                return self._unpaid(row, unarmed, until, "rate", str(busy))
            except Misconfigured as error:
                until = self._now() + UNTIL_RAISED
                return self._unpaid(row, unarmed, until, "misconfigured", str(error))

        def work(_: Session, mine: PostRow) -> None:
            mine.remote = self._posts.sealed(asked.progress)

        kept = False
        try:
            row = self._keep(row, work)
            kept = True
        finally:
            if not kept and held is not None and purchase is not None:
                settle(held, purchase, None)
        return replace(asked, row=row, purchase=purchase, held=held)

    def after(self, asked: AskedRequest, reply: Reply, words: str) -> PostRow | TurnOver:
        """Write down what came of a request."""
        at, machine = self._now(), asked.machine
        before = asked.progress
        state = machine.take(before.publication, asked.account, before.state, asked.call, reply, at)
        if asked.held is not None and asked.purchase is not None:
            settle(asked.held, asked.purchase, reply)
        refused = reply.arrival is Arrival.ANSWERED and machine.refused(reply, asked.call)
        outcome = _OUTCOMES[reply.arrival] if not refused else "refused"
        if not words and outcome != "ok" and state.fault is not None:
            words = state.fault.words
        progress = before.at(state)

        def work(session: Session, mine: PostRow) -> None:
            mine.attempts += 1
            mine.remote = self._posts.sealed(progress)
            _note(session, mine, asked.call.name, outcome, words, at)

        if state.held is not None:
            # A person has to do something: that is written down with what was answered.
            return self._end(asked.row, progress, machine, work)
        return self._keep(asked.row, work)

    def later(self, row: PostRow) -> TurnOver:
        """Others get their turn; it goes on where it is."""
        return self._settle(row, lambda _, mine: setattr(mine, "due_at", self._now()))


_OUTCOMES = {
    Arrival.ANSWERED: "ok",
    Arrival.UNANSWERED: "unanswered",
    Arrival.NOT_SENT: "not_sent",
}


def _unarmed(state: RemoteState, call: PlatformCall) -> RemoteState:
    """The state where the request is not made after all."""
    return state.having(armed="") if call.once and state.armed == call.name else state


def _moved_by_now(progress: PostProgress, at: datetime) -> PostProgress:
    """What waited until a moment and goes on before it is waited for from now on.

    Where the platform's machine itself names the moment, it waits for that still.
    """
    state = progress.state
    named = state.not_before is not None and state.not_before > at
    return progress if named or state.moved_at <= at else progress.at(state.having(moved_at=at))


def _nothing(_: Session, __: PostRow) -> None:
    """The row stays as it is, and is not due any more."""


def _goes_on(session: Session, row: PostRow, said: dict[str, Any]) -> None:
    """It may be posted when its moment has come, or when it gets one."""
    for name, value in said.items():
        setattr(row, name, value)
    row.problem, row.code, row.waits_until = "", "", None
    row.due_at, row.remote = row.at, None
    moved(session, row, PostState.SCHEDULED if row.at is not None else PostState.QUEUED)


def _note(
    session: Session, row: PostRow, operation: str, outcome: str, words: str, at: datetime
) -> None:
    """Write a request down; of many that are alike in a row the first and the last."""
    query = session.query(PostRequestRow).filter(PostRequestRow.post_id == row.post_id)
    last = query.order_by(PostRequestRow.id.desc()).limit(2).all()
    same = [(one.operation, one.outcome, one.words) for one in last]
    if same == [(operation, outcome, words)] * 2:
        last[0].at = at
        return
    session.add(
        PostRequestRow(
            post_id=row.post_id, operation=operation[:64], outcome=outcome, words=words, at=at
        )
    )
