"""What `/metrics` says: as Prometheus' own parser reads it, and to whom."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event
from starlette.testclient import TestClient

from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.api.app import service
from vidpipe.catalog import tables, totals
from vidpipe.catalog.cost_tables import CostBucketRow
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.social_accounts import FoundAccount
from vidpipe.costs.accountant import Account
from vidpipe.errors import Misconfigured
from vidpipe.observability.metrics.catalog import CatalogCollector
from vidpipe.observability.metrics.process import cards
from vidpipe.operations.recovery import note_waiting
from vidpipe.settings import load_settings
from vidpipe.spending import Purchase
from vidpipe_tests.api.conftest import served
from vidpipe_tests.api.guarded import guarded
from vidpipe_tests.catalog.conftest import video

TOKEN = "0123456789abcdef0123456789abcdef"
KEY = "default--talk-0123456789"


@pytest.fixture
def library(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text("channels:\n  default: {}\n  other: {}\n")
    made = served(home)
    made.engine.catalog.ready()
    return made


@pytest.fixture
def client(library):
    return TestClient(service(library), base_url="http://testserver")


def families(client, **headers):
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found, name, **labels):
    """The value of the one sample of this name with these labels."""
    (sample,) = [
        sample
        for family in found.values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sample.value


def test_the_official_parser_reads_it_in_both_formats(client):
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert plain.headers["cache-control"] == "no-store"
    assert list(text_string_to_metric_families(plain.text))
    wanted = "application/openmetrics-text; version=1.0.0"
    open_ = client.get("/metrics", headers={"Accept": wanted})
    assert open_.headers["content-type"].startswith("application/openmetrics-text")
    assert list(openmetrics_families(open_.text))


def test_names_and_labels_are_as_prometheus_wants_them(client):
    for family in families(client).values():
        if not family.name.startswith("vidpipe_"):
            continue
        assert family.documentation and family.documentation.endswith("."), family.name
        units = ("_seconds", "_bytes", "_ratio", "_celsius", "_info")
        if family.type == "histogram":
            assert family.name.endswith((*units, "_score")), family.name
        for sample in family.samples:
            assert not {"video_id", "job_id", "run_id", "host", "path"} & set(sample.labels)


def test_what_the_catalog_knows_is_said_in_figures(client, library):
    catalog = library.engine.catalog
    found = families(client)
    # What never happened is 0 and not absent: the first time is an increase.
    assert value(found, "vidpipe_runs_total", channel="other", outcome="dead") == 0
    assert value(found, "vidpipe_queue_requests", channel="other", state="due") == 0
    catalog.accept_video(video())
    catalog.record_stage(
        tables.StageRunRow(
            video_id=KEY, stage="transcript", fingerprint="f", reused=False, wall_s=45.0
        )
    )
    failed = Failed(KEY, "default", "process_video", "", "unavailable", "away", "run-1")
    catalog.failures.add(failed, attempts=5, dead=True)
    catalog.heartbeats.beat("run-2", KEY)
    with catalog.writing() as session:
        for row in session.query(tables.RequestRow):
            row.created_at = tables.now() - timedelta(minutes=10)
    found = families(TestClient(service(library), base_url="http://testserver"))
    assert value(found, "vidpipe_catalog_up") == 1
    assert value(found, "vidpipe_runs_total", channel="default", outcome="dead") == 1
    assert value(found, "vidpipe_queue_requests", channel="default", state="due") == 1
    age_s = value(found, "vidpipe_queue_oldest_age_seconds", channel="default")
    assert 600 <= age_s < 660
    same = {"channel": "default", "cause": "unavailable", "state": "dead"}
    assert value(found, "vidpipe_failures_unresolved", **same) == 1
    assert value(found, "vidpipe_runs_running") == 1
    bucket = "vidpipe_stage_duration_seconds_bucket"
    assert value(found, bucket, stage="transcript", le="30.0") == 0
    assert value(found, bucket, stage="transcript", le="60.0") == 1
    assert value(found, bucket, stage="transcript", le="+Inf") == 1
    assert value(found, "vidpipe_stage_duration_seconds_sum", stage="transcript") == 45.0
    assert value(found, "vidpipe_stage_recording_seconds_total", stage="transcript") == 60.0
    assert value(found, "vidpipe_disk_free_bytes", folder="store") > 0


def test_a_video_is_finished_once_however_often_it_is_made_anew(client, library):
    catalog = library.engine.catalog
    found = families(client)
    assert value(found, "vidpipe_videos_finished_total", channel="default") == 0
    assert value(found, "vidpipe_channel_costs_total", channel="default") == 0
    catalog.accept_video(video())
    catalog.finish_video(KEY, tables.now())
    # Edits are rendered, then there are other sidecars.
    catalog.finish_video(KEY, tables.now(), stages=["rendered_clips"])
    catalog.change_sidecar(KEY, "2", 0)
    catalog.finish_video(KEY, tables.now())
    purse = library.engine.accountant.purse(Account(channel="default", stage="s"))
    for price in ("1.25", "0.5"):
        asked = Purchase("shop", "thing", {"images": 1}, stated={"images": (Decimal(price), 1)})
        purse.reserve(asked).settle({"images": 1})
    found = families(TestClient(service(library), base_url="http://testserver"))
    assert value(found, "vidpipe_runs_total", channel="default", outcome="succeeded") == 3
    assert value(found, "vidpipe_videos_finished_total", channel="default") == 1
    assert value(found, "vidpipe_channel_costs_total", channel="default") == 1.75


def test_what_a_service_never_cost_is_0_so_that_its_first_expense_is_an_increase(tmp_path):
    url = "http://127.0.0.1:8123/v1"
    (tmp_path / "channels.yaml").write_text("channels:\n  default: {}\n")
    found = served(tmp_path, llm={"url": url, "model": "m"})
    found.engine.catalog.ready()
    name, services = "vidpipe_costs_total", ("x", "openai", "groq", "127.0.0.1:8123")
    before = families(TestClient(service(found), base_url="http://testserver"))
    for one in services:
        assert value(before, name, channel="default", service=one, kind="call") == 0
    assert value(before, name, channel="default", service="local", kind="local") == 0
    purse = found.engine.accountant.purse(Account(channel="default", stage="s"))
    asked = Purchase("x", "post", {"posts": 1}, stated={"posts": (Decimal("0.015"), 1)})
    purse.reserve(asked).settle({"posts": 1})
    purse.local({"cpu_seconds": 100_000})
    purse.close(done=True)
    after = families(TestClient(service(found), base_url="http://testserver"))
    assert value(after, name, channel="default", service="x", kind="call") == 0.015
    assert value(after, name, channel="default", service="local", kind="local") > 0
    assert value(after, name, channel="default", service="groq", kind="call") == 0


def test_labels_may_hold_whatever_a_name_holds(client, library):
    odd = 'a "b"\\c\nd é'
    with library.engine.catalog.writing() as session:
        totals.add(session, totals.FAILURES, "default", odd)
    assert value(families(client), "vidpipe_failures_total", cause=odd) == 1


def test_requests_are_counted_by_the_template_of_their_route(client):
    client.get("/api/v1/jobs/job-1")
    client.get("/api/v1/jobs/job-2")
    client.get("/api/v1/nothing/of/this/kind")
    client.get("/videos/default--talk-0123456789")
    client.request("BREW", "/api/v1/jobs")
    client.post("/api/v1/jobs", json={}, headers={"Origin": "https://evil.example"})
    client.get("/health")
    found = families(client)
    counted = {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for s in found["vidpipe_http_request_duration_seconds"].samples
        if s.name.endswith("_count")
    }
    assert counted == {
        ("GET", "/api/v1/jobs/{job_id}", "404"): 2,
        ("GET", "unmatched", "404"): 1,
        ("GET", "/videos/{video_id}", "404"): 1,
        ("other", "/api/v1/jobs", "405"): 1,
        ("POST", "unmatched", "403"): 1,
        ("GET", "/health", "200"): 1,
    }
    assert value(found, "vidpipe_http_requests_in_progress") == 1


def test_an_error_of_ours_is_counted_as_one(library, monkeypatch):
    client = TestClient(
        service(library), base_url="http://testserver", raise_server_exceptions=False
    )

    def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr("vidpipe.web.server.rendered", broken)
    assert client.get("/").status_code == 500
    found = families(client)
    name = "vidpipe_http_request_duration_seconds_count"
    assert value(found, name, route="/", status="500") == 1


def test_pools_and_queries_of_this_process(client):
    found = families(client)
    for pool in ("catalog", "accounts"):
        assert value(found, "vidpipe_database_connections_max", pool=pool) >= 5
        assert value(found, "vidpipe_database_connections", pool=pool, state="in_use") == 0
    # It is written after the catalog was read for it.
    name = "vidpipe_database_query_duration_seconds_count"
    assert value(found, name, pool="catalog") > 5
    assert "process_resident_memory_bytes" in found


def test_ten_that_scrape_at_once_cost_one_reading(library):
    catalog = library.engine.catalog
    collector = CatalogCollector(lambda: catalog, library.engine.channels, kept_s=60)
    asked = []

    @event.listens_for(catalog.engine, "before_cursor_execute")
    def note(connection, cursor, statement, *_):
        asked.append(statement)

    list(collector.collect())
    once = len(asked)
    threads = [threading.Thread(target=lambda: list(collector.collect())) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert once > 5 and len(asked) == once


def test_a_catalog_that_is_away_is_said_and_the_rest_goes_on(library):
    away = served(
        library.engine.settings.home,
        database_url="postgresql+psycopg2://u:secret@127.0.0.1:9/none",
    )
    client = TestClient(service(away), base_url="http://testserver")
    answer = client.get("/metrics")
    assert answer.status_code == 200 and "secret" not in answer.text
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert value(found, "vidpipe_catalog_up") == 0
    assert "vidpipe_runs" not in found and "vidpipe_disk_free_bytes" in found


# Who may scrape


def test_on_this_machine_whoever_asks_gets_them_and_no_page_of_others(client):
    assert client.get("/metrics").status_code == 200
    foreign = {"Origin": "https://evil.example"}
    assert client.get("/metrics", headers=foreign).status_code == 403
    assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 421
    # A proxy passes on what comes from anywhere.
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    assert client.get("/metrics", headers=passed_on).status_code == 401


def test_elsewhere_a_key_or_login_that_reads_everything_is_needed(tmp_path):
    with guarded(tmp_path) as made:
        made.user("all@example.org", Grant("acme", Role.VIEWER), Grant("default", Role.VIEWER))
        made.user("some@example.org", Grant("acme", Role.ADMIN))
        url = "http://testserver/metrics"
        assert made.client.get(url).status_code == 401
        for headers, status in (
            (made.login("all@example.org"), 200),
            (made.login("some@example.org"), 403),
            (made.key(role=Role.ADMIN, scopes=[Scope.READ]), 403),
            ({"Authorization": f"Bearer {TOKEN}"}, 401),
            ({"Authorization": "Bearer "}, 401),
        ):
            assert made.client.get(url, headers=headers).status_code == status, headers


def test_a_token_that_is_set_for_it_is_good_for_this_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_SERVICE__METRICS_TOKEN", TOKEN)
    with guarded(tmp_path) as made:
        url = "http://testserver/metrics"
        good = {"Authorization": f"Bearer {TOKEN}"}
        assert made.client.get(url, headers=good).status_code == 200
        assert TOKEN not in made.client.get(url, headers=good).text
        assert made.client.get("/jobs", headers=good).status_code == 401
        for wrong in (f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer", f"bearer {TOKEN}x"):
            answer = made.client.get(url, headers={"Authorization": wrong})
            assert answer.status_code == 401, wrong


def test_whoever_may_look_without_a_login_may_look_at_these(tmp_path):
    with guarded(tmp_path, anonymous_read=True) as made:
        assert made.client.get("http://testserver/metrics").status_code == 200


@pytest.mark.parametrize("token", ["short", "with a space in the middle of it", "é" * 20])
def test_a_token_that_anybody_could_guess_or_nobody_could_send_is_refused(token, monkeypatch):
    monkeypatch.setenv("VIDPIPE_SERVICE__METRICS_TOKEN", token)
    with pytest.raises(Misconfigured, match="METRICS_TOKEN") as error:
        load_settings()
    assert token not in str(error.value)


# Cards


def test_what_nvidia_smi_says_becomes_cards():
    said = "0, NVIDIA A10, 37, 1024, 23028, 51\n1, NVIDIA T4, [N/A], 0, 15360, [Not Supported]\n"
    first, second = cards(said)
    assert (first.used_ratio, first.memory_used_bytes, first.celsius) == (0.37, 2**30, 51.0)
    assert (second.index, second.used_ratio, second.celsius) == ("1", None, None)
    assert cards("No devices were found\n") == []


def test_totals_are_published_under_names_of_their_own(client):
    names = [f"vidpipe_{total.name}" for total in totals.TOTALS]
    assert len(set(names)) == len(names)
    found = families(client)
    assert set(names) <= set(found)


# Money


@pytest.fixture
def priced(tmp_path, monkeypatch):
    """A service with budgets of a day, and one whose day has ten units."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text("channels:\n  default: {}\n  other: {}\n")
    (home / "services.yaml").write_text(
        "services:\n  shop:\n    quotas: [{what: images, most: 10, per: day}]\n"
        "  shop/mine:\n    quotas: [{what: images, most: 20, per: day}]\n"
    )
    monkeypatch.setenv("VIDPIPE_COSTS__SERVICES_FILE", str(home / "services.yaml"))
    monkeypatch.setenv("VIDPIPE_BUDGETS__CHANNEL_DAY_SOFT", "5")
    monkeypatch.setenv("VIDPIPE_BUDGETS__DAY_HARD", "150")
    made = served(home)
    made.engine.catalog.ready()
    return made


