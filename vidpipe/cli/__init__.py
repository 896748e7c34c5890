"""The vidpipe command.

Belongs here: what is typed and what is printed. Does not belong here: anything that
works on videos; each command is a few lines over the packages below it.
"""

# In the order in which `vidpipe --help` shows them.
from vidpipe.cli import run

# isort: split
from vidpipe.cli import process_commands, serve_commands

# isort: split
from vidpipe.cli import download

# isort: split
from vidpipe.cli import look

# isort: split
from vidpipe.cli import watch

# isort: split
from vidpipe.cli import find

# isort: split
from vidpipe.cli import costs, edit_commands

# isort: split
from vidpipe.cli import operate

# isort: split
from vidpipe.cli import model_commands

# isort: split
from vidpipe.cli import templates

# isort: split
from vidpipe.cli import account_commands

# isort: split
from vidpipe.cli import social_commands

# isort: split
from vidpipe.cli import webhook_commands

# isort: split
from vidpipe.cli import notify_commands, review_commands

# isort: split
from vidpipe.cli import post_commands, schedule_commands

# isort: split
from vidpipe.cli import work
from vidpipe.cli.app import app

__all__ = [
    "account_commands",
    "costs",
    "download",
    "edit_commands",
    "find",
    "look",
    "main",
    "model_commands",
    "notify_commands",
    "operate",
    "post_commands",
    "process_commands",
    "review_commands",
    "run",
    "schedule_commands",
    "serve_commands",
    "social_commands",
    "templates",
    "watch",
    "webhook_commands",
    "work",
]


def main() -> None:
    """Entry point of the `vidpipe` command."""
    from vidpipe.observability import spans

    try:
        app()
    finally:
        spans.flush()
