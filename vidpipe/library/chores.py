"""Which background chores there are: `vidpipe serve` runs them, and `vidpipe worker`."""

from __future__ import annotations

from vidpipe.library.library import Library
from vidpipe.worker import Chore


def chores(library: Library) -> tuple[Chore, ...]:  # noqa: ARG001
    """The chores of a library, each safe beside the same in other processes."""
    return ()
