"""What `vidpipe users` and `vidpipe keys` do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import typer

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.sessions import Sessions
from vidpipe.channels.model import Channel, load_channels
from vidpipe.cli.app import err, line, out, table
from vidpipe.errors import Misconfigured
from vidpipe.settings import load_settings

T = TypeVar("T")


def _with(work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Run something with the accounts that the settings lead to."""
    settings = load_settings()
    url = settings.database_url.get_secret_value()
    catalog = Catalog(url).ready()
    catalog.engine.dispose()

    async def go() -> T:
        accounts = Accounts(Sessions(url, settings.database_pool), settings.accounts)
        try:
            return await work(accounts)
        finally:
            await accounts.close()

    return asyncio.run(go())


def _place(organisation: str, channels: Sequence[str] | None) -> None:
    """Refuse an organisation or a channel that channels.yaml does not have.

    Raises:
        Misconfigured: there is none, with those that there are.
    """
    known: Mapping[str, Channel] = load_channels(load_settings().channels_file)
    organisations = sorted({c.organisation for c in known.values()})
    if organisation not in organisations:
        raise Misconfigured(
            f"channels.yaml has no organisation {organisation}; there are: "
            f"{', '.join(organisations)}"
        )
    for name in channels or ():
        if name not in known or known[name].organisation != organisation:
            raise Misconfigured(f"the organisation {organisation} has no channel {name}")


def _new_password() -> str:
    """A password, typed twice, or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))


def _where(grant: Grant) -> str:
    place = grant.organisation + (f"/{grant.channel}" if grant.channel else "")
    return f"{grant.role.name.lower()} of {place}"


def add_user(email: str, role: str, organisation: str, channel: str | None) -> int:
    """Add a user whose address needs no confirmation: whoever runs this vouches for it."""
    _place(organisation, [channel] if channel else None)
    password = _new_password()
    grant = Grant(organisation, Role[role.upper()], channel)

    async def work(accounts: Accounts) -> str:
        added = await accounts.users.add(
            email, COMMAND_LINE, password=password, grants=[grant], verified=True
        )
        return added.email

    out.print(f"{line(_with(work))}: {_where(grant)}")
    return 0


def list_users(organisation: str | None) -> int:
    """Print users as a table."""
    only = [organisation] if organisation is not None else None

    async def work(accounts: Accounts) -> None:
        shown = table("e-mail", "", "roles", "last login")
        after = ""
        while page := await accounts.users.list(only, after=after):
            after = page[-1].email
            for user in page:
                state = "disabled" if user.disabled else "" if user.verified else "not confirmed"
                last = f"{user.last_login_at:%Y-%m-%d %H:%M}" if user.last_login_at else ""
                roles = ", ".join(map(_where, user.grants))
                shown.add_row(line(user.email), state, roles, last)
        out.print(shown if after else "No users yet.")

    _with(work)
    return 0


def set_role(email: str, role: str, organisation: str, channel: str | None) -> int:
    """Give a role, or take it away."""

    async def work(accounts: Accounts) -> None:
        if role == "none":
            user = await accounts.users.get(email)
            await accounts.users.take_role(user.id, organisation, channel, COMMAND_LINE)
        else:
            grant = Grant(organisation, Role[role.upper()], channel)
            await accounts.users.give_role(email, grant, COMMAND_LINE)
        user = await accounts.users.get(email)
        roles = ", ".join(map(_where, user.grants)) or "no role"
        out.print(f"{line(user.email)}: {roles}")

    if role != "none":
        _place(organisation, [channel] if channel else None)
    _with(work)
    return 0


def disable(email: str, enable: bool) -> int:
    """Disable a user, or let them in again."""

    async def work(accounts: Accounts) -> None:
        user = await accounts.users.set_disabled(email, not enable, COMMAND_LINE)
        out.print(f"{line(user.email)}: {'enabled' if enable else 'disabled'}")

    _with(work)
    return 0


def set_password(email: str) -> int:
    """Set a password."""
    password = _new_password()

    async def work(accounts: Accounts) -> None:
        await accounts.users.set_password(email, password, COMMAND_LINE)

    _with(work)
    out.print("the password is set; their logins have ended")
    return 0


def create_key(
    name: str,
    role: str,
    scopes: Sequence[str] | None,
    organisation: str,
    channels: Sequence[str] | None,
    days: int,
) -> int:
    """Create a key. It alone goes to standard output, so that a script can take it."""
    _place(organisation, channels)
    wanted = scopes or (Scope.READ.value, Scope.WRITE.value)
    unknown = sorted(set(wanted) - set(Scope))
    if unknown:
        raise Misconfigured(f"no such scope: {', '.join(unknown)}; there are: {', '.join(Scope)}")

    async def work(accounts: Accounts) -> str:
        _, secret = await accounts.keys.create(
            name,
            COMMAND_LINE,
            organisation=organisation,
            role=Role[role.upper()],
            scopes=[Scope(s) for s in wanted],
            channels=channels or None,
            lifetime=timedelta(days=days) if days else None,
        )
        return secret

    secret = _with(work)
    err.print("vidpipe: keep it: it cannot be shown again")
    typer.echo(secret)
    return 0


def list_keys(organisation: str | None) -> int:
    """Print keys as a table."""
    only = [organisation] if organisation is not None else None

    async def work(accounts: Accounts) -> None:
        shown = table("key", "name", "role", "scopes", "good until", "last used")
        found = await accounts.keys.list(only)
        for key in found:
            until = "revoked" if key.revoked else "revoked by hand"
            if not key.revoked and key.expires_at is not None:
                until = f"{key.expires_at:%Y-%m-%d}"
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else ""
            roles = ", ".join(map(_where, key.grants))
            scopes = ", ".join(sorted(key.scopes))
            shown.add_row(key.prefix, line(key.name), roles, scopes, until, used)
        out.print(shown if found else "No keys yet.")

    _with(work)
    return 0


def revoke_key(which: str) -> int:
    """Revoke a key by its beginning or its id."""

    async def work(accounts: Accounts) -> None:
        key = await accounts.keys.revoke(which, COMMAND_LINE)
        out.print(f"{key.prefix} ({line(key.name)}): revoked")

    _with(work)
    return 0
