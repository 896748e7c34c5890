"""Posts that wait for a budget go on by themselves: once it is raised, set, or begins anew."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.costs.budgets import BudgetScope, Period
from vidpipe.errors import Unavailable
from vidpipe_tests.posts.scene import START

PRICE = Decimal("0.015")
WHOSE = (BudgetScope.CHANNEL, "default", Period.DAY)
DAY = timedelta(days=1)


def ten_posts(open_posts, **more):
    """Ten posts on X, where a post costs, and money for four."""
    rules = "spacing_minutes: 0, per_day: 100, duplicates: allow"
    scene = open_posts("x", publishing_rules=rules, **more)
    scene.library.engine.accountant.clock = scene.clock
    scene.library.spending.set_budget(*WHOSE, soft=None, hard=4 * PRICE, by="user:ada")
    scene.fakes["x"].forgets_duplicates = True
    accounts = [scene.account("x", number) for number in range(1, 6)]
    for account in accounts:
        for clip in ("c1", "c2"):
            scene.make(account, clip)
    return scene


@pytest.fixture
def ten(open_posts):
    return ten_posts(open_posts)


def posts(scene):
    with scene.library.engine.catalog.session() as session:
        return list(session.scalars(select(PostRow).order_by(PostRow.post_id)))


def standing(scene):
    return sorted((post.state, post.code) for post in posts(scene))


def work_today(scene):
    """All that is due before the day is over."""
    for _ in range(400):
        moment = scene.due()
        if moment is None or moment >= START.replace(hour=0) + DAY * (days(scene) + 1):
            return
        scene.clock.now = max(scene.clock.now, moment)
        scene.work()
    raise AssertionError(f"no end: {scene.states()}")


def days(scene):
    return (scene.clock.now - START.replace(hour=0)).days


def test_four_are_posted_six_wait_and_a_raise_has_them_go_on_at_once(open_posts, database_url):
    ten = ten_posts(open_posts, database_url=database_url)
    work_today(ten)
    assert standing(ten) == [("posted", "")] * 4 + [("posting", "budget_exceeded")] * 6
    midnight = START.replace(hour=0) + DAY
    assert {p.due_at for p in posts(ten) if p.code} == {midnight}
    raised = {"amount": 5 * PRICE, "reason": "a launch", "by": "user:ada"}
    ten.library.spending.raise_budget(*WHOSE, **raised)
    assert not [p for p in posts(ten) if p.code] and ten.due() <= ten.clock.now
    work_today(ten)
    assert standing(ten) == [("posted", "")] * 9 + [("posting", "budget_exceeded")]
    assert len(ten.fakes["x"].posts) == 9


def test_at_the_turn_of_the_day_they_go_on(ten):
    work_today(ten)
    assert len(ten.fakes["x"].posts) == 4
    for many in (8, 10):
        # Only the time goes on: nobody raises anything.
        ten.clock.now = START.replace(hour=0) + DAY * (days(ten) + 1)
        work_today(ten)
        assert len(ten.fakes["x"].posts) == many
    assert standing(ten) == [("posted", "")] * 10
    spent = ten.library.spending.of_video(posts(ten)[0].video_id)
    assert spent.outside == 10 * PRICE


def test_a_budget_that_is_raised_while_a_post_is_refused_is_not_missed(ten, monkeypatch):
    work_today(ten)
    [first, *_] = [post for post in posts(ten) if post.code]
    refused = ten.driver._steps._unpaid

    def late(*given):
        """Somebody raises it after the refusal, before it is written down."""
        raised = {"amount": PRICE, "reason": "a launch", "by": "user:ada"}
        monkeypatch.undo()
        ten.library.spending.raise_budget(*WHOSE, **raised)
        return refused(*given)

    with ten.library.engine.catalog.writing() as session:
        session.get_one(PostRow, first.post_id).due_at = ten.clock.now
    monkeypatch.setattr(ten.driver._steps, "_unpaid", late)
    ten.work()
    assert ten.row(first.post_id).due_at == ten.clock.now + timedelta(seconds=1)
    work_today(ten)
    assert len(ten.fakes["x"].posts) == 5


@pytest.mark.parametrize("begun", [False, True], ids=["new", "begun"])
def test_what_goes_on_before_its_month_is_over_is_given_up_as_soon_as_others(
    open_posts, monkeypatch, begun
):
    scene = open_posts("x")
    month = (BudgetScope.CHANNEL, "default", Period.MONTH)
    scene.library.spending.set_budget(*month, soft=None, hard=Decimal(0), by="user:ada")
    post = scene.make(scene.account("x"))
    if begun:
        # It has its upload, and dies.
        scene.dies, scene.dies_at = "after", 1
        scene.work()
    for _ in range(20):
        if scene.row(post.post_id).code == "budget_exceeded":
            break
        scene.clock.now = max(scene.clock.now, scene.due())
        scene.work()
    assert scene.due() == START.replace(month=12, day=1, hour=0)
    scene.library.spending.set_budget(*month, soft=None, hard=Decimal(1), by="user:ada")
    raised_at = scene.clock.now

    def away(account_id, **_):
        raise Unavailable("X gives no tokens for the moment", retry_after_s=60)

    monkeypatch.setattr(scene.posts.accounts, "token", away)
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert found.state == "failed" and "post it again" in found.problem
    assert scene.clock.now - raised_at < timedelta(days=3, hours=1)
