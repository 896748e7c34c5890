"""What all commands share: the program, its voice, its exit codes."""

from __future__ import annotations

import os
import sys
import traceback
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidpipe.errors import Misconfigured, Unavailable, VidpipeError, advice, retryable

if TYPE_CHECKING:
    from vidpipe.library import Library
    from vidpipe.settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turns long videos into platform-ready short clips.",
)
#: What turns text around, and lets a name look like another one: Unicode's bidirectional
#: embeddings, overrides and isolates.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Text that a terminal shows and never obeys: what controls it is written out."""
    return "".join(
        c
        if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs") or c in _TURNING)
        else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )


def line(text: str) -> str:
    """A name or a message of someone's as one line."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


class _Voice(Console):
    """Prints what it is given as it is: titles, names and messages are not ours, so that
    nothing in them is markup, emoji codes or a terminal's own language. Styles are given
    beside the text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(plain(text), **options)


_WIDE = None if sys.stdout.isatty() else 200
out = _Voice(width=_WIDE)
err = _Voice(stderr=True)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table as all commands show it."""
    made = Table(box=None, pad_edge=False, title=title, show_header=bool(any(columns)))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def library() -> Library:
    """The library that the settings lead to; what works on videos is loaded with it.

    Raises:
        Misconfigured: settings or channels.yaml; every problem at once.
    """
    from vidpipe.settings import load_settings, unknown_settings

    for problem in unknown_settings(os.environ):
        err.print(f"vidpipe: {problem}", style="yellow")
    observe(load_settings())
    # After that: what it opens is watched.
    from vidpipe.library import Library

    return Library.open()


def say_dry(settings: Settings) -> None:
    """Say where nothing is published, to whoever may think that it is."""
    if settings.publishing.bases is not None:
        err.print(
            "vidpipe: dry run (VIDPIPE_PUBLISHING__DRY): posts go to fakes, and nothing is "
            "published; only accounts of the kind `folder` are real",
            style="yellow",
        )


#: Events whose words a command says itself.
_TOLD = ("run_execution_", "stage_run_", "upload_intake_")


def observe(settings: Settings, *, serves: bool = False) -> None:
    """Have this process log and trace as its settings and its environment say.

    A command that people type says what it does in words: its log has what went wrong alone,
    unless a form of the log is asked for.

    Raises:
        Misconfigured: tracing is switched on, and the extra `traces` is not installed.
    """
    from vidpipe import __version__
    from vidpipe.observability import logs, traces

    options = settings.log
    told: tuple[str, ...] = ()
    if options.format == "auto" and not serves:
        levels = {"format": "console"} | ({"level": "warning"} if options.level == "info" else {})
        options, told = options.model_copy(update=levels), _TOLD
    logs.configure(options, settings=settings, environment=os.environ, leave_out=told)
    traces.start(os.environ, version=__version__)


def guard(work: Callable[[], int]) -> int:
    """Run, and turn an error into words and an exit code."""
    try:
        return work()
    except VidpipeError as error:
        for problem in error.problems if isinstance(error, Misconfigured) else [str(error)]:
            err.print(f"vidpipe: {problem}", style="red")
        return error.exit_code
    except Exception as error:
        said = advice(error)
        if said is not None:
            err.print(f"vidpipe: {said}", style="red")
            return Unavailable.exit_code if retryable(error) else Misconfigured.exit_code
        err.print(traceback.format_exc())
        err.print("vidpipe: this is a bug in vidpipe; the traceback above says where", style="red")
        return 1
