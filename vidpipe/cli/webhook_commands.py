"""vidpipe webhooks: who is notified of what happens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.cli.audited import changing, written_down
from vidpipe.errors import Misconfigured

if TYPE_CHECKING:
    from vidpipe.library import EndpointView, Library

webhooks = typer.Typer(
    no_args_is_help=True, help="Notify others of what happens: add webhooks, replay deliveries."
)
app.add_typer(webhooks, name="webhooks")
_SHOWN = 50
Which = Annotated[str, typer.Argument(metavar="WEBHOOK", help="its id, see vidpipe webhooks list")]


@webhooks.command("list")
def list_webhooks(
    organisation: Annotated[str | None, typer.Option(help="only of this organisation")] = None,
) -> None:
    """List webhooks, the newest first."""

    def go() -> int:
        asked = library()
        channels = asked.engine.channels.values()
        every = {channel.organisation for channel in channels}
        cursor, shown = None, table("webhook", "address", "notified of", "where", "")
        while True:
            page = asked.webhooks.list(
                organisations=every if organisation is None else {organisation},
                limit=_SHOWN,
                cursor=cursor,
            )
            for item in page.items:
                where = ", ".join(item.channels or ("all channels",))
                whose = f"{item.organisation}: {where}"
                types = ", ".join(item.types)
                shown.add_row(item.endpoint_id, line(item.url), types, whose, _state(item))
            cursor = page.next_cursor
            if cursor is None:
                break
        out.print(shown if shown.row_count else "No webhooks yet.")
        return 0

    raise typer.Exit(guard(go))


def _state(item: EndpointView) -> str:
    if not item.enabled:
        return f"disabled: {item.disabled_because}"
    return f"failing since {item.failing_since:%Y-%m-%d %H:%M}" if item.failing_since else ""


def _written_down(asked: Library, action: str, item: EndpointView, what: str = "") -> None:
    """Into the audit log, as the API writes it."""
    known = asked.engine.channels.items()
    whose = (name for name, channel in known if channel.organisation == item.organisation)
    written_down(asked, action, [(what or f"webhooks/{item.endpoint_id}", next(whose, None))])


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="address that is notified")],
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help="only of this type; repeatable; default: how jobs and videos end"
        ),
    ] = None,
    organisation: Annotated[str, typer.Option(help="whose events")] = "default",
    channel: Annotated[
        list[str] | None, typer.Option(help="only of this channel; repeat for several")
    ] = None,
    description: Annotated[str, typer.Option(help="what it is for")] = "",
) -> None:
    """Add a webhook, and print its secret: it cannot be shown again."""

    def go() -> int:
        from vidpipe.catalog.events import OUTCOMES

        asked = library()
        with changing(asked):
            made = asked.webhooks.create(
                organisation=organisation,
                url=url,
                types=kind or list(OUTCOMES),
                channels=channel or None,
                description=description[:400],
                created_by="local",
            )
            _written_down(asked, "webhook.create", made.endpoint)
        err.print(f"vidpipe: {made.endpoint.endpoint_id}; keep its secret: it is not shown again")
        typer.echo(made.secret)
        return 0

    raise typer.Exit(guard(go))


@webhooks.command()
def remove(webhook: Which) -> None:
    """Remove a webhook, and what is known of its deliveries."""

    def go() -> int:
        asked = library()
        with changing(asked):
            removed = asked.webhooks.remove(webhook)
            _written_down(asked, "webhook.remove", removed)
        out.print(f"{removed.endpoint_id} ({line(removed.url)}): removed")
        return 0

    raise typer.Exit(guard(go))


@webhooks.command()
def disable(
    webhook: Which,
    enable: Annotated[bool, typer.Option("--enable", help="notify it again")] = False,
) -> None:
    """Notify a webhook of nothing any more; what happens meanwhile is not sent later."""

    def go() -> int:
        asked = library()
        revision = asked.webhooks.get(webhook).revision
        with changing(asked):
            changed = asked.webhooks.change(webhook, revision=revision, enabled=enable)
            _written_down(asked, "webhook.change", changed)
        out.print(f"{webhook}: {'enabled' if enable else 'disabled'}")
        return 0

    raise typer.Exit(guard(go))


@webhooks.command()
def rotate(
    webhook: Which,
    overlap_h: Annotated[
        float | None,
        typer.Option("--overlap", min=0, max=720, help="hours for which the old secret signs, too"),
    ] = None,
) -> None:
    """Exchange a webhook's secret, and print the new one."""

    def go() -> int:
        asked = library()
        with changing(asked):
            made = asked.webhooks.rotate(webhook, overlap_h=overlap_h)
            _written_down(asked, "webhook_secret.rotate", made.endpoint)
        until = made.endpoint.old_secret_until
        said = f"signs until {until:%Y-%m-%d %H:%M} UTC, too" if until else "signs no longer"
        err.print(f"vidpipe: the old secret {said}; keep the new one")
        typer.echo(made.secret)
        return 0

    raise typer.Exit(guard(go))


