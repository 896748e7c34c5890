"""Which uploads are accepted: each rule with a reason that a person understands."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import av

from vidpipe.errors import InputRejected
from vidpipe.media.containers import MPEGTS, SNIFF_BYTES, identify
from vidpipe.media.dolby import dolby_alone
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import sound_decodes
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.media.transport import begins_anew
from vidpipe.programs import memory_bound

#: Names that are taken for videos when they lie in a drop folder.
VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".m4v",
    ".mkv",
    ".webm",
    ".flv",
    ".ts",
    ".mts",
    ".m2ts",
    ".avi",
    ".ogv",
    ".3gp",
    # What is not read either is taken up, so that its person learns why.
    ".mpg",
    ".mpeg",
    ".wmv",
    ".asf",
    ".mxf",
    ".f4v",
    ".vob",
    ".ogm",
    ".rmvb",
    ".dv",
)
#: Names that are taken for sound, and beside which a picture is its cover.
SOUND_SUFFIXES = (
    ".mp3",
    ".m4a",
    ".m4b",
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".aac",
    ".wma",
    ".aif",
    ".aiff",
    ".amr",
    ".ac3",
    ".caf",
    ".mka",
)
#: Of what is longer than this, fewer bits a second are no recording: speech alone takes 6,000,
#: a page that stands still some 3,000 (x264, a keyframe every ten seconds).
_LONG_S, _LEAST_BITS = 600.0, 500
#: What looking at a file may take: eight pictures of 8192x8192 being decoded take 1.2 GiB.
_MEMORY_BYTES = 6 << 30
_PLAYLISTS = ("#EXTM3U", "ffconcat", "<MPD", "<?xml", "[playlist]", "v=0", "<smil", "<asx")


def is_sound(name: str) -> bool:
    """Whether a name is that of sound."""
    return name.lower().endswith(SOUND_SUFFIXES)


def is_recording(name: str) -> bool:
    """Whether a name is that of a video, or of sound."""
    return name.lower().endswith(VIDEO_SUFFIXES + SOUND_SUFFIXES)


@dataclass(frozen=True)
class Rules:
    """Limits on uploads."""

    max_bytes: int = 50 * 2**30
    min_duration_s: float = 1.0
    max_duration_s: float = 12 * 3600.0
    min_side_px: int = 120
    max_side_px: int = 8192
    decode_points: int = 5
    decode_limit_s: float = 60.0


def check_name(name: str) -> None:
    """Refuse names that no other system could carry.

    Raises:
        InputRejected: control characters, no stem, too long.
    """
    base = name.rsplit("/", 1)[-1]
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise InputRejected(
            "bad_name", "its name holds control characters. Rename it.", name=repr(name)
        )
    if not base.rsplit(".", 1)[0].strip() or len(base.encode()) > 255:
        raise InputRejected(
            "bad_name", "its name is empty or longer than 255 bytes. Rename it.", name=name
        )


def check_media(path: Path, name: str, rules: Rules) -> MediaInfo:
    """Look at the bytes, the headers, and pictures at several points.

    Raises:
        InputRejected: the first rule that the file breaks.
    """

    def reject(reason: str, message: str) -> InputRejected:
        return InputRejected(reason, message, name=name)

    size = path.stat().st_size
    if size == 0:
        raise reject("empty", "the file is empty. The upload may have stopped: upload it again.")
    if size > rules.max_bytes:
        raise reject(
            "too_large",
            f"it is {size / 2**30:.1f} GiB, the limit is {rules.max_bytes / 2**30:.0f} GiB. "
            "Export it at a lower bitrate or in parts.",
        )
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    if identify(head) is None and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(
        tuple(p.encode() for p in _PLAYLISTS)
    ):
        raise reject(
            "playlist",
            "this is a playlist or a description that points to other files, not a video. "
            "Upload the video itself.",
        )
    try:
        with memory_bound(_MEMORY_BYTES):
            return _checked(path, name, size, rules)
    except InputRejected as error:
        raise reject(error.reason, error.message) from error
    except MemoryError as error:
        raise reject(
            "too_much_memory",
            f"looking at it takes more than {_MEMORY_BYTES >> 30} GiB of memory. "
            "Export it anew, as H.264 of at most 4K.",
        ) from error


def _checked(path: Path, name: str, size: int, rules: Rules) -> MediaInfo:
    """What a file whose first bytes are those of media holds.

    Raises:
        InputRejected: the first rule that it breaks.
    """

    def reject(reason: str, message: str) -> InputRejected:
        return InputRejected(reason, message, name=name)

    info = probe(path, name)
    video = info.video
    if video is None and not info.sound_only:
        raise reject(
            "no_video",
            "it has a picture stream of which nothing decodes. Play it through once, and export "
            "it anew; for its sound alone, export that as MP3."
            if info.broken_picture
            else "it has neither picture nor sound that decodes. "
            "vidpipe makes clips from videos and from sound.",
        )
    if not rules.min_duration_s <= info.duration_s:
        raise reject(
            "too_short",
            f"it lasts {info.duration_s:.1f} s, the shortest accepted is "
            f"{rules.min_duration_s:.0f} s. If it should be longer, the upload is incomplete.",
        )
    if info.duration_s > rules.max_duration_s:
        raise reject(
            "too_long",
            f"it lasts {info.duration_s / 3600:.1f} h, the limit is "
            f"{rules.max_duration_s / 3600:.0f} h. Upload it in parts.",
        )
    if info.duration_s > _LONG_S and size * 8 < _LEAST_BITS * info.duration_s:
        raise reject(
            "hole_in_time",
            f"it says that it lasts {info.duration_s / 3600:.1f} h, and holds "
            f"{size / 2**20:.1f} MiB: its time stamps jump. Export it anew.",
        )
    if info.known_container is MPEGTS and begins_anew(path):
        raise reject(
            "times_begin_anew",
            "its time stamps begin anew on the way, as in pieces that were joined end to end: what "
            f"follows the first {info.duration_s:.0f} s cannot be reached. Write it anew, which "
            "takes seconds: ffmpeg -i talk.ts -c copy talk.mp4",
        )
    if video is None:
        _check_heard(path, name, info, rules)
        return info
    if min(video.width, video.height) < rules.min_side_px:
        raise reject(
            "too_small",
            f"its picture is {video.width}x{video.height}, the smallest side accepted is "
            f"{rules.min_side_px} px.",
        )
    if max(video.width, video.height) > rules.max_side_px:
        raise reject(
            "too_big_a_picture",
            f"its picture is {video.width}x{video.height}, the largest side accepted is "
            f"{rules.max_side_px} px.",
        )
    _check_decodes(path, name, info, rules)
    profile = dolby_alone(path, info)
    if profile is not None:
        raise reject(
            "dolby_vision_alone",
            f"it is Dolby Vision of profile {profile}, whose colours no other player knows: in "
            "clips white would be grey, green brown and blue green. Export it as HDR10, HLG or "
            "SDR, which is a choice of every editor's export. Phones film profile 8, which is "
            "read.",
        )
    return info


def _check_heard(path: Path, name: str, info: MediaInfo, rules: Rules) -> None:
    """At most of the points looked at there must be sound that decodes."""
    heard = sum(
        sound_decodes(path, info, info.duration_s * k / rules.decode_points)
        for k in range(rules.decode_points)
    )
    if heard * 2 <= rules.decode_points:
        raise InputRejected(
            "does_not_decode",
            f"only {heard} of {rules.decode_points} points in it can be heard. "
            "Play it through once, and export it again if it stops.",
            name=name,
        )


def _check_decodes(path: Path, name: str, info: MediaInfo, rules: Rules) -> None:
    """Most of the points looked at must show a picture, within a time limit."""
    deadline = time.monotonic() + rules.decode_limit_s
    shown = tried = 0
    with FrameReader(path, info, max_width=160) as reader:
        for k in range(rules.decode_points):
            tried += 1
            at_s = info.duration_s * k / rules.decode_points
            try:
                reader.at(at_s)
                shown += 1
            except (InputRejected, av.FFmpegError):
                pass
            if time.monotonic() > deadline:
                raise InputRejected(
                    "too_slow_to_decode",
                    f"looking at {tried} pictures took over {rules.decode_limit_s:.0f} s. "
                    "Export it with more frequent keyframes, as H.264.",
                    name=name,
                )
    if shown * 2 <= tried:
        raise InputRejected(
            "does_not_decode",
            f"only {shown} of {tried} points in it show a picture. "
            "Play it through once, and export it again if it stops.",
            name=name,
        )
