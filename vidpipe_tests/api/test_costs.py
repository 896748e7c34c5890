"""What programs are told of costs, and what they may change about budgets."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from vidpipe.api.routes.costs import _cell
from vidpipe.costs.accountant import Account
from vidpipe.errors import BudgetExceeded
from vidpipe.spending import Purchase


@pytest.fixture
def buy(library, video_id):
    """Spend so much of the video's channel."""

    def work(amount, **whose):
        account = Account(channel="default", video_id=video_id, stage="transcript", **whose)
        asked = Purchase(
            "shop", "words", {"images": 1}, stated={"images": (Decimal(str(amount)), 1)}
        )
        held = library.engine.accountant.purse(account).reserve(asked)
        held.settle({"images": 1})

    return work


def test_a_video_has_a_cost_without_any_outside_service(client, video_id):
    found = client.get(f"videos/{video_id}/costs").json()
    assert Decimal(found["local"]) > 0 and Decimal(found["outside"]) == 0
    assert {stage["of"] for stage in found["stages"]} >= {"audio", "layout", "rendered_clips"}
    used = found["used"]["local/work"]
    assert Decimal(used["cpu_seconds"]) > 0 and Decimal(used["stored_bytes"]) > 0
    assert "clip_seconds" not in used
    results = client.get(f"videos/{video_id}/results").json()
    assert Decimal(results["video"]["cost"]["own_work"]) == Decimal(found["local"])


def test_sums_are_exact_and_the_same_however_they_are_taken(client, buy):
    for amount in ("0.1", "0.2", "0.000000001"):
        buy(amount)
    sums = {
        by: client.get("costs", params={"by": by}).json()
        for by in ("day", "channel", "stage", "service", "video", "kind")
    }
    for found in sums.values():
        assert sum(Decimal(g["outside"]) for g in found["groups"]) == Decimal("0.300000001")
        assert found["outside"] == "0.300000001" and found["currency"] == "USD"
    [shop] = [g for g in sums["service"]["groups"] if g["of"] == "shop"]
    assert shop["calls"] == 3 and shop["failed"] == 0
    ahead = sums["day"]["forecast"]
    assert Decimal(ahead["forecast"]) >= Decimal(ahead["spent"]) == Decimal("0.300000001")
    rows = list(csv.DictReader(io.StringIO(client.get("costs.csv?by=service").text)))
    assert [r["outside"] for r in rows if r["service"] == "shop"] == ["0.300000001"]


def test_the_ledger_is_paged_and_says_what_was_expected(client, buy):
    for _ in range(3):
        buy(1, job_id="job-1")
    first = client.get("costs/entries", params={"job_id": "job-1", "limit": 2}).json()
    assert len(first["items"]) == 2
    rest = client.get(
        "costs/entries", params={"job_id": "job-1", "cursor": first["next_cursor"]}
    ).json()
    assert len(rest["items"]) == 1 and rest["next_cursor"] is None
    [entry] = rest["items"]
    assert entry["kind"] == "call" and entry["amount"] == entry["reserved"] == "1"
    assert entry["attempt"] == 1 and entry["quantities"] == {"images": "1"}
    assert client.get("costs/entries?cursor=none").status_code == 422


def test_a_budget_is_set_raised_and_unset(client, buy, library):
    where = "budgets/channel/default/day"
    made = client.put(where, json={"soft": "1", "hard": "2"}).json()
    assert (made["hard"], made["left"], made["spent"]) == ("2", "2", "0")
    buy(2)
    with pytest.raises(BudgetExceeded, match="channel default today"):
        buy(1)
    body = {"scope": "channel", "subject": "default", "period": "day", "amount": "1.5"}
    raised = client.post("budgets/raises", json={**body, "reason": "a launch"})
    assert raised.status_code == 201 and raised.headers["location"].endswith(where)
    assert raised.json()["hard"] == "3.5" and raised.json()["raised"] == "1.5"
    buy(1)
    listed = client.get("budgets").json()["items"]
    [own] = [
        b
        for b in listed
        if b["scope"] == "channel" and b["subject"] == "default" and b["period"] == "day"
    ]
    assert own["spent"] == "3" and own["left"] == "0.5"
    assert client.delete(where).json()["hard"] is None
    assert any(b["scope"] == "deployment" for b in listed)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "budgets/channel/default/total", {"hard": "1"}, 422),
        ("PUT", "budgets/channel/default/day", {"soft": "3", "hard": "1"}, 422),
        ("PUT", "budgets/channel/default/day", {"hard": "-1"}, 422),
        ("PUT", "budgets/channel/default/day", {"hard": "NaN"}, 422),
        ("PUT", "budgets/channel/nobody/day", {"hard": "1"}, 404),
        ("PUT", "budgets/video/nothing/total", {"hard": "1"}, 404),
        ("PUT", "budgets/planet/default/day", {"hard": "1"}, 422),
        (
            "POST",
            "budgets/raises",
            {"scope": "channel", "subject": "default", "period": "day", "amount": "1",
             "reason": "x"},
            422,
        ),
        ("GET", "costs?by=weather", None, 422),
        ("GET", "costs?from=2026-01-02&to=2026-01-01", None, 422),
        ("GET", "videos/nothing/costs", None, 404),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_reason(client, method, path, body, status):
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


