"""Dolby Vision whose picture nothing else shows rightly, told by the file's own record of it.

Most of it is HDR10 or HLG, or SDR, with more beside it, which may be left out. Of profile 5 the
picture itself is in a colour space of Dolby's (IPT-PQ-C2), reshaped from frame to frame. Shown as
what other video is, even without its reshaping, white (255, 255, 255) is (154, 154, 154), skin
(230, 180, 150) is (156, 121, 150), green (40, 160, 60) is brown (159, 94, 45) and blue is green:
reckoned with the matrices of its profile as dovi_tool has them (`Profile5::dm_data`).
"""

from __future__ import annotations

import re
from pathlib import Path

import ffmpeg

from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.probe import MediaInfo
from vidpipe.programs import ProgramFailed

_LIMIT_S = 60.0
#: Codecs that it is carried by without anything that others can show: `dvh1` (5), `dav1` (10.0),
#: two views (20).
_CODECS = ("hevc", "av1", "libdav1d", "libaom-av1")
_RECORD = re.compile(r"DOVI configuration record:.*?profile: (\d+).*?compatibility id: (\d+)")


def dolby_alone(path: Path, info: MediaInfo) -> int | None:
    """The profile of a picture that only Dolby Vision shows; None where it is of another kind.

    That is what its record says: `dv_bl_signal_compatibility_id` 0, "none" (ETSI TS 103 572,
    and Dolby's "Dolby Vision Streams Within the ISO Base Media File Format").
    """
    if info.video is None or info.video.codec not in _CODECS:
        return None
    stream = source_input(path, info.known_container, codec=info.video.codec, t=0.04)
    picture = stream[str(info.video.index)]
    try:
        said = render(ffmpeg.output(picture, "-", format="null"), timeout_s=_LIMIT_S)
    except ProgramFailed as failed:
        said = failed.stderr
    found = _RECORD.search(said)
    if found is None or found[2] != "0" or int(found[1]) not in _ALONE:
        return None
    return int(found[1])


#: Profiles that have such pictures; of 4 and 7 the record is often wrong, and the picture is not.
_ALONE = (5, 10, 20)
