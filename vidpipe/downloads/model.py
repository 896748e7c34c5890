"""What a download is held to, what it gives, and how it fails."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from vidpipe.errors import VidpipeError


class DownloadFailed(VidpipeError):
    """A recording that could not be fetched.

    Args:
        code: stable: `private_address`, `url_refused`, `too_large`, `too_long`, `not_media`,
            `live`, `needs_login`, `gone`, `refused`, `timed_out` or `unreachable`.
        message: what is wrong and what to do, for whoever gave the link.
        retry: whether trying again later can help.
        retry_after_s: how long the server asks to wait.
    """

    exit_code = 3

    def __init__(
        self, code: str, message: str, *, retry: bool = False, retry_after_s: float | None = None
    ) -> None:
        self.code, self.message, self.retry = code, message, retry
        self.retry_after_s = retry_after_s
        super().__init__(message)


class DownloadStopped(VidpipeError):
    """Nobody wants it any more, or another process has it: leave off at once."""


@dataclass(frozen=True)
class DownloadLimits:
    """What one attempt may take.

    Attributes:
        max_bytes: of the recording.
        time_s: all in all.
        read_s: to connect, and until the next piece comes.
        max_redirects: that are followed.
        max_duration_s: of the recording, where a page says how long it is.
    """

    max_bytes: int
    time_s: float
    read_s: float
    max_redirects: int = 5
    max_duration_s: float = 12 * 3600.0


@dataclass
class DownloadProgress:
    """How far a download is; read by one thread while another fetches.

    Attributes:
        received: bytes that are here.
        total: bytes that there will be, where the server says it.
        stop: set to have it leave off.
    """

    received: int = 0
    total: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Leave off where that is wanted.

        Raises:
            DownloadStopped: it is.
        """
        if self.stop.is_set():
            raise DownloadStopped("the download was stopped")


@dataclass(frozen=True)
class Fetched:
    """A recording that is here, whole.

    Attributes:
        path: of its file.
        name: that it is to have, with a suffix of what it is.
        size_bytes: of its file.
    """

    path: Path
    name: str
    size_bytes: int


@dataclass(frozen=True)
class WebPage:
    """What is behind a link is no recording, but may show one."""

    said: str


def too_large(limits: DownloadLimits, found: int | None = None) -> DownloadFailed:
    """The error of a recording that is larger than is allowed."""
    size = f"has {found / 2**30:.2f} GiB" if found is not None else "is larger than that"
    return DownloadFailed(
        "too_large",
        f"at most {limits.max_bytes / 2**30:.2f} GiB are fetched from a link, and this recording "
        f"{size}. Upload it, or raise VIDPIPE_DOWNLOADS__MAX_GIB",
    )


def timed_out(message: str) -> DownloadFailed:
    """The error of a server that is too slow."""
    return DownloadFailed("timed_out", message, retry=True)