def test_budgets_and_quotas_are_said_as_far_as_they_are_used(priced):
    own = priced.engine.accountant
    purse = own.purse(Account(channel="default", video_id=KEY, stage="transcript"))
    stated = {"images": (Decimal("1.25"), 1)}
    asked = Purchase("shop", "thing", {"images": 3}, stated=stated)
    purse.reserve(asked).settle({"images": 2})
    purse.reserve(replace(asked, project="mine"))
    found = families(TestClient(service(priced), base_url="http://testserver"))
    day = {"scope": "channel", "subject": "default", "period": "day"}
    assert value(found, "vidpipe_budget_spent", **day) == 2.5
    assert value(found, "vidpipe_budget_reserved", **day) == 3.75
    assert value(found, "vidpipe_budget_limit", **day, limit="soft") == 5
    everything = {"scope": "deployment", "subject": "*", "period": "day"}
    assert value(found, "vidpipe_budget_limit", **everything, limit="hard") == 150
    limits = {(s.labels["scope"], s.labels["limit"]) for s in found["vidpipe_budget_limit"].samples}
    assert limits == {("channel", "soft"), ("deployment", "hard")}
    assert value(found, "vidpipe_budget_spent", **{**day, "subject": "other"}) == 0
    assert value(found, "vidpipe_quota_used", service="shop", what="images") == 3
    assert value(found, "vidpipe_quota_limit", service="shop", what="images") == 10
    assert value(found, "vidpipe_quota_used", service="shop/mine") == 3
    assert value(found, "vidpipe_quota_limit", service="shop/mine") == 20


