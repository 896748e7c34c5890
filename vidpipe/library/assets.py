"""Assets: logos, pictures, cover art, music, intros that belong to a channel."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, cast

from vidpipe.catalog.upload_tables import AssetRow
from vidpipe.channels.model import asset_named, channel_named
from vidpipe.errors import InputRejected
from vidpipe.library.errors import AssetInUse, Changed, UnknownAsset
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.views import AssetView, Page
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.keys import ASSETS, asset_key
from vidpipe.storage.objects import sha256_file
from vidpipe.uploads.content import content_of

#: Bytes that an asset may have.
MOST_BYTES = 50 << 20
#: A run that began with bytes that no asset has any more is over after so many seconds.
_UNUSED_S = 2 * 86_400.0
_PORTION = 500


class Assets:
    """Puts assets into the store, and finds them by channel and name."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def put(
        self, channel: str, name: str, source: Path, *, asked_by: str, replaces: str | None = None
    ) -> tuple[AssetView, bool]:
        """Store a file as an asset; the asset, and whether there was none of its name.

        Args:
            channel: whose it is.
            name: its name there.
            source: the file; it stays.
            asked_by: the id of whoever asks.
            replaces: SHA-256 of the bytes that it takes the place of.

        Raises:
            Misconfigured: there is no such channel.
            InputRejected: it is too large, or nothing that an asset can be.
            Changed: there is one of the name with other bytes than it replaces.
        """
        channel_named(self.engine.channels, channel)
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise InputRejected("too_large", f"assets have {MOST_BYTES >> 20} MiB at most")
        content = content_of(source)
        sha256 = sha256_file(source)
        key = asset_key(channel, sha256, content.suffix)
        values = {
            "kind": content.kind,
            "media_type": content.media_type,
            "key": key,
            "sha256": sha256,
            "size_bytes": size,
            "width": content.width,
            "height": content.height,
            "duration_s": content.duration_s,
            "asked_by": asked_by,
        }
        before = self.engine.catalog.assets.get(channel, name)
        if before is not None and before.sha256 != sha256 and before.sha256 != replaces:
            raise Changed(f"asset:{name}")
        self._store(key, source, content.media_type)
        rows = self.engine.catalog.assets
        if before is None:
            if not rows.add(AssetRow(channel=channel, name=name, **values)):
                raise Changed(f"asset:{name}")
        elif before.sha256 != sha256 and not rows.replace(channel, name, before.sha256, values):
            raise Changed(f"asset:{name}")

        def see_to_it() -> None:
            # What no row named before may have been cleaned up until now.
            if self.engine.store.head(key) is None:
                self._store(key, source, content.media_type)

        made = self.get(channel, name)
        self.engine.catalog.afterwards(see_to_it)
        return made, before is None

    def get(self, channel: str, name: str) -> AssetView:
        """One asset.

        Raises:
            UnknownAsset: the channel has none of this name.
        """
        return _view(self._row(channel, name))

    def key(self, channel: str, name: str) -> str:
        """Where its bytes lie in the store.

        Raises:
            UnknownAsset: the channel has none of this name.
        """
        return self._row(channel, name).key

    def list(
        self,
        *,
        channels: Collection[str],
        kind: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[AssetView]:
        """A page of assets, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        rows = self.engine.catalog.assets.page(
            limit + 1,
            channels=channels,
            kind=kind,
            after=place_of(cursor) if cursor else None,
        )
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(
            items=tuple(_view(row) for row in shown),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].name) if more else None,
        )

    def remove(self, channel: str, name: str) -> AssetView:
        """Remove an asset. Its bytes go later, as a run may be at work with them.

        Raises:
            UnknownAsset: the channel has none of this name.
            AssetInUse: the channel's brand names it.
            Changed: somebody put other bytes in its place meanwhile.
        """
        row = self._row(channel, name)
        brand = self.engine.channels[channel].brand
        for field, value in brand:
            if isinstance(value, Path) and asset_named(value) == name:
                raise AssetInUse(channel, name, f"brand.{field}")
        if not self.engine.catalog.assets.remove(channel, name, row.sha256):
            raise Changed(f"asset:{name}")
        return _view(row)

    def clean_up(self) -> int:
        """Remove bytes that no asset has had for two days; how many files."""
        before_s = time.time() - _UNUSED_S
        old = (i.key for i in self.engine.store.list(ASSETS) if i.modified_s < before_s)
        removed = 0
        for keys in _portions(old):
            for key in sorted(set(keys) - self.engine.catalog.assets.used(keys)):
                # Others take a while to be removed, in which it may have become an asset's.
                if not self.engine.catalog.assets.used([key]):
                    self.engine.store.delete(key)
                    removed += 1
        return removed

    def _store(self, key: str, source: Path, media_type: str) -> None:
        self.engine.store.put_file(key, source, attributes={"Content-Type": media_type})

    def _row(self, channel: str, name: str) -> AssetRow:
        row = self.engine.catalog.assets.get(channel, name)
        if row is None:
            raise UnknownAsset(channel, name)
        return row


def _portions(keys: Iterator[str]) -> Iterator[list[str]]:
    while portion := list(islice(keys, _PORTION)):
        yield portion


def _view(row: AssetRow) -> AssetView:
    return AssetView(
        channel=row.channel,
        name=row.name,
        reference=f"asset:{row.name}",
        kind=cast("Literal['picture', 'sound', 'video']", row.kind),
        media_type=row.media_type,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        width=row.width,
        height=row.height,
        duration_s=row.duration_s,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
