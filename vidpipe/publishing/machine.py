"""What all platforms have in common: one request after another, and what failures lead to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from vidpipe.publishing.calls import AnswerUnusable, Arrival, PlatformCall, Reply
from vidpipe.publishing.faults import FaultRule, fault_of, names_time, unread
from vidpipe.publishing.model import (
    POSTED,
    Charge,
    Fault,
    Phase,
    PostFigures,
    PostHeld,
    PostingAccount,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Task,
    Verb,
    begin,
)

#: Failures in a row after which a post has failed.
MOST_FAILURES = 10
#: Uploads of one post that are begun again because theirs had expired.
MOST_RESTARTS = 3
#: Refusals of fresh access tokens in a row after which the account is to be connected again.
MOST_REFUSALS = 2
#: How long nothing may come of it before a post has failed.
PATIENCE = timedelta(days=3)
#: How often, and how far apart, it is looked for something that is not found before it is taken
#: for not there: what was posted shows up late.
LOOKS, LOOK_AGAIN_S = 3, 60.0
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 15.0, 1800.0
#: The longest pause after refusals that name none.
_LONGEST_WAIT_S = 14_400.0
#: Pauses in a row whose time the platform may name; then they get longer by themselves.
_MOST_NAMED_WAITS = 10


@dataclass(frozen=True)
class Move:
    """What comes next for a post.

    Attributes:
        state: to be saved before `call` is made.
        verb: None: nothing, unless somebody asks for it or lifts what holds the post.
        call: None: wait until `at`, or refresh the token (`Verb.REFRESH`).
        at: when to plan again at the earliest.
    """

    state: RemoteState
    verb: Verb | None = None
    call: PlatformCall | None = None
    at: datetime | None = None


class Platform(Protocol):
    """What publishing needs of a platform. Nothing here waits, repeats or connects."""

    name: str

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        """What would be refused, as far as it is known before anything is sent."""
        ...

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        """What a post takes of limits and costs when nothing goes wrong."""
        ...

    def plan(
        self, post: Publication, account: PostingAccount, state: RemoteState, now: datetime
    ) -> Move:
        """What comes next. The state that it gives is saved before the request is made."""
        ...

    def take(
        self,
        post: Publication,
        account: PostingAccount,
        state: RemoteState,
        call: PlatformCall,
        reply: Reply,
        now: datetime,
    ) -> RemoteState:
        """The state after an answer, or after none came."""
        ...

    def account(self, account: PostingAccount) -> PlatformCall | None:
        """The request that reads what an account may do; None: the platform has none."""
        ...

    def account_read(self, account: PostingAccount, reply: Reply) -> PostingAccount:
        """The account with what was read of it."""
        ...

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        """The requests that read how a post is doing; none: the platform does not say."""
        ...

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        """How a post is doing, by the answers in the order of `statistics`."""
        ...

    def unread(self, call: PlatformCall, reply: Reply, now: datetime) -> Fault | None:
        """Why an answer of `statistics` has no figures; None: it is no refusal."""
        ...

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        """Whether the answers of `statistics` look as if the post was not there any more."""
        ...


_NOTHING = Reply(Arrival.NOT_SENT)


@dataclass(frozen=True)
class Turn:
    """One step of a post: what it is, where it stands, and what was answered.

    Attributes:
        reply: of the request that was made; before one is made, nothing is in it.
    """

    post: Publication
    account: PostingAccount
    state: RemoteState
    now: datetime
    reply: Reply = _NOTHING

    def at(self, state: RemoteState) -> Turn:
        """The same in another state."""
        return replace(self, state=state)


Taker = Callable[[Turn], RemoteState]


class Machine(ABC):
    """A platform whose requests and answers are functions named after them.

    Args:
        base: where the platform is, `https://…` without a slash at its end; a fake's address in
            tests.
        hosts: further hosts that addresses in its answers may lead to.
    """

    name: str
    title: str
    #: Codes of refusals.
    faults: Mapping[str, FaultRule]
    #: Why something can not be asked of what was posted, in words for a person.
    without: Mapping[Task, str] = {}
    #: Whether texts are sent before the video, and cannot be changed after.
    texts_first = False
    #: Requests that may have made the post public: when no look says so, a person has to.
    unsure: frozenset[str] = frozenset()
    #: Whether what is shown later can be kept back without that it is removed.
    withholds = False
    #: The same of phases.
    unsure_phases: frozenset[Phase] = frozenset()

    def __init__(self, base: str, hosts: Sequence[str] = ()) -> None:
        self.base = base.rstrip("/")
        self._hosts = (urlsplit(self.base).hostname or "", *hosts)

    # What a platform says of itself

    @abstractmethod
    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        """The next request; or the state, where it goes on without one."""

    @abstractmethod
    def lookup(self, turn: Turn) -> PlatformCall | RemoteState:
        """The request that tells whether the armed one was taken; or the state, where none may
        be made."""

    @abstractmethod
    def takers(self) -> Mapping[str, Taker]:
        """What each answer of success means, by the name of its request."""

    @abstractmethod
    def codes(self, reply: Reply) -> Sequence[str]:
        """What the platform calls a refusal, the most telling first."""

    @abstractmethod
    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        """What would be refused, as far as it is known before anything is sent."""

    @abstractmethod
    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        """What a post takes of limits and costs when nothing goes wrong."""

    def refused(self, reply: Reply, call: PlatformCall) -> bool:
        """Whether an answer is a refusal, by its status and by what it says."""
        return not reply.ok

    def account(self, account: PostingAccount) -> PlatformCall | None:
        """The request that reads what an account may do; None: the platform has none."""
        return None

    def account_read(self, account: PostingAccount, reply: Reply) -> PostingAccount:
        """The account with what was read of it."""
        return account

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        """The requests that read how a post is doing; none: the platform does not say."""
        return ()

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        """How a post is doing, by the answers in the order of `statistics`."""
        return PostFigures()

    def unread(self, call: PlatformCall, reply: Reply, now: datetime) -> Fault | None:
        """Why an answer of `statistics` has no figures; None: it is no refusal."""
        if reply.arrival is Arrival.ANSWERED and not self.refused(reply, call):
            return None
        return fault_of(reply, [code for code in self.codes(reply) if code], self.faults, now)

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        """Whether the answers of `statistics` look as if the post was not there any more.

        It is no more than a sign: `Task.REVIEW` finds out.
        """
        return any(reply.status in (404, 410) for reply in replies)

    def update(self, turn: Turn) -> PlatformCall | None:
        """The request that changes texts of what was posted; None: the platform has none."""
        return None

    def delete(self, turn: Turn) -> PlatformCall | None:
        """The request that removes what was posted; None: the platform has none."""
        return None

    def review(self, turn: Turn) -> PlatformCall | None:
        """The request that tells whether what was posted is still there; None: there is none."""
        return None

    def withhold(self, turn: Turn) -> PlatformCall | None:
        """The request that takes from what is shown later its time; None: there is none."""
        return None

    def reopen(self, turn: Turn) -> PlatformCall | None:
        """The request that gives what was withheld its time, or shows it; None: there is none."""
        return None

    def discard(self, turn: Turn) -> PlatformCall | None:
        """The request that removes what nobody sees yet; None: it goes away by itself."""
        return None

    def lost(self, state: RemoteState, now: datetime) -> RemoteState:
        """What follows when an upload, container or session is gone: it is begun again."""
        return self.restarted(state, now)

    # One step

    def begin(self, post: Publication, now: datetime) -> RemoteState:
        """The state of a post that nothing was done for yet."""
        return begin(self.name, post.key, now)

    def plan(
        self, post: Publication, account: PostingAccount, state: RemoteState, now: datetime
    ) -> Move:
        """What comes next. The state that it gives is saved before the request is made."""
        for _ in range(8):
            if state.ended or state.held is not None:
                return Move(state)
            if state.not_before is not None and state.not_before > now:
                return Move(state, at=state.not_before)
            if now - state.moved_at > PATIENCE:
                state = self._given_up(state, state.fault or _NOTHING_CAME)
                continue
            if state.refusals and state.fault and state.fault.remedy is Remedy.REFRESH:
                return Move(state, Verb.REFRESH)
            call = self._comes_next(Turn(post, account, state, now))
            if isinstance(call, RemoteState):
                state = self._noted(state, call, now)
                continue
            armed = call.name if call.once else state.armed
            return Move(state.having(armed=armed, not_before=None), call.verb, call)
        raise RuntimeError(f"{self.name}: a state leads round in a circle: {state.phase}")

    def take(
        self,
        post: Publication,
        account: PostingAccount,
        state: RemoteState,
        call: PlatformCall,
        reply: Reply,
        now: datetime,
    ) -> RemoteState:
        """The state after an answer, or after none came."""
        if reply.arrival is Arrival.ANSWERED and not self.refused(reply, call):
            cleared = state.having(fault=None, refusals=0, waits=0)
            if state.armed == call.name:
                cleared = cleared.having(armed="")
            try:
                after = self.takers()[call.name](Turn(post, account, cleared, now, reply))
            except AnswerUnusable as unusable:
                fault = Fault(code="answer", remedy=Remedy.LOOK, words=f"{_UNUSABLE} {unusable}.")
                return self._failed(state, call, fault, now)
            return self._noted(state, after, now)
        codes = [code for code in self.codes(reply) if code]
        fault = fault_of(reply, [f"{call.name}:{reply.status}", *codes], self.faults, now)
        if fault.remedy is Remedy.FIX and self._only_looks(state, call):
            fault = unread(fault)
        if self._is_gone(call, reply, fault):
            gone = state if state.task is Task.CANCEL else state.having(task=Task.DELETE)
            return self._ended_task(gone)
        if reply.arrival is Arrival.NOT_SENT and state.armed == call.name:
            # Nothing was changed by it: it may be repeated.
            state = state.having(armed="")
        return self._remedied(state, call, fault, reply, now)

    def refreshed(self, state: RemoteState) -> RemoteState:
        """The state after the account has a fresh access token."""
        fault = state.fault
        if fault is not None and fault.remedy is Remedy.REFRESH:
            state = state.having(fault=None)
        return state.having(not_before=None)

    def disconnected(
        self, state: RemoteState, words: str, code: str = "not_connected"
    ) -> RemoteState:
        """The state after the platform gave no fresh access token: a person has to act."""
        if self.is_unsure(state):
            words = f"{words} {_SHOWN_PERHAPS}"
        fault = Fault(code=code, remedy=Remedy.RECONNECT, words=words)
        return state.having(held=PostHeld.ACCOUNT, fault=fault)

    def released(self, state: RemoteState, now: datetime) -> RemoteState:
        """The state after a person did what the post was held for; it goes on where it was.

        Where a platform has been given the texts already, what it has is left to expire; unless
        that may be public: then it is not begun a second time.
        """
        anew = self.texts_first and state.phase is not Phase.NEW and not self.is_unsure(state)
        if state.held is PostHeld.CHANGE and anew:
            return begin(state.platform, state.key, now).having(began_at=state.began_at)
        return state.having(
            held=None, fault=None, failures=0, refusals=0, waits=0, not_before=None, moved_at=now
        )

    def asked(self, state: RemoteState, task: Task, now: datetime) -> RemoteState:
        """The state after something else is asked for: to cancel, update, delete or review."""
        return state.having(
            task=task, held=None, fault=None, failures=0, refusals=0, waits=0, looks=0,
            not_before=None, moved_at=now,
        )  # fmt: skip

    def withheld(self, state: RemoteState) -> RemoteState:
        """The state of what is ready to be shown, where it is not to have a time yet."""
        return state.having(
            phase=Phase.WITHHELD, post_id=state.remote_id, armed="", fault=None, not_before=None
        )

    def decided(self, state: RemoteState, *, posted: bool, url: str = "") -> RemoteState:
        """The state of an uncertain post after a person looked whether it is there."""
        phase = Phase.PUBLISHED if posted else Phase.FAILED
        return state.having(phase=phase, armed="", url=url or state.url)

    # What follows from what

    def _comes_next(self, turn: Turn) -> PlatformCall | RemoteState:
        if turn.state.armed:
            return self.lookup(turn)
        if turn.state.task is Task.PUBLISH:
            return self.next(turn)
        return self._asked_for(turn)

    def _asked_for(self, turn: Turn) -> PlatformCall | RemoteState:
        state, task = turn.state, turn.state.task
        if task is Task.CANCEL and not state.posted:
            return self.discard(turn) or self._cancelled(turn)
        if not state.posted:
            return self._refused_task(state, "Nothing was posted.")
        if task is Task.CANCEL:
            return self._refused_task(state, "It is posted already: delete it.")
        opens = turn.post.publish_at
        if task is Task.WITHHOLD and opens is not None and opens <= turn.now:
            return self._refused_task(state, _SHOWN_BY_NOW)
        make = {
            Task.UPDATE: self.update, Task.DELETE: self.delete, Task.REVIEW: self.review,
            Task.WITHHOLD: self.withhold, Task.REOPEN: self.reopen,
        }[task]  # fmt: skip
        return make(turn) or self._refused_task(
            state, self.without.get(task, f"{self.title} has no way to do this.")
        )

    def _cancelled(self, turn: Turn) -> PlatformCall | RemoteState:
        """Cancelled without a request; what may become public by itself is looked at first."""
        state = turn.state
        if state.phase is Phase.UNCERTAIN:
            return self._refused_task(
                state, "Whether it is public is not known: look at the account."
            )
        if self.is_unsure(state):
            return self.next(turn)
        return self._ended_task(state)

    def _refused_task(self, state: RemoteState, words: str) -> RemoteState:
        fault = Fault(code=f"no_{state.task}", remedy=Remedy.GIVE_UP, words=words)
        phase = Phase.FAILED if state.phase is Phase.NEW else state.phase
        return state.having(task=Task.PUBLISH, fault=fault, phase=phase)

    def _ended_task(self, state: RemoteState) -> RemoteState:
        """After what was asked for beside publishing is done."""
        phase = {
            Task.CANCEL: Phase.CANCELLED, Task.DELETE: Phase.DELETED, Task.WITHHOLD: Phase.WITHHELD,
        }.get(state.task)  # fmt: skip
        return state.having(
            task=Task.PUBLISH, phase=phase or state.phase, armed="", fault=None, not_before=None
        )

    def done_task(self, turn: Turn) -> RemoteState:
        """A taker: what was asked for beside publishing is done."""
        return self._ended_task(turn.state)

    def _is_gone(self, call: PlatformCall, reply: Reply, fault: Fault) -> bool:
        """Whether what is to be removed is not there, which is as good; or to be reviewed."""
        return (
            (call.verb in (Verb.DELETE, Verb.CANCEL) or call.name in _OF_WHAT_IS_THERE)
            and reply.status in (404, 410)
            and fault.remedy is Remedy.GIVE_UP
        )

    def _only_looks(self, state: RemoteState, call: PlatformCall) -> bool:
        """Whether a refusal is of a look at what the platform has, and not of the post."""
        begun = bool(state.armed) or state.phase is not Phase.NEW
        return call.verb is Verb.LOOK and begun and not state.posted

    def _remedied(
        self, state: RemoteState, call: PlatformCall, fault: Fault, reply: Reply, now: datetime
    ) -> RemoteState:
        remedy = fault.remedy
        if remedy is Remedy.LOOK:
            return self._failed(state, call, fault, now)
        if remedy is not Remedy.REFRESH:
            # It is about something else: the token was accepted.
            state = state.having(refusals=0)
        # A refusal that was understood: what was armed did not happen.
        if state.armed == call.name:
            state = state.having(armed="")
        if remedy is Remedy.WAIT:
            return self._waiting(state, fault, reply, now)
        if remedy is Remedy.REFRESH and state.refusals < MOST_REFUSALS:
            return state.having(refusals=state.refusals + 1, fault=fault, not_before=None)
        known = self.known(state)
        if known is not None:
            return known
        if remedy in (Remedy.RECONNECT, Remedy.REFRESH):
            again = remedy is Remedy.REFRESH
            return self.disconnected(state, _REFUSED_AGAIN if again else fault.words, fault.code)
        if call.optional:
            return self.skipped(state.having(fault=None), call, fault)
        if remedy is Remedy.RESTART and not self.is_unsure(state):
            return self._noted(state, self.lost(state.having(fault=fault), now), now)
        waits = remedy is Remedy.FIX and state.task is Task.PUBLISH and not state.armed
        if waits and not self.is_unsure(state):
            return state.having(held=PostHeld.CHANGE, fault=fault)
        return self._given_up(state, fault)

    def _waiting(
        self, state: RemoteState, fault: Fault, reply: Reply, now: datetime
    ) -> RemoteState:
        """Until the time that is named; where none is, longer each time."""
        until, waits = fault.until or now, state.waits + 1
        if not names_time(reply) or waits > _MOST_NAMED_WAITS:
            wait_s = (until - now).total_seconds()
            longer_s = max(wait_s, min(wait_s * 2 ** (waits - 1), _LONGEST_WAIT_S))
            until = now + timedelta(seconds=longer_s)
        fault = fault.model_copy(update={"until": until})
        return state.having(fault=fault, not_before=until, waits=waits)

    def is_unsure(self, state: RemoteState) -> bool:
        """Whether others may see the post, although nobody said so."""
        return state.armed in self.unsure or state.phase in self.unsure_phases

    def known(self, state: RemoteState) -> RemoteState | None:
        """The end of a post that is certainly public, when the rest of it cannot be read."""
        return None

    def skipped(self, state: RemoteState, call: PlatformCall, fault: Fault) -> RemoteState:
        """The state when something that the post can do without was refused."""
        what = state.memo.get("attaching", call.name)
        return state.having(
            done=(*state.done, what), notes=(*state.notes, f"{what}: {fault.words}"), failures=0
        )

    def _failed(
        self, state: RemoteState, call: PlatformCall, fault: Fault, now: datetime
    ) -> RemoteState:
        """After an answer that says nothing: again later, but not for ever."""
        failures = state.failures + 1
        if failures >= MOST_FAILURES:
            if call.optional and state.armed in ("", call.name):
                return self.skipped(state.having(armed="", fault=None), call, fault)
            return self._given_up(state, fault)
        wait_s = min(_FIRST_BACKOFF_S * 2 ** (failures - 1), _LONGEST_BACKOFF_S)
        return state.having(
            failures=failures, fault=fault, not_before=now + timedelta(seconds=wait_s)
        )

    def _given_up(self, state: RemoteState, fault: Fault) -> RemoteState:
        if state.task is not Task.PUBLISH and state.phase in POSTED:
            return state.having(task=Task.PUBLISH, fault=fault, armed="", not_before=None)
        known = self.known(state)
        if known is not None:
            return known
        unsure = self.is_unsure(state)
        phase = Phase.UNCERTAIN if unsure else Phase.FAILED
        words = f"{_UNSURE} {fault.words}" if unsure else fault.words
        return state.having(
            phase=phase, task=Task.PUBLISH, not_before=None,
            fault=fault.model_copy(update={"remedy": Remedy.GIVE_UP, "words": words}),
        )  # fmt: skip

    def restarted(self, state: RemoteState, now: datetime) -> RemoteState:
        """The state of an upload that is begun again from nothing, or given up."""
        if state.restarts >= MOST_RESTARTS:
            return self._given_up(state.having(armed=""), state.fault or _EXPIRED)
        again = begin(state.platform, state.key, now)
        return again.having(
            began_at=state.began_at, restarts=state.restarts + 1, notes=state.notes,
            moved_at=state.moved_at, failures=state.failures, task=state.task,
        )  # fmt: skip

    def fatal(self, state: RemoteState, code: str, words: str) -> RemoteState:
        """The state after the platform said for good that there will be no post."""
        fault = Fault(code=code, remedy=Remedy.GIVE_UP, words=words)
        return state.having(
            phase=Phase.FAILED, task=Task.PUBLISH, armed="", fault=fault, not_before=None
        )

    def later(self, state: RemoteState, now: datetime, wait_s: float) -> RemoteState:
        """The state when it is to be looked again."""
        return state.having(looks=state.looks + 1, not_before=now + timedelta(seconds=wait_s))

    def absent(self, state: RemoteState, now: datetime) -> RemoteState:
        """After a look that did not show what was armed: looked again, then taken for not done."""
        if state.looks + 1 < LOOKS:
            return self.later(state, now, LOOK_AGAIN_S)
        return state.having(armed="", looks=0)

    def _noted(self, before: RemoteState, after: RemoteState, now: datetime) -> RemoteState:
        """The state with the time of its last progress."""
        if _mark(before) == _mark(after):
            return after
        restarted = after.restarts > before.restarts
        return after.having(
            moved_at=before.moved_at if restarted else now,
            failures=before.failures if restarted else 0,
            looks=0 if after.looks == before.looks else after.looks,
        )

    def own(self, url: str) -> str:
        """An address that an answer names, if it is one of the platform's.

        Raises:
            AnswerUnusable: it is not: no secret is sent there.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        known = any(host == own or host.endswith(f".{own}") for own in self._hosts if own)
        secure = parts.scheme == "https" or (
            parts.scheme == "http" and self.base.startswith("http://")
        )
        if not known or not secure:
            raise AnswerUnusable("the answer leads to a host that is not the platform's")
        return url


def _mark(state: RemoteState) -> tuple[object, ...]:
    return (
        state.phase, state.sent, state.done, state.post_id, state.remote_id,
        len(state.parts), state.restarts, bool(state.session), state.task,
    )  # fmt: skip


#: Requests about what was posted: where that is gone, somebody removed it.
_OF_WHAT_IS_THERE = ("review", "withhold", "reopen")
_SHOWN_BY_NOW = "Its time had come before it could be kept back: it is public."
_UNUSABLE = "The platform's answer could not be used:"
_UNSURE = "It may be public: look at the account, and then mark this post as posted or not."
_SHOWN_PERHAPS = "The post may be public already; that is looked up as soon as it is connected."
_REFUSED_AGAIN = (
    "The platform refuses fresh access tokens of this account: connect the account again."
)
_NOTHING_CAME = Fault(
    code="no_progress",
    remedy=Remedy.GIVE_UP,
    words="Nothing came of it for three days: look at the platform's status and post it again.",
)
_EXPIRED = Fault(
    code="expired",
    remedy=Remedy.GIVE_UP,
    words="The upload expired several times before it was complete: post it again.",
)
