"""What lies in a drop folder, and what of it is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vidpipe.intake import sidecars
from vidpipe.intake.rules import SOUND_SUFFIXES, VIDEO_SUFFIXES
from vidpipe.storage.objects import ObjectInfo


@dataclass(frozen=True)
class Seen:
    """A video, or sound, in a drop folder: `{channel}/{name}`, with the sidecars of its stem.

    `version` and `sidecar_version` change when the objects do, as far as a
    listing tells (ETag where there is one, size and time).
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


@dataclass(frozen=True)
class PassedOver:
    """What lies in a drop folder and is not taken in, and why not."""

    key: str
    reason: str
    message: str
    version: str = ""
    size_bytes: int = 0


#: Endings of what other programs are still writing, and of what systems leave about.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart")
_LITTER = ("thumbs.db", "desktop.ini")


def passed_over(listing: Iterable[ObjectInfo]) -> list[PassedOver]:
    """What in a listing is neither a recording nor can lie beside one, each with a reason.

    What is hidden, still being written, or left about by a system is nobody's question.
    """
    known = (
        VIDEO_SUFFIXES
        + SOUND_SUFFIXES
        + sidecars.SIDECAR_SUFFIXES
        + sidecars.PICTURE_SUFFIXES
        + _UNFINISHED
    )
    found = []
    for item in listing:
        name = item.key.rsplit("/", 1)[-1].lower()
        if name.startswith(".") or name in _LITTER or name.endswith(known):
            continue
        dot = name.rfind(".")
        ending = f"files ending in {name[dot:]}" if dot > 0 else "files without an ending"
        message = (
            f"{ending} are not taken in. Recordings end in "
            f"{', '.join(VIDEO_SUFFIXES + SOUND_SUFFIXES)}"
        )
        found.append(
            PassedOver(item.key, "unknown_kind", message, version_of(item), item.size_bytes)
        )
    return found


def survey(listing: Iterable[ObjectInfo]) -> list[Seen]:
    """Videos and sound in a listing, each with its sidecars; what is neither is passed over.

    The cover of a whole folder is no sidecar here: a slice of a listing may be without it.
    """
    videos: list[ObjectInfo] = []
    beside: dict[str, dict[str, ObjectInfo]] = {}
    for item in listing:
        base = item.key.rsplit("/", 1)[-1]
        if base.startswith("."):
            continue
        stem, dot, suffix = item.key.rpartition(".")
        suffix = (dot + suffix).lower()
        if suffix in VIDEO_SUFFIXES + SOUND_SUFFIXES:
            videos.append(item)
        elif suffix in sidecars.SIDECAR_SUFFIXES + sidecars.PICTURE_SUFFIXES:
            beside.setdefault(stem, {})[suffix] = item
    seen = []
    for item in sorted(videos, key=lambda v: v.key):
        wanted = sidecars.suffixes_of(item.key)
        there = beside.get(item.key.rpartition(".")[0], {})
        found = {suffix: there[suffix] for suffix in there if suffix in wanted}
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
    """What can be told of an object's content without reading it: ETag, size, time.

    The time stands beside an ETag so that the same bytes dropped again are noticed; in
    whole seconds there, which is what every answer of a bucket carries.
    """
    if item.etag:
        return f"{item.etag.strip(chr(34))}-{item.size_bytes}-{int(item.modified_s)}"[:200]
    return f"{item.size_bytes}-{item.modified_s:.6f}"


def is_version(item: ObjectInfo, version: str) -> bool:
    """Whether this is the content that was listed under `version`.

    Where there is an ETag the time is left out: stores tell it in one precision in a
    listing and in another beside the bytes.
    """
    if item.etag:
        return version_of(item).rpartition("-")[0] == version.rpartition("-")[0]
    return version_of(item) == version


def changes(known: Mapping[str, tuple[str, str]], seen: Iterable[Seen]) -> list[Seen]:
    """What is new or different: `known` holds (version, sidecar version) by key."""
    return [s for s in seen if known.get(s.key) != (s.version, s.sidecar_version)]


def family(key: str) -> str:
    """What a video and its sidecars share: the key up to the first dot of its name.

    In a listing by key all of a family stand together, so that a slice that ends
    between two families has every video with all of its sidecars.
    """
    folder, slash, base = key.rpartition("/")
    return folder + slash + base.partition(".")[0]
