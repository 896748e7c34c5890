"""Files of a brand that are assets of the channel: found in the store, brought to this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vidpipe.catalog.catalog import Catalog
from vidpipe.channels.model import Channel, asset_named
from vidpipe.errors import Misconfigured
from vidpipe.storage.artifacts import Artifacts, StoredFile

#: What each field of a brand takes.
_KINDS = {"logo": "picture", "music": "sound", "intro": "video", "outro": "video"}


def names_assets(channel: Channel) -> bool:
    """Whether its brand names any."""
    return any(asset_named(getattr(channel.brand, field)) is not None for field in _KINDS)


def with_assets(channel: Channel, catalog: Catalog, artifacts: Artifacts) -> Channel:
    """The channel with files in place of the assets that its brand names.

    A file's name holds the SHA-256 of its bytes: clips with a logo that was replaced since are
    stale.

    Raises:
        Misconfigured: it has no such asset, or one of another kind.
        Unavailable: the store cannot be reached, or what is there is damaged.
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    for field, kind in _KINDS.items():
        name = asset_named(getattr(channel.brand, field))
        if name is None:
            continue
        where = f"channels.{channel.name}.brand.{field}: asset:{name}"
        try:
            found[field] = _file(channel.name, name, kind, where, catalog, artifacts)
        except Misconfigured as error:
            problems += error.problems
    if problems:
        raise Misconfigured(problems)
    if not found:
        return channel
    return channel.model_copy(update={"brand": channel.brand.model_copy(update=found)})


def music_files(
    channel: Channel, names: Iterable[str], catalog: Catalog, artifacts: Artifacts
) -> dict[str, Path]:
    """The files of sounds of a channel, by `asset:NAME`.

    Raises:
        Misconfigured: it has no such asset, or one of another kind.
    """
    found = {}
    for named in dict.fromkeys(names):
        name = named.removeprefix("asset:")
        where = f"music: {named}"
        found[named] = _file(channel.name, name, "sound", where, catalog, artifacts)
    return found


def _file(
    channel: str, name: str, kind: str, where: str, catalog: Catalog, artifacts: Artifacts
) -> Path:
    """An asset's file on this machine.

    Raises:
        Misconfigured: there is no such asset, it is of another kind, or its bytes are gone.
    """
    row = catalog.assets.get(channel, name)
    if row is None:
        raise Misconfigured(f"{where} is not there: upload it, see docs/how-to/upload.md")
    if row.kind != kind:
        raise Misconfigured(f"{where} is of kind {row.kind}, and a {kind} is due")
    file = StoredFile(
        name=Path(row.key).name,
        key=row.key,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
    )
    try:
        path = artifacts.path(file)
    except FileNotFoundError:
        path = None
    if path is None or not path.exists():
        raise Misconfigured(f"{where}: its bytes are gone from the store; upload it again")
    return path
