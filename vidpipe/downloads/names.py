"""What a fetched file is called in the drop folder."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote, urlsplit

from vidpipe.media.containers import Container

#: Bytes of a name without its suffix.
_LONGEST = 120
#: No file system, or not every one, takes these; nor are they the end of a name that is whole.
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
_HALVES = re.compile(r"\.(f\d{1,4}(-[\w-]{1,16})?|temp|tmp|part)$", re.I)
#: Suffixes that say more than the container does.
_CLOSER = frozenset({".mka", ".oga", ".opus", ".m4b"})
_SOUND = {"mov": ".m4a", "matroska": ".mka", "ogg": ".ogg"}
_UNNAMED = "video"


def name_of(disposition: str, url: str) -> str:
    """The name that a server or else its address gives a file; may be empty, and is not safe."""
    if disposition:
        said = Message()
        said["content-disposition"] = disposition.replace("\r", " ").replace("\n", " ")
        try:
            named = said.get_filename()
        except (LookupError, UnicodeError, ValueError):
            named = None
        if named:
            return named
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""


def safe_name(named: str, container: Container, kind: str = "") -> str:
    """A name that every system takes, with a suffix of what the file is.

    Args:
        named: by a stranger.
        container: what its first bytes are.
        kind: its media type, as the server has it.
    """
    last = re.split(r"[/\\]", named)[-1]
    kept = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    )
    stem, suffix = _parted(kept)
    inner, before = _parted(stem)
    if suffix not in container.suffixes and before in container.suffixes:
        stem, suffix = inner, before
    stem = _HALVES.sub(lambda found: f"_{found[1]}", _NOT_IN_NAMES.sub("-", stem))
    stem = stem.encode()[:_LONGEST].decode("utf-8", "ignore").strip(" .-") or _UNNAMED
    if suffix not in container.suffixes and suffix not in _CLOSER:
        sound = kind.startswith("audio/") and _SOUND.get(container.demuxer)
        suffix = sound or container.suffixes[0]
    return stem + suffix


def _parted(name: str) -> tuple[str, str]:
    """What comes before a suffix, and the suffix in lower case; empty where it is none."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not 1 <= len(ending) <= 5 or not ending.isalnum():
        return name, ""
    return stem, f".{ending.lower()}"
