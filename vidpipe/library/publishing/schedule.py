"""The schedule of posts: which post goes out when, and whether it may."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog import schedules
from vidpipe.catalog.events import emit
from vidpipe.catalog.post_states import UNSENT, PostState
from vidpipe.catalog.posts import moved, tell
from vidpipe.catalog.publishing_tables import PostRow, PublishingPauseRow, SocialAccountRow
from vidpipe.catalog.states import WrongState
from vidpipe.channels.model import channel_named
from vidpipe.channels.publishing import MissedRule
from vidpipe.library.errors import Refused, UnknownPost
from vidpipe.library.publishing.calendar import pause_view, read_calendar
from vidpipe.library.publishing.limits import LEAD, held_double
from vidpipe.library.publishing.openings import ScheduleOpenings
from vidpipe.library.publishing.schedule_views import (
    CalendarView,
    ConflictView,
    PublishingPauseView,
    ScheduleConflict,
    UnknownPause,
    conflict_views,
)
from vidpipe.library.reading import check_words
from vidpipe.publishing.schedule import (
    Conflict,
    ConflictKind,
    Diary,
    QueuedPost,
    assign,
    occurrences,
    slot_moment,
    slot_name,
    stops_at,
    told,
    was_missed,
)

Outcome = TypeVar("Outcome")
_MINUTE = timedelta(minutes=1)
#: How far ahead a post is put that goes out as soon as it may.
_SOON = timedelta(days=62)
#: Posts that were missed and are dealt with at once, or that are told why they wait.
_PORTION = 200
#: Posts that wait for a slot and are locked at once.
_LOCKED = 25
#: Others may write to the same rows without the lock of the account.
_TRIES = 5
_REASON = 400
#: Nobody plans further.
_FAR = timedelta(days=731)


class Schedule(ScheduleOpenings):
    """Gives posts their slots and moves them, pauses channels, deals with what was missed."""

    # Placing what is queued

    def place(self, post_id: str, *, lease: str | None = None) -> datetime | None:
        """Give queued posts of an account their slots, in the order of its channel.

        Args:
            post_id: one of them.
            lease: of whoever works on this one; what others work on is left alone.

        Returns:
            Its moment; None: it has none, and its `problem` says why.

        Raises:
            UnknownPost: there is none of this id.
        """
        row = self._post(post_id)
        if row.state == PostState.QUEUED and row.at is None:
            self._place(row.account_id, lease)
            row = self._post(post_id)
        return row.at

    def place_queued(self, channel: str) -> int:
        """Give the queued posts of a channel their slots; how many got one."""
        with self.engine.catalog.session() as session:
            accounts = schedules.waited_for(session, [channel])
        return sum(self._place(account_id) for account_id in accounts)

    def _place(self, account_id: str, lease: str | None = None) -> int:
        # Nobody's lock is taken to find that nothing is free, and no queue is read.
        with self.engine.catalog.session() as session:
            account = session.get(SocialAccountRow, account_id)
            if account is None:
                return 0
            order = self._in_order(session, account, lease)
            if not order:
                why = self._why_not(session, account, self._now())
                if not schedules.untold(session, account, why, lease, 1):
                    return 0

        def place(session: Session) -> int:
            mine = schedules.locked_account(session, account_id)
            return self._placing(session, mine, order, lease) if mine is not None else 0

        return self._again(place)

    def _placing(
        self, session: Session, account: SocialAccountRow, order: list[str], lease: str | None
    ) -> int:
        """Give posts that wait for a slot those that are free; how many got one.

        Only so many are locked as there are slots, and a few.
        """
        now, pace = self._now(), self.rules(account.channel).pace(account.platform)
        mine: dict[str, PostRow] = {}
        doubles: dict[str, str] = {}

        def waits() -> Iterator[QueuedPost[str]]:
            for begin in range(0, len(order), _LOCKED):
                some = order[begin : begin + _LOCKED]
                mine.update((r.post_id, r) for r in schedules.queued(session, account, some, lease))
                for key in some:
                    if key in mine:
                        yield QueuedPost(key, mine[key].score, now, mine[key].created_at)

        def passes(key: str) -> bool:
            row = mine[key]
            words = self._duplicate(session, account, row.video_id, row.clip_id, row)
            if words:
                doubles[key] = words
            return not words

        given: dict[str, datetime] = {}
        if account.state == schedules.CONNECTED and order:
            diary = self._diary(session, account, pace, now)
            given = assign(waits(), diary, now + LEAD, now + pace.ahead, passes)
        for key, moment in given.items():
            self._set(session, mine[key], moment, slot_name(moment))
        for key, words in doubles.items():
            held_double(session, mine[key], words)
        session.flush()
        why = self._why_not(session, account, now)
        schedules.tell_queued(session, account, why, lease, _PORTION)
        return len(given)

    # Moving

    def conflicts(self, post_id: str, at: datetime) -> tuple[ConflictView, ...]:
        """All that speaks against a moment for a post; changes nothing.

        Raises:
            UnknownPost: there is none of this id.
            Refused: the moment has no time zone, or is years away.
        """
        _sane("at", at, self._now())
        with self.engine.catalog.session() as session:
            row = session.get(PostRow, post_id)
            account = session.get(SocialAccountRow, row.account_id) if row is not None else None
            if row is None or account is None:
                raise UnknownPost(post_id)
            return conflict_views(self._against(session, account, row, at, self._now()))

    def move(
        self,
        post_id: str,
        *,
        at: datetime | None = None,
        slot: str | None = None,
        anyway: bool = False,
        also: Callable[[Session, PostRow], None] | None = None,
    ) -> datetime:
        """Give a post another moment; a post that nothing was sent of yet.

        Args:
            post_id: of the post.
            at: the moment.
            slot: in place of a moment, the name of a slot; neither: the next free slot.
            anyway: also where rules of the channel speak against it.
            also: changes the post in the same transaction.

        Returns:
            Its moment.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: something was sent already.
            ScheduleConflict: what speaks against it.
            Refused: both a moment and a slot, a moment without a time zone, or no name of a slot.
        """
        if at is not None and slot is not None:
            raise Refused("at and slot: one of them")
        if slot is not None:
            at = _named(slot)
        if at is not None:
            _sane("at", at, self._now())
        account_id = self._post(post_id).account_id
        return self._again(
            lambda session: self._move(session, account_id, post_id, at, anyway, also)
        )

    def _move(
        self,
        session: Session,
        account_id: str,
        post_id: str,
        at: datetime | None,
        anyway: bool,
        also: Callable[[Session, PostRow], None] | None,
    ) -> datetime:
        account = schedules.locked_account(session, account_id)
        row = schedules.locked_post(session, post_id)
        if row is None or account is None:
            raise UnknownPost(post_id)
        taken = row.due_at if row.lease is not None else None
        if also is not None:
            also(session, row)
        if row.state not in UNSENT:
            raise WrongState(f"{post_id} is {row.state}: only what is not sent yet can be moved")
        now = self._now()
        pace = self.rules(account.channel).pace(account.platform)
        against: tuple[Conflict, ...] = ()
        if at is None:
            diary = self._diary(session, account, pace, now, without=post_id)
            at = next(diary.free_slots(now + LEAD, now + pace.ahead), None)
            if at is None:
                why = self._why_not(session, account, now)
                raise ScheduleConflict((Conflict(ConflictKind.TAKEN, why),))
        else:
            # What its platform shows later goes by that moment.
            shown = row.opens_at if row.opens_at and row.opens_at > at else at
            against = self._against(session, account, row, shown, now)
            if any(one.firm or not anyway for one in against):
                raise ScheduleConflict(against)
        named = next(occurrences(pace, at, at + _MINUTE), None) == at
        # Whoever works on it is stopped; nobody else begins before its lease had ended.
        row.lease = None
        self._set(session, row, at, slot_name(at) if named else None, pinned=bool(against))
        if also is not None:
            row.due_at = now
        if taken is not None and row.due_at is not None:
            row.due_at = max(row.due_at, taken)
        session.flush()
        return at

    def _against(
        self,
        session: Session,
        account: SocialAccountRow,
        row: PostRow,
        at: datetime,
        now: datetime,
    ) -> tuple[Conflict, ...]:
        pace = self.rules(account.channel).pace(account.platform)
        diary = self._diary(session, account, pace, min(at, now), without=row.post_id)
        found = diary.conflicts(at, now)
        words = self._duplicate(session, account, row.video_id, row.clip_id, row)
        return (*found, Conflict(ConflictKind.DUPLICATE, words)) if words else found

    # Pausing

    def pause(
        self,
        channel: str,
        platform: str | None = None,
        *,
        reason: str = "",
        until: datetime | None = None,
        by: str,
    ) -> PublishingPauseView:
        """Have a channel, or one of its platforms, post nothing; again: with another end.

        What was begun is finished. What a platform was to show at a time that falls into the
        pause is taken back there, and gets its time again, or another, afterwards.

        Args:
            channel: of the posts.
            platform: only there; None: on none of its platforms.
            reason: in the words of whoever pauses.
            until: posts go on by themselves then; None: when somebody resumes them.
            by: whoever pauses.

        Raises:
            Misconfigured: there is no such channel.
            Refused: the end is over, or the reason is too long.
        """
        channel_named(self.engine.channels, channel)
        now = self._now()
        if until is not None:
            _sane("until", until, now)
            if until <= now:
                raise Refused("until: a moment to come")
        words = check_words("reason", reason, _REASON)
        with self.engine.catalog.writing() as session:
            kept = session.merge(
                PublishingPauseRow(
                    channel=channel,
                    platform=platform or "",
                    reason=words,
                    by=by,
                    at=now,
                    until=until,
                )
            )
            session.flush()
            data = {"platform": platform, "by": by, "until": until}
            emit(session, "publishing.paused", channel, data)
            for post in schedules.put_off_there(session, channel, platform or "", now):
                post.due_at = now
            return pause_view(kept)

    def resume(self, channel: str, platform: str | None = None, *, by: str) -> None:
        """Have a channel, or one of its platforms, post again.

        What was to go out meanwhile goes by the rule for what was missed.

        Raises:
            Misconfigured: there is no such channel.
            UnknownPause: it is not paused.
        """
        channel_named(self.engine.channels, channel)
        with self.engine.catalog.writing() as session:
            row = session.get(PublishingPauseRow, (channel, platform or ""), with_for_update=True)
            if row is None:
                raise UnknownPause(channel, platform)
            self._resumed(session, row, by)

    def pauses(self, channels: Collection[str]) -> tuple[PublishingPauseView, ...]:
        """The pauses of channels that are not over."""
        now = self._now()
        with self.engine.catalog.session() as session:
            rows = schedules.pauses(session, channels)
        return tuple(pause_view(row) for row in rows if row.until is None or row.until > now)

    def _resumed(self, session: Session, row: PublishingPauseRow, by: str) -> None:
        same = (
            PublishingPauseRow.channel == row.channel,
            PublishingPauseRow.platform == row.platform,
        )
        session.execute(delete(PublishingPauseRow).where(*same))
        now = self._now()
        for post in schedules.put_off(session, row.channel, row.platform):
            post.due_at = max(post.at or now, now)
            post.waits_until, post.problem, post.code = None, "", ""
        for post in schedules.put_off_there(session, row.channel, row.platform, now):
            post.due_at = now
        data = {"platform": row.platform or None, "by": by}
        emit(session, "publishing.resumed", row.channel, data)

    # The calendar

    def calendar(self, channels: Collection[str], first: datetime, last: datetime) -> CalendarView:
        """Posts from one moment to another (excluded), free slots that are to come, pauses.

        Args:
            channels: whose.
            first: with a time zone.
            last: at most 62 days later.

        Raises:
            Refused: no such time.
        """
        return read_calendar(self, channels, first, last, self._now())

    # By itself

    def tend(self) -> bool:
        """End pauses that are over, deal with what was missed, place what is queued; whether
        there may be more to do at once."""
        now = self._now()
        with self.engine.catalog.session() as session:
            ended = schedules.ended_pauses(session, now)
            late = schedules.late(session, now - _MINUTE, now, _PORTION)
            queued = schedules.waited_for(session, [*self.engine.channels])
        for pause in ended:
            with self.engine.catalog.writing() as session:
                key = (pause.channel, pause.platform)
                row = session.get(PublishingPauseRow, key, with_for_update=True)
                if row is not None and row.until is not None and row.until <= now:
                    self._resumed(session, row, "schedule")
        done = 0
        for account_id in dict.fromkeys(row.account_id for row in late):
            posts = [row.post_id for row in late if row.account_id == account_id]
            done += self._again(partial(self._deal_with, account_id, posts))
        if done:
            with self.engine.catalog.session() as session:
                queued = schedules.waited_for(session, [*self.engine.channels])
        for account_id in queued:
            self._place(account_id)
        return done > 0 and len(late) == _PORTION

    def _deal_with(self, account_id: str, posts: Sequence[str], session: Session) -> int:
        """What becomes of posts of an account whose moment is over; of how many something."""
        account = schedules.locked_account(session, account_id)
        if account is None:
            return 0
        now, rules = self._now(), self.rules(account.channel)
        pace = rules.pace(account.platform)
        if stops_at(self._stops(session, account.channel, account.platform), now) is not None:
            return 0
        diary = self._diary(session, account, pace, now)
        done = 0
        for post_id in posts:
            row = schedules.locked_post(session, post_id)
            if row is None or row.state != PostState.SCHEDULED or row.lease is not None:
                continue
            if row.at is None or row.at > now:
                continue
            words = self._duplicate(session, account, row.video_id, row.clip_id, row)
            if words:
                held_double(session, row, words)
                done += 1
            elif was_missed(schedules.shown_at(row.at, row.opens_at), pace, now):
                self._missed(session, row, diary, now)
                done += 1
        session.flush()
        return done

    def _missed(self, session: Session, row: PostRow, diary: Diary, now: datetime) -> None:
        pace = diary.pace
        was = f"{told(row.at or now, pace.zone)} was missed"
        if pace.missed is MissedRule.SKIP:
            row.code, row.problem = "missed", f"{was}: the channel skips what is missed"
            row.due_at = row.waits_until = None
            moved(session, row, PostState.CANCELLED)
            return
        if pace.missed is MissedRule.NOW:
            found = diary.earliest(now, now + _SOON)
            slot = None
        else:
            found = next(diary.free_slots(now + LEAD, now + pace.ahead), None)
            slot = slot_name(found) if found is not None else None
        if found is None:
            # It waits with the others, and has its place among them by its worth.
            row.at = row.slot = row.due_at = row.waits_until = None
            row.pinned, row.code, row.problem = False, "", f"{was}: it waits for a free slot"
            moved(session, row, PostState.QUEUED)
            return
        diary.add(found)
        self._set(session, row, found, slot)

    # Within

    def _set(
        self,
        session: Session,
        row: PostRow,
        at: datetime,
        slot: str | None,
        *,
        pinned: bool = False,
    ) -> None:
        """Give a post its moment."""
        news = row.at != at
        row.at, row.slot, row.pinned = at, slot, pinned
        row.waits_until, row.problem, row.code = None, "", ""
        if row.state == PostState.WAITING:
            return
        if row.lease is None:
            row.due_at = at
        if row.state == PostState.SCHEDULED and news:
            session.flush()
            tell(session, "post.scheduled", row)
        moved(session, row, PostState.SCHEDULED)

    def _again(self, work: Callable[[Session], Outcome]) -> Outcome:
        """Do something in a transaction; again where somebody took a slot meanwhile."""
        for _ in range(_TRIES - 1):
            with suppress(IntegrityError), self.engine.catalog.writing() as session:
                return work(session)
        with self.engine.catalog.writing() as session:
            return work(session)

    def _post(self, post_id: str) -> PostRow:
        row = self.engine.catalog.posts.get(post_id)
        if row is None:
            raise UnknownPost(post_id)
        return row


def _sane(field: str, at: datetime, now: datetime) -> None:
    """A moment that a person can mean.

    Raises:
        Refused: it has no time zone, or is years away.
    """
    if at.tzinfo is None:
        raise Refused(f"{field}: with a time zone, such as 2026-03-01T12:00:00Z")
    if not now - _FAR <= at <= now + _FAR:
        raise Refused(f"{field}: a moment to come, within two years")


def _named(slot: str) -> datetime:
    try:
        return slot_moment(slot)
    except ValueError as error:
        raise Refused(f"slot: {slot!r} is no name of a slot; such as 2026-03-01T12:00Z") from error
