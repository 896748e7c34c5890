"""Deciding over HTTP, and from a language model: who may, what is answered, what is written."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.catalog.tables import ClipRow
from vidpipe.errors import Unavailable
from vidpipe.library import reviews
from vidpipe.library.reviews import Reviews
from vidpipe_tests.api.guarded import guarded
from vidpipe_tests.api.held import audit_rows, is_free

SEEN = {"fingerprint": "f" * 64}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("reviews")) as made:
        for name in ("ada", "ben"):
            made.user(f"{name}@example.org", Grant("acme", Role.EDITOR))
        made.user("eve@example.org", Grant("acme", Role.VIEWER))
        yield made


@pytest.fixture(scope="module")
def headers(service):
    return {name: service.login(f"{name}@example.org") for name in ("ada", "ben", "eve")}


@pytest.fixture
def clip(service):
    """A clip of a new video; where its routes are."""
    at = service.objects("news")
    return at["video_id"], f"/videos/{at['video_id']}/clips/1"


def test_an_editor_decides_and_the_next_is_told_who_did(service, headers, clip):
    video_id, where = clip
    body = {**SEEN, "reason": "no_context", "note": "who is it?"}
    made = service.client.post(f"{where}/reject", json=body, headers=headers["ada"])
    assert made.status_code == 200 and made.json()["state"] == "rejected"
    second = service.client.post(f"{where}/approve", json=SEEN, headers=headers["ben"])
    assert second.status_code == 409 and second.json()["code"] == "already_decided"
    said = second.json()["details"]["decision"]
    assert (said["by_name"], said["reason"]) == ("ada@example.org", "no_context")
    undone = service.client.post(
        f"{where}/undo", json={"decision_id": said["decision_id"]}, headers=headers["ben"]
    )
    assert undone.status_code == 200 and undone.json()["state"] == "pending"
    [entry] = undone.json()["history"]
    assert entry["undone_by"].startswith("user:") and entry["stands"] is False
    shown = service.client.get("/clips?limit=200", headers=headers["eve"]).json()["items"]
    [found] = [item for item in shown if item["video_id"] == video_id]
    assert (found["fingerprint"], found["review"]) == ("f" * 64, "pending")


def test_what_was_not_seen_is_refused_with_what_there_is(service, headers, clip):
    _, where = clip
    body = {"fingerprint": "0" * 64}
    answer = service.client.post(f"{where}/approve", json=body, headers=headers["ada"])
    assert (answer.status_code, answer.json()["code"]) == (409, "clip_changed")
    assert answer.json()["details"] == SEEN


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fingerprint": "xyz"},
        {**SEEN, "reason": "ugly"},
        {**SEEN, "reason": "other"},
        {**SEEN, "reason": "duplicate", "note": "x" * 2001},
        {**SEEN, "reason": "duplicate", "more": 1},
    ],
)
def test_a_rejection_that_says_nothing_useful_is_refused(service, headers, clip, body):
    answer = service.client.post(f"{clip[1]}/reject", json=body, headers=headers["ada"])
    assert answer.status_code == 422, answer.text


def test_a_key_needs_the_scope_of_reviews(service, clip):
    reads = service.key(role=Role.EDITOR, scopes=[Scope.READ, Scope.WRITE])
    decides = service.key(role=Role.EDITOR, scopes=[Scope.READ, Scope.REVIEW])
    assert service.client.post(f"{clip[1]}/approve", json=SEEN, headers=reads).status_code == 403
    made = service.client.post(f"{clip[1]}/approve", json=SEEN, headers=decides)
    assert made.status_code == 200 and made.json()["decision"]["by"].startswith("key:")


def test_each_decision_of_a_batch_counts_by_itself(service, headers):
    videos = [service.objects("news")["video_id"] for _ in range(2)]
    theirs = service.objects("default")["video_id"]

    def one(video_id, **more):
        return {"video_id": video_id, "clip": "1", **SEEN, "verdict": "approved", **more}

    decisions = [
        one(videos[0]),
        one(videos[1], fingerprint="0" * 64),
        one(videos[1], verdict="rejected"),
        one(videos[1], verdict="rejected", reason="duplicate"),
        one(videos[0], verdict="rejected", reason="duplicate"),
        one(theirs),
        one("news--nothing-0000000000"),
    ]
    answer = service.client.post(
        "/reviews/batch", json={"decisions": decisions}, headers=headers["ada"]
    )
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [item["outcome"] for item in results] == [
        "done", "changed", "refused", "done", "decided", "not_found", "not_found",
    ]  # fmt: skip
    assert results[1]["fingerprint"] == "f" * 64
    assert results[4]["decision"]["by_name"] == "ada@example.org"
    admin = service.key(role=Role.ADMIN, scopes=[*Scope])
    log = service.client.get("/audit?action=clip&limit=50", headers=admin).json()["items"]
    written = {row["object"]: row["action"] for row in log}
    assert written[f"videos/{videos[0]}/clips/c0ffee"] == "clip.approve"
    assert written[f"videos/{videos[1]}/clips/c0ffee"] == "clip.reject"


def test_a_decision_of_a_batch_that_fails_takes_no_other_back(service, headers, monkeypatch):
    videos = [service.objects("news")["video_id"] for _ in range(2)]
    real = Reviews.approve

    def approve(self, video_id, *args, **more):
        is_free(service.library)
        if video_id == videos[1]:
            raise Unavailable("the database is away")
        return real(self, video_id, *args, **more)

    monkeypatch.setattr(Reviews, "approve", approve)
    one = {"clip": "1", **SEEN, "verdict": "approved"}
    batch = {"decisions": [{"video_id": video_id, **one} for video_id in videos]}
    answer = service.client.post("/reviews/batch", json=batch, headers=headers["ada"])
    assert answer.status_code == 503
    states = [service.library.reviews.get(video_id, "1").state for video_id in videos]
    assert states == ["approved", "pending"]
    rows = [row["object"] for row in audit_rows(service.library)]
    assert rows.count(f"videos/{videos[0]}/clips/c0ffee") == 1
    assert f"videos/{videos[1]}/clips/c0ffee" not in rows


@pytest.mark.parametrize("batch", [True, False])
def test_what_the_files_say_of_a_clip_is_kept_where_nothing_is_decided(
    service, headers, clip, monkeypatch, batch
):
    (video_id, where), engine = clip, service.library.engine
    with engine.catalog.writing() as session:
        session.execute(
            update(ClipRow).where(ClipRow.video_id == video_id).values(fingerprint=None)
        )
    files = SimpleNamespace(clips=[SimpleNamespace(clip_id="c0ffee")])
    monkeypatch.setattr(engine, "manifest", lambda *_: "made")
    monkeypatch.setattr(engine.artifacts, "document", lambda *_: files)
    monkeypatch.setattr(reviews, "clip_fingerprint", lambda *_: "f" * 64)
    seen = {"fingerprint": "0" * 64}
    if batch:
        one = {"video_id": video_id, "clip": "1", "verdict": "approved", **seen}
        body = {"decisions": [one]}
        answer = service.client.post("/reviews/batch", json=body, headers=headers["ada"])
        assert [r["outcome"] for r in answer.json()["results"]] == ["changed"]
    else:
        answer = service.client.post(f"{where}/approve", json=seen, headers=headers["ada"])
        assert answer.status_code == 409 and answer.json()["code"] == "clip_changed"
    assert [row.fingerprint for row in engine.catalog.clips(video_id)] == ["f" * 64]


def test_only_what_was_decided_is_in_the_audit_log(service, headers, clip):
    video_id, where = clip
    body = {**SEEN, "reason": "no_context"}
    for _ in range(2):
        answer = service.client.post(f"{where}/reject", json=body, headers=headers["ada"])
        assert answer.status_code == 200
    changed = {"video_id": video_id, "clip": "1", "fingerprint": "0" * 64, "verdict": "approved"}
    batch = {"decisions": [changed]}
    answer = service.client.post("/reviews/batch", json=batch, headers=headers["ada"])
    assert [r["outcome"] for r in answer.json()["results"]] == ["changed"]
    with service.library.engine.catalog.session() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(20)).all()
    assert not [r for r in rows if r.action == "reviews.decide"]
    made = [r for r in rows if video_id in r.object and r.action.startswith("clip.")]
    assert [(r.action, r.organisation) for r in made] == [("clip.reject", "acme")]


def test_gates_are_listed_and_decided_on(service, headers):
    video_id = service.objects("news")["video_id"]
    listed = service.client.get(f"/reviews/gates?video_id={video_id}", headers=headers["eve"])
    [gate] = listed.json()["items"]
    assert (gate["gate"], gate["state"], gate["stages"]) == (
        "render",
        "waiting",
        ["rendered_clips"],
    )
    where = f"/reviews/gates/{gate['gate_id']}"
    stale = service.client.post(
        f"{where}/approve", json={"fingerprint": "0" * 64}, headers=headers["ada"]
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "gate_changed")
    made = service.client.post(f"{where}/approve", json=SEEN, headers=headers["ada"])
    assert made.json()["state"] == "approved"
    second = service.client.post(
        f"{where}/reject", json={**SEEN, "reason": "duplicate"}, headers=headers["ben"]
    )
    assert (second.status_code, second.json()["code"]) == (409, "already_decided")


def test_a_link_is_shown_once_and_revoked(service, headers):
    video_id = service.objects("news")["video_id"]
    body = {"video_id": video_id, "clips": ["1"], "password": "tall blue door"}
    key = {**headers["ada"], "Idempotency-Key": "one"}
    made = service.client.post("/reviews/links", json=body, headers=key)
    assert made.status_code == 201 and "/review/" in made.json()["url"]
    again = service.client.post("/reviews/links", json=body, headers=key)
    assert again.json()["url"] is None and again.json()["link"] == made.json()["link"]
    listed = service.client.get(f"/reviews/links?video_id={video_id}", headers=headers["ada"])
    token = made.json()["url"].rpartition("/")[2]
    assert token not in listed.text and "tall blue door" not in listed.text
    link_id = made.json()["link"]["link_id"]
    assert made.headers["location"] == f"/api/v1/reviews/links/{link_id}"
    gone = service.client.delete(f"/reviews/links/{link_id}", headers=headers["ada"])
    assert gone.json()["revoked_at"] is not None
    assert service.library.reviews.links.open(token) is None


def test_a_link_is_good_for_no_more_than_its_maker_may_do_now(service, headers):
    user = service.user("fay@example.org", Grant("acme", Role.EDITOR))
    video_id = service.objects("news")["video_id"]
    body = {"video_id": video_id, "permission": "decide"}
    maker = service.login("fay@example.org")
    links, open_ = service.library.reviews.links, {}
    made = service.client.post("/reviews/links", json=body, headers=maker).json()
    open_["user"] = made["url"].rpartition("/")[2]

    async def new_key(accounts):
        return await accounts.keys.create(
            "ci", COMMAND_LINE, organisation="acme", owner=user,
            scopes=(Scope.READ, Scope.REVIEW),
        )  # fmt: skip

    key, secret = service.run(new_key)
    by_key = {"Authorization": f"Bearer {secret}"}
    made = service.client.post("/reviews/links", json=body, headers=by_key).json()
    open_["key"] = made["url"].rpartition("/")[2]
    assert all(links.open(token).may_decide for token in open_.values())

    viewer = Grant("acme", Role.VIEWER)
    service.run(lambda a: a.users.give_role(user, viewer, COMMAND_LINE))
    for token in open_.values():
        assert not (links.open(token).may_decide or links.open(token).may_comment)
    service.run(lambda a: a.users.give_role(user, Grant("acme", Role.EDITOR), COMMAND_LINE))
    assert all(links.open(token).may_decide for token in open_.values())
    service.run(lambda a: a.keys.revoke(key.id, COMMAND_LINE))
    assert links.open(open_["key"]) is None and links.open(open_["user"]).may_decide
    service.run(lambda a: a.users.set_disabled(user, True, COMMAND_LINE))
    assert links.open(open_["user"]) is None


def test_comments_are_made_listed_and_seen_to(service, headers, clip):
    video_id, where = clip
    body = {"at_s": 2.5, "text": "too loud"}
    made = service.client.post(f"{where}/comments", json=body, headers=headers["ada"])
    assert made.status_code == 201 and made.json()["by_name"] == "ada@example.org"
    late = {"at_s": 60, "text": "there is no such second"}
    refused = service.client.post(f"{where}/comments", json=late, headers=headers["ada"])
    assert refused.status_code == 422
    listed = service.client.get(f"/videos/{video_id}/comments?clip=1", headers=headers["eve"])
    assert [item["text"] for item in listed.json()["items"]] == ["too loud", "too loud"]
    number = made.json()["comment_id"]
    done = service.client.put(
        f"/reviews/comments/{number}/resolved", json={"resolved": True}, headers=headers["ben"]
    )
    assert done.json()["resolved_at"] is not None
    assert service.client.get(f"{where}/review", headers=headers["eve"]).json()["comments"] == 1


def test_report_and_marks(service, headers, clip):
    video_id, where = clip
    service.client.post(f"{where}/approve", json=SEEN, headers=headers["ada"])
    report = service.client.get("/reviews/report?channel=news", headers=headers["eve"]).json()
    assert report["decisions"] >= 1 and report["rows"][0]["channel"] == "news"
    marks = service.client.get("/reviews/marks?channel=news", headers=headers["eve"])
    assert marks.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"{video_id},0.000,10.000" in marks.text
    bad = service.client.get("/reviews/report?since=0001-01-01T00:00:00Z", headers=headers["eve"])
    assert bad.status_code == 422