def test_a_run_is_estimated_by_what_stages_cost_of_others(client, library, video_id):
    found = client.get(f"videos/{video_id}/costs/estimate").json()
    # Everything is made already.
    assert found["stages"] == [] and found["total"] == "0"
    unknown = client.get(f"videos/{video_id}/costs/estimate?stages=nothing")
    assert unknown.status_code == 422


def test_what_a_job_was_expected_to_cost_stands_beside_what_it_did(client, library, video_id, buy):
    job = client.post("jobs", json={"video_id": video_id}).json()
    assert library.spending.estimate_jobs() is False
    buy("0.25", job_id=job["job_id"])
    [past] = client.get(f"videos/{video_id}/costs").json()["estimates"]
    assert past["job_id"] == job["job_id"] and past["actual"] == "0.25"
    assert past["after"] is None and past["currency"] == "USD"
    assert client.get(f"jobs/{job['job_id']}").json()["estimates"] == [past]
    assert library.spending.estimate_jobs() is False
    assert len(client.get(f"videos/{video_id}/costs").json()["estimates"]) == 1


def test_a_job_that_joins_another_says_whose_work_it_shares(client, library, video_id, buy):
    first, second = (client.post("jobs", json={"video_id": video_id}).json() for _ in range(2))
    library.spending.estimate_jobs()
    (request,) = library.engine.catalog.requests.due(10)
    library.engine.catalog.requests.submitted({request.id: "run-1"})
    buy("0.25", job_id=first["job_id"], run_id="run-1")
    own = client.get(f"jobs/{first['job_id']}").json()
    assert (own["costs"]["total"], own["costs"]["shared"]) == ("0.25", [])
    joined = client.get(f"jobs/{second['job_id']}").json()
    assert joined["costs"]["total"] == "0" and joined["costs"]["currency"] == "USD"
    assert joined["costs"]["shared"] == [
        {"job_id": first["job_id"], "outside": "0.25", "local": "0", "total": "0.25"}
    ]
    [past] = joined["estimates"]
    assert (past["actual"], past["shared"]) == ("0", "0.25")
    # It was off by all that it came to: what is shared is part of what was expected.
    assert past["estimate"] == "0" and Decimal(past["off"]) == 1
    of_video = {e["job_id"]: e for e in client.get(f"videos/{video_id}/costs").json()["estimates"]}
    assert of_video[second["job_id"]] == past
    assert of_video[first["job_id"]]["shared"] == "0"
    groups = client.get("costs?by=job").json()["groups"]
    assert [g["outside"] for g in groups if g["of"] == first["job_id"]] == ["0.25"]
    assert not [g for g in groups if g["of"] == second["job_id"]]


def test_a_job_without_a_video_has_no_costs(client, library):
    row = {"key": "default/new.mp4", "channel": "default", "version": "1", "size_bytes": 1}
    row |= {"modified_s": 0.0, "sidecars": {}, "sidecar_version": ""}
    library.engine.catalog.inbox.notice([row])
    job = client.post("jobs", json={"upload_key": row["key"]}).json()
    assert client.get(f"jobs/{job['job_id']}").json()["costs"] is None


def test_services_say_what_is_used_of_their_quotas(client):
    found = {s["service"]: s for s in client.get("services").json()["items"]}
    [units, uploads] = found["youtube"]["quotas"]
    assert (units["most"], units["used"], uploads["what"]) == (10000, 0, "uploads")
    assert found["youtube"]["state"] == "closed"


def test_the_page_shows_what_was_spent(client, buy, video_id):
    client.put("budgets/channel/default/day", json={"hard": "2"})
    buy("1.25")
    page = client.get("http://testserver/costs")
    assert page.status_code == 200
    assert "1.2500" in page.text and video_id in page.text and "channel default" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "costs?to=9999-12-31",
        "costs.csv?to=9999-12-31",
        "costs?from=0001-01-01&to=0001-01-05",
        "costs/entries?video_id=%00",
        "costs/entries?job_id=%00",
    ],
)
def test_days_and_ids_that_no_database_takes_are_refused(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_the_budget_of_the_deployment_has_one_name(client):
    limits = {"soft": "1", "hard": "2"}
    assert client.put("budgets/deployment/foo/month", json=limits).status_code == 404
    made = client.put("budgets/deployment/*/month", json=limits)
    assert made.status_code == 200 and made.json()["subject"] == "*"
    body = {"scope": "deployment", "subject": "foo", "period": "month", "amount": "1",
            "reason": "more"}  # fmt: skip
    assert client.post("budgets/raises", json=body).status_code == 404


def test_no_cell_of_a_table_is_a_formula():
    assert [_cell(text) for text in ("-1+2", "=1", "a-b", None)] == ["'-1+2", "'=1", "a-b", ""]
