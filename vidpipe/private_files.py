"""Secrets that an embedded installation makes for itself: files that their owner alone reads."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from vidpipe.errors import Misconfigured


def private_text(path: Path, make: Callable[[], str]) -> str:
    """What a file of a secret holds; it is made once, readable by its owner alone.

    Args:
        path: of the file; its folder is made, too.
        make: gives the secret of a new one.

    Raises:
        Misconfigured: others may read the file, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, make())
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Misconfigured(f"{path} can be read by others: chmod 600, or remove it")
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}") from error


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all: of two processes that start together one wins, and both read it."""
    own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink()
