"""vidpipe models: the commands; `vidpipe.cli.models` does what they say."""

from __future__ import annotations

from typing import Annotated

import typer

from vidpipe.cli.app import app, guard

models = typer.Typer(
    no_args_is_help=True, help="List, fetch, verify and find the models that stages load."
)
app.add_typer(models, name="models")

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME...", help="see vidpipe models list")
]


@models.command("list")
def list_models(
    needed: Annotated[
        bool, typer.Option("--needed", help="only what these settings lead to")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """List models: what each is for, its licence, its size, whether it is here."""

    def go() -> int:
        from vidpipe.cli import models as actions

        return actions.listed(needed, as_json)

    raise typer.Exit(guard(go))


@models.command()
def fetch(
    names: Names = None,
    all_needed: Annotated[
        bool, typer.Option("--all-needed", help="what these settings lead to")
    ] = False,
) -> None:
    """Fetch models, so that they can be used without a network."""

    def go() -> int:
        from vidpipe.cli import models as actions

        return actions.fetched(names or (), all_needed)

    raise typer.Exit(guard(go))


@models.command()
def verify(names: Names = None) -> None:
    """Read models that are here to the last byte and hold them against their digests."""

    def go() -> int:
        from vidpipe.cli import models as actions

        return actions.verified(names or ())

    raise typer.Exit(guard(go))


@models.command()
def where(
    name: Annotated[str, typer.Argument(metavar="NAME", help="see vidpipe models list")],
) -> None:
    """Print the path of a model that is here."""

    def go() -> int:
        from vidpipe.cli import models as actions

        return actions.printed_path(name)

    raise typer.Exit(guard(go))
