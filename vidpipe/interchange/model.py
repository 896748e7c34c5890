"""What is handed to other editors: clips as pieces of their source, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vidpipe.timeline import FrameSpan

#: Rates that count frames as broadcasters do: two (or four) numbers of a minute are left out.
_DROPPING = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}


@dataclass(frozen=True)
class CutClip:
    """One clip.

    Attributes:
        clip_id: its id.
        title: its name.
        spans: frames of the source that it keeps, in order.
        note: what a marker says besides.
    """

    clip_id: str
    title: str
    spans: tuple[FrameSpan, ...]
    note: str = ""

    @property
    def frames(self) -> int:
        return sum(s.frames for s in self.spans)


@dataclass(frozen=True)
class CutList:
    """The clips of one recording.

    Attributes:
        name: of the recording.
        media: its file, as the other editor finds it: a path or an address.
        fps: frames a second of all counts.
        frames: of the recording.
        width: of its picture in pixels; 0 for sound alone.
        height: the same.
        has_sound: whether it has any.
        clips: best first.
    """

    name: str
    media: str
    fps: Fraction
    frames: int
    width: int
    height: int
    has_sound: bool
    clips: tuple[CutClip, ...]

    @property
    def drops(self) -> bool:
        """Whether its timecode leaves numbers out, as 29.97 frames a second want it."""
        return self.fps in _DROPPING

    @property
    def timebase(self) -> int:
        """Numbers of a second of timecode: 30 for 29.97 frames."""
        return round(self.fps)


def timecode(frame: int, fps: Fraction) -> str:
    """SMPTE timecode of a frame: `00:01:00;02` where numbers are dropped, else `00:01:00:00`.

    At 29.97 frames a second numbers 0 and 1 of each minute but every tenth are left out (SMPTE
    ST 12-1), so that the clock keeps to the time.
    """
    base, dropped = round(fps), _DROPPING.get(fps, 0)
    number = frame
    if dropped:
        minute = base * 60 - dropped
        ten_minutes = minute * 10 + dropped
        tens, rest = divmod(frame, ten_minutes)
        number += dropped * 9 * tens
        if rest > dropped:
            number += dropped * max(0, (rest - dropped) // minute)
    seconds, frames = divmod(number, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    mark = ";" if dropped else ":"
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"