def test_quotas_of_today_are_said_after_many_days(priced):
    own = priced.engine.accountant
    with priced.engine.catalog.writing() as session:
        for day in range(220):
            moment = tables.now() - timedelta(days=day + 1)
            key = f"quota/shop/mine/*/images/day/{moment.date()}"
            session.add(CostBucketRow(key=key, spent=20, reserved=0))
    purse = own.purse(Account(channel="default", stage="s"))
    stated = {"images": (Decimal(1), 1)}
    purse.reserve(Purchase("shop", "thing", {"images": 3}, stated=stated, project="mine"))
    found = families(TestClient(service(priced), base_url="http://testserver"))
    assert value(found, "vidpipe_quota_used", service="shop/mine", what="images") == 3


def test_what_waits_for_money_and_which_services_are_left_alone_is_counted(priced):
    catalog, own = priced.engine.catalog, priced.engine.accountant
    catalog.accept_video(video())
    [row] = catalog.requests.due(1)
    catalog.requests.submitted({row.id: "run"})
    failed = Failed(KEY, "default", "j", "transcript", "budget_exceeded", "why", "run")
    note_waiting(catalog, failed, waits_for="channel/default/day/2026-11-27", until=None)
    purse = own.purse(Account(channel="default", stage="s"))
    asked = Purchase("gone", "thing", {"images": 1}, stated={"images": (Decimal(0), 1)})
    for _ in range(own.rules.failures):
        purse.reserve(asked).fail({}, away=True)
    found = families(TestClient(service(priced), base_url="http://testserver"))
    assert value(found, "vidpipe_queue_unpaid", channel="default", of="budget") == 1
    assert value(found, "vidpipe_queue_unpaid", channel="default", of="quota") == 0
    assert value(found, "vidpipe_queue_unpaid", channel="other", of="budget") == 0
    assert value(found, "vidpipe_service_available", service="gone") == 0


