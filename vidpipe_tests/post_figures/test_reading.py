"""Figures of posts, read of fakes whose posts are seen more every day."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from vidpipe.catalog.cost_tables import CostEntryRow
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import PostReadingRow, PostRow
from vidpipe.costs.accountant import Account
from vidpipe.library.publishing.figure_rules import first_reading, next_reading, own_time
from vidpipe.library.publishing.figures import FiguresOfPosts
from vidpipe.spending import Purchase
from vidpipe_fakes import Kind
from vidpipe_tests.post_figures.conftest import NAMES, START

FOR_EVER = (Kind.BROKEN, Kind.RATE, Kind.REVOKED)
SAYS_VIEWS = [name for name in NAMES if name != "linkedin"]


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_read_once_a_day_and_grow(world, name):
    row = world.post(name)
    world.read()
    assert world.days(row.post_id) == [] and world.fake(name).seen["statistics"] == 0
    due = world.due_at(row.post_id)
    assert START + timedelta(hours=1) <= due < START + timedelta(hours=25)
    for _ in range(3):
        world.to_the_next(row.post_id)
        world.read()
    days = world.days(row.post_id)
    assert len({day.day for day in days}) == len(days) == 3
    assert [day.at for day in days] == [due + timedelta(days=n) for n in range(3)]
    assert days[1].age_s == (due - START).total_seconds() + 86_400
    likes = [day.likes for day in days]
    assert likes == sorted(likes) and likes[-1] > 0
    if name in SAYS_VIEWS:
        assert days[0].views < days[1].views < days[2].views
    else:
        assert days[0].views is None
    assert (days[2].watch_s is not None) == (name in ("youtube", "instagram", "facebook"))
    # Each is asked for once a day, not once a look.
    asked = {"youtube": "videos_list"}.get(name, "statistics")
    assert world.fake(name).seen[asked] == 3
    with world.engine.catalog.session() as session:
        stored = session.get(PostRow, row.post_id)
    assert stored.figures_at == days[2].at and stored.due_at is None


def test_what_one_answer_lacks_the_other_has(world):
    row = world.post("youtube")
    world.fake("youtube").trouble("analytics", Kind.BROKEN, times=100)
    world.read()
    world.to_the_next(row.post_id)
    (day,) = world.days(row.post_id)
    assert day.views > 0 and day.watch_s is None


def test_units_of_youtube_are_reserved_and_booked(world):
    row = world.post("youtube")
    world.read()
    world.to_the_next(row.post_id)
    with world.engine.catalog.session() as session:
        entries = list(session.scalars(select(CostEntryRow)))
    (entry,) = [e for e in entries if e.service == "youtube"]
    assert entry.quantities == {"units": "1"} and entry.stage == "figures"
    assert world.fake("youtube").bill["youtube.units"] == 1


def test_without_quota_it_waits_for_the_reset_and_others_go_on(world):
    youtube, tiktok = world.post("youtube"), world.post("tiktok")
    world.read()
    world.now = max(world.due_at(youtube.post_id), world.due_at(tiktok.post_id))
    world.now = world.now.replace(hour=20) + timedelta(days=1)
    all_of_it = Purchase("youtube", "list", {"units": 10_000}, stated={})
    purse = world.engine.accountant.purse(Account(channel="default", stage="test"))
    purse.reserve(all_of_it).settle(all_of_it.most)
    world.read()
    found = FiguresOfPosts(world.engine).of(youtube.post_id)
    assert found.days == () and found.code == "quota_exhausted"
    assert "10000 units" in found.problem
    midnight = datetime(world.now.year, world.now.month, world.now.day, tzinfo=UTC)
    midnight += timedelta(days=1, hours=8)
    assert midnight <= found.next_at <= midnight + timedelta(minutes=30)
    assert world.fake("youtube").seen["videos_list"] == 0
    assert len(world.days(tiktok.post_id)) == 1
    world.to_the_next(youtube.post_id)
    assert len(world.days(youtube.post_id)) == 1
    assert FiguresOfPosts(world.engine).of(youtube.post_id).problem == ""


@pytest.mark.parametrize("name", ["youtube", "instagram", "x"])
def test_a_post_that_is_gone_is_noticed(world, name):
    row = world.post(name)
    world.read()
    world.to_the_next(row.post_id)
    world.vanish(row)
    world.to_the_next(row.post_id)
    assert world.reviewed == [row.post_id]
    assert len(world.days(row.post_id)) == 1
    assert FiguresOfPosts(world.engine).of(row.post_id).code == "gone"
    # The look that was asked for found it so.
    with world.engine.catalog.writing() as session:
        session.execute(update(PostRow).values(state=PostState.DELETED, standing=False))
    world.to_the_next(row.post_id)
    assert world.due_at(row.post_id) is None
    assert len(world.days(row.post_id)) == 1 and len(world.reviewed) == 1


@pytest.mark.parametrize("name", ["youtube", "tiktok", "facebook"])
def test_a_token_that_was_refused_is_renewed_once(world, name):
    row = world.post(name)
    world.read()
    world.fake(name).trouble("", Kind.EXPIRED)
    world.to_the_next(row.post_id)
    assert world.refreshed == [row.account_id]
    assert len(world.days(row.post_id)) == 1


def test_an_account_that_is_broken_is_no_failure_of_others(world):
    row, other = world.post("tiktok"), world.post("tiktok", "acc_tiktok_2")
    world.broken.add(row.account_id)
    world.read()
    world.days_on(2)
    found = FiguresOfPosts(world.engine).of(row.post_id)
    assert found.days == () and found.code == "account_broken"
    assert found.problem == "Connect the account again."
    assert len(world.days(other.post_id)) == 2
    world.broken.clear()
    world.days_on(1)
    assert FiguresOfPosts(world.engine).of(row.post_id).code == ""


@pytest.mark.parametrize("name", NAMES)
def test_whatever_goes_wrong_once_it_is_read_soon(world, name):
    # What is not here goes wrong for ever in the next test, or is like one of these.
    for kind in (Kind.REFUSED, Kind.LATE, Kind.CUT, Kind.MALFORMED, Kind.RATE_NAMED, Kind.QUOTA):
        row = world.post(name)
        world.reader.read_due()
        world.now = world.due_at(row.post_id)
        world.fake(name).trouble("", kind)
        world.read()
        first = FiguresOfPosts(world.engine).of(row.post_id)
        if not first.days:
            assert first.code and first.problem, kind
            assert first.next_at - world.now <= timedelta(hours=36), kind
            world.to_the_next(row.post_id)
        (day,) = world.days(row.post_id)
        assert day.likes is not None, kind
        # Others of before would be due at the same time as the next.
        with world.engine.catalog.writing() as session:
            session.execute(delete(PostReadingRow))
            session.execute(update(PostRow).values(state=PostState.DELETED, standing=False))
    assert world.reviewed == []


@pytest.mark.parametrize("name", ["youtube", "tiktok", "linkedin"])
def test_whatever_goes_wrong_for_ever_is_asked_for_rarely(world, name):
    for kind in FOR_EVER:
        row = world.post(name)
        world.fake(name).trouble("", kind, times=40)
        asked = len(world.fake(name).log)
        world.read()
        world.days_on(2)
        assert world.days(row.post_id) == [], kind
        # A quarter of an hour later, half an hour, ...; then on the next day.
        asked = len(world.fake(name).log) - asked
        assert 1 <= asked <= 40, (kind, asked)
        assert FiguresOfPosts(world.engine).of(row.post_id).problem, kind
        world.fake(name).forget_troubles()
        world.states.clear()
        with world.engine.catalog.writing() as session:
            session.execute(delete(PostReadingRow))
            session.execute(update(PostRow).values(state=PostState.DELETED, standing=False))


def test_several_workers_read_each_post_once(world):
    rows = [world.post(name) for name in ("tiktok", "x") for _ in range(20)]
    world.read()
    world.now += timedelta(hours=26)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.read(), range(4)))
    assert world.fake("tiktok").seen["statistics"] == world.fake("x").seen["statistics"] == 20
    assert all(len(world.days(row.post_id)) == 1 for row in rows)


@pytest.mark.logs_errors
def test_what_a_worker_left_is_read_by_another(world, monkeypatch):
    row = world.post("tiktok")
    world.read()
    world.now = world.due_at(row.post_id)
    monkeypatch.setattr(world, "opened", lambda row: 1 / 0)
    world.read()
    assert world.days(row.post_id) == []
    monkeypatch.undo()
    world.now += timedelta(minutes=6)
    world.read()
    assert len(world.days(row.post_id)) == 1


@pytest.mark.logs_errors
def test_what_always_fails_is_left_until_the_next_day(world, monkeypatch):
    row = world.post("tiktok")
    world.read()
    world.now = world.due_at(row.post_id)
    monkeypatch.setattr(world, "opened", lambda row: 1 / 0)
    for _ in range(12):
        world.read()
        world.now += timedelta(minutes=6)
    found = FiguresOfPosts(world.engine).of(row.post_id)
    assert found.code == "failed" and found.next_at - world.now > timedelta(hours=20)


def test_a_draft_is_asked_for_when_it_is_shown(world):
    row = world.post("tiktok")
    shown = world.states[row.post_id]
    world.states[row.post_id] = shown.having(post_id="")
    world.read()
    world.to_the_next(row.post_id)
    assert FiguresOfPosts(world.engine).of(row.post_id).code == "not_shown"
    world.states[row.post_id] = shown
    world.to_the_next(row.post_id)
    assert len(world.days(row.post_id)) == 1


def test_a_folder_says_nothing_and_is_not_asked(world, engine):
    row = world.post("tiktok")
    with engine.catalog.writing() as session:
        session.execute(update(PostRow).values(platform="folder"))
    world.read()
    found = FiguresOfPosts(engine).of(row.post_id)
    assert (found.code, found.next_at, found.days) == ("never_said", None, ())


def test_by_what_it_was_chosen_is_kept_from_the_first_reading_on(world):
    row = world.post("tiktok")
    world.factors[row.post_id] = {"score": 71.0, "hook": 80.0}
    world.read()
    world.to_the_next(row.post_id)
    world.factors[row.post_id] = {"score": 1.0}
    world.to_the_next(row.post_id)
    kept = world.engine.catalog.post_figures.reading(row.post_id)
    assert kept.factors == {"score": 71.0, "hook": 80.0}


# When


def test_old_posts_are_read_more_rarely_and_at_last_not_at_all():
    moment, read = first_reading("post_a", START), []
    while moment is not None:
        read.append(moment)
        moment = next_reading("post_a", START, moment)
    ages = [(at - START) / timedelta(days=1) for at in read]
    assert sum(age < 30 for age in ages) == 30
    assert 20 <= sum(30 <= age < 180 for age in ages) <= 23
    assert 17 <= sum(180 <= age < 730 for age in ages) <= 20
    assert ages[-1] < 760
    assert {at.time() for at in read} == {read[0].time()}


def test_what_is_read_late_is_read_at_its_own_time_again():
    due = first_reading("post_a", START)
    for late in range(0, 24 * 60, 7):
        at = due + timedelta(minutes=late)
        found = next_reading("post_a", START, at)
        assert found.time() == due.time()
        assert timedelta(hours=12) <= found - at <= timedelta(hours=36)


def test_posts_are_spread_over_the_day():
    hours = Counter(own_time(f"post_{n}") // timedelta(hours=1) for n in range(2400))
    assert len(hours) == 24 and min(hours.values()) > 60 and max(hours.values()) < 150
