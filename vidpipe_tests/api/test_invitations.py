"""People who are invited, in one organisation and in several."""

from __future__ import annotations

import pytest

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role
from vidpipe_tests.api.guarded import GOOD, guarded

ANN = "ann@example.org"
ADMIN = Grant("acme", Role.ADMIN)


@pytest.fixture
def service(tmp_path):
    with guarded(tmp_path) as made:
        made.user(ANN, ADMIN)
        yield made


def test_an_invitation_tells_nothing_of_a_life_elsewhere(service):
    bob = service.user("bob@example.org", Grant("default", Role.VIEWER))
    service.login("bob@example.org")
    admin = service.login(ANN)
    body = {"email": "bob@example.org", "organisation": "acme", "role": "viewer"}
    answer = service.client.post("/users", json=body, headers=admin).json()
    assert answer["user"] is None and bob not in str(answer)
    assert service.client.get(f"/users/{bob}", headers=admin).status_code == 404
    accepted = service.client.post("/auth/join", json={"token": service.outbox.code()})
    assert accepted.json() == {"detail": "you are viewer of acme now"}
    view = service.client.get(f"/users/{bob}", headers=admin).json()
    assert view["id"] == bob and view["last_login_at"] is None
    log = service.client.get("/audit?limit=500", headers=admin).json()["items"]
    assert "session.start" not in {r["action"] for r in log if r["object"] == f"user:{bob}"}


def test_who_manages_two_organisations_moves_nobody_into_the_other(service):
    boss, bob = "boss@example.org", "bob@example.org"
    service.user(boss, ADMIN, Grant("default", Role.ADMIN))
    known = service.user(bob, Grant("acme", Role.VIEWER))
    header = service.login(boss)
    body = {"organisation": "default", "role": "viewer"}
    refused = service.client.put(f"/users/{known}/role", json=body, headers=header)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_member")
    offered = service.client.post("/users", json={"email": bob, **body}, headers=header)
    assert offered.status_code == 201 and offered.json()["user"] is None
    token = {"token": service.outbox.code()}
    assert service.client.post("/auth/join", json=token).json() == {
        "detail": "you are viewer of default now"
    }
    body["role"] = "editor"
    given = service.client.put(f"/users/{known}/role", json=body, headers=header)
    assert given.status_code == 200


def test_an_invitation(service):
    header = service.login(ANN)
    body = {"email": "bob@example.org", "organisation": "acme", "role": "editor"}
    invited = service.client.post("/users", json=body, headers=header)
    assert invited.status_code == 201 and not invited.json()["user"]["verified"]
    code = service.outbox.code()
    taken = service.client.post("/auth/invite", json={"token": code, "password": GOOD})
    assert taken.status_code == 200
    bob = service.login("bob@example.org")
    assert service.client.get("/users", headers=bob).status_code == 403
    elsewhere = {**body, "organisation": "default"}
    assert service.client.post("/users", json=elsewhere, headers=header).status_code == 404


def grants(service, email):
    me = service.client.get("/auth/me", headers=service.login(email)).json()
    return {(g["organisation"], g["channel"], g["role"]) for g in me["grants"]}


def test_nobody_gets_a_role_elsewhere_that_they_did_not_accept(service):
    service.user("bob@example.org", Grant("default", Role.VIEWER))
    admin, bob = service.login(ANN), "bob@example.org"
    body = {"email": bob, "organisation": "acme", "role": "editor"}
    first = service.client.post("/users", json=body, headers=admin).json()["invitation"]
    old = service.outbox.code()
    # A later offer takes the place of the one before.
    second = {**body, "role": "admin"}
    offer = service.client.post("/users", json=second, headers=admin).json()["invitation"]
    assert offer["offered"]["role"] == "admin" and offer["email"] == bob
    code = service.outbox.code()
    assert grants(service, bob) == {("default", None, "viewer")}
    shown = service.client.get("/users/invitations", headers=admin).json()
    assert [item["invitation_id"] for item in shown] == [offer["invitation_id"]]
    assert first["invitation_id"] != offer["invitation_id"]
    assert service.client.post("/auth/join", json={"token": old}).status_code == 400
    assert service.client.post("/auth/join", json={"token": code}).status_code == 200
    assert service.client.post("/auth/join", json={"token": code}).status_code == 400
    assert grants(service, bob) == {("default", None, "viewer"), ("acme", None, "admin")}
    # Who belongs to it already is given another role at once.
    again = service.client.post("/users", json=body, headers=admin).json()
    assert again["invitation"] is None and again["user"]["grants"][0]["role"] == "editor"
    rows = service.client.get("/audit?action=role", headers=admin).json()["items"]
    assert [row["action"] for row in rows][:3] == ["role.give", "role.give", "role.offer"]


