"""Edit decision lists in the form of CMX 3600, which every editor reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from vidpipe.interchange.model import CutClip, CutList, timecode

#: Colours of markers in DaVinci Resolve, in turn.
_COLOURS = ("Blue", "Cyan", "Green", "Yellow", "Red", "Pink", "Purple", "Fuchsia")
#: CMX 3600 counts events with three digits.
_EVENTS = 999


def edl(cuts: CutList, *, start_s: int = 0) -> str:
    """All clips one behind the other: each piece that is kept is an event, cut to cut.

    Args:
        cuts: the clips.
        start_s: where the record timecode begins.
    """
    lines = [f"TITLE: {_plain(cuts.name)}", _frame_mode(cuts), ""]
    at = round(start_s * cuts.fps)
    number = 0
    for clip in cuts.clips:
        for k, span in enumerate(clip.spans):
            number += 1
            times = (span.first, span.last, at, at + span.frames)
            codes = " ".join(timecode(t, cuts.fps) for t in times)
            lines.append(f"{number:03d}  {_reel(cuts)} {_tracks(cuts):<5} C        {codes}")
            lines.append(f"* FROM CLIP NAME: {_plain(cuts.media)}")
            if k == 0:
                lines.append(f"* LOC: {timecode(at, cuts.fps)} GREEN   {_plain(clip.title)}")
                lines.append(f"* COMMENT: CLIP {clip.clip_id}")
            at += span.frames
    return "\n".join([*lines, ""])


def marker_edl(cuts: CutList) -> str:
    """Markers on the source as DaVinci Resolve imports them: Timelines, Import, Timeline Markers
    from EDL."""
    lines = [f"TITLE: {_plain(cuts.name)}", _frame_mode(cuts), ""]
    for number, (clip, colour) in enumerate(_coloured(cuts), start=1):
        first, length = clip.spans[0].first, clip.spans[-1].last - clip.spans[0].first
        codes = " ".join(timecode(t, cuts.fps) for t in (first, first + 1, first, first + 1))
        lines.append(f"{number:03d}  001      V     C        {codes}")
        lines.append(
            f" |C:ResolveColor{colour} |M:{_plain(clip.title).replace('|', '/')} |D:{length}"
        )
        lines.append("")
    return "\n".join(lines)


def marker_csv(cuts: CutList) -> str:
    """The same as a table: name, beginning, end, length, colour and note of each marker."""
    rows = ["Name,Start TC,End TC,Duration TC,Color,Notes"]
    for clip, colour in _coloured(cuts):
        first, last = clip.spans[0].first, clip.spans[-1].last
        fields = [
            clip.title,
            timecode(first, cuts.fps),
            timecode(last, cuts.fps),
            timecode(last - first, cuts.fps),
            colour,
            clip.note,
        ]
        rows.append(",".join(_field(f) for f in fields))
    return "\r\n".join([*rows, ""])


def events(cuts: CutList) -> int:
    """How many events the list has; editors read 999 at most."""
    return sum(len(clip.spans) for clip in cuts.clips)


#: The most events that CMX 3600 counts.
MOST_EVENTS = _EVENTS


def _coloured(cuts: CutList) -> Iterator[tuple[CutClip, str]]:
    for k, clip in enumerate(cuts.clips):
        yield clip, _COLOURS[k % len(_COLOURS)]


def _frame_mode(cuts: CutList) -> str:
    return "FCM: DROP FRAME" if cuts.drops else "FCM: NON-DROP FRAME"


def _reel(cuts: CutList) -> str:
    """Eight letters and digits, as reels are named."""
    stem = cuts.media.rpartition("/")[2].rpartition(".")[0] or cuts.media
    ascii_only = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return (re.sub(r"[^A-Za-z0-9]", "", ascii_only).upper()[:8] or "SOURCE").ljust(8)


def _tracks(cuts: CutList) -> str:
    if not cuts.width:
        return "AA"
    return "B" if cuts.has_sound else "V"


def _plain(text: str) -> str:
    """One line."""
    return " ".join(text.split())


def _field(text: str) -> str:
    """A field of a CSV file (RFC 4180); one that a table would take for a formula is quoted."""
    text = _plain(text)
    if text[:1] in ("=", "+", "-", "@"):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text
