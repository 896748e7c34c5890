"""What a recording holds as it is coded, whatever container it is in."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo
from vidpipe.media.seeking import packets_of, seek, time_of

#: So many packets at each of these times, as far as the recording goes well beyond them: the
#: beginning alone may be that of a whole series, and containers differ on when the end is.
_PACKETS, _TIMES_S = 60, (20.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 7200.0)
_BEYOND = 0.9
_LED_IN_S = 1.0


def coded_digest(path: Path, info: MediaInfo) -> str:
    """The same for a recording and for the same recording in another container; empty of sound.

    Of the coded pictures at some moments, from a keyframe on, and of each sound's beginning: a
    recording with another sound is another one. Containers that write packets another way
    (MPEG-TS) are not told, and in none is anything decoded.
    """
    if info.video is None:
        return ""
    told = hashlib.sha256(str(len(info.sounds)).encode())
    with open_media(path, info.known_container) as media:
        picture = media.streams[info.video.index]
        for t_s in (0.0, *_TIMES_S):
            if t_s < _BEYOND * info.duration_s:
                _add(told, media, info, picture, t_s, from_s=0.0)
        for sound in info.sounds:
            # What an encoder leads in with is kept by some containers, and not by others.
            _add(told, media, info, media.streams[sound.index], 0.0, from_s=_LED_IN_S)
    return told.hexdigest()


def _add(
    told: Any, media: Any, info: MediaInfo, stream: Any, seek_s: float, *, from_s: float
) -> None:
    """Packets of a stream from the first keyframe behind a seek on that is not before `from_s`."""
    seek(media, info, seek_s)
    left = _PACKETS
    begun = False
    for packet in packets_of(media, stream):
        at_s = time_of(packet, info.origin_s)
        begun = begun or (bool(packet.is_keyframe) and at_s is not None and at_s >= from_s)
        if begun and packet.size:
            told.update(bytes(packet))
            left -= 1
            if not left:
                return
