"""When posts go out: slots, days, spacing, the order of a queue. Nothing here knows of rows.

Times of day are local. One that a change of the clock skips is taken with the offset before the
change, so that it lies as much later; one that occurs twice is its first occurrence. This is what
RFC 5545 (3.3.5) has calendars do. A slot is named by its moment in UTC: it has the same name in
every process, and a post keeps it when the rules change.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from vidpipe.channels.publishing import PostingPace, QueueOrder

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
Key = TypeVar("Key")


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A time of day as a moment in UTC, also where the clock skips or repeats it."""
    return datetime.combine(day, clock, tzinfo=zone).replace(fold=0).astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day of a zone that a moment is in."""
    return moment.astimezone(zone).date()


def day_begin(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC."""
    return moment_of(day, time(), zone)


def slot_name(moment: datetime) -> str:
    """What the slot at a moment is called."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def slot_moment(name: str) -> datetime:
    """The moment of the slot that is called this.

    Raises:
        ValueError: no slot is.
    """
    found = datetime.strptime(name, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    if slot_name(found) != name:
        raise ValueError(f"{name!r} is no name of a slot")
    return found


def occurrences(pace: PostingPace, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The slots from one moment to another (excluded), each once, in order; none on quiet days."""
    zone = pace.zone
    day, last = day_of(begin, zone) - _DAY, day_of(end, zone)
    spilled: list[datetime] = []
    while day <= last:
        clocks = pace.slots.get(day.weekday(), ())
        moments = [moment_of(day, clock, zone) for clock in clocks]
        # Where a change of the clock skips midnight, a slot is of the day after its own.
        here = {moment for moment in (*spilled, *moments) if day_of(moment, zone) == day}
        spilled = [moment for moment in moments if moment not in here]
        if not pace.quiet.hold(day):
            yield from (moment for moment in sorted(here) if begin <= moment < end)
        day += _DAY


class ConflictKind(StrEnum):
    """What of the schedule speaks against a moment.

    Attributes:
        PAST: it is over.
        TAKEN: another post of the account has it.
        SPACING: another post of the account is too near.
        PER_DAY: the account has as many posts on this day as it may have.
        QUIET_DAY: nothing is posted on this day.
        PAUSED: the channel posts nothing then.
        DUPLICATE: another channel posts the same there.
    """

    PAST = "past"
    TAKEN = "taken"
    SPACING = "spacing"
    PER_DAY = "per_day"
    QUIET_DAY = "quiet_day"
    PAUSED = "paused"
    DUPLICATE = "duplicate"


#: Those that nobody can say no to.
FIRM = frozenset({ConflictKind.PAST, ConflictKind.TAKEN, ConflictKind.DUPLICATE})


@dataclass(frozen=True)
class Conflict:
    """Something that speaks against posting at a moment, in words for a person."""

    kind: ConflictKind
    words: str

    @property
    def firm(self) -> bool:
        """Whether it stands even where a person wants it otherwise."""
        return self.kind in FIRM


