"""Gates that are set in the service: in place of the file's, at once, by whoever may."""

import threading

import pytest
from sqlalchemy import delete

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import LOCAL, Grant, Role, Scope
from vidpipe.catalog.review_tables import ReviewRulesRow
from vidpipe.channels.reviews import GateMode, ReviewRules
from vidpipe.errors import Misconfigured
from vidpipe.library import NotApproved
from vidpipe.library.errors import Changed
from vidpipe_tests.api.guarded import guarded
from vidpipe_tests.reviews.conftest import VIDEO, two_clips, video_row

BY = Actor("local", "req-1")
ASKS = ReviewRules(publish=GateMode.ASK)


@pytest.fixture
def library(open_library, database_url):
    library = open_library("publish: off", database_url)
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    yield library
    library.engine.catalog.engine.dispose()


def test_what_is_set_holds_instead_of_the_file_until_it_is_reset(library):
    assert library.reviews.may_publish(VIDEO, "1") is None
    settings = library.gate_settings
    made = settings.set("default", ASKS, LOCAL, version=0, audit=BY)
    assert (made.is_set, made.version, made.rules) == (True, 1, ASKS)
    assert made.asks_now["publish"] and not made.asks_now["render"]
    with pytest.raises(NotApproved):
        library.reviews.may_publish(VIDEO, "1")
    with pytest.raises(Changed):
        settings.set("default", ReviewRules(), LOCAL, version=0, audit=BY)
    back = settings.set("default", None, LOCAL, version=1, audit=BY)
    assert (back.is_set, back.version, back.rules) == (False, 2, ReviewRules())
    assert library.reviews.may_publish(VIDEO, "1") is None


def test_of_two_who_set_gates_at_once_one_is_told(library):
    said = []

    def put():
        try:
            library.gate_settings.set("default", ASKS, LOCAL, version=0, audit=BY)
            said.append("set")
        except Changed:
            said.append("changed")

    both = [threading.Thread(target=put) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(said) == ["changed", "set"]


def later_rules(library, channel="default"):
    """Have rules be there that only a later version of vidpipe can read."""
    with library.engine.catalog.writing() as session:
        session.execute(delete(ReviewRulesRow).where(ReviewRulesRow.channel == channel))
        rules = {"publish": "ask", "legal": "ask"}
        session.add(ReviewRulesRow(channel=channel, rules=rules, version=3, changed_by="user:eve"))


@pytest.mark.parametrize(("rules", "version"), [(ASKS, None), (ASKS, 3), (None, None), (None, 3)])
def test_what_a_later_version_set_can_be_set_anew(library, rules, version):
    later_rules(library)
    with pytest.raises(Misconfigured, match="set them anew"):
        library.engine.review_rules("default")
    settings = library.gate_settings
    with pytest.raises(Changed):
        settings.set("default", rules, LOCAL, version=2, audit=BY)
    made = settings.set("default", rules, LOCAL, version=version, audit=BY)
    assert (made.version, made.rules) == (4, rules or ReviewRules())


# Over HTTP


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("gates")) as made:
        made.user("ada@example.org", Grant("acme", Role.ADMIN))
        made.user("ed@example.org", Grant("acme", Role.EDITOR))
        made.user("vic@example.org", Grant("acme", Role.VIEWER))
        yield made


@pytest.fixture(scope="module")
def headers(service):
    return {name: service.login(f"{name}@example.org") for name in ("ada", "ed", "vic")}


WHERE = "/channels/news/gates"


def test_an_administrator_sets_gates_as_they_read_them(service, headers):
    client, ada = service.client, headers["ada"]
    read = client.get(WHERE, headers=ada)
    assert read.json()["you_change"] and not read.json()["is_set"]
    rules = {"publish": "ask_outside_hours", "trusted_hours": {"timezone": "Europe/Berlin"}}
    tag = {"If-Match": read.headers["etag"]}
    assert client.put(WHERE, json=rules, headers=ada).status_code == 428
    made = client.put(WHERE, json=rules, headers=ada | tag)
    assert made.status_code == 200 and made.json()["rules"]["trusted_hours"]["end"] == "17:00:00"
    late = client.put(WHERE, json={}, headers=ada | tag)
    assert (late.status_code, late.json()["code"]) == (412, "changed")
    bad = client.put(WHERE, json={"publish": "ask_outside_hours"}, headers=ada | {"If-Match": "*"})
    assert bad.status_code == 422 and "needs trusted_hours" in bad.text
    log = client.get("/audit?limit=5", headers=ada).json()["items"]
    [row] = [r for r in log if r["object"] == "channels/news/gates"]
    assert row["action"] == "gates.set" and row["before"] != row["after"]
    assert client.delete(WHERE, headers=ada | {"If-Match": "*"}).json()["is_set"] is False


