"""vidpipe accounts: the accounts at platforms that channels post to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, say_dry, table
from vidpipe.cli.audited import changing, written_down

if TYPE_CHECKING:
    from vidpipe.library import Library, SocialAccountView

accounts = typer.Typer(
    no_args_is_help=True, help="Connect accounts at platforms, which channels post to."
)
app.add_typer(accounts, name="accounts")
Which = Annotated[str, typer.Argument(metavar="ACCOUNT", help="its id, see vidpipe accounts list")]
#: Where a browser comes back to. A port of its own, as many platforms want its address in full.
PORT = 8976


@accounts.command("list")
def list_accounts(
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
) -> None:
    """List accounts, and what is wrong with them."""

    def go() -> int:
        from vidpipe.channels.model import channel_named

        asked = library()
        say_dry(asked.engine.settings)
        known = set(asked.engine.channels)
        if channel is not None:
            channel_named(asked.engine.channels, channel)
        found = asked.social_accounts.list(known if channel is None else known & {channel})
        shown = table("account", "channel", "platform", "name", "state", "posts waiting", "")
        for item in found:
            waiting = str(item.posts_waiting or "")
            shown.add_row(
                *(item.account_id, item.channel, item.platform, line(item.name), item.state),
                *(waiting, line(item.problem)),
            )
        hint = "No accounts yet: vidpipe accounts connect CHANNEL PLATFORM"
        out.print(shown if found else hint)
        return 0

    raise typer.Exit(guard(go))


@accounts.command()
def connect(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="that is to post")],
    platform: Annotated[
        str,
        typer.Argument(
            metavar="PLATFORM",
            help="youtube, tiktok, instagram, facebook, linkedin, x, webhook or folder",
        ),
    ],
    application: Annotated[
        str | None, typer.Option(help="of the settings; default: the first of the platform")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="of a webhook or a folder, which have no login")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="of this machine; 0: any that is free")
    ] = PORT,
    paste: Annotated[
        bool, typer.Option("--paste", help="the browser is on another machine")
    ] = False,
) -> None:
    """Connect an account: open the address that is printed, and allow posting.

    The browser comes back to this machine. Where it runs on another one, --paste asks for the
    address that it ends at; nothing has to answer there.
    """

    def go() -> int:
        from vidpipe.cli import connecting

        asked = library()
        say_dry(asked.engine.settings)
        if address is not None:
            with changing(asked):
                made = asked.social_accounts.add(channel, platform, address, by="local")
                assert made.account is not None
                _written_down(asked, "connect", made.account)
            _tell(made.account)
            if made.secret is not None:
                err.print("vidpipe: keep its secret: it is not shown again")
                typer.echo(made.secret)
            return 0
        for account in connecting.connect(asked, channel, platform, application, port, paste):
            _tell(account)
        return 0

    raise typer.Exit(guard(go))


@accounts.command()
def refresh(account: Which) -> None:
    """Renew an account's token now, and read again what it may do."""

    def go() -> int:
        asked = library()
        # What a platform is asked for cannot be taken back.
        _written_down(asked, "refresh", asked.social_accounts.get(account))
        found = asked.social_accounts.refresh(account)
        until = f" until {found.expires_at:%Y-%m-%d %H:%M} UTC" if found.expires_at else ""
        out.print(f"{account} ({line(found.name)}): {found.state}{until}")
        for name, value in found.limits.items():
            out.print(f"  {name}: {value}")
        return 0

    raise typer.Exit(guard(go))


@accounts.command()
def disconnect(account: Which) -> None:
    """End what an account allowed, at its platform, too; its posts wait."""

    def go() -> int:
        asked = library()
        _written_down(asked, "disconnect", asked.social_accounts.get(account))
        found = asked.social_accounts.disconnect(account)
        out.print(f"{account} ({line(found.name)}): {line(found.problem)}")
        return 0

    raise typer.Exit(guard(go))


def _tell(account: SocialAccountView) -> None:
    name = line(account.name or account.remote_id)
    out.print(f"{account.account_id}: {account.channel} can post to {account.platform}, {name}")
    if account.problem:
        err.print(f"vidpipe: {line(account.problem)}", style="yellow")


def _written_down(asked: Library, verb: str, account: SocialAccountView) -> None:
    what = f"social-accounts/{account.account_id}"
    written_down(asked, f"social_account.{verb}", [(what, account.channel)])
