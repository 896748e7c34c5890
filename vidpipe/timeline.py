"""Intervals and edit lists: exact, in seconds and frames.

Times are seconds (float) from the first presented frame of the source. All
intervals are half-open, `[start_s, end_s)`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, model_validator

#: A pause that was this long ends a thought.
LONG_PAUSE_S = 1.0


class Interval(BaseModel):
    """A stretch of time, in seconds; never empty and never reversed."""

    model_config = ConfigDict(frozen=True)

    start_s: float
    end_s: float

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if not self.end_s > self.start_s:
            raise ValueError(f"interval ends at {self.end_s} before it starts at {self.start_s}")
        return self

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def contains(self, t_s: float) -> bool:
        return self.start_s <= t_s < self.end_s

    def overlap_s(self, other: Interval) -> float:
        """Length of what both share, 0 when they are apart."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))


def span(start_s: float, end_s: float) -> Interval:
    """Short for `Interval(start_s=..., end_s=...)`."""
    return Interval(start_s=start_s, end_s=end_s)


def union(intervals: Iterable[Interval], *, gap_s: float = 0.0) -> list[Interval]:
    """Sorted, disjoint cover of all `intervals`; those at most `gap_s` apart become one."""
    out: list[Interval] = []
    for item in sorted(intervals, key=lambda i: i.start_s):
        if out and item.start_s - out[-1].end_s <= gap_s:
            if item.end_s > out[-1].end_s:
                out[-1] = span(out[-1].start_s, item.end_s)
        else:
            out.append(item)
    return out


def intersection(a: Sequence[Interval], b: Sequence[Interval]) -> list[Interval]:
    """What lies in both of two disjoint, sorted lists."""
    out: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i].start_s, b[j].start_s), min(a[i].end_s, b[j].end_s)
        if end > start:
            out.append(span(start, end))
        if a[i].end_s <= b[j].end_s:
            i += 1
        else:
            j += 1
    return out


def complement(intervals: Sequence[Interval], within: Interval) -> list[Interval]:
    """What of `within` no interval covers; `intervals` disjoint and sorted."""
    out: list[Interval] = []
    at = within.start_s
    for item in intervals:
        if item.end_s <= within.start_s:
            continue
        if item.start_s >= within.end_s:
            break
        if item.start_s > at:
            out.append(span(at, item.start_s))
        at = max(at, item.end_s)
    if at < within.end_s:
        out.append(span(at, within.end_s))
    return out


def shorten_pauses(
    within: Interval, pauses: Sequence[Interval], longest_s: float, kept_s: float
) -> list[Interval]:
    """What stays of `within` when pauses over `longest_s` shrink to `kept_s`.

    Of each shortened pause one third of what stays follows the last word, two
    thirds lead into the next: a breath belongs to what comes after it.
    """
    cuts: list[Interval] = []
    for pause in pauses:
        inside = pause.overlap_s(within)
        if inside > longest_s:
            start = max(pause.start_s, within.start_s) + kept_s / 3
            end = min(pause.end_s, within.end_s) - kept_s * 2 / 3
            if end > start:
                cuts.append(span(start, end))
    return complement(cuts, within)


class FrameSpan(BaseModel):
    """Frames `[first, last)` of the constant-rate source, on frame borders."""

    model_config = ConfigDict(frozen=True)

    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first


class EditList(BaseModel):
    """The source intervals that a clip keeps, in order, on frame borders of `fps`.

    Picture and sound are cut at the same borders, so they cannot drift apart:
    interval k starts at frame `spans[k].first` and at the sample of the same time.
    """

    model_config = ConfigDict(frozen=True)

    fps_num: int
    fps_den: int
    spans: tuple[FrameSpan, ...]

    @classmethod
    def from_intervals(cls, intervals: Sequence[Interval], fps: Fraction) -> EditList:
        """Borders rounded to the nearest frame; an interval under one frame vanishes."""
        spans: list[FrameSpan] = []
        for item in intervals:
            first, last = round(item.start_s * fps), round(item.end_s * fps)
            if spans and first <= spans[-1].last:
                spans[-1] = FrameSpan(first=spans[-1].first, last=max(last, spans[-1].last))
            elif last > first:
                spans.append(FrameSpan(first=first, last=last))
        if not spans:
            raise ValueError("an edit list keeps at least one frame")
        return cls(fps_num=fps.numerator, fps_den=fps.denominator, spans=tuple(spans))

    @property
    def fps(self) -> Fraction:
        return Fraction(self.fps_num, self.fps_den)

    @property
    def frames(self) -> int:
        return sum(s.frames for s in self.spans)

    @property
    def duration_s(self) -> float:
        return float(self.frames / self.fps)

    @property
    def intervals(self) -> list[Interval]:
        """The kept intervals in source seconds."""
        return [span(float(s.first / self.fps), float(s.last / self.fps)) for s in self.spans]

    def picture_spans(
        self, lead_s: float, lag_s: float = 0.0, parts_at: Collection[int] = ()
    ) -> tuple[FrameSpan, ...]:
        """What is seen when sound and picture of a piece do not begin at once.

        The sound begins `lead_s` before its picture (a J cut): the picture of the piece before
        stays for so long. Where a long pause was taken out, which ends a thought, it is the
        other way round with `lag_s` (an L cut): the sound of the piece before ends over the
        next picture. Only where as much was taken out between them as is shown of it, and a
        piece is longer than twice that.

        Args:
            lead_s: how long the sound is ahead in a J cut, in seconds.
            lag_s: how long the picture is ahead in an L cut, in seconds.
            parts_at: frames of the clip at which it begins to show something else: where one is
                at a join, or between it and where the picture would be cut, both are cut at once.
        """
        lead, lag = round(lead_s * self.fps), round(lag_s * self.fps)
        spans, at = list(self.spans), 0
        for k in range(len(spans) - 1):
            before, after = spans[k], spans[k + 1]
            at += self.spans[k].frames
            out = after.first - before.last
            shift = lead
            if lag and out >= LONG_PAUSE_S * self.fps:
                shift = -lag
            shortened = after if shift > 0 else before
            if any(at <= n < at + shift or at + shift < n <= at for n in parts_at):
                continue
            if out >= abs(shift) and shortened.frames > 2 * abs(shift):
                spans[k] = FrameSpan(first=before.first, last=before.last + shift)
                spans[k + 1] = FrameSpan(first=after.first + shift, last=after.last)
        return tuple(spans)

    def to_clip(self, t_s: float) -> float:
        """Source time to clip time; a time that was cut out maps to the cut."""
        at = 0.0
        for item in self.intervals:
            if t_s < item.start_s:
                return at
            if t_s < item.end_s:
                return at + (t_s - item.start_s)
            at += item.duration_s
        return at

    def to_source(self, t_s: float) -> float:
        """Clip time to source time; past the end maps to the last kept moment."""
        at = 0.0
        for item in self.intervals:
            if t_s < at + item.duration_s:
                return item.start_s + (t_s - at)
            at += item.duration_s
        return self.intervals[-1].end_s


def clock(t_s: float) -> str:
    """`1:02:03` or `2:03`."""
    hours, rest = divmod(int(t_s), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
