"""Whether there is room for more work."""

from __future__ import annotations

import shutil
from pathlib import Path

from vidpipe.settings import Settings
from vidpipe.storage.objects import ObjectStore


def low_disk_space(settings: Settings) -> str | None:
    """Which folder has too little room, or None: scratch, and a store on local disk."""
    for name, folder in folders_of(settings).items():
        free_gib = shutil.disk_usage(folder).free / 2**30
        if free_gib < settings.queue.min_free_gib:
            return (
                f"{name} has {free_gib:.1f} GiB free, "
                f"{settings.queue.min_free_gib:g} are wanted ({folder})"
            )
    return None


def folders_of(settings: Settings) -> dict[str, Path]:
    """The folders that work needs room in, by what they are, or where they will be made."""
    assert settings.scratch is not None
    folders = {"scratch": _existing(settings.scratch)}
    store = ObjectStore(settings.store_url, settings.plain_store_options)
    if store.root is not None:
        folders["the store"] = _existing(store.root)
    return folders


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
