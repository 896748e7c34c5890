"""Rows of accounts on SQLite and on PostgreSQL: connected once, claimed by one, put back."""

import threading
from datetime import timedelta

import pytest

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.publishing_tables import ConnectingRow, PostRow, SocialAccountRow
from vidpipe.catalog.social_accounts import Busy, FoundAccount
from vidpipe.catalog.tables import now
from vidpipe_tests.catalog.conftest import emptied

WHERE = {"channel": "default", "platform": "x", "application": "main", "by": "local"}


@pytest.fixture(params=["sqlite", "postgres"])
def catalog(request, tmp_path, empty_catalog):
    if request.param == "sqlite":
        (tmp_path / "catalog.sqlite").write_bytes(empty_catalog.read_bytes())
        made = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    else:
        made = Catalog(request.getfixturevalue("postgres_url"))
        made.upgrade()
    yield made
    emptied(made)


def found(**values):
    at = now() + timedelta(hours=1)
    fields = {
        "remote_id": "1",
        "name": "One",
        "secret": "sealed",
        "scopes": ("a",),
        "expires_at": at,
        "due_at": at,
    }
    return FoundAccount(**{**fields, **values})


def test_an_account_is_connected_claimed_renewed_broken_and_mended(catalog):
    rows = catalog.social_accounts
    (account_id,) = rows.connect([found()], **WHERE)
    claimed = rows.claim(account_id, "sealed")
    assert isinstance(claimed, SocialAccountRow)
    assert rows.claim(account_id, "sealed") is Busy.HELD
    assert rows.claim(account_id, "another") is Busy.CHANGED
    at = now() + timedelta(hours=2)
    assert rows.renewed(claimed, "second", expires_at=at, due_at=at, scopes=["b"])
    assert not rows.renewed(claimed, "third", expires_at=at, due_at=at, scopes=["b"])
    row = rows.get(account_id)
    assert (row.secret, row.lease, row.scopes, row.expires_at) == ("second", None, ["b"], at)
    with catalog.writing() as session:
        for number, (state, remote) in enumerate(
            [("scheduled", None), ("posting", "x"), ("queued", None)]
        ):
            session.add(
                PostRow(
                    post_id=f"post-{number}",
                    channel="default",
                    video_id="v",
                    clip_id=str(number),
                    platform="x",
                    account_id=account_id,
                    fingerprint="f",
                    state=state,
                    remote=remote,
                    at=at if state == "scheduled" else None,
                    changes={},
                    created_by="local",
                    claims=0,
                )
            )
    assert rows.broke(account_id, "words", "code")
    assert rows.broke(account_id, "other words", "code")
    assert not rows.broke(account_id, "words", "code", seen="sealed")
    assert rows.posts_waiting([account_id, "nothing"]) == {account_id: 3}
    assert states(catalog) == ["held", "held", "held"]
    assert rows.connect([found(secret="fourth")], **WHERE) == [account_id]
    assert states(catalog) == ["scheduled", "posting", "queued"]
    assert [row.name for row in rows.list(["default"])] == ["One"]
    assert rows.list(["news"]) == []
    assert rows.disconnect(account_id, "gone") and not rows.disconnect(account_id, "gone")
    assert rows.get(account_id).secret is None
    assert rows.claim(account_id, "fourth") is Busy.CHANGED


def states(catalog):
    with catalog.session() as session:
        return [row.state for row in session.query(PostRow).order_by(PostRow.post_id)]


def test_who_comes_back_is_expected_once(catalog):
    rows = catalog.social_accounts
    row = {"channel": "default", "platform": "x", "verifier": "sealed", "redirect_uri": "u"}
    at = now() + timedelta(minutes=10)
    assert rows.begin(ConnectingRow(state_sha256="a", by="user:1", expires_at=at, **row), 1)
    assert not rows.begin(ConnectingRow(state_sha256="b", by="user:1", expires_at=at, **row), 1)
    assert rows.came_back("a", "x", "user:2") is None
    assert rows.came_back("a", "youtube", "user:1") is None
    taken = []
    ready = threading.Barrier(4)

    def take():
        ready.wait()
        taken.append(rows.came_back("a", "x", "user:1"))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.verifier for one in taken if one is not None] == ["sealed"]


def test_two_that_connect_the_same_account_make_one_row(catalog):
    rows = catalog.social_accounts
    ids, failed = [], []
    ready = threading.Barrier(4)

    def connect(number):
        ready.wait()
        try:
            ids.extend(rows.connect([found(secret=str(number))], **WHERE))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=connect, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and len(set(ids)) == 1 and len(ids) == 4
    assert len(rows.list()) == 1


def test_secrets_are_sealed_anew_but_not_while_one_is_renewed(catalog):
    rows = catalog.social_accounts
    first, second = rows.connect([found(), found(remote_id="2", secret="new")], **WHERE)
    renewed = {"sealed": "again"}.get
    claimed = rows.claim(first, "sealed")
    assert rows.reseal(renewed) == (0, 1)
    assert rows.put_off(claimed, now(), None)
    assert rows.reseal(renewed) == (1, 0)
    assert rows.get(first).secret == "again" and rows.get(second).secret == "new"