@pytest.mark.parametrize("what", ["disabled", "no admin any more"])
def test_an_offer_lapses_with_the_rights_of_whoever_made_it(service, what):
    service.user("bob@example.org", Grant("default", Role.VIEWER))
    gil = service.user("gil@example.org", Grant("acme", Role.ADMIN))
    body = {"email": "bob@example.org", "organisation": "acme", "role": "admin"}
    made = service.client.post("/users", json=body, headers=service.login("gil@example.org"))
    assert made.status_code == 201
    if what == "disabled":
        service.run(lambda a: a.users.set_disabled(gil, True, COMMAND_LINE))
    else:
        service.run(lambda a: a.users.give_role(gil, Grant("acme", Role.EDITOR), COMMAND_LINE))
    refused = service.client.post("/auth/join", json={"token": service.outbox.code()})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_token")
    assert grants(service, "bob@example.org") == {("default", None, "viewer")}
    log = service.client.get("/audit?action=role.lapse", headers=service.login(ANN)).json()
    assert [row["succeeded"] for row in log["items"]] == [False]


def test_an_offer_can_be_withdrawn_and_is_nobody_elses(service):
    service.user("bob@example.org", Grant("default", Role.ADMIN))
    admin, bob = service.login(ANN), service.login("bob@example.org")
    body = {"email": "bob@example.org", "organisation": "acme", "role": "editor"}
    offer = service.client.post("/users", json=body, headers=admin).json()["invitation"]
    path = f"/users/invitations/{offer['invitation_id']}"
    assert service.client.get("/users/invitations", headers=bob).json() == []
    assert service.client.delete(path, headers=bob).status_code == 404
    assert service.client.delete(path, headers=admin).status_code == 204
    refused = service.client.post("/auth/join", json={"token": service.outbox.code()})
    assert refused.json()["code"] == "bad_token"


def test_who_has_a_role_elsewhere_is_disabled_by_nobody_here(service):
    both = service.user(
        "bob@example.org", Grant("acme", Role.VIEWER), Grant("default", Role.VIEWER)
    )
    header = service.login(ANN)
    answer = service.client.put(f"/users/{both}/disabled", json={"disabled": True}, headers=header)
    assert answer.json()["code"] == "belongs_elsewhere"
    shown = service.client.get(f"/users/{both}", headers=header).json()
    assert [g["organisation"] for g in shown["grants"]] == ["acme"]


def test_the_last_admin_of_an_organisation_stays(service):
    ann = service.run(lambda a: a.users.get(ANN)).id
    header = service.login(ANN)
    lower = {"organisation": "acme", "role": "editor"}
    asked = (
        service.client.put(f"/users/{ann}/role", json=lower, headers=header),
        service.client.delete(f"/users/{ann}/role?organisation=acme", headers=header),
        service.client.put(f"/users/{ann}/disabled", json={"disabled": True}, headers=header),
    )
    assert [(a.status_code, a.json()["code"]) for a in asked] == [(409, "last_admin")] * 3
    assert service.client.get("/users", headers=header).status_code == 200
    # A disabled one is none, and one of a channel neither.
    service.user("off@example.org", ADMIN)
    service.run(lambda a: a.users.set_disabled("off@example.org", True, COMMAND_LINE))
    service.user("part@example.org", Grant("acme", Role.ADMIN, "news"))
    take = f"/users/{ann}/role?organisation=acme"
    assert service.client.delete(take, headers=header).status_code == 409
    service.user("bea@example.org", ADMIN)
    assert service.client.delete(take, headers=header).status_code == 204
    # Whoever has the command line may do what they like.
    service.run(lambda a: a.users.take_role("bea@example.org", "acme", None, COMMAND_LINE))
