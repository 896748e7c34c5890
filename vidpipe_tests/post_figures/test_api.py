"""Figures of posts over the API."""

import pytest
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.library import Library
from vidpipe.library.chores import chores


@pytest.fixture
def client(engine):
    return TestClient(service(Library(engine)), base_url="http://testserver/api/v1")


def test_figures_of_a_post_day_by_day(client, world):
    row = world.post("youtube")
    world.read()
    for _ in range(3):
        world.to_the_next(row.post_id)
    found = client.get(f"social-posts/{row.post_id}/figures").json()
    assert [day["views"] > 0 for day in found["days"]] == [True] * 3
    assert found["days"][0]["saves"] is None
    assert found["days"][1]["age_days"] == pytest.approx(found["days"][0]["age_days"] + 1, abs=0.01)
    assert (found["platform"], found["problem"], found["code"]) == ("youtube", "", "")
    assert found["read_at"] < found["next_at"]
    shown = client.get(f"social-posts/{row.post_id}").json()
    assert shown["figures"]["views"] == found["days"][-1]["views"]


def test_what_is_not_there(client):
    answer = client.get("social-posts/post-none/figures")
    assert answer.status_code == 404 and answer.json()["code"] == "post_not_found"


def test_posts_are_compared(client, world):
    for views in range(6):
        row = world.post("tiktok")
        world.factors[row.post_id] = {"score": 50.0 + views, "hook": 40.0}
        world.fake("tiktok").reach[row.remote_id] = 1000 + 100 * views
    world.read()
    world.days_on(9)
    asked = {"from": "2026-11-01", "to": "2026-11-30", "limit": 4}
    found = client.get("analytics/posts", params=asked).json()
    assert (found["total"], len(found["posts"]), found["least_clips"]) == (6, 4, 20)
    assert {post["factors"]["hook"] for post in found["posts"]} == {40.0}
    factors = {one["factor"]: one for one in found["factors"]}
    assert list(factors) == ["score", "hook", "self_contained", "payoff", "closure"]
    assert factors["score"]["says"] == "too_few" and factors["score"]["correlation"] is None
    assert (factors["score"]["posts"], factors["score"]["clips"]) == (6, 6)
    (platform,) = found["platforms"]
    assert platform["counted"] == 6 and 900 < platform["views_at_age"] < 1500
    assert client.get("analytics/posts", params={**asked, "channel": "other"}).json()["total"] == 0
    assert client.get("analytics/posts", params={**asked, "platform": "x"}).json()["total"] == 0
    assert client.get("analytics/posts", params={"age_days": 0}).status_code == 422
    assert client.get("analytics/posts?from=2020-01-01&to=2026-01-01").status_code == 422


def test_every_worker_reads_figures(engine):
    (chore,) = [chore for chore in chores(Library(engine)) if chore.name == "figures"]
    assert chore.work() is False
