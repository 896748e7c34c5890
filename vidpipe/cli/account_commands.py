"""vidpipe users and vidpipe keys: the commands; `vidpipe.cli.accounts` does what they say."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vidpipe.cli.app import app, guard

users = typer.Typer(no_args_is_help=True, help="Add users, give them roles, disable them.")
keys = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")

RoleName = Literal["viewer", "editor", "admin"]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="e-mail address of the user")]
Organisation = Annotated[str, typer.Option(help="whose channels the role is for")]


@users.command("add")
def add_user(
    email: Email,
    role: Annotated[RoleName, typer.Option(help="what they may do")] = "editor",
    organisation: Organisation = "default",
    channel: Annotated[str | None, typer.Option(help="only in this channel")] = None,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.add_user(email, role, organisation, channel)

    raise typer.Exit(guard(go))


@users.command("list")
def list_users(
    organisation: Annotated[str | None, typer.Option(help="only of this organisation")] = None,
) -> None:
    """List users and their roles."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.list_users(organisation)

    raise typer.Exit(guard(go))


@users.command("role")
def set_role(
    email: Email,
    role: Annotated[
        Literal["viewer", "editor", "admin", "none"],
        typer.Argument(metavar="ROLE", help="viewer, editor, admin, or none: take it away"),
    ],
    organisation: Organisation = "default",
    channel: Annotated[str | None, typer.Option(help="only in this channel")] = None,
) -> None:
    """Give a user a role in an organisation or a channel, or take it away."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.set_role(email, role, organisation, channel)

    raise typer.Exit(guard(go))


@users.command()
def disable(
    email: Email,
    enable: Annotated[bool, typer.Option("--enable", help="let them in again")] = False,
) -> None:
    """Let a user in no more: logins end and keys stop with the next request."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.disable(email, enable)

    raise typer.Exit(guard(go))


@users.command()
def password(email: Email) -> None:
    """Set a user's password, and end their logins."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.set_password(email)

    raise typer.Exit(guard(go))


@keys.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it is for")],
    role: Annotated[RoleName, typer.Option(help="what it may do")] = "editor",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="read, write, review, publish or admin; default read and write; repeatable"
        ),
    ] = None,
    organisation: Organisation = "default",
    channel: Annotated[
        list[str] | None, typer.Option(help="only in this channel; repeat for several")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="how long it is good; 0: until revoked")] = 90,
) -> None:
    """Create an API key, and print it: it cannot be shown again."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.create_key(name, role, scope, organisation, channel, days)

    raise typer.Exit(guard(go))


@keys.command("list")
def list_keys(
    organisation: Annotated[str | None, typer.Option(help="only of this organisation")] = None,
) -> None:
    """List API keys, the newest first."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.list_keys(organisation)

    raise typer.Exit(guard(go))


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="its beginning, see vidpipe keys list")],
) -> None:
    """Revoke an API key: it is refused from the next request on."""

    def go() -> int:
        from vidpipe.cli import accounts as actions

        return actions.revoke_key(key)

    raise typer.Exit(guard(go))
