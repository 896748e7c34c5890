"""Who may do what: every role against every action, and what a scope takes away."""

import pytest

from vidpipe.accounts.model import LOCAL, RULES, Action, Grant, Principal, Role, Scope

ALL = frozenset(Scope)


def somebody(role: Role, channel: str | None = None, scopes: frozenset[Scope] = ALL) -> Principal:
    return Principal("user:1", "a@example.org", (Grant("acme", role, channel),), scopes)


#: Written out by hand, so that a change of the rules is seen here.
MAY = {
    Role.VIEWER: {Action.READ},
    Role.EDITOR: {
        *(Action.READ, Action.SUBMIT, Action.PROCESS),
        *(Action.REVIEW, Action.DECIDE, Action.PUBLISH),
    },
    Role.ADMIN: set(Action),
}


def test_every_action_has_its_rule() -> None:
    assert set(RULES) == set(Action)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_may_what_the_table_says(role: Role, action: Action) -> None:
    assert somebody(role).may(action, "acme", "talks") is (action in MAY[role])
    assert somebody(role).may(action, "acme") is (action in MAY[role])


@pytest.mark.parametrize("action", Action)
def test_nobody_reaches_another_organisation(action: Action) -> None:
    assert not somebody(Role.ADMIN).may(action, "other", "talks")


@pytest.mark.parametrize("action", Action)
def test_a_role_in_one_channel_holds_there_alone(action: Action) -> None:
    admin = somebody(Role.ADMIN, "talks")
    assert admin.may(action, "acme", "talks")
    assert not admin.may(action, "acme", "interviews")
    assert not admin.may(action, "acme")


@pytest.mark.parametrize("action", Action)
def test_a_key_without_the_scope_may_nothing_of_it(action: Action) -> None:
    scope = RULES[action][1]
    assert not somebody(Role.ADMIN, scopes=ALL - {scope}).may(action, "acme", "talks")
    assert somebody(Role.ADMIN, scopes=frozenset({scope})).may(action, "acme", "talks")


def test_the_better_of_two_roles_counts() -> None:
    grants = (Grant("acme", Role.VIEWER), Grant("acme", Role.EDITOR, "talks"))
    both = Principal("user:1", "a@example.org", grants, ALL)
    assert both.may(Action.SUBMIT, "acme", "talks")
    assert not both.may(Action.SUBMIT, "acme", "interviews")
    known = [("acme", "talks"), ("acme", "interviews"), ("other", "news")]
    assert both.channels(Action.SUBMIT, known) == {"talks"}
    assert both.channels(Action.READ, known) == {"talks", "interviews"}


def test_the_owner_of_an_embedded_installation_may_all() -> None:
    assert all(LOCAL.may(action, "any", "channel") for action in Action)
