"""Some days of posts, of free slots and of pauses, as a calendar shows them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from vidpipe.catalog import schedules
from vidpipe.catalog.publishing_tables import PublishingPauseRow
from vidpipe.library.errors import Refused
from vidpipe.library.publishing.limits import ScheduleLimits
from vidpipe.library.publishing.schedule_views import (
    CalendarPost,
    CalendarSlot,
    CalendarView,
    PublishingPauseView,
)
from vidpipe.publishing.schedule import Diary, Stop, slot_name

MOST_DAYS = 62
_MOST_POSTS = 5000
_MOST_SLOTS = 5000
#: Days of posts that a day or a spacing of the rules can reach.
_REACH = timedelta(days=9)


def read_calendar(
    schedule: ScheduleLimits,
    channels: Collection[str],
    first: datetime,
    last: datetime,
    now: datetime,
) -> CalendarView:
    """See `Schedule.calendar`."""
    if first.tzinfo is None or last.tzinfo is None:
        raise Refused("from and to: with a time zone, such as 2026-03-01T00:00:00Z")
    if not timedelta(0) < last - first <= timedelta(days=MOST_DAYS):
        raise Refused(f"to: after from, and at most {MOST_DAYS} days")
    if not 1971 <= first.year <= last.year <= 9000:
        raise Refused("from and to: between 1971 and 9000")
    begin = max(first, now)
    catalog = schedule.engine.catalog
    with catalog.session() as session:
        rows = schedules.calendar_rows(session, channels, first, last, _MOST_POSTS + 1)
        paused = [
            row
            for row in schedules.pauses(session, channels)
            if row.at < last and (row.until is None or row.until > max(first, now))
        ]
        accounts = schedules.connected(session, channels) if begin < last else []
        names = [account.account_id for account in accounts]
        planned = schedules.planned(session, names, begin - _REACH, last + _REACH) if names else []
    moments: dict[str, list[datetime]] = {}
    taken: dict[str, set[datetime]] = {}
    paces = {a.account_id: schedule.rules(a.channel).pace(a.platform) for a in accounts}
    for one in planned:
        moment = one.moment(now, paces[one.account_id].grace)
        if moment is not None:
            moments.setdefault(one.account_id, []).append(moment)
        if (slot := one.taken()) is not None:
            taken.setdefault(one.account_id, set()).add(slot)
    slots = []
    for account in accounts:
        stops = [
            Stop(row.at, row.until)
            for row in paused
            if row.channel == account.channel and row.platform in ("", account.platform)
        ]
        name = account.account_id
        diary = Diary(paces[name], stops, moments.get(name, []), taken.get(name, ()))
        slots += [
            CalendarSlot(
                at=at,
                slot=slot_name(at),
                channel=account.channel,
                platform=account.platform,
                account_id=account.account_id,
            )
            for at in diary.free_slots(begin + timedelta(minutes=1), last)
        ]
    slots.sort(key=lambda slot: (slot.at, slot.account_id))
    zones = {schedule.rules(channel).timezone for channel in channels}
    return CalendarView(
        zone=zones.pop() if len(zones) == 1 else "UTC",
        posts=tuple(CalendarPost(**vars(row)) for row in rows[:_MOST_POSTS]),
        slots=tuple(slots[:_MOST_SLOTS]),
        pauses=tuple(pause_view(row) for row in paused),
        more=len(rows) > _MOST_POSTS or len(slots) > _MOST_SLOTS,
    )


def pause_view(row: PublishingPauseRow) -> PublishingPauseView:
    """A pause as programs see it."""
    return PublishingPauseView(
        channel=row.channel,
        platform=row.platform or None,
        reason=row.reason,
        by=row.by,
        at=row.at,
        until=row.until,
    )
