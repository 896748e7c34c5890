"""What an upload may be called: names that every disk, bucket and person can carry."""

from __future__ import annotations

import re
import unicodedata

from vidpipe.errors import InputRejected
from vidpipe.intake.drops import scan
from vidpipe.intake.rules import SOUND_SUFFIXES, VIDEO_SUFFIXES, check_name, is_recording
from vidpipe.intake.sidecars import SIDECAR_SUFFIXES
from vidpipe.storage.listing import ObjectInfo

#: With a number and a suffix of ours behind it a name still fits every file system (255 bytes).
MOST_NAME_BYTES = 200
#: A transcript of twelve hours takes 2 MB.
MOST_SIDECAR_BYTES = 64 << 20
#: Devices of Windows, with any suffix: no share of it takes a file of such a name.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
#: What turns the direction of text around, so that `cod.exe` is shown as `exe.doc`.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def upload_name(given: str) -> str:
    """A name as it is kept: of one part, in Unicode's composed form.

    Raises:
        InputRejected: it is none that an upload may have; says why.
    """
    name = unicodedata.normalize("NFC", given)
    if "/" in name or "\\" in name:
        raise _refused("it holds a slash: send the name of the file without its folder", given)
    check_name(name)
    if _TURNS.search(name):
        raise _refused("it holds characters that turn the direction of text around", given)
    if len(name.encode()) > MOST_NAME_BYTES:
        raise _refused(f"it is longer than {MOST_NAME_BYTES} bytes", given)
    if name.startswith(".") or name != name.strip(" ") or name.endswith("."):
        raise _refused("it begins with a dot or a space, or ends with one", given)
    if _DEVICE.match(name):
        raise _refused("it is the name of a device of Windows", given)
    if not is_recording(name) and not is_sidecar(name):
        kinds = ", ".join(s[1:] for s in (*VIDEO_SUFFIXES, *SOUND_SUFFIXES, *SIDECAR_SUFFIXES))
        raise InputRejected(
            "unknown_kind",
            f"by its name it is no video, no sound and no transcript: its ending is one of {kinds}",
            name=given,
        )
    if is_recording(name) and not scan([ObjectInfo(f"channel/{name}", 1, None, 0.0)]):
        raise _refused("by its name another program is still writing it", given)
    return name


def is_sidecar(name: str) -> bool:
    """Whether a name is that of a transcript or of instructions beside a recording."""
    return name.lower().endswith(SIDECAR_SUFFIXES)


def media_type_of(name: str, said: str) -> str:
    """The media type that a client says, without parameters; empty where that says nothing.

    Nothing is believed because of it: what a file is its content says, once it is here.

    Raises:
        InputRejected: it is no media type, or contradicts a recording's name.
    """
    kind = said.partition(";")[0].strip().lower()
    if not kind or kind == "application/octet-stream":
        return ""
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}", kind):
        raise InputRejected("bad_media_type", f"{kind[:80]!r} is no media type", name=name)
    if is_recording(name) and kind.partition("/")[0] not in ("video", "audio", "application"):
        raise InputRejected(
            "bad_media_type", f"by its name it is a recording, and by its type {kind}", name=name
        )
    return kind


def numbered(name: str, number: int) -> str:
    """The name for the first time, then with a number: `talk.mp4`, `talk-2.mp4`."""
    if number < 2:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{number}{dot}{suffix}"


def _refused(why: str, name: str) -> InputRejected:
    return InputRejected("bad_name", f"{why}. Rename it.", name=repr(name)[:300])
