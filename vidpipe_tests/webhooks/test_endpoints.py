"""Endpoints: where they may be, and how their secrets are kept."""

from __future__ import annotations

import stat

import pytest

from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.encryption import KEY_FILE, Vault
from vidpipe.errors import Misconfigured
from vidpipe.library import Changed, Refused, UnknownEndpoint
from vidpipe_tests.webhooks.conftest import KEYS, open_hooks
from vidpipe_tests.webhooks.receiver import receiving

OTHER = "OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg="


def create(hooks, url="https://8.8.8.8/hook", **fields):
    given = {"organisation": "acme", "types": ["job.failed"], "created_by": "local", **fields}
    return hooks.library.webhooks.create(url=url, **given)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"allow_private": False}, "address_private_address"),
        ({"allow_http": False}, "address_scheme"),
    ],
)
def test_what_was_allowed_once_is_not_asked_when_it_is_not_any_more(
    hooks, receiver, options, error
):
    hooks.endpoint(receiver)
    hooks.happen()
    hooks.send(**options)
    assert receiver.got == []
    assert {row.error for row in hooks.rows(AttemptRow)} == {error}
    (row,) = hooks.rows(DeliveryRow)
    assert (row.state, row.last_error) == ("failed", error)


def test_a_name_that_leads_into_the_network_is_refused_when_it_is_sent(hooks):
    with receiving() as here:
        port = here.url.rpartition(":")[2]
        made = hooks.endpoint(here)
        with hooks.catalog.writing() as session:
            session.query(EndpointRow).update({"url": f"http://localhost:{port}"})
        hooks.library.webhooks.test(made.endpoint.endpoint_id)
        hooks.send(allow_private=False)
        assert here.got == []
    assert [row.error for row in hooks.rows(AttemptRow)] == ["address_private_address"]


def test_a_host_that_is_not_found_today_may_be_there_tomorrow(hooks):
    assert create(hooks, "https://hooks.invalid/hook").endpoint.enabled


def test_a_secret_is_nowhere_in_the_database_as_it_is(hooks, tmp_path):
    made = create(hooks)
    (row,) = hooks.rows(EndpointRow)
    assert made.secret.removeprefix("whsec_") not in row.secret
    assert Vault(KEYS).open(row.secret) == made.secret


def test_the_key_that_encrypts_is_exchanged_without_a_pause(
    hooks, receiver, tmp_path, database_url
):
    made = hooks.endpoint(receiver)
    hooks.library.webhooks.rotate(made.endpoint.endpoint_id)
    both = open_hooks(tmp_path / "home", database_url, encryption_keys=(OTHER, *KEYS))
    both.dispatcher().tidy()
    new = open_hooks(tmp_path / "home", database_url, encryption_keys=(OTHER,))
    new.happen()
    new.send()
    (request,) = receiver.got
    request.verified(made.secret)
    for other in (both, new):
        other.catalog.engine.dispose()


def test_without_a_key_a_server_keeps_no_secret_and_a_file_makes_its_own(tmp_path, database_url):
    home = tmp_path / "home"
    made = open_hooks(home, database_url, encryption_keys=())
    if made.catalog.embedded:
        create(made)
        assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    else:
        with pytest.raises(Misconfigured, match="VIDPIPE_ENCRYPTION_KEYS"):
            create(made)
        assert not (home / KEY_FILE).exists() and made.rows(EndpointRow) == []
    made.catalog.engine.dispose()


def test_of_two_changes_of_the_same_the_later_is_refused(hooks):
    made = create(hooks).endpoint
    change = hooks.library.webhooks.change
    assert change(made.endpoint_id, revision=1, description="one").revision == 2
    with pytest.raises(Changed):
        change(made.endpoint_id, revision=1, description="two")
    assert hooks.library.webhooks.get(made.endpoint_id).description == "one"
    with pytest.raises(Refused, match="no event type"):
        change(made.endpoint_id, revision=2, types=["job.begun"])
    hooks.library.webhooks.remove(made.endpoint_id)
    with pytest.raises(UnknownEndpoint):
        hooks.library.webhooks.remove(made.endpoint_id)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"organisation": "nobody"}, "no organisation"),
        ({"channels": ["default"]}, "has no channel default"),
        ({"types": []}, "a type at least"),
    ],
)
def test_what_cannot_be_is_refused(hooks, fields, said):
    with pytest.raises(Refused, match=said):
        create(hooks, **fields)
    assert hooks.rows(EndpointRow) == []
