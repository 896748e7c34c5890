"""What lies in a drop folder, and what of it is new."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vidpipe.intake import sidecars
from vidpipe.intake.rules import is_recording
from vidpipe.intake.tails import Recordings, tail_of
from vidpipe.storage.objects import ObjectInfo

#: What file managers leave behind.
_SYSTEM = ("thumbs.db", "desktop.ini", "icon\r")
_UNFINISHED = (
    *(".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".filepart"),
    *(".aria2", ".ytdl", ".!qb"),
)
#: What downloaders name a half before they join it (`talk.f137.mp4`, `talk.temp.mp4` of yt-dlp).
_A_HALF = re.compile(r"\.(?:f\d{1,4}(?:-[\w-]{1,16})?|temp|tmp|part)\.[a-z0-9]{2,5}$", re.I)
#: Folders that hold what was thrown away, what a machine keeps beside files, and what is being
#: unpacked or loaded: of Windows, Synology, QNAP, macOS, Samba, SABnzbd and Safari.
_NOBODYS = frozenset(
    (
        *("$recycle.bin", "recycler", "#recycle", "@recycle", "network trash folder"),
        *("#snapshot", "@recently-snapshot", "@eadir", "system volume information"),
        *("lost+found", "__macosx", "temporary items"),
    )
)
_BEING_MADE = ("_unpack_", "_failed_")


@dataclass(frozen=True)
class DropEntry:
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
class SkippedObject:
    """An object in a drop folder that is no upload and belongs to none, and the reason."""

    key: str
    reason: str
    message: str
    version: str = ""
    size_bytes: int = 0
    modified_s: float = 0.0


def scan(listing: Iterable[ObjectInfo]) -> list[DropEntry]:
    """Videos and sound in a listing, each with its sidecars; what is neither is passed over.

    The cover of a whole folder is no sidecar here: a slice of a listing may be without it.
    """
    items = [i for i in listing if not _is_nobodys(i.key)]
    videos = [i for i in items if is_recording(i.key) and not _A_HALF.search(i.key)]
    beside = _beside(items, videos)
    seen = []
    for item in sorted(videos, key=lambda v: v.key):
        found = beside.get(item.key, {})
        newest = max([item.modified_s, *(s.modified_s for s in found.values())])
        seen.append(
            DropEntry(
                key=item.key,
                version=version_of(item),
                size_bytes=item.size_bytes,
                modified_s=newest,
                sidecars={tail: s.key for tail, s in found.items()},
                sidecar_version=sidecars.version(
                    {tail: version_of(s) for tail, s in found.items()}
                ),
            )
        )
    return seen


def _beside(
    items: Iterable[ObjectInfo], videos: Iterable[ObjectInfo]
) -> dict[str, dict[str, ObjectInfo]]:
    """The sidecars of each video, by how their names go on after its stem."""
    recordings = Recordings(v.key for v in videos)
    beside: dict[str, dict[str, ObjectInfo]] = {}
    for item in sorted(items, key=lambda i: i.key):
        if is_recording(item.key):
            continue
        for key in recordings.of(item.key):
            tail = tail_of(item.key, key)
            if tail.endswith(sidecars.suffixes_of(key)):
                beside.setdefault(key, {}).setdefault(tail, item)
    return beside


def left_out(listing: Iterable[ObjectInfo], seen: Iterable[DropEntry]) -> list[SkippedObject]:
    """What of a listing is no video, no sound and beside none, each with the reason.

    Hidden files and what was thrown away are nobody's upload, and the cover of a folder is used.
    """
    used = {key for s in seen for key in (s.key, *s.sidecars.values())}
    left = []
    for item in listing:
        base = item.key.rsplit("/", 1)[-1].lower()
        covers = [sidecars.FOLDER_COVER + suffix for suffix in sidecars.PICTURE_SUFFIXES]
        if item.key in used or _is_nobodys(item.key) or base in _SYSTEM or base in covers:
            continue
        reason, message = _why_left(base)
        left.append(
            SkippedObject(
                item.key, reason, message, version_of(item), item.size_bytes, item.modified_s
            )
        )
    return left


def _is_nobodys(key: str) -> bool:
    """Whether a file is hidden, thrown away, or in a folder that a program works in."""
    *folders, base = key.casefold().split("/")
    return base.startswith(".") or any(
        part.startswith((".", *_BEING_MADE)) or part in _NOBODYS or part.endswith(".download")
        for part in folders
    )


def _why_left(base: str) -> tuple[str, str]:
    if base.endswith(_UNFINISHED) or _A_HALF.search(base):
        return "unfinished", "by its name a program is still writing it; it counts once renamed."
    if base.endswith(sidecars.SIDECAR_SUFFIXES):
        return (
            "no_recording",
            "there is no recording of this name beside it: a transcript or instructions are named "
            "like it (talk.mp4, talk.srt or talk.en.srt).",
        )
    if base.endswith(sidecars.PICTURE_SUFFIXES):
        return "picture", "a picture counts beside sound of the same name only, as its cover."
    return (
        "unknown_kind",
        "by its name it is no video, no sound and no transcript that is read. Videos are dropped "
        "as MP4, MOV, MKV or WebM, sound as MP3, M4A or WAV, transcripts as SRT or VTT.",
    )


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


def changes(known: Mapping[str, tuple[str, str]], seen: Iterable[DropEntry]) -> list[DropEntry]:
    """What is new or different: `known` holds (version, sidecar version) by key."""
    return [s for s in seen if known.get(s.key) != (s.version, s.sidecar_version)]


def family(key: str) -> str:
    """What a video and its sidecars share: the key up to the first dot of its name.

    In a listing by key all of a family stand together, so that a slice that ends
    between two families has every video with all of its sidecars.
    """
    folder, slash, base = key.rpartition("/")
    return folder + slash + base.partition(".")[0]
