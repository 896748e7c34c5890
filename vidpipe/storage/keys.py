"""Where things lie: every path in the store is built here."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from urllib.parse import quote


class Folder(StrEnum):
    """The folders of one video."""

    RAW = "raw"
    AUDIO = "audio"
    ANALYSIS = "analysis"
    FRAMES = "frames"
    CLIPS = "clips"
    EXPORTS = "exports"


#: What may be removed when, by the folder it lies in: policies name these classes.
RETENTION = {
    Folder.RAW: "source",
    Folder.AUDIO: "working",
    Folder.ANALYSIS: "result",
    Folder.FRAMES: "preview",
    Folder.CLIPS: "master",
    Folder.EXPORTS: "delivery",
}


def channel_of(video_id: str) -> str:
    """The channel that a video id begins with (`{channel}--{slug}-{digest}`)."""
    return video_id.split("--", 1)[0]


def video_prefix(video_id: str) -> str:
    """The folder of a video."""
    return f"{channel_of(video_id)}/{video_id}"


def folder_prefix(video_id: str, folder: Folder) -> str:
    """One of a video's folders."""
    return f"{video_prefix(video_id)}/{folder.value}"


def folder_of(key: str) -> Folder | None:
    """The folder of a video that a key lies in; None for everything else, such as quarantine."""
    parts = key.split("/")
    if len(parts) != 4 or parts[0] != channel_of(parts[1]) or {"", ".", ".."} & set(parts):
        return None
    return Folder(parts[2]) if parts[2] in set(Folder) else None


def file_key(video_id: str, folder: Folder, name: str, fingerprint: str) -> str:
    """`talk.srt` made under fingerprint abc… lies at `.../talk.abc….srt`."""
    stem, dot, suffix = name.partition(".")
    return f"{folder_prefix(video_id, folder)}/{stem}.{fingerprint[:16]}{dot}{suffix}"


def sibling_key(key: str, name: str, sibling: str) -> str:
    """The key of another file of the same making: of `clip-video.abc….mp4`, whose name there
    is `video.mp4`, that of `post.json` is `clip-post.abc….json`."""
    folder, slash, file = key.rpartition("/")
    stem, _, suffix = name.partition(".")
    other, dot, ending = sibling.partition(".")
    base = file.removesuffix(f".{suffix}")
    artifact, _, fingerprint = base.rpartition(f"-{stem}.")
    return f"{folder}{slash}{artifact}-{other}.{fingerprint}{dot}{ending}"


def manifest_key(video_id: str, folder: Folder, artifact: str, fingerprint: str) -> str:
    """Where the manifest of one making of an artifact lies."""
    return f"{folder_prefix(video_id, folder)}/{artifact}.{fingerprint[:16]}.manifest.json"


def pointer_key(video_id: str, folder: Folder, artifact: str) -> str:
    """The manifest of what is current."""
    return f"{folder_prefix(video_id, folder)}/{artifact}.current.json"


#: Where rejected uploads are kept, under the name of their channel.
QUARANTINE = "_quarantine"


#: Where what belongs to channels lies, under the name of each.
ASSETS = "_assets"


def asset_key(channel: str, sha256: str, suffix: str) -> str:
    """Where the bytes of an asset lie: the same bytes of a channel at one place."""
    return f"{ASSETS}/{channel}/{sha256}{suffix}"


#: When retention looked last, and what it believed of the clock then.
RETENTION_CLOCK = "_operations/retention-clock.json"

#: Where the pictures of reports lie, a folder for each report.
REPORTS = "_reports"


#: Bytes of a name in quarantine: with the ending of its reason no file system refuses it.
_LONGEST_NAME = 200


def quarantine_key(channel: str, digest: str, name: str) -> str:
    """Where a rejected upload is kept; its reason lies beside it.

    Under its own name as far as every store and file system can carry it: what they cannot
    is written as in a URL, what is too long is cut before its ending.
    """
    odd = {c for c in name if unicodedata.category(c) in ("Cc", "Cs") or c in "/\\"}
    plain = "".join(quote(c, safe="", errors="surrogateescape") if c in odd else c for c in name)
    if plain in ("", ".", ".."):
        plain = f"_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if not stem or len(ending.encode()) > _LONGEST_NAME // 2:
        stem, dot, ending = plain, "", ""
    room = _LONGEST_NAME - len(f"{dot}{ending}".encode())
    stem = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{QUARANTINE}/{channel}/{digest[:16]}/{stem}{dot}{ending}"
