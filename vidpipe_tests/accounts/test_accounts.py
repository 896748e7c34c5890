"""Users, logins, keys, links, the audit log: on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from vidpipe.accounts.audit import COMMAND_LINE, Actor
from vidpipe.accounts.keys import bounded
from vidpipe.accounts.logins import Login, LoginRefused
from vidpipe.accounts.model import Action, Grant, Role, Scope
from vidpipe.accounts.tokens import sha256
from vidpipe.accounts.users import Purpose, UnknownAccount
from vidpipe.catalog.account_tables import (
    ApiKeyRow,
    LoginAttemptRow,
    OneTimeTokenRow,
    RefreshTokenRow,
    SessionRow,
    UserRow,
)
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected
from vidpipe_tests.accounts.conftest import GOOD

WHO = Actor("nobody", "req-1", "192.0.2.7")
EDITOR = (Grant("acme", Role.EDITOR),)


async def somebody(accounts, email="ann@example.org", **more):
    fields = {"password": GOOD, "verified": True, "grants": EDITOR, **more}
    return await accounts.users.add(email, COMMAND_LINE, **fields)


async def logged_in(accounts, email="ann@example.org") -> Login:
    found = await accounts.logins.with_password(email, GOOD, WHO)
    assert isinstance(found, Login), found
    return found


def test_a_user_logs_in_and_is_who_they_are(run):
    async def work(accounts):
        added = await somebody(accounts, "Ann@Example.org")
        assert added.email == "ann@example.org"
        login = await accounts.logins.with_password(" ANN@example.org", GOOD, WHO)
        principal, session_id = await accounts.logins.principal(login.access_token)
        assert session_id == login.session_id
        assert principal.id == f"user:{added.id}"
        assert principal.may(Action.SUBMIT, "acme", "talks")
        assert not principal.may(Action.MANAGE, "acme")
        assert not principal.may(Action.READ, "other")
        assert (await accounts.users.get("ann@example.org")).last_login_at is not None

    run(work)


def test_no_password_and_no_token_is_kept(run):
    async def work(accounts):
        await somebody(accounts)
        login = await logged_in(accounts)
        link = await accounts.users.new_link(login.user.id, Purpose.RESET)
        _, key = await accounts.keys.create("ci", COMMAND_LINE, organisation="acme")
        async with accounts.sessions.reading() as session:
            kept = ""
            for table in (UserRow, SessionRow, RefreshTokenRow, OneTimeTokenRow, ApiKeyRow):
                rows = (await session.execute(sa.select(table.__table__))).all()
                assert rows
                kept += repr(rows)
        for secret in (GOOD, login.refresh_token, login.access_token, link, key):
            assert secret not in kept
        assert "$argon2id$" in kept

    run(work)


@pytest.mark.parametrize(
    "password",
    ["wrong password here", "", "x" * 100_000, "\ud800" * 12],
    ids=["wrong", "empty", "long", "surrogates"],
)
def test_a_wrong_password_is_refused_as_an_unknown_address_is(run, password):
    async def work(accounts):
        await somebody(accounts)
        for email in ("ann@example.org", "bob@example.org", "no address", "\x00"):
            refused = await accounts.logins.with_password(email, password, WHO)
            assert refused == LoginRefused("credentials")

    run(work)


def test_ten_failures_lock_an_address_whether_it_exists_or_not(run):
    async def work(accounts):
        await somebody(accounts)
        for email in ("ann@example.org", "nobody@example.org"):
            for _ in range(10):
                refused = await accounts.logins.with_password(email, "no", WHO)
                assert refused == LoginRefused("credentials")
            refused = await accounts.logins.with_password(email, GOOD, WHO)
            assert refused.reason == "locked"
            assert 1790 < refused.retry_after_s <= 1800
        # Whoever reads the mail of the address may go on.
        user = await accounts.users.get("ann@example.org")
        link = await accounts.users.new_link(user.id, Purpose.RESET)
        assert await accounts.users.use_link(link, Purpose.RESET, WHO, password=GOOD + "!")
        again = await accounts.logins.with_password("ann@example.org", GOOD + "!", WHO)
        assert isinstance(again, Login)

    run(work)


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(run):
    async def work(accounts):
        await somebody(accounts)
        guesses = (
            accounts.logins.with_password("ann@example.org", f"no {k}", WHO) for k in range(12)
        )
        reasons = [r.reason for r in await asyncio.gather(*guesses)]
        assert reasons.count("credentials") == 3
        assert reasons.count("locked") == 9

    run(work, password={"max_failures": 3})


def test_success_forgets_failures(run):
    async def work(accounts):
        await somebody(accounts)
        for _ in range(3):
            for _ in range(2):
                await accounts.logins.with_password("ann@example.org", "no", WHO)
            await logged_in(accounts)

    run(work, password={"max_failures": 3})


def test_a_lockout_ends(run):
    async def work(accounts):
        await somebody(accounts)
        for _ in range(2):
            await accounts.logins.with_password("ann@example.org", "no", WHO)
        locked = await accounts.logins.with_password("ann@example.org", GOOD, WHO)
        assert locked.reason == "locked"
        async with accounts.sessions.writing() as session:
            past = {"locked_until": now(), "last_at": now() - timedelta(minutes=30)}
            await session.execute(sa.update(LoginAttemptRow).values(past))
        await logged_in(accounts)

    run(work, password={"max_failures": 2})


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(run):
    async def work(accounts):
        await somebody(accounts)
        first, other = await logged_in(accounts), await logged_in(accounts)
        second = await accounts.logins.refresh(first.refresh_token, WHO)
        third = await accounts.logins.refresh(second.refresh_token, WHO)
        assert isinstance(third, Login) and third.session_id == first.session_id
        assert await accounts.logins.refresh(first.refresh_token, WHO) == LoginRefused("token")
        assert await accounts.logins.refresh(third.refresh_token, WHO) == LoginRefused("token")
        assert await accounts.logins.principal(third.access_token) is None
        # Another login of the same user is another family.
        assert isinstance(await accounts.logins.refresh(other.refresh_token, WHO), Login)
        log = await accounts.audit.read(action="session.reuse")
        assert [(e.object, e.address) for e in log] == [(first.user.principal_id, "192.0.2.7")]

    run(work)


def test_of_two_refreshes_at_once_one_wins_and_the_family_ends(run):
    async def work(accounts):
        await somebody(accounts)
        login = await logged_in(accounts)
        both = await asyncio.gather(
            *(accounts.logins.refresh(login.refresh_token, WHO) for _ in range(2))
        )
        assert sorted(type(b).__name__ for b in both) == ["Login", "LoginRefused"]
        winner = next(b for b in both if isinstance(b, Login))
        assert await accounts.logins.principal(winner.access_token) is None

    run(work)


def test_of_two_refreshes_the_one_that_began_first_may_be_the_second(run):
    async def work(accounts):
        await somebody(accounts)
        login = await logged_in(accounts)
        winner = await accounts.logins.refresh(login.refresh_token, WHO)
        async with accounts.sessions.writing() as session:
            used = await session.get_one(RefreshTokenRow, sha256(login.refresh_token))
            used.used_at = now() + timedelta(seconds=5)
        late = await accounts.logins.refresh(login.refresh_token, WHO)
        assert late == LoginRefused("token")
        assert await accounts.logins.principal(winner.access_token) is None

    run(work)


def test_a_session_does_not_outlive_its_login_by_being_refreshed(run):
    async def work(accounts):
        await somebody(accounts)
        login = await logged_in(accounts)
        async with accounts.sessions.writing() as session:
            row = await session.get_one(SessionRow, login.session_id)
            row.expires_at = now() - timedelta(seconds=1)
        assert await accounts.logins.refresh(login.refresh_token, WHO) == LoginRefused("token")
        assert await accounts.logins.principal(login.access_token) is None

    run(work)


@pytest.mark.parametrize("how", ["logout", "disable", "password", "reset"])
def test_what_ends_a_session_ends_it_at_once(run, how):
    async def work(accounts):
        user = await somebody(accounts)
        login = await logged_in(accounts)
        assert await accounts.logins.principal(login.access_token)
        if how == "logout":
            assert await accounts.logins.end(login.session_id, WHO, user_id=user.id)
        elif how == "disable":
            await accounts.users.set_disabled(user.email, True, COMMAND_LINE)
        elif how == "password":
            await accounts.users.set_password(user.email, GOOD + "!", COMMAND_LINE)
        else:
            link = await accounts.users.new_link(user.id, Purpose.RESET)
            assert await accounts.users.use_link(link, Purpose.RESET, WHO, password=GOOD + "!")
        assert await accounts.logins.principal(login.access_token) is None
        assert await accounts.logins.refresh(login.refresh_token, WHO) == LoginRefused("token")

    run(work)


def test_a_password_changed_from_a_session_keeps_that_one(run):
    async def work(accounts):
        user = await somebody(accounts)
        mine, other = await logged_in(accounts), await logged_in(accounts)
        await accounts.users.set_password(
            user.id, GOOD + "!", COMMAND_LINE, keep_session=mine.session_id
        )
        assert await accounts.logins.principal(mine.access_token)
        assert await accounts.logins.principal(other.access_token) is None

    run(work)


def test_nobody_ends_the_session_of_another(run):
    async def work(accounts):
        await somebody(accounts)
        bob = await somebody(accounts, "bob@example.org")
        login = await logged_in(accounts)
        assert not await accounts.logins.end(login.session_id, WHO, user_id=bob.id)
        assert await accounts.logins.principal(login.access_token)

    run(work)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"verified": False}, "unverified"), ({"password": None}, "credentials")],
)
def test_who_may_not_log_in_yet(run, changes, reason):
    async def work(accounts):
        await somebody(accounts, **changes)
        refused = await accounts.logins.with_password("ann@example.org", GOOD, WHO)
        assert refused == LoginRefused(reason)

    run(work)


def test_a_link_is_good_once_for_its_purpose_and_its_time(run):
    async def work(accounts):
        user = await somebody(accounts, password=None, verified=False)
        old = await accounts.users.new_link(user.id, Purpose.INVITE)
        link = await accounts.users.new_link(user.id, Purpose.INVITE)
        use = accounts.users.use_link
        assert await use(old, Purpose.INVITE, WHO, password=GOOD) is None
        assert await use(link, Purpose.RESET, WHO, password=GOOD) is None
        with pytest.raises(InputRejected):
            await use(link, Purpose.INVITE, WHO, password="password1234")
        assert (await use(link, Purpose.INVITE, WHO, password=GOOD)).verified
        assert await use(link, Purpose.INVITE, WHO, password=GOOD) is None
        await logged_in(accounts)
        late = await accounts.users.new_link(user.id, Purpose.RESET)
        async with accounts.sessions.writing() as session:
            await session.execute(sa.update(OneTimeTokenRow).values(expires_at=now()))
        assert await use(late, Purpose.RESET, WHO, password=GOOD) is None

    run(work)


def test_a_disabled_user_follows_no_link(run):
    async def work(accounts):
        user = await somebody(accounts)
        link = await accounts.users.new_link(user.id, Purpose.RESET)
        await accounts.users.set_disabled(user.id, True, COMMAND_LINE)
        used = await accounts.users.use_link(link, Purpose.RESET, WHO, password=GOOD)
        assert used is None
        await accounts.users.set_disabled(user.id, False, COMMAND_LINE)
        await logged_in(accounts)

    run(work)


def test_a_key_may_what_it_was_made_for(run):
    async def work(accounts):
        key, secret = await accounts.keys.create(
            "ci", COMMAND_LINE, organisation="acme", channels=["talks"], scopes=[Scope.READ]
        )
        assert secret.startswith(key.prefix) and key.prefix.startswith("vp_")
        principal = await accounts.keys.principal(secret)
        assert principal.may(Action.READ, "acme", "talks")
        assert not principal.may(Action.READ, "acme", "interviews")
        assert not principal.may(Action.SUBMIT, "acme", "talks")
        assert (await accounts.keys.get(key.prefix)).last_used_at is not None
        for wrong in (secret.upper(), secret + "x", secret[:-1], key.prefix, secret.swapcase(), ""):
            assert await accounts.keys.principal(wrong) is None
        await accounts.keys.revoke(key.id, COMMAND_LINE)
        assert await accounts.keys.principal(secret) is None

    run(work)


def test_a_key_expires(run):
    async def work(accounts):
        _, secret = await accounts.keys.create(
            "ci", COMMAND_LINE, organisation="acme", lifetime=timedelta(seconds=-1)
        )
        assert await accounts.keys.principal(secret) is None

    run(work)


def test_a_key_can_do_no_more_than_its_owner_can_now(run):
    async def work(accounts):
        user = await somebody(accounts, grants=[Grant("acme", Role.ADMIN)])
        _, secret = await accounts.keys.create(
            "mine", COMMAND_LINE, organisation="acme", role=Role.ADMIN, scopes=Scope, owner=user.id
        )
        assert (await accounts.keys.principal(secret)).may(Action.MANAGE, "acme")
        await accounts.users.give_role(user.id, Grant("acme", Role.VIEWER), COMMAND_LINE)
        less = await accounts.keys.principal(secret)
        assert less.may(Action.READ, "acme", "talks") and not less.may(Action.SUBMIT, "acme", "t")
        await accounts.users.take_role(user.id, "acme", None, COMMAND_LINE)
        assert not (await accounts.keys.principal(secret)).may(Action.READ, "acme", "talks")
        await accounts.users.set_disabled(user.id, True, COMMAND_LINE)
        assert await accounts.keys.principal(secret) is None

    run(work)


def test_grants_of_a_key_are_cut_to_those_of_its_owner():
    owner = [Grant("acme", Role.VIEWER), Grant("acme", Role.ADMIN, "talks")]
    assert set(bounded([Grant("acme", Role.EDITOR)], owner)) == {
        Grant("acme", Role.VIEWER),
        Grant("acme", Role.EDITOR, "talks"),
    }
    assert bounded([Grant("acme", Role.EDITOR, "news")], owner[1:]) == ()
    assert bounded([Grant("other", Role.EDITOR)], owner) == ()


def test_a_provider_knows_a_user_by_its_subject(run):
    async def work(accounts):
        user = await somebody(accounts, verified=False)
        assert await accounts.users.by_identity("https://id.example", "7") is None
        await accounts.users.link_identity(user.id, "https://id.example", "7", WHO)
        assert (await accounts.users.by_identity("https://id.example", "7")).verified
        assert await accounts.users.by_identity("https://other.example", "7") is None

    run(work)


@pytest.mark.parametrize(
    "email",
    ["", "a", "@", "a@", "@b", "a b@c", "a@b\nBcc: x@y", "a@b,c@d", "a" * 65 + "@b", "a@b@c"],
)
def test_what_is_no_address_is_refused(run, email):
    async def work(accounts):
        with pytest.raises(InputRejected):
            await accounts.users.add(email, COMMAND_LINE)

    run(work)


def test_an_address_is_taken_once(run):
    async def work(accounts):
        await somebody(accounts)
        with pytest.raises(InputRejected) as refused:
            await accounts.users.add("ANN@example.org", COMMAND_LINE)
        assert refused.value.reason == "email_taken"
        with pytest.raises(UnknownAccount):
            await accounts.users.get("bob@example.org")

    run(work)


def test_lists_are_those_of_an_organisation(run):
    async def work(accounts):
        await somebody(accounts)
        await somebody(accounts, "bob@example.org", grants=[Grant("other", Role.VIEWER)])
        await somebody(accounts, "eve@example.org", grants=[])
        users = await accounts.users.list(["acme"])
        assert [u.email for u in users] == ["ann@example.org"]
        everybody = await accounts.users.list(limit=2)
        assert [u.email for u in everybody] == ["ann@example.org", "bob@example.org"]
        rest = await accounts.users.list(after="bob@example.org")
        assert [u.email for u in rest] == ["eve@example.org"]

    run(work)


def test_the_audit_log_says_who_did_what_and_only_grows(run, database_url):
    async def work(accounts):
        user = await somebody(accounts)
        await logged_in(accounts)
        await accounts.users.give_role(user.id, Grant("acme", Role.ADMIN), COMMAND_LINE)
        await accounts.logins.with_password(user.email, "no", WHO)
        log = await accounts.audit.read()
        assert [e.action for e in log] == [
            *("session.start", "role.give", "session.start", "role.give", "user.add")
        ]
        assert not log[0].succeeded and log[0].request_id == "req-1"
        assert log[1].before != log[1].after and log[1].before == log[3].after
        assert await accounts.audit.read(organisations=["acme"]) == log
        assert await accounts.audit.read(organisations=["other"]) == []
        older = await accounts.audit.read(before_id=log[3].id)
        assert [e.action for e in older] == ["user.add"]
        assert GOOD not in repr(log)

    run(work)
    catalog = Catalog(database_url)
    words = ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"]
    if not catalog.embedded:
        words.append("TRUNCATE audit")
    for statement in words:
        with pytest.raises(DBAPIError, match="only grows"), catalog.engine.begin() as connection:
            connection.execute(sa.text(statement))
    with catalog.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM audit")) == 5
    catalog.engine.dispose()


def test_rates_are_shared_and_say_how_long_to_wait(run):
    async def work(accounts):
        moment = [1000.0]
        rates = type(accounts.rates)(accounts.sessions, lambda: moment[0])
        other = type(accounts.rates)(accounts.sessions, lambda: moment[0])
        for k in range(10):
            assert await (rates if k % 2 else other).take("key:1", 10) is None
        assert await rates.take("key:1", 10) == pytest.approx(6.0)
        assert await rates.take("key:2", 10) is None
        assert await rates.take("key:1", 0) is None
        moment[0] += 6.0
        assert await other.take("key:1", 10) is None
        assert await rates.take("key:1", 10) == pytest.approx(6.0)
        moment[0] += 3600.0
        assert [await rates.take("key:1", 3) for _ in range(4)][:3] == [None] * 3

    run(work)


def test_of_many_requests_at_once_as_many_are_answered_as_the_limit_says(run):
    async def work(accounts):
        waits = await asyncio.gather(*(accounts.rates.take("user:1", 7) for _ in range(20)))
        assert waits.count(None) == 7

    run(work)