def test_editors_read_gates_and_do_not_set_them(service, headers):
    listed = service.client.get("/gates", headers=headers["vic"]).json()["items"]
    assert {one["channel"] for one in listed} and not any(one["you_decide"] for one in listed)
    given = headers["ed"] | {"If-Match": "*"}
    assert service.client.put(WHERE, json={}, headers=given).status_code == 403


def test_settings_that_cannot_be_read_hide_no_others_and_are_reset(service, headers):
    client, ada = service.client, headers["ada"]
    names = [one["channel"] for one in client.get("/gates", headers=ada).json()["items"]]
    later_rules(service.library, "news")
    listed = client.get("/gates", headers=ada)
    assert listed.status_code == 200
    assert [one["channel"] for one in listed.json()["items"]] == [n for n in names if n != "news"]
    assert client.delete(WHERE, headers=ada | {"If-Match": "*"}).status_code == 200
    listed = client.get("/gates", headers=ada).json()["items"]
    assert [one["channel"] for one in listed] == names


def test_a_channel_may_leave_decisions_to_its_administrators(service, headers):
    client, at = service.client, service.objects("news")
    where = f"/videos/{at['video_id']}/clips/1"
    link = client.post(
        "/reviews/links",
        json={"video_id": at["video_id"], "permission": "decide"},
        headers=headers["ed"],
    ).json()
    token = link["url"].rsplit("/", 1)[1]
    opened = service.library.reviews.links.open
    assert opened(token, "").may_decide
    strict = headers["ada"] | {"If-Match": "*"}
    assert client.put(WHERE, json={"approvers": "admin"}, headers=strict).status_code == 200
    try:
        assert client.get(WHERE, headers=headers["ed"]).json()["you_decide"] is False
        seen = {"fingerprint": "f" * 64}
        no = client.post(f"{where}/approve", json=seen, headers=headers["ed"])
        assert no.status_code == 403 and "only administrators" in no.json()["detail"]
        batch = {"decisions": [{"video_id": at["video_id"], "clip": "1", **seen}]}
        batch["decisions"][0]["verdict"] = "approved"
        assert client.post("/reviews/batch", json=batch, headers=headers["ed"]).status_code == 403
        said = {"at_s": 1.0, "text": "too quiet"}
        assert client.post(f"{where}/comments", json=said, headers=headers["ed"]).status_code == 201
        assert not opened(token, "").may_decide and opened(token, "").may_comment
        key = service.key(role=Role.EDITOR, scopes=[Scope.READ, Scope.REVIEW])
        assert client.post(f"{where}/approve", json=seen, headers=key).status_code == 403
        assert client.post(f"{where}/approve", json=seen, headers=headers["ada"]).status_code == 200
    finally:
        client.delete(WHERE, headers=strict)


def test_who_decides_where_settings_cannot_be_read_is_told_what_to_do(service, headers):
    client, ada, at = service.client, headers["ada"], service.objects("news")
    where = f"/videos/{at['video_id']}/clips/1/approve"
    seen = {"fingerprint": "f" * 64}
    later_rules(service.library, "news")
    for answer in (
        client.post(where, json=seen, headers=ada),
        client.post(f"/reviews/gates/{at['gate_id']}/approve", json=seen, headers=ada),
        client.get(WHERE, headers=ada),
    ):
        said = answer.json()
        assert (answer.status_code, said["code"]) == (409, "gates_unreadable"), answer.text
        assert said["details"] == {"channel": "news"}
        assert "channel news" in said["detail"] and "set them anew or reset them" in said["detail"]
    one = {"video_id": at["video_id"], "clip": "1", "verdict": "approved", **seen}
    (result,) = client.post("/reviews/batch", json={"decisions": [one]}, headers=ada).json()[
        "results"
    ]
    assert result["outcome"] == "refused" and "channel news" in result["message"]
    assert client.get("/reviews?channel=news", headers=ada).status_code == 200
    assert client.delete(WHERE, headers=ada | {"If-Match": "*"}).status_code == 200
    assert client.post(where, json=seen, headers=ada).status_code == 200
