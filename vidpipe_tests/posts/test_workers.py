"""Two workers over one catalog, each with connections of its own: nothing is posted twice."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from vidpipe.catalog.post_states import PostState
from vidpipe.library import AlreadyPosted
from vidpipe_fakes import Kind
from vidpipe_tests.posts.scene import START, shown

FAKES = ("webhook", "youtube", "facebook")


def run_beside(scenes) -> None:
    """Have the chore of each run at the same time; one that dies leaves what it had."""
    begun = threading.Barrier(len(scenes))

    def run(scene) -> None:
        begun.wait()
        asyncio.run(scene.driver.work())

    threads = [threading.Thread(target=run, args=(scene,)) for scene in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_two_workers_of_which_one_dies_again_and_again_post_once(open_posts, database_url):
    one = open_posts(*FAKES, database_url=database_url)
    two = open_posts(database_url=database_url)
    accounts = [*(one.account("webhook", n) for n in (1, 2, 3)), one.account("youtube")]
    accounts.append(one.account("facebook"))
    posts = [one.make(account, clip).post_id for account in accounts for clip in ("c1", "c2")]
    chance = random.Random(5)
    for fake in one.fakes.values():
        fake.trouble("", Kind.LOST, skip=2)
        fake.trouble("", Kind.BROKEN, skip=5)
    for _ in range(200):
        moment = one.due()
        if moment is None:
            break
        one.clock.now = max(one.clock.now, moment)
        two.calls, two.dies = 0, chance.choice(["before", "after"])
        two.dies_at = chance.randrange(4)
        run_beside([one, two])
    found = [one.posts.get(post_id) for post_id in posts]
    assert [(p.platform, p.problem) for p in found if p.state != PostState.POSTED] == []
    assert [shown(one.fakes[name]) for name in FAKES] == [6, 2, 2]
    # Nothing was left behind unseen either.
    assert len(one.fakes["youtube"].videos) == 2


def test_a_worker_that_lost_its_post_lets_go_of_the_request_and_writes_nothing(
    open_posts, database_url
):
    one = open_posts("webhook", database_url=database_url)
    two = open_posts(database_url=database_url)
    post = one.make(one.account("webhook")).post_id
    (row,) = one.posts.rows.leases.claim()
    # Its lease ended: another took it, and posted.
    one.clock.now = row.due_at
    assert two.work()
    assert two.posts.get(post).state == "posted"
    before = two.row(post).remote

    async def late() -> None:
        async with one.client() as client:
            await one.driver.drive(client, row)

    asyncio.run(late())
    assert one.calls == 0 and shown(one.fakes["webhook"]) == 1
    assert two.row(post).remote == before


def test_a_machine_that_slept_before_a_request_does_not_make_it(open_posts, monkeypatch):
    scene = open_posts("webhook")
    other = open_posts()
    post = scene.make(scene.account("webhook")).post_id
    real = type(scene.driver)._ask

    async def asleep(self, client, asked):
        if self is scene.driver:
            # Everything is saved; then the lid is shut, and another machine goes on with it.
            scene.clock.now = asked.row.due_at
            await asyncio.to_thread(other.drive)
        return await real(self, client, asked)

    monkeypatch.setattr(type(scene.driver), "_ask", asleep)
    scene.work()
    assert scene.calls == 0 and other.calls == 1
    assert shown(scene.fakes["webhook"]) == 1 and other.posts.get(post).state == "posted"


def test_a_lease_is_renewed_while_a_request_goes_on(open_posts, monkeypatch):
    scene = open_posts("webhook")
    monkeypatch.setattr("vidpipe.library.publishing.driver._RENEW_S", 0.01)
    post = scene.make(scene.account("webhook")).post_id
    ends = []
    real = scene.posts.rows.leases.extend

    def extend(row):
        scene.clock.now += scene.posts.rows.leases._lease / 4
        ends.append(row.due_at)
        return real(row)

    monkeypatch.setattr(scene.posts.rows.leases, "extend", extend)
    slow = type(scene.driver)._perform

    async def perform(self, client, asked):
        while len(ends) < 5:
            await asyncio.sleep(0.01)
        return await slow(self, client, asked)

    monkeypatch.setattr(type(scene.driver), "_perform", perform)
    scene.work()
    assert scene.posts.get(post).state == "posted" and len(set(ends)) >= 5


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_receiver_is_told_of_no_post_that_was_cancelled(open_posts, dies):
    scene = open_posts("webhook")
    post = scene.make(scene.account("webhook")).post_id
    scene.dies, scene.dies_at = dies, 0
    scene.work()
    # Whether the request was taken is not known: whoever made it is gone before it could say so.
    assert scene.posts.cancel(post).state == "posting"
    lease_ends = scene.row(post).due_at
    assert lease_ends > scene.clock.now
    scene.drive()
    found = scene.posts.get(post)
    assert found.state == "uncertain" and "taken back" in found.problem
    assert shown(scene.fakes["webhook"]) == (dies == "after") and scene.calls == 1


def test_of_two_who_make_a_post_of_one_clip_at_once_one_is_told_so(open_posts, fresh_postgres_url):
    url = fresh_postgres_url()
    one = open_posts("youtube", database_url=url)
    two = open_posts(database_url=url)
    account = one.account("youtube")
    one.approve()
    catalog, place = one.library.engine.catalog, one.posts.schedule.place
    made, refused, begun = [], [], threading.Event()

    def with_a_moment() -> None:
        begun.wait(60)
        try:
            two.make(account, at_once=False, at=START + timedelta(days=1))
        except Exception as error:
            refused.append(error)

    def once_the_other_waits(post_id: str) -> None:
        """The post is made, and kept by nobody else yet."""
        begun.set()
        waits = text(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        until = time.monotonic() + 60
        with catalog.engine.connect() as connection:
            while not refused and time.monotonic() < until:
                if connection.execute(waits).scalar_one():
                    break
                connection.rollback()
        place(post_id)

    one.posts.schedule.place = once_the_other_waits
    other = threading.Thread(target=with_a_moment)
    other.start()
    try:
        with catalog.as_one() as unit:
            made.append(one.make(account, at_once=False))
            catalog.commit(unit)
    finally:
        begun.set()
        other.join(60)
    assert [type(error) for error in refused] == [AlreadyPosted]
    assert one.posts.get(made[0].post_id).at is not None
