"""Optional dependencies: what is said where one that is needed is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vidpipe.errors import Misconfigured


def not_installed(package: str, extra: str) -> str:
    """The sentence about a missing package, with the command that installs it."""
    return f"{package} is not installed: pip install 'vidpipe[{extra}]'"


@contextmanager
def from_extra(extra: str) -> Iterator[None]:
    """Around imports that need an extra of vidpipe.

    Raises:
        Misconfigured: one of them is not installed; names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise Misconfigured(not_installed(error.name or extra, extra)) from error
