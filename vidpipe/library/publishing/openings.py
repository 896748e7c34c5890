"""When platforms show what they were told to show later: also there a pause and quiet days hold."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from vidpipe.catalog import schedules
from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.channels.publishing import MissedRule
from vidpipe.library.publishing.limits import LEAD, ScheduleLimits
from vidpipe.library.publishing.schedule_views import PostWait
from vidpipe.publishing.schedule import ConflictKind, day_begin, day_of, stops_at, told, was_missed

#: When it is looked again whether a channel was resumed, or a slot is free.
_AGAIN = timedelta(hours=1)
#: How far ahead a post is put that is shown as soon as it may.
_SOON = timedelta(days=62)


class ScheduleOpenings(ScheduleLimits):
    """Says when a platform may show a post that it was to show later."""

    def held_back(self, row: PostRow, now: datetime) -> PostWait | None:
        """Why a platform may not be told to show a post at its time; None: it may."""
        if row.opens_at is None:
            return None
        with self.engine.catalog.session() as session:
            return self._held_back(session, row, row.opens_at, now)

    def _held_back(
        self, session: Session, row: PostRow, opens: datetime, now: datetime
    ) -> PostWait | None:
        pace = self.rules(row.channel).pace(row.platform)
        moment = max(opens, now)
        stop = stops_at(self._stops(session, row.channel, row.platform), moment)
        if stop is not None:
            until = f"until {told(stop.end, pace.zone)}" if stop.end else "until somebody resumes"
            why = f" ({stop.reason})" if stop.reason else ""
            words = f"the channel is paused {until}{why}: its platform does not show it before"
            return PostWait(stop.end or now + _AGAIN, "paused", words)
        day = day_of(moment, pace.zone)
        if pace.quiet.hold(day) and not row.pinned:
            words = f"{told(moment, pace.zone)} is on a quiet day: its platform does not show it"
            tomorrow = day_begin(day + timedelta(days=1), pace.zone)
            return PostWait(tomorrow, ConflictKind.QUIET_DAY.value, words)
        return None

    def opening(self, row: PostRow, now: datetime) -> PostWait | datetime | None:
        """When its platform is to show a post that was kept back.

        Where its time is over, the channel's rule for what was missed gives it another.

        Args:
            row: as it was claimed.
            now: this moment.

        Returns:
            A moment; one that is over means now. A wait: not yet, and why. None: never, as the
            channel skips what was missed.
        """
        with self.engine.catalog.writing() as session:
            account = schedules.locked_account(session, row.account_id)
            mine = schedules.locked_post(session, row.post_id)
            if account is None or mine is None or mine.opens_at is None:
                return now
            opens = mine.opens_at
            wait = self._held_back(session, mine, opens, now)
            pace = self.rules(mine.channel).pace(mine.platform)
            if wait is not None or opens > now or not was_missed(opens, pace, now):
                return wait or opens
            if pace.missed is MissedRule.SKIP:
                return None
            return self._another(session, account, mine, now)

    def _another(
        self, session: Session, account: SocialAccountRow, row: PostRow, now: datetime
    ) -> PostWait | datetime:
        pace = self.rules(row.channel).pace(row.platform)
        diary = self._diary(session, account, pace, now, without=row.post_id)
        if pace.missed is MissedRule.NOW:
            found = diary.earliest(now, now + _SOON)
        else:
            found = next(diary.free_slots(now + LEAD, now + pace.ahead), None)
        if found is None:
            return PostWait(now + _AGAIN, "no_slot", self._why_not(session, account, now))
        row.opens_at = found
        row.changes = {**row.changes, "publish_at": found.isoformat()}
        session.flush()
        return found
