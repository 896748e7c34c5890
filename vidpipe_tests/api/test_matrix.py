"""Every role against every route: generated from the application, so that none is forgotten."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute

from vidpipe.accounts.model import RULES, Action, Grant, Role, Scope
from vidpipe.api.app import api_app
from vidpipe_tests.api.every_route import COMMON, PUBLIC, ROUTES, objects, send
from vidpipe_tests.api.guarded import ROLES, Guarded, guarded, routes_of


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("matrix")) as made:
        for name, role in ROLES.items():
            made.user(f"{name}@example.org", Grant("acme", role))
        made.user("member@example.org", Grant("acme", Role.VIEWER))
        made.user("stranger@example.org", Grant("default", Role.VIEWER))
        yield made


@pytest.fixture(scope="module")
def headers(service: Guarded) -> dict[str, dict[str, str]]:
    """What says who asks, by who they are."""
    found = {name: service.login(f"{name}@example.org") for name in ROLES}
    found["reading key"] = service.key(role=Role.ADMIN, scopes=[Scope.READ])
    found["channel editor"] = service.key(role=Role.EDITOR, scopes=[*Scope], channels=["talks"])
    return found


def routes(service: Guarded) -> list[tuple[str, APIRoute]]:
    from vidpipe.api.security.gate import gate

    app = api_app(service.library, gate(service.settings, "0.0.0.0"))
    return [
        (f"{method} {route.path}", route)
        for route in routes_of(app)
        for method in sorted(route.methods)
    ]


def _actions(dependant: Any) -> set[Action]:
    own = getattr(dependant.call, "action", None)
    return {a for d in dependant.dependencies for a in _actions(d)} | ({own} if own else set())


def test_every_route_has_its_row_and_asks_for_what_the_row_says(service):
    found = {name: _actions(route.dependant) for name, route in routes(service)}
    assert set(found) == set(ROUTES)
    for name, actions in found.items():
        row = ROUTES[name]
        assert actions == ({row} if isinstance(row, Action) else set()), name


@pytest.fixture(scope="module")
def standing(service: Guarded) -> Callable[[str], dict[str, str]]:
    """Objects of an organisation, for requests that read them or are to be refused."""
    return functools.cache(functools.partial(objects, service))


def ask(service: Guarded, route: str, at: dict[str, str], headers: dict[str, str]) -> int:
    """The status of a request about these objects."""
    answer = send(service, route, at, headers)
    assert answer.status_code < 500 or route == "GET /ready", answer.text
    return answer.status_code


ASKED = sorted(name for name, row in ROUTES.items() if isinstance(row, Action))


@pytest.mark.parametrize("route", ASKED)
def test_a_role_may_what_the_rules_say(service, standing, headers, route):
    action = ROUTES[route]
    lowest, _ = RULES[action]
    for name, role in ROLES.items():
        # What somebody may change is there once.
        changed = role >= lowest and not route.startswith("GET")
        at = objects(service, "acme", route) if changed else standing("acme")
        status = ask(service, route, at, headers[name])
        assert (status not in (401, 403)) is (role >= lowest), (name, status)


@pytest.mark.parametrize("route", ASKED)
def test_a_key_without_the_scope_may_not(service, standing, headers, route):
    status = ask(service, route, standing("acme"), headers["reading key"])
    assert (status == 403) is (ROUTES[route] is not Action.READ), status


def only_for_administrators(route: str) -> bool:
    """Whether whoever administers nothing is told so, rather than given an empty list."""
    return ROUTES[route] is Action.MANAGE or route in ("GET /webhooks", "GET /services")


@pytest.mark.parametrize("route", sorted(set(ASKED) - COMMON))
def test_what_is_another_organisations_is_not_there(service, standing, headers, route):
    for name in ("admin", "channel editor"):
        status = ask(service, route, standing("default"), headers[name])
        if name == "channel editor" and only_for_administrators(route):
            assert status == 403
        elif "{" in route or route.startswith("POST"):
            assert status == 404, name
        else:
            assert status == 200, name


@pytest.mark.parametrize("route", sorted(set(ASKED) - COMMON))
def test_a_role_in_one_channel_reaches_no_other_of_the_organisation(
    service, standing, headers, route
):
    status = ask(service, route, standing("acme"), headers["channel editor"])
    if only_for_administrators(route):
        assert status == 403
    elif "{" in route or route.startswith("POST"):
        assert status == 404
    else:
        assert status == 200


@pytest.mark.parametrize("route", sorted(r for r in ASKED if r.startswith("GET") and "{" not in r))
def test_lists_hold_what_one_may_see(service, headers, route):
    mine, theirs = service.objects("news"), service.objects("default")
    limit = {"GET /posts": 100}.get(route, 200)
    asked = f"{route[4:]}?limit={limit}&q=said&seconds=0&after=0"
    answer = service.client.get(asked, headers=headers["admin"])
    assert answer.status_code == 200, answer.text
    said = answer.text
    assert theirs["video_id"] not in said and theirs["project_id"] not in said
    assert "stranger@example.org" not in said
    if route in (
        *("GET /videos", "GET /jobs", "GET /failures"),
        *("GET /clips", "GET /exports", "GET /search"),
    ):
        assert mine["video_id"] in said


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_nobody_gets_past_without_saying_who_they_are(service, standing, route):
    status = ask(service, route, standing("acme"), {})
    if ROUTES[route] != PUBLIC:
        assert status == 401
    else:
        assert status in {
            "POST /auth/refresh": (401,),
            "POST /slack/interactions": (404,),
            "POST /auth/register": (403,),
            "GET /auth/oidc/start": (404,),
            "GET /auth/oidc/callback": (404,),
        }.get(route, (200, 202, 204, 400, 503))
