"""A recording from a link: the file behind it, or what the page behind it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

from vidpipe.downloads.direct import KINDS, fetch_direct
from vidpipe.downloads.model import (
    DownloadFailed,
    DownloadLimits,
    DownloadProgress,
    DownloadStopped,
    Fetched,
)
from vidpipe.downloads.options import DownloadOptions
from vidpipe.downloads.pages import fetch_page
from vidpipe.outbound import AddressGuard, Resolver, resolve


def guard_of(options: DownloadOptions, resolver: Resolver = resolve) -> AddressGuard:
    """What links may lead to."""
    return AddressGuard(options.allow_private, options.allowed_networks, resolver)


def limits_of(options: DownloadOptions, *, max_bytes: int, max_duration_s: float) -> DownloadLimits:
    """What an attempt may take, with the limits of uploads that are not exceeded either."""
    return DownloadLimits(
        max_bytes=min(int(options.max_gib * 2**30), max_bytes),
        time_s=options.time_limit_s,
        read_s=options.read_timeout_s,
        max_redirects=options.max_redirects,
        max_duration_s=max_duration_s,
    )


def fetch(
    url: str,
    folder: Path,
    guard: AddressGuard,
    limits: DownloadLimits,
    progress: DownloadProgress,
    *,
    pages: bool = True,
) -> Fetched:
    """The recording behind a link, as a file in `folder`.

    Args:
        url: of a file, or of a public page with one recording.
        folder: of this download alone; an attempt that failed for the moment leaves in it what
            the next one goes on with. What failed for good leaves nothing.
        guard: what may be reached.
        limits: of this attempt.
        progress: is told how far it is, and asked whether to go on.
        pages: whether pages are searched.

    Raises:
        DownloadFailed: says why, and whether trying again can help.
        DownloadStopped: it was told to leave off; nothing is left.
    """
    try:
        found = fetch_direct(url, folder, guard, limits, progress)
        if isinstance(found, Fetched):
            return found
        if not pages:
            raise DownloadFailed(
                "not_media", f"{found.said}. Give the link of the file itself: {KINDS}"
            )
        return fetch_page(url, found, folder, guard, limits, progress)
    except DownloadFailed as error:
        if not error.retry:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except DownloadStopped:
        shutil.rmtree(folder, ignore_errors=True)
        raise
