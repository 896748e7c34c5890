"""A year of posts by a clock: three zones with both changes of theirs, two workers, outages.

What the schedule is held to here is reckoned from local clocks, by none of its own functions.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.posts import LEASE_S, moved
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe_tests.catalog.conftest import emptied
from vidpipe_tests.schedule.conftest import Clock, Planner, open_library

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BEGIN, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
#: Night hours are among the slots: those that clocks skip and repeat.
CHANNELS = """
channels:
  berlin:
    publishing:
      timezone: Europe/Berlin
      slots:
        - {times: ['02:30']}
        - {weekdays: [mon, tue, wed, thu, fri], times: ['12:00', '18:15']}
      per_day: 2
      spacing_minutes: 240
      quiet_days: [2026-12-24/2026-12-26, 2026-05-01]
      missed: next_slot
  york:
    publishing:
      timezone: America/New_York
      slots: [{times: ['01:30', '02:30', '09:00']}]
      per_day: 2
      spacing_minutes: 45
      quiet_days: [sun]
      missed: now
      order: score
      platforms: {youtube: {per_day: 1}}
  howe:
    publishing:
      timezone: Australia/Lord_Howe
      slots: [{times: ['01:45', '02:15', '20:00']}]
      per_day: 3
      spacing_minutes: 20
      missed: skip
      order: freshness
"""
#: As in CHANNELS: zone, times by weekday, spacing, posts a day, quiet days.
ZONES = {"berlin": "Europe/Berlin", "york": "America/New_York", "howe": "Australia/Lord_Howe"}
WEEKDAYS = range(5)
TIMES = {
    "berlin": {time(2, 30): range(7), time(12): WEEKDAYS, time(18, 15): WEEKDAYS},
    "york": dict.fromkeys((time(1, 30), time(2, 30), time(9)), range(7)),
    "howe": dict.fromkeys((time(1, 45), time(2, 15), time(20)), range(7)),
}
SPACING = {"berlin": 240 * MINUTE, "york": 45 * MINUTE, "howe": 20 * MINUTE}
PER_DAY = {"berlin": 2, "york": 2, "howe": 3}
#: Slots at times that the clock skips, and what they are in UTC: as much later as it goes forward.
SKIPPED = {
    "berlin": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    "howe": datetime(2026, 10, 3, 15, 45, tzinfo=UTC),
}
#: Slots at times that occur twice: their first occurrence.
REPEATED = {
    "berlin": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "howe": datetime(2026, 4, 4, 14, 45, tzinfo=UTC),
}
#: When nothing runs: weekends and a night, from Friday evening to Monday morning.
OUTAGES = (
    (datetime(2026, 3, 27, 17, tzinfo=UTC), datetime(2026, 3, 28, 5, tzinfo=UTC)),
    (datetime(2026, 6, 12, 17, tzinfo=UTC), datetime(2026, 6, 15, 7, tzinfo=UTC)),
    (datetime(2026, 9, 4, 17, tzinfo=UTC), datetime(2026, 9, 7, 7, tzinfo=UTC)),
    (datetime(2027, 1, 8, 17, tzinfo=UTC), datetime(2027, 1, 11, 7, tzinfo=UTC)),
)
#: Days on which several clips come at once.
RUSHES = {
    *(date(2026, 3, 5), date(2026, 3, 27), date(2026, 4, 4), date(2026, 6, 12), date(2026, 8, 2)),
    *(date(2026, 9, 4), date(2026, 10, 3), date(2026, 10, 23), date(2026, 10, 30)),
    *(date(2026, 12, 23), date(2027, 1, 8)),
}
PAUSE = (datetime(2026, 8, 3, 6, tzinfo=UTC), datetime(2026, 8, 6, 6, tzinfo=UTC))
GRACE = HOUR
#: Mornings on which clips come, and the beginning of the pause.
COMING = {BEGIN.date() + n * DAY for n in range(0, 345, 40)} | RUSHES
WATCHED = sorted([PAUSE[0], *(datetime.combine(day, time(6), tzinfo=UTC) for day in COMING)])


def quiet(channel: str, day: date) -> bool:
    if channel == "york":
        return day.weekday() == 6
    feasts = date(2026, 12, 24) <= day <= date(2026, 12, 26) or day == date(2026, 5, 1)
    return channel == "berlin" and feasts


def is_slot(channel: str, moment: datetime) -> bool:
    """Whether a moment is one that the channel's file names, by the clock on the wall there."""
    if moment == SKIPPED.get(channel):
        return True
    here = moment.astimezone(ZoneInfo(ZONES[channel]))
    # The second time that a clock says the same is no slot.
    return here.fold == 0 and here.weekday() in TIMES[channel].get(here.time(), ())


