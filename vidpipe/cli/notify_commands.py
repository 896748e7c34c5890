"""vidpipe notify: who is told of what goes wrong, and whether it reaches them."""

from __future__ import annotations

from typing import Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.cli.audited import written_down
from vidpipe.errors import Unavailable

notify = typer.Typer(
    no_args_is_help=True, help="See who is told of what goes wrong, and whether it reaches them."
)
app.add_typer(notify, name="notify")


@notify.command("targets")
def list_targets() -> None:
    """List where people are told, and what is on its way there."""

    def go() -> int:
        found = library().telling.targets()
        shown = table("target", "from", "channels", "kinds", "told last", "waiting", "")
        for item in found:
            told = f"{item.told_at:%Y-%m-%d %H:%M}" if item.told_at else "never"
            failing = f"{item.failures} tries failed: {item.last_error}" if item.failures else ""
            shown.add_row(
                *(item.name, item.level.value, ", ".join(item.channels) or "all"),
                *(", ".join(item.kinds) or "all", told, str(item.waiting), line(failing)),
            )
        nobody = "Nobody is told: set VIDPIPE_NOTIFY__TARGETS__NAME__URL."
        out.print(shown if found else nobody)
        return 0

    raise typer.Exit(guard(go))


@notify.command("test")
def send_test(
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="only this one; default: all")
    ] = None,
) -> None:
    """Send a message to every target, or to one, and say whether it was taken."""

    def go() -> int:
        asked = library()
        # What is sent cannot be taken back.
        names = asked.telling.named(target)
        written_down(asked, "notify.test", [(f"targets/{name}", None) for name in names])
        found = asked.telling.test(target)
        for item in found:
            if item.error is None:
                out.print(f"{item.name}: taken")
            else:
                err.print(f"vidpipe: {line(item.error)}", style="red")
        return Unavailable.exit_code if any(item.error for item in found) else 0

    raise typer.Exit(guard(go))


@notify.command("list")
def list_notices(
    newest: Annotated[int, typer.Option(min=1, max=1000, help="maximum number")] = 20,
) -> None:
    """List what people were to be told of, the newest first."""

    def go() -> int:
        found = library().telling.newest(newest)
        shown = table("when (UTC)", "level", "what", "channel", "of", "cause", "why")
        for item in found:
            what = f"{item.kind} is over" if item.over else item.kind
            of = line(item.name or item.subject)
            shown.add_row(
                *(f"{item.at:%Y-%m-%d %H:%M}", item.level.value, what, item.channel or ""),
                *(of, item.cause, line(item.message)),
            )
        out.print(shown if found else "Nothing yet.")
        return 0

    raise typer.Exit(guard(go))