@webhooks.command("test")
def send_test(webhook: Which) -> None:
    """Have a test event sent, of the type ping, by `vidpipe serve` or `vidpipe worker`."""

    def go() -> int:
        asked = library()
        with changing(asked):
            made = asked.webhooks.test(webhook)
            _written_down(asked, "webhook.ping", asked.webhooks.get(webhook))
        out.print(f"{made.delivery_id}: {made.state}; see vidpipe webhooks deliveries {webhook}")
        return 0

    raise typer.Exit(guard(go))


@webhooks.command()
def deliveries(
    webhook: Which,
    failed: Annotated[bool, typer.Option("--failed", help="only those that failed")] = False,
) -> None:
    """List the newest 50 deliveries to a webhook, and how the last request of each went."""

    def go() -> int:
        from vidpipe.library import DeliveryState

        asked = library().webhooks
        asked.get(webhook)
        states = [DeliveryState.FAILED] if failed else []
        found = asked.deliveries(webhook, states=states, limit=_SHOWN).items
        shown = table("delivery", "event", "of", "state", "attempts", "last answer", "next")
        for item in found:
            at = f"{item.created_at:%Y-%m-%d %H:%M}"
            answer = str(item.last_status or item.last_error or "")
            after = f"{item.next_attempt_at:%Y-%m-%d %H:%M}" if item.next_attempt_at else ""
            count = str(item.attempts)
            shown.add_row(item.delivery_id, item.type, at, item.state, count, answer, after)
        out.print(shown if found else "No deliveries.")
        return 0

    raise typer.Exit(guard(go))


@webhooks.command()
def replay(
    which: Annotated[
        str,
        typer.Argument(metavar="DELIVERY|WEBHOOK", help="a delivery; or, with --since, a webhook"),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="all that failed since, such as 2026-01-31T12:00:00+00:00"
        ),
    ] = None,
) -> None:
    """Have a delivery sent again, or all that failed since a time."""

    def go() -> int:
        asked = library()
        if since is None:
            with changing(asked):
                again = asked.webhooks.replay(which)
                whose = asked.webhooks.get(again.endpoint_id)
                _written_down(asked, "delivery.replay", whose, f"deliveries/{which}")
            out.print(f"{again.delivery_id}: {again.state}")
        else:
            with changing(asked):
                count = asked.webhooks.replay_failed(which, _moment(since))
                _written_down(asked, "webhook.replay", asked.webhooks.get(which))
            out.print(f"{count} are sent again")
        return 0

    raise typer.Exit(guard(go))


def _moment(text: str) -> datetime:
    """A moment as it was typed; without a time zone it is one of this machine's.

    Raises:
        Misconfigured: it is not a moment.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        said = f"--since: {text!r} is not a time such as 2026-01-31T12:00:00+00:00"
        raise Misconfigured(said) from error