@dataclass(frozen=True)
class Stop:
    """A time during which nothing is posted; without an end until somebody ends it."""

    begin: datetime
    end: datetime | None = None
    reason: str = ""

    def hold(self, moment: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.begin <= moment and (self.end is None or moment < self.end)


@dataclass
class Diary:
    """When an account posts and posted, and what that leaves free.

    Attributes:
        pace: the rules.
        stops: pauses of its channel or platform.
        moments: of the account's posts, in order.
        taken: of posts that nobody sees then: a second one cannot have them.
    """

    pace: PostingPace
    stops: Sequence[Stop] = ()
    moments: list[datetime] = field(default_factory=list)
    taken: Collection[datetime] = ()
    _days: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given, self.moments = sorted(self.moments), []
        for moment in given:
            self.add(moment)

    def add(self, moment: datetime) -> None:
        """Have a post at a moment."""
        insort(self.moments, moment)
        day = day_of(moment, self.pace.zone)
        self._days[day] = self._days.get(day, 0) + 1

    def near(self, moment: datetime) -> datetime | None:
        """A post at the moment, or less than the spacing away; the nearest."""
        at = bisect_left(self.moments, moment)
        around = self.moments[max(0, at - 1) : at + 1]
        close = [
            (abs(other - moment), other)
            for other in around
            if other == moment or abs(other - moment) < self.pace.spacing
        ]
        return min(close)[1] if close else None

    def full(self, day: date) -> bool:
        """Whether the account has as many posts on a day as it may have."""
        return self._days.get(day, 0) >= self.pace.per_day

    def free(self, moment: datetime) -> bool:
        """Whether nothing speaks against a post at a moment to come."""
        day = day_of(moment, self.pace.zone)
        return not (
            self.pace.quiet.hold(day)
            or self.full(day)
            or moment in self.taken
            or self.near(moment) is not None
            or any(stop.hold(moment) for stop in self.stops)
        )

    def conflicts(self, moment: datetime, now: datetime) -> tuple[Conflict, ...]:
        """All that speaks against a post at a moment."""
        zone, found = self.pace.zone, []
        day = day_of(moment, zone)

        def said(kind: ConflictKind, words: str) -> None:
            found.append(Conflict(kind, words))

        if moment < now - _MINUTE:
            said(ConflictKind.PAST, f"{told(moment, zone)} is over")
        other = self.near(moment)
        if other == moment or moment in self.taken:
            said(ConflictKind.TAKEN, f"the account has another post at {told(moment, zone)}")
        elif other is not None:
            gap = self.pace.spacing / _MINUTE
            words = f"another post of the account is at {told(other, zone)}"
            said(ConflictKind.SPACING, f"{words}: {gap:g} minutes are to be between two")
        if self.full(day):
            most = self.pace.per_day
            words = f"the account has {self._days[day]} posts on {day:%A, %d %B %Y}"
            said(ConflictKind.PER_DAY, f"{words}, and may have {most} a day")
        if self.pace.quiet.hold(day):
            said(ConflictKind.QUIET_DAY, f"{day:%A, %d %B %Y} is a quiet day of the channel")
        for stop in self.stops:
            if stop.hold(moment):
                until = f"until {told(stop.end, zone)}" if stop.end else "until somebody resumes it"
                why = f" ({stop.reason})" if stop.reason else ""
                said(ConflictKind.PAUSED, f"the channel is paused {until}{why}")
        return tuple(found)

    def free_slots(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """The slots that a post could have, as the diary is when each is asked for."""
        return (slot for slot in occurrences(self.pace, begin, end) if self.free(slot))

    def earliest(self, now: datetime, until: datetime) -> datetime | None:
        """The first moment for a post, whatever the slots; None: none before the other one."""
        days, day = [], day_of(now, self.pace.zone)
        while day_begin(day, self.pace.zone) < until:
            day += _DAY
            days.append(day_begin(day, self.pace.zone))
        # What is free begins now, or where something ends that spoke against a moment.
        behind = [moment + max(self.pace.spacing, _MINUTE) for moment in self.moments]
        ends = [stop.end for stop in self.stops if stop.end is not None]
        for found in sorted({now, *behind, *days, *ends}):
            if now <= found < until and self.free(found):
                return found
        return None


@dataclass(frozen=True)
class QueuedPost(Generic[Key]):
    """A post that waits for a slot.

    Attributes:
        key: names it.
        score: of its clip, 0 to 100.
        fresh_at: when its recording came in.
        since: since when it waits.
    """

    key: Key
    score: float
    fresh_at: datetime
    since: datetime


def in_order(
    queue: Iterable[QueuedPost[Key]], order: QueueOrder, half_life: timedelta, now: datetime
) -> list[QueuedPost[Key]]:
    """A queue, what comes first at its beginning; of equals what waits longest."""

    def worth(item: QueuedPost[Key]) -> float:
        if order is QueueOrder.SCORE:
            return item.score
        if order is QueueOrder.FRESHNESS:
            return item.fresh_at.timestamp()
        age = max(timedelta(0), now - item.fresh_at) / half_life
        # 0.5 to the power of thousands is 0: two such have an order all the same.
        return item.score * math.pow(0.5, min(age, 900.0))

    return sorted(queue, key=lambda item: (-worth(item), item.since, str(item.key)))


def assign(
    queue: Iterable[QueuedPost[Key]],
    diary: Diary,
    begin: datetime,
    end: datetime,
    passes: Callable[[Key], bool] = lambda _: True,
) -> dict[Key, datetime]:
    """Slots for a queue that is in order, one each; the diary has them then.

    Args:
        queue: what waits.
        diary: of the account.
        begin: the first slot is not before.
        end: the last is before.
        passes: whether one may have a slot at all; asked of those that would get one.
    """
    given: dict[Key, datetime] = {}
    free = diary.free_slots(begin, end)
    found = next(free, None)
    for item in queue:
        if found is None:
            break
        if passes(item.key):
            diary.add(found)
            given[item.key] = found
            found = next(free, None)
    return given


def was_missed(at: datetime, pace: PostingPace, now: datetime) -> bool:
    """Whether a post that nothing was done for yet is too late by now."""
    return now - at > pace.grace


def overlap_s(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Seconds that two spans of one recording have in common."""
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def told(moment: datetime, zone: ZoneInfo) -> str:
    """A moment for a person who is in a zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def stops_at(stops: Collection[Stop], moment: datetime) -> Stop | None:
    """The pause that holds longest of those that hold at a moment."""
    holding = [stop for stop in stops if stop.hold(moment)]
    if not holding:
        return None
    return max(holding, key=lambda stop: (stop.end is None, stop.end or moment))