def test_posts_that_wait_for_money_are_counted_beside_runs(priced):
    catalog = priced.engine.catalog
    account = FoundAccount("1", "One", "sealed", (), None, None)
    (account_id,) = catalog.social_accounts.connect(
        [account], channel="other", platform="youtube", application="", by="local"
    )
    at = tables.now()
    later, before = at + timedelta(hours=9), at - timedelta(minutes=1)
    for number, (code, until) in enumerate(
        [
            *[("quota_exhausted", later)] * 2,
            ("budget_exceeded", later),
            # Goes on by now; waits for something else; is given up.
            ("quota_exhausted", before),
            ("rate", later),
            ("quota_exhausted", None),
        ]
    ):
        row = PostRow(
            post_id=f"post-{number}",
            channel="other",
            video_id=KEY,
            clip_id=f"c{number}",
            platform="youtube",
            account_id=account_id,
            fingerprint="f" * 64,
            state="posting",
            code=code,
            waits_until=until,
            due_at=until,
            changes={},
            created_by="local",
            claims=0,
        )
        assert catalog.posts.add(row)
    found = families(TestClient(service(priced), base_url="http://testserver"))
    assert value(found, "vidpipe_queue_unpaid", channel="other", of="quota") == 2
    assert value(found, "vidpipe_queue_unpaid", channel="other", of="budget") == 1
    assert value(found, "vidpipe_queue_unpaid", channel="default", of="quota") == 0