def down(moment: datetime) -> bool:
    return any(begin <= moment < end for begin, end in OUTAGES)


@dataclass(frozen=True)
class Sent:
    """A post that went out: what a platform would know of it."""

    post_id: str
    account_id: str
    channel: str
    slot: str | None
    planned: datetime
    at: datetime


@dataclass
class Year:
    """Two workers over one database, and a record of what they sent.

    Attributes:
        workers: each with a library of its own.
        sent: all that went out, in order.
        missed: posts whose moment went by while nothing ran, with that moment.
    """

    workers: list[Planner]
    clock: Clock
    chance: random.Random
    sent: list[Sent] = field(default_factory=list)
    missed: dict[str, datetime] = field(default_factory=dict)
    deaths: int = 0

    def arrive(self, accounts: dict[str, str]) -> None:
        """New clips, more of them in the days before clocks change and outages begin."""
        today = self.clock().date()
        number = 4 if today in RUSHES else int(today in COMING)
        for account_id, channel in accounts.items():
            for _ in range(number):
                recording = f"{account_id} {today} {self.chance.random()}"
                video_id = self.workers[0].video(channel, recording)
                score = float(self.chance.randint(20, 95))
                self.workers[0].post(account_id, video_id, score=score)

    def next_due(self) -> datetime:
        """When something is to be done next; at the latest in some days."""
        now = self.clock()
        with self.workers[0].library.engine.catalog.session() as session:
            due = session.scalar(select(func.min(PostRow.due_at)))
        known = [now + 5 * DAY, *(moment for moment in WATCHED if moment > now)]
        return min([*known, *([max(due, now + MINUTE)] if due is not None else [])])

    def work(self) -> None:
        """A turn of both workers, each step of the one between steps of the other."""
        now = self.clock()
        first, second = self.workers if self.chance.random() < 0.5 else self.workers[::-1]
        first.schedule.tend()
        if self.chance.random() < 0.3:
            second.schedule.tend()
        claimed = [(w, row) for w in (first, second) for row in w.posts.leases.claim(3)]
        asked = [(w, row, w.schedule.ask(row, now)) for w, row in claimed]
        for worker, row, wait in reversed(asked):
            if wait is not None:
                worker.posts.leases.settle(row, due_at=wait.at)
                continue
            if self.chance.random() < 0.05:
                # It died after it was let go and before it sent: another takes it over.
                self.deaths += 1
                continue
            self.send(worker, row, now)

    def send(self, worker: Planner, row: PostRow, now: datetime) -> None:
        def out(session, mine):
            mine.posted_at = now
            moved(session, mine, "posted")
            sent = Sent(mine.post_id, mine.account_id, mine.channel, mine.slot, mine.at, now)
            self.sent.append(sent)

        assert worker.posts.leases.settle(row, out)

    def note_missed(self, now: datetime) -> None:
        """What an outage that is over by now has had go by."""
        with self.workers[0].library.engine.catalog.session() as session:
            late = select(PostRow).where(PostRow.state == "scheduled", PostRow.at < now - GRACE)
            for row in session.scalars(late):
                self.missed.setdefault(row.post_id, row.at)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def year(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("year") / "home"
    clock = Clock(BEGIN)
    workers = []
    url = f"sqlite:///{home}/catalog.sqlite"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        Catalog(url).upgrade()
    for _ in range(2):
        library = open_library(home, url, CHANNELS)
        workers.append(Planner(library, clock, itertools.count(1 + 10**6 * len(workers))))
    accounts = {
        workers[0].account(channel, platform): channel
        for channel, platform in (
            *(("berlin", "youtube"), ("berlin", "tiktok")),
            *(("york", "youtube"), ("york", "instagram"), ("howe", "youtube")),
        )
    }
    found = Year(workers, clock, random.Random(24))
    arrived, was_down = BEGIN.date(), False
    while clock() < END:
        if clock().date() > arrived and clock().date() < date(2027, 1, 15):
            arrived = clock().date()
            found.arrive(accounts)
        if down(clock()):
            clock.at = next(end for begin, end in OUTAGES if begin <= clock() < end)
            was_down = True
            continue
        if was_down:
            found.note_missed(clock())
            was_down = False
        if PAUSE[0] <= clock() < PAUSE[1] and not workers[0].schedule.pauses(["berlin"]):
            workers[0].schedule.pause("berlin", "youtube", until=PAUSE[1], by="user:ada")
        found.work()
        clock.at = found.next_due()
    yield found
    if request.param == "postgres":
        emptied(workers[0].library.engine.catalog)
    for worker in workers:
        worker.library.engine.catalog.engine.dispose()


def rows(year):
    with year.workers[0].library.engine.catalog.session() as session:
        return list(session.scalars(select(PostRow)))


def test_more_than_a_hundred_posts_of_five_accounts_went_out(year):
    assert len(year.sent) > 150
    assert len({sent.account_id for sent in year.sent}) == 5
    assert year.deaths > 1


def test_none_went_out_twice_and_none_waits_for_ever(year):
    assert max(Counter(sent.post_id for sent in year.sent).values()) == 1
    ended = {row.post_id: row.state for row in rows(year)}
    assert {sent.post_id for sent in year.sent} == {p for p, s in ended.items() if s == "posted"}
    assert set(ended.values()) == {"posted", "cancelled"}


def test_none_went_out_outside_of_its_slot(year):
    for sent in year.sent:
        late = sent.at - sent.planned
        # Whoever took over from a worker that died waited for the end of its lease.
        assert timedelta(0) <= late <= GRACE + timedelta(seconds=LEASE_S), sent
        if sent.slot is not None:
            assert is_slot(sent.channel, sent.planned), sent
        else:
            # Only a channel that posts what was missed as soon as it may has others.
            assert (sent.channel, sent.post_id in year.missed) == ("york", True), sent


def test_no_slot_was_had_by_two(year):
    taken = Counter((sent.account_id, sent.planned) for sent in year.sent)
    assert max(taken.values()) == 1


def test_times_that_clocks_skip_and_repeat_had_their_posts(year):
    planned = {(sent.channel, sent.planned) for sent in year.sent}
    for channel, moment in (*SKIPPED.items(), *REPEATED.items()):
        assert (channel, moment) in planned, channel
    # Sundays are quiet there: the last posts before the changes are of Saturdays.
    york = {p.astimezone(ZoneInfo(ZONES[c])).date() for c, p in planned if c == "york"}
    assert york >= {date(2026, 3, 7), date(2026, 10, 31)}


def test_no_limit_was_passed(year):
    by_account: dict[str, list[Sent]] = {}
    for sent in year.sent:
        by_account.setdefault(sent.account_id, []).append(sent)
    for account_id, found in by_account.items():
        channel = found[0].channel
        zone = ZoneInfo(ZONES[channel])
        moments = sorted(sent.at for sent in found)
        gaps = [other - one for one, other in itertools.pairwise(moments)]
        assert min(gaps) >= SPACING[channel], account_id
        days = Counter(moment.astimezone(zone).date() for moment in moments)
        assert max(days.values()) <= PER_DAY[channel], account_id
        assert not any(quiet(channel, day) for day in days), account_id


def test_a_platform_with_a_limit_of_its_own_keeps_it(year):
    names = {row.post_id: row.platform for row in rows(year)}
    zone = ZoneInfo(ZONES["york"])
    days = Counter(
        sent.at.astimezone(zone).date()
        for sent in year.sent
        if (sent.channel, names[sent.post_id]) == ("york", "youtube")
    )
    assert max(days.values()) == 1


def test_nothing_went_out_while_paused_or_while_nothing_ran(year):
    names = {row.post_id: row.platform for row in rows(year)}
    for sent in year.sent:
        assert not down(sent.at)
        if (sent.channel, names[sent.post_id]) == ("berlin", "youtube"):
            assert not PAUSE[0] <= sent.at < PAUSE[1]


@pytest.mark.parametrize("channel", ["berlin", "york", "howe"])
def test_what_was_missed_went_by_the_rule_of_its_channel(year, channel):
    missed = {row.post_id: row for row in rows(year) if row.post_id in year.missed}
    missed = {key: row for key, row in missed.items() if row.channel == channel}
    assert len(missed) >= 2
    sent = {one.post_id: one for one in year.sent}
    for post_id, row in missed.items():
        back = min(end for _, end in OUTAGES if end > year.missed[post_id])
        if channel == "howe":
            assert (row.state, row.code, post_id in sent) == ("cancelled", "missed", False)
        elif channel == "berlin":
            assert sent[post_id].slot is not None
            assert sent[post_id].planned > year.missed[post_id]
        else:
            # As soon as the limits allow; one a day at one of its platforms.
            assert sent[post_id].slot is None
            assert back <= sent[post_id].at <= back + 6 * DAY
