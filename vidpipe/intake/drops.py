"""Drop folders: what lies in them, and what of it is new."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidpipe.intake import sidecars
from vidpipe.intake.intake import Drop
from vidpipe.intake.rules import VIDEO_SUFFIXES
from vidpipe.storage.objects import ObjectInfo, ObjectStore


@dataclass(frozen=True)
class Seen:
    """A video in a drop folder: `{channel}/{name}`, with the sidecars of its stem.

    `version` and `sidecar_version` change when the objects do, as far as a
    listing tells (ETag where there is one, else size and time).
    """

    key: str
    version: str
    size_bytes: int
    modified_s: float
    sidecars: Mapping[str, str] = field(default_factory=dict)
    sidecar_version: str = ""

    @property
    def channel(self) -> str:
        """The folder it lies in; empty for a file outside of any."""
        return self.key.partition("/")[0] if "/" in self.key else ""

    @property
    def name(self) -> str:
        return self.key.partition("/")[2] if "/" in self.key else self.key


def survey(listing: Iterable[ObjectInfo]) -> list[Seen]:
    """Videos in a listing, each with its sidecars; what is neither is passed over."""
    videos: list[ObjectInfo] = []
    beside: dict[str, dict[str, ObjectInfo]] = {}
    for item in listing:
        base = item.key.rsplit("/", 1)[-1]
        if base.startswith("."):
            continue
        stem, dot, suffix = item.key.rpartition(".")
        suffix = (dot + suffix).lower()
        if suffix in VIDEO_SUFFIXES:
            videos.append(item)
        elif suffix in sidecars.SIDECAR_SUFFIXES:
            beside.setdefault(stem, {})[suffix] = item
    seen = []
    for item in sorted(videos, key=lambda v: v.key):
        found = beside.get(item.key.rpartition(".")[0], {})
        newest = max([item.modified_s, *(s.modified_s for s in found.values())])
        seen.append(
            Seen(
                key=item.key,
                version=version_of(item),
                size_bytes=item.size_bytes,
                modified_s=newest,
                sidecars={suffix: s.key for suffix, s in found.items()},
                sidecar_version=sidecars.version(
                    {suffix: version_of(s) for suffix, s in found.items()}
                ),
            )
        )
    return seen


def version_of(item: ObjectInfo) -> str:
    """What a listing tells of an object's content: ETag, size, time."""
    return f"{(item.etag or '').strip(chr(34))}-{item.size_bytes}-{item.modified_s:.3f}"[:200]


def changes(known: Mapping[str, tuple[str, str]], seen: Iterable[Seen]) -> list[Seen]:
    """What is new or different: `known` holds (version, sidecar version) by key."""
    return [s for s in seen if known.get(s.key) != (s.version, s.sidecar_version)]


def settled(
    items: Iterable[Seen], before: Mapping[str, str], now_s: float, stable_s: float
) -> tuple[list[Seen], dict[str, str]]:
    """Those that nobody writes to any more, and the state to compare with next time.

    A file is settled when it looked the same last time and was not touched for
    `stable_s`: a copy in progress, also a stalled one, changes or is young.
    """
    done, waiting = [], {}
    for item in items:
        state = f"{item.version}|{item.sidecar_version}"
        if before.get(item.key) == state and now_s - item.modified_s >= stable_s:
            done.append(item)
        else:
            waiting[item.key] = state
    return done, waiting


@contextmanager
def on_this_machine(store: ObjectStore, seen: Seen, work: Path) -> Iterator[Drop]:
    """The upload and its sidecars as files: in place on local disk, else fetched to `work`."""
    folder = work / "drop"
    folder.mkdir(parents=True, exist_ok=True)

    def local(key: str, name: str) -> Path:
        path = store.local_path(key)
        if path is None:
            path = folder / name
            store.fetch(key, path)
        return path

    try:
        yield Drop(
            key=seen.key,
            channel=seen.channel,
            name=seen.name,
            path=local(seen.key, "source"),
            version=seen.version,
            sidecars={s: local(key, f"sidecar{s}") for s, key in seen.sidecars.items()},
            sidecar_version=seen.sidecar_version,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
