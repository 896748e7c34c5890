"""What all commands share: the program, its voice, its exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping

import typer
from rich.console import Console
from rich.table import Table

from vidpipe.channels.model import Channel
from vidpipe.errors import Misconfigured, VidpipeError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turns long videos into platform-ready short clips.",
)
_WIDE = None if sys.stdout.isatty() else 200
out = Console(highlight=False, soft_wrap=True, width=_WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table as all commands show it."""
    made = Table(box=None, pad_edge=False, title=title, show_header=bool(any(columns)))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def channel_named(channels: Mapping[str, Channel], name: str) -> Channel:
    """One of the channels.

    Raises:
        Misconfigured: there is none of this name; says which there are.
    """
    if name not in channels:
        raise Misconfigured(
            f"there is no channel {name!r}; there are: {', '.join(sorted(channels))}"
        )
    return channels[name]


def guard(work: Callable[[], int]) -> int:
    """Run, and turn an error into words and an exit code."""
    try:
        return work()
    except VidpipeError as error:
        for problem in error.problems if isinstance(error, Misconfigured) else [str(error)]:
            err.print(f"vidpipe: {problem}", style="red", markup=False)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        err.print("vidpipe: this is a bug of ours; the traceback above says where", style="red")
        return 1
