"""What limits when a post goes out: the rules of its channel, pauses, the same elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from vidpipe.catalog import schedules
from vidpipe.catalog.notices import tell as tell_people
from vidpipe.catalog.post_states import UNSENT, PostState
from vidpipe.catalog.posts import moved
from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.catalog.tables import now as this_moment
from vidpipe.channels.publishing import DuplicateRule, PostingPace, PublishingRules
from vidpipe.library.publishing.outcomes import notice
from vidpipe.library.publishing.schedule_views import PostWait, ScheduleConflict
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.schedule import (
    ConflictKind,
    Diary,
    QueuedPost,
    Stop,
    day_begin,
    day_of,
    in_order,
    overlap_s,
    stops_at,
    told,
    was_missed,
)

_MINUTE = timedelta(minutes=1)
_POSTING = PostState.POSTING
#: A slot that begins before nobody could still prepare anything for.
LEAD = _MINUTE
#: Days of posts that a day or a spacing of the rules can reach.
_REACH = timedelta(days=9)
#: When a post is asked for again that something else has to be done for first.
_AGAIN = timedelta(minutes=1)
#: The same while a channel is paused and nobody said until when.
_PAUSED_AGAIN = timedelta(hours=1)
#: Two clips of a recording share as much where one ends and the other begins.
_TOUCHING_S = 1.0
#: Whom nobody takes for inauthentic: where they post to is the operator's own.
_OWN = frozenset({"webhook", "folder"})


class ScheduleLimits:
    """Says whether a post may go out, and what speaks against it.

    Args:
        engine: whose channels and catalog.
        clock: says which moment it is.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = this_moment) -> None:
        self.engine = engine
        self._now = clock

    # What the rules are

    def rules(self, channel: str) -> PublishingRules:
        """The rules of a channel; of one that is not configured any more the defaults."""
        found = self.engine.channels.get(channel)
        return found.publishing if found is not None else PublishingRules()

    def defaults(self, channel: str, platform: str) -> dict[str, object]:
        """What posts of a channel say where nobody says otherwise, as `Publication` names it."""
        found = self.engine.channels.get(channel)
        spoken = {"language": found.language} if found is not None and found.language else {}
        return {**spoken, **self.rules(channel).defaults(platform)}

    # Whether a post may go out

    def may_post_now(self, row: PostRow, now: datetime) -> datetime | None:
        """Whether a post may go out; see `ask`. None: go; a moment: not before."""
        found = self.ask(row, now)
        return found.at if found is not None else None

    def ask(self, row: PostRow, now: datetime) -> PostWait | None:
        """Whether a post may go out, asked before the first request that is made for it.

        Where it may, it is `posting` from then on, so that of two that ask at once only as many
        go as may. What was begun is not stopped any more.

        Args:
            row: as it was claimed.
            now: this moment.

        Returns:
            None: go. Else until when it waits, and why.
        """
        with self.engine.catalog.writing() as session:
            account = schedules.locked_account(session, row.account_id)
            mine = schedules.locked_post(session, row.post_id)
            if account is None or mine is None or mine.lease != row.lease:
                return PostWait(now + _AGAIN, "lost", "another process works on it")
            if mine.state == PostState.POSTING:
                return None
            if mine.state != PostState.SCHEDULED or mine.at is None:
                return PostWait(now + _AGAIN, "not_scheduled", "it has no moment yet")
            wait = self._wait(session, account, mine, mine.at, now)
            if wait is None:
                mine.waits_until, mine.problem, mine.code = None, "", ""
                moved(session, mine, PostState.POSTING)
            return wait

    def _wait(
        self,
        session: Session,
        account: SocialAccountRow,
        row: PostRow,
        planned: datetime,
        now: datetime,
    ) -> PostWait | None:
        rules = self.rules(row.channel)
        pace, zone = rules.pace(row.platform), rules.zone
        if planned > now:
            return PostWait(planned, "scheduled", f"it goes out at {told(planned, zone)}")
        stop = stops_at(self._stops(session, row.channel, row.platform), now)
        if stop is not None:
            until = f"until {told(stop.end, zone)}" if stop.end else "until somebody resumes it"
            why = f" ({stop.reason})" if stop.reason else ""
            again = stop.end or now + _PAUSED_AGAIN
            return PostWait(again, "paused", f"the channel is paused {until}{why}")
        if was_missed(schedules.shown_at(planned, row.opens_at), pace, now):
            return PostWait(now + _AGAIN, "missed", f"{told(planned, zone)} was missed")
        words = self._duplicate(session, account, row.video_id, row.clip_id, row)
        if words:
            return PostWait(now + _AGAIN, ConflictKind.DUPLICATE.value, words)
        if row.pinned or (row.opens_at is not None and row.opens_at > now):
            # What its platform shows later, it is told of then: see `ScheduleOpenings`.
            return None
        return self._too_soon(session, row, pace, now)

    def _too_soon(
        self, session: Session, row: PostRow, pace: PostingPace, now: datetime
    ) -> PostWait | None:
        """What of the rules keeps a post back that is due."""
        zone, today = pace.zone, day_of(now, pace.zone)
        tomorrow = day_begin(today + timedelta(days=1), zone)
        if pace.quiet.hold(today):
            return PostWait(tomorrow, ConflictKind.QUIET_DAY.value, "today is a quiet day")
        others = schedules.planned(
            session, [row.account_id], now - _REACH, now + _REACH, without=row.post_id
        )
        gone = [one for one in others if one.state not in (*UNSENT, PostState.HELD)]
        # One that waits for its platform, or that its platform takes its time over, is in nobody's
        # way: others would be missed one after the other.
        begun = [
            one
            for one in gone
            if one.state == _POSTING
            and (one.waits_until is None or one.waits_until <= now)
            and not was_missed(one.at, pace, now)
        ]
        out = [schedules.shown_at(one.at, one.opens_at) for one in gone if one.state != _POSTING]
        todays = sum(day_of(moment, zone) == today for moment in out)
        todays += sum(
            one.state == _POSTING and not (one.opens_at and one.opens_at >= tomorrow)
            for one in gone
        )
        if todays >= pace.per_day:
            words = f"the account has {todays} posts today, and may have {pace.per_day} a day"
            return PostWait(tomorrow, ConflictKind.PER_DAY.value, words)
        if begun and pace.spacing:
            words = "another post of the account goes out right now"
            return PostWait(now + _AGAIN, ConflictKind.SPACING.value, words)
        near = [moment for moment in out if moment < now + pace.spacing]
        soonest = max((moment + pace.spacing for moment in near), default=now)
        if soonest > now:
            words = f"the account posted a moment ago: not before {told(soonest, zone)}"
            return PostWait(soonest, ConflictKind.SPACING.value, words)
        return None

    # The same in several places

    def duplicate(
        self, account_id: str, video_id: str, clip_id: str, row: PostRow | None = None
    ) -> str:
        """What speaks against a clip at an account because another posts the same; else empty.

        Args:
            account_id: of the account.
            video_id: of the clip.
            clip_id: of it.
            row: the post that it is already; None: one is about to be made.
        """
        with self.engine.catalog.session() as session:
            account = session.get(SocialAccountRow, account_id)
            if account is None:
                return ""
            return self._duplicate(session, account, video_id, clip_id, row)

    def hold_double(self, row: PostRow) -> bool:
        """Hold a post where another channel posts the same, whenever it was to go out; whether it
        did.

        Args:
            row: as it was claimed; whoever did has lost it where this is true.
        """
        # Nobody's lock is taken to find that nothing speaks against it.
        if not self.duplicate(row.account_id, row.video_id, row.clip_id, row):
            return False
        with self.engine.catalog.writing() as session:
            account = schedules.locked_account(session, row.account_id)
            mine = schedules.locked_post(session, row.post_id)
            if account is None or mine is None or mine.lease != row.lease:
                return False
            words = self._duplicate(session, account, mine.video_id, mine.clip_id, mine)
            if not words or mine.state not in UNSENT:
                return False
            mine.lease, mine.claims = None, 0
            held_double(session, mine, words)
            return True

    def refuse_conflicts(
        self, session: Session, account_id: str, at: datetime, *, anyway: bool, without: str = ""
    ) -> bool:
        """What speaks against a moment for a post of an account; changes nothing.

        Nobody else gives the account's posts moments before the transaction ends.

        Args:
            session: of a transaction that has locked no post yet.
            account_id: whose.
            at: the moment; one that has just passed counts as now.
            anyway: also where rules of the channel speak against it.
            without: a post that is not counted.

        Returns:
            Whether rules speak against it, and somebody wants it all the same.

        Raises:
            ScheduleConflict: what speaks against it.
        """
        now = self._now()
        account = schedules.locked_account(session, account_id)
        if account is None:
            return False
        pace = self.rules(account.channel).pace(account.platform)
        diary = self._diary(session, account, pace, now, without=without)
        found = diary.conflicts(max(at, now), now)
        if any(one.firm or not anyway for one in found):
            raise ScheduleConflict(found)
        return bool(found)

    def _duplicate(
        self,
        session: Session,
        account: SocialAccountRow,
        video_id: str,
        clip_id: str,
        row: PostRow | None = None,
    ) -> str:
        refuses = self.rules(account.channel).duplicates is DuplicateRule.REFUSE
        if not refuses or account.platform in _OWN:
            return ""
        channels = self.engine.channels
        own = channels.get(account.channel)
        organisation = own.organisation if own is not None else None
        siblings = [n for n, c in channels.items() if c.organisation == organisation]
        found = schedules.elsewhere(session, account, video_id, {*siblings, account.channel})
        span = schedules.span_of(session, video_id, clip_id) if found else None
        for other in found:
            # Of two that were made at once one goes: what is out, else what was made first.
            out = other.state not in (*UNSENT, PostState.HELD)
            first = row is None or (other.created_at, other.post_id) < (row.created_at, row.post_id)
            if not (out or first) or other.channel not in (*siblings, account.channel):
                continue
            shared = overlap_s(span, other.span) if span and other.span else 0.0
            if other.clip_id == clip_id or shared > _TOUCHING_S:
                what = "the same clip" if other.clip_id == clip_id else f"{shared:.0f} s of it"
                return (
                    f"the channel {other.channel} posts {what} to {account.platform} "
                    f"({other.post_id}): platforms take channels that repeat each other for "
                    "inauthentic; take another clip, take that post back and try this one again, "
                    "or set publishing.duplicates to allow"
                )
        return ""

    # Within

    def _in_order(
        self, session: Session, account: SocialAccountRow, lease: str | None
    ) -> list[str]:
        """What waits for a slot of an account, the first ones first; none where none is free."""
        now, pace = self._now(), self.rules(account.channel).pace(account.platform)
        if account.state != schedules.CONNECTED:
            return []
        diary = self._diary(session, account, pace, now)
        if next(diary.free_slots(now + LEAD, now + pace.ahead), None) is None:
            return []
        waits = (
            QueuedPost(post_id, score, fresh or since, since)
            for post_id, score, since, fresh in schedules.queue(session, account, lease)
        )
        return [one.key for one in in_order(waits, pace.order, pace.half_life, now)]

    def _why_not(self, session: Session, account: SocialAccountRow, at: datetime) -> str:
        """Why posts of an account wait for a slot; the same words for as long as that is so."""
        if account.state != schedules.CONNECTED:
            return f"{account.name or account.account_id} is not connected: connect it again"
        stop = stops_at(self._stops(session, account.channel, account.platform), at)
        if stop is not None and stop.end is None:
            return "the channel is paused until somebody resumes it"
        days = self.rules(account.channel).pace(account.platform).ahead // timedelta(days=1)
        return f"no slot is free in the next {days} days: it gets one when its turn has come"

    def _diary(
        self,
        session: Session,
        account: SocialAccountRow,
        pace: PostingPace,
        since: datetime,
        *,
        without: str = "",
    ) -> Diary:
        now = self._now()
        rows = schedules.planned(session, [account.account_id], since - _REACH, without=without)
        found = [moment for row in rows if (moment := row.moment(now, pace.grace)) is not None]
        taken = {slot for row in rows if (slot := row.taken()) is not None}
        return Diary(pace, self._stops(session, account.channel, account.platform), found, taken)

    def _stops(self, session: Session, channel: str, platform: str) -> list[Stop]:
        return [
            Stop(row.at, row.until, row.reason)
            for row in schedules.pauses(session, [channel])
            if row.platform in ("", platform)
        ]


def held_double(session: Session, row: PostRow, words: str) -> None:
    """Hold a post that another account has already, until somebody decides which one goes.

    Args:
        session: of the transaction.
        row: locked; nothing of it was sent.
        words: which other post it is.
    """
    row.code, row.problem = ConflictKind.DUPLICATE.value, words
    row.at = row.slot = row.due_at = row.waits_until = None
    moved(session, row, PostState.HELD)
    tell_people(session, notice("post.held", row))
