"""The vidpipe command.

Belongs here: what is typed and what is printed. Does not belong here: anything that
works on videos; each command is a few lines over the rooms under it.
"""

from vidpipe.cli import look, operate, run
from vidpipe.cli.app import app

__all__ = ["look", "main", "operate", "run"]


def main() -> None:
    """Entry point of the `vidpipe` command."""
    app()
