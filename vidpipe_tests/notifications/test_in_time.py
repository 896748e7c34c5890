"""Every final failure is told within five minutes, by default: held with a clock of its own.

Whatever comes between is as long as it may be: what has chores runs them late, and targets are
slow to answer.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow, NoticeRow
from vidpipe.notifications.options import NotifyOptions
from vidpipe.notifications.words import NoticeMessage
from vidpipe_tests.notifications.conftest import BEGAN, Clock, Office, People, target

#: "100 % of terminal failures within 5 minutes".
WITHIN = timedelta(minutes=5)
#: Seconds after which a chore of `vidpipe worker` runs at the latest, and a sensor where there is
#: none: the time between two runs, and what chance adds to it.
WORKER_S, SENSOR_S = 2.0 * 1.1, 30.0
#: The longest that a target takes for its answer: Apprise waits 4 s for a connection and 4 s for
#: an answer.
ANSWER_S = 8.0


@dataclass
class SlowPeople(People):
    """Take their time, in which other things happen."""

    office: Office | None = None
    late: list[float] = field(default_factory=list)
    during: list = field(default_factory=list)

    def send(self, name: str, url: str, message: NoticeMessage) -> None:
        assert self.office is not None
        for happens in self.during:
            happens()
        self.during.clear()
        self.office.clock.forward(self.late.pop(0) if self.late else ANSWER_S)
        super().send(name, url, message)


def next_due(catalog: Catalog) -> datetime | None:
    found = []
    with catalog.session() as session:
        for table in (NoticeRow, NoticeGroupRow):
            found += session.query(table.due_at).filter(table.due_at.is_not(None)).all()
    return min((at for (at,) in found), default=None)


def told(catalog: Catalog) -> dict[str, int]:
    with catalog.session() as session:
        return {row.group_id: row.told for row in session.query(NoticeGroupRow)}


def simulate(office: Office, moments: list[tuple[float, str, str]], lates: list[float]) -> None:
    """Failures at these seconds; what is due is worked off as late as it may be."""
    people = office.people
    assert isinstance(people, SlowPeople)
    people.office = office
    late = itertools.cycle(lates or [WORKER_S])
    left = sorted(moments)
    happened: defaultdict[str, list[datetime]] = defaultdict(list)
    said: defaultdict[str, list[datetime]] = defaultdict(list)
    messages: defaultdict[str, list[datetime]] = defaultdict(list)

    def happen() -> None:
        _, cause, channel = left.pop(0)
        office.fail(cause=cause, channel=channel)
        happened[f"video.failed|{cause}|{channel}"].append(office.clock.at)

    notifier = office.notifier()
    while left or next_due(office.catalog) is not None:
        due = next_due(office.catalog)
        comes = BEGAN + timedelta(seconds=left[0][0]) if left else None
        if comes is not None and (due is None or comes <= due):
            office.clock.at = max(office.clock.at, comes)
            happen()
            continue
        assert due is not None
        office.clock.at = max(office.clock.at, due) + timedelta(seconds=next(late))
        while left and BEGAN + timedelta(seconds=left[0][0]) <= office.clock.at:
            happen()
        before = told(office.catalog)
        notifier.give()
        # One more while a message is on its way.
        people.during = [happen] if left and left[0][0] % 3 < 1 else []
        notifier.send()
        people.during = []
        for group, count in told(office.catalog).items():
            new = count - before.get(group, 0)
            said[group] += [office.clock.at] * new
            messages[group] += [office.clock.at] if new else []

    for group, moments_of in happened.items():
        assert len(said[group]) == len(moments_of), "each is told, and once"
        waits = [after - at for at, after in zip(moments_of, said[group], strict=True)]
        assert max(waits) <= WITHIN, (group, max(waits))
        between = [b - a for a, b in itertools.pairwise(messages[group])]
        least = timedelta(seconds=office.options.repeat_s - ANSWER_S)
        assert all(gap >= least for gap in between), (group, between)


def make_office(home, options: NotifyOptions | None = None) -> Office:
    catalog = Catalog(f"sqlite:///{home}/catalog.sqlite").ready()
    office = Office(catalog, Clock(), SlowPeople())
    office.options = options or NotifyOptions(targets={"ops": target()})
    return office


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A database that every example begins with."""
    home = tmp_path_factory.mktemp("in-time")
    Catalog(f"sqlite:///{home}/catalog.sqlite").ready().engine.dispose()
    return (home / "catalog.sqlite").read_bytes()


FAILURES = st.lists(
    st.tuples(
        st.floats(0, 900, allow_nan=False).map(lambda s: round(s, 1)),
        st.sampled_from(["unavailable", "worker_lost", "rejected:no_speech"]),
        st.sampled_from(["talks", "news"]),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=15)
@given(
    moments=FAILURES,
    lates=st.lists(st.sampled_from([0.0, 1.0, WORKER_S]), min_size=1, max_size=5),
    slow=st.lists(st.sampled_from([0.01, 2.0, ANSWER_S]), max_size=5),
)
def test_whenever_something_fails_it_is_told_in_time_and_once(
    tmp_path_factory, migrated, moments, lates, slow
):
    home = tmp_path_factory.mktemp("example")
    (home / "catalog.sqlite").write_bytes(migrated)
    office = make_office(home)
    with pytest.MonkeyPatch.context() as patch:
        office.clock.everywhere(patch)
        office.people.late = list(slow)
        simulate(office, moments, lates)
    office.catalog.engine.dispose()


@pytest.mark.parametrize("cadence_s", [WORKER_S, SENSOR_S])
def test_at_the_worst_moment_and_with_the_sensor_alone_it_is_in_time(tmp_path, cadence_s):
    office = make_office(tmp_path)
    first = 60.0 + 2 * cadence_s
    # Just after a message was made of what came before, and again and again.
    moments = [(0.0, "unavailable", "talks")]
    moments += [(first + n * 37.3, "unavailable", "talks") for n in range(20)]
    with pytest.MonkeyPatch.context() as patch:
        office.clock.everywhere(patch)
        simulate(office, moments, [cadence_s])
    assert len(office.people.heard) < 8


def test_with_longer_pauses_it_would_not_be(tmp_path):
    """The default is what holds it: the test sees where it is not held."""
    options = NotifyOptions(targets={"ops": target()}, repeat_s=600)
    office = make_office(tmp_path, options)
    moments = [(0.0, "unavailable", "talks"), (70.0, "unavailable", "talks")]
    with pytest.MonkeyPatch.context() as patch:
        office.clock.everywhere(patch)
        with pytest.raises(AssertionError, match="talks"):
            simulate(office, moments, [WORKER_S])


def test_what_is_critical_waits_for_nothing_else(tmp_path):
    office = make_office(tmp_path)
    office.people = People()
    with pytest.MonkeyPatch.context() as patch:
        office.clock.everywhere(patch)
        office.fail()
        from vidpipe.catalog.notices import Notice

        office.catalog.notices.add(Notice("worker.silent", "since noon", subject="worker"))
        office.clock.forward(WORKER_S)
        office.notifier().give()
        office.notifier().send()
    (message,) = [message for _, message in office.people.heard]
    assert message.level == NoticeLevel.CRITICAL
    # And takes with it what was gathered.
    assert "No worker is alive" in message.text and "A video was given up" in message.text
