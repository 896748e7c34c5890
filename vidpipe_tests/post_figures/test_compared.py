"""Posts beside each other: which factors of the score went with views."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.post_figures import PostFigureRows, write
from vidpipe.catalog.publishing_tables import PostReadingRow, PostRow, SocialAccountRow
from vidpipe.library.errors import Refused
from vidpipe.library.publishing.post_analytics import (
    LEAST_CLIPS,
    FactorSays,
    PostStatistics,
    views_at,
)
from vidpipe.library.publishing.ranking import ranks, standing, together
from vidpipe_tests.post_figures.conftest import START

WEEK = timedelta(days=7)
NOW = START + timedelta(days=40)


@st.composite
def pairs(draw):
    count = draw(st.integers(4, 40))
    numbers = st.integers(0, 12)
    return [draw(st.lists(numbers, min_size=count, max_size=count)) for _ in range(2)]


@settings(max_examples=20)
@given(pairs())
def test_the_correlation_is_scipy_s(pair):
    from scipy import stats

    first, second = pair
    found = together(standing(first), standing(second), len(first))
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found is None
        return
    assert found.value == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-9)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert ranks(first) == list(stats.rankdata(first))


def test_of_two_that_have_nothing_in_common_it_says_so():
    """Nineteen times of twenty: that is what the bounds promise."""
    made = random.Random(3)
    wrong = 0
    for _ in range(400):
        first, second = ([made.random() for _ in range(25)] for _ in range(2))
        found = together(standing(first), standing(second), 25)
        wrong += not found.low <= 0 <= found.high
    assert 5 <= wrong <= 35


# Views at an age

HOUR = 3600


@pytest.mark.parametrize(
    ("near", "views"),
    [
        ([], None),
        ([(6 * 24 * HOUR, 600)], None),
        ([(6 * 24 * HOUR, 600), (8 * 24 * HOUR, 800)], 700),
        ([(6 * 24 * HOUR, 600), (7 * 24 * HOUR, 650), (8 * 24 * HOUR, 800)], 650),
        ([(8 * 24 * HOUR, 800), (9 * 24 * HOUR, 900)], None),
        # A platform takes views back that were none.
        ([(6 * 24 * HOUR, 600), (8 * 24 * HOUR, 500)], 550),
    ],
)
def test_views_at_seven_days(near, views):
    assert views_at(near, WEEK) == views


def test_of_a_young_post_the_beginning_is_known():
    assert views_at([(36 * HOUR, 300)], timedelta(days=1)) == 200


# Factors


class Shelf:
    """Posts with readings of every day."""

    def __init__(self, catalog):
        self.catalog, self.count = catalog, 0

    def account(self, account_id, channel="default", platform="tiktok"):
        with self.catalog.writing() as session:
            session.add(
                SocialAccountRow(
                    account_id=account_id,
                    channel=channel,
                    platform=platform,
                    remote_id=account_id,
                    name=account_id.title(),
                    state="connected",
                    scopes=[],
                    connected_by="test",
                )
            )

    def post(self, account_id, views, factors, *, at=START, clip=None, days=(6.5, 7.5, 20.0)):
        self.count += 1
        with self.catalog.writing() as session:
            account = session.get(SocialAccountRow, account_id)
            row = PostRow(
                post_id=f"post_{self.count:04}", channel=account.channel, video_id="v",
                clip_id=clip or f"clip{self.count}", platform=account.platform,
                account_id=account_id, fingerprint="f", state="posted", changes={},
                score=factors["score"], created_by="test", posted_at=at, url="https://x.test/1",
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.add(PostReadingRow(post_id=row.post_id, factors=factors))
            for age in days:
                figures = {"views": int(views * age / 7), "likes": 3, "watch_s": 2.5}
                write(session, row, at + timedelta(days=age), figures)
        return row


@pytest.fixture(params=["sqlite", "postgres"])
def shelf(request, migrated, tmp_path):
    if request.param == "postgres":
        catalog = Catalog(request.getfixturevalue("postgres_url"))
        catalog.upgrade()
    else:
        catalog = request.getfixturevalue("engine").catalog
    yield Shelf(catalog)
    with catalog.writing() as session:
        for table in ("post_figures", "post_readings", "posts", "social_accounts"):
            session.execute(text(f"DELETE FROM {table}"))
    catalog.engine.dispose()


def asked(shelf, channels=("default",), **fields):
    class Engine:
        catalog = shelf.catalog

    fields = {"last": NOW.date(), **fields}
    return PostStatistics(Engine()).of(channels, **fields)


def by_factor(found):
    return {one.factor: one for one in found.factors}


def test_a_factor_that_went_with_views_is_found(shelf):
    made = random.Random(1)
    shelf.account("small")
    shelf.account("large", platform="youtube")
    for n in range(40):
        hook, closure = made.uniform(20, 90), made.uniform(20, 90)
        # The large account has a hundred times the views, and worse hooks.
        large = n % 2
        views = (hook + made.uniform(-15, 15)) * (1000 if large else 10)
        factors = {"score": 60.0, "hook": hook - 30 * large, "closure": closure}
        shelf.post("large" if large else "small", views, factors)
    found = asked(shelf)
    factors = by_factor(found)
    assert factors["hook"].says is FactorSays.WITH and factors["hook"].correlation > 0.7
    assert (factors["hook"].posts, factors["hook"].clips) == (40, 40)
    assert factors["closure"].says is FactorSays.UNDECIDED
    assert factors["closure"].low < 0 < factors["closure"].high
    assert factors["score"].says is FactorSays.NO_DIFFERENCE
    assert factors["payoff"].says is FactorSays.TOO_FEW and factors["payoff"].posts == 0
    (tiktok, youtube) = found.platforms
    assert (tiktok.posts, tiktok.counted, tiktok.likes, tiktok.watch_s) == (20, 20, 60, 50.0)
    assert youtube.views_at_age > 20 * tiktok.views_at_age
    assert (found.total, len(found.posts)) == (40, 40)
    post = found.posts[0]
    assert post.account_name == "Large" or post.account_name == "Small"
    assert set(post.factors) == {"hook", "closure"} and post.figures.age_days == 20.0


def test_of_too_few_posts_nothing_is_said(shelf):
    shelf.account("own")
    shelf.account("few")
    for n in range(LEAST_CLIPS - 1):
        shelf.post("own", 100 * n, {"score": 50.0 + n})
    # Four of an account are not compared; a clip that two accounts have counts once.
    for n in range(4):
        shelf.post("few", 100 * n, {"score": 50.0 + n})
    score = by_factor(asked(shelf))["score"]
    assert score.says is FactorSays.TOO_FEW and score.correlation is None
    assert score.clips == LEAST_CLIPS - 1
    assert score.words.startswith("Too few posts to say: 19 clips can be compared, and 20")
    shelf.account("same")
    for n in range(6):
        shelf.post("same", 100 * n, {"score": 50.0 + n}, clip=f"clip{n + 1}")
    again = by_factor(asked(shelf))["score"]
    assert (again.says, again.clips) == (FactorSays.TOO_FEW, LEAST_CLIPS - 1)
    shelf.post("own", 10_000, {"score": 99.0})
    enough = by_factor(asked(shelf))["score"]
    assert enough.says is FactorSays.WITH and enough.posts == 26


def test_posts_are_compared_at_the_same_age(shelf):
    """What has been there for longer was seen more; that is no merit of its clip."""
    shelf.account("own")
    for n in range(30):
        at = START + timedelta(days=n)
        age = (NOW - at) / timedelta(days=1)
        # All were seen alike at seven days; the score is of those that are there longest.
        shelf.post("own", 700 + n % 7, {"score": 90.0 - n}, at=at, days=(6.5, 7.5, age))
    found = asked(shelf)
    assert by_factor(found)["score"].says is FactorSays.UNDECIDED
    assert max(post.figures.views for post in found.posts) > 3500
    assert {post.views_at_age for post in found.posts} <= {*range(690, 720)}
    # Younger ones are left out, and said so.
    shelf.post("own", 70_000, {"score": 50.0}, at=NOW - timedelta(days=3), days=(1.0, 2.0))
    found = asked(shelf)
    assert found.posts[0].views_at_age is None
    assert by_factor(found)["score"].posts == 30
    assert by_factor(asked(shelf, age_days=1))["score"].posts == 0


def test_only_of_channels_days_and_platforms_that_are_asked_for(shelf):
    shelf.account("own")
    shelf.account("other", channel="other")
    shelf.account("tube", platform="youtube")
    for account in ("own", "other", "tube"):
        shelf.post(account, 100, {"score": 50.0})
    early = START - timedelta(days=300)
    shelf.post("own", 100, {"score": 50.0}, at=early)
    assert asked(shelf).total == 3
    assert asked(shelf, ("default", "other")).total == 4
    assert asked(shelf, ()).total == 0
    assert asked(shelf, platform="youtube").total == 1
    assert asked(shelf, first=START.date(), last=START.date()).total == 2
    assert asked(shelf, last=early.date()).total == 1
    assert len(asked(shelf, limit=2).posts) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"first": NOW.date() + timedelta(days=1)}, {"age_days": 0}, {"age_days": 181}],
)
def test_what_cannot_be_asked(engine, wrong):
    with pytest.raises(Refused):
        asked(Shelf(engine.catalog), **wrong)


def test_reading_again_on_a_day_replaces_what_it_had(shelf):
    shelf.account("own")
    row = shelf.post("own", 700, {"score": 1.0}, days=(6.5,))
    rows = PostFigureRows(shelf.catalog)
    with shelf.catalog.writing() as session:
        write(session, row, START + timedelta(days=6.6), {"views": 5})
    (day,) = rows.days(row.post_id)
    assert (day.views, day.likes) == (5, None)
    newest = rows.latest([row.post_id, "post_none"])
    assert {post_id: found.views for post_id, found in newest.items()} == {row.post_id: 5}


def test_posts_begin_to_be_read_once(shelf):
    shelf.account("own")
    row = shelf.post("own", 700, {"score": 1.0}, days=())
    rows = PostFigureRows(shelf.catalog)
    due = datetime(2026, 11, 3, tzinfo=UTC)
    assert rows.begin(["tiktok"], lambda _: due) is False
    assert rows.reading(row.post_id).due_at is None
    with shelf.catalog.writing() as session:
        session.execute(text("DELETE FROM post_readings"))
    rows.begin(["youtube"], lambda _: due)
    assert rows.reading(row.post_id) is None
    for _ in range(2):
        rows.begin(["tiktok"], lambda _: due)
    assert rows.reading(row.post_id).due_at == due
