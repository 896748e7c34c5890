"""What a player of a recording and its clips is given."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vidpipe.library.views import LibraryView
from vidpipe.timeline import Interval


class BoxView(LibraryView):
    """A rectangle in displayed pixels of the source."""

    x: int
    y: int
    width: int
    height: int


class ShownRegion(BoxView):
    """What a part of the picture is."""

    role: str


class TimelineStretch(LibraryView):
    """A stretch with the same layout."""

    start_s: float
    end_s: float
    kind: str
    regions: tuple[ShownRegion, ...]


class TimelineTitled(LibraryView):
    """A slide or a topic."""

    start_s: float
    end_s: float
    title: str


class TimelineSegment(TimelineTitled):
    """A moment that was chosen, and why."""

    rank: int
    score: float
    hook: str
    reasons: tuple[str, ...]


class TimelinePart(LibraryView):
    """What a stretch of a clip shows; `screen`, `camera` and `other` are boxes of the source."""

    start_s: float = Field(description="in the source")
    end_s: float
    clip_start_s: float = Field(description="in the clip, without the channel's film before it")
    clip_end_s: float
    composition: str
    screen: BoxView | None
    camera: BoxView | None
    other: BoxView | None


class TimelineFile(LibraryView):
    """One file of a clip."""

    variant: str
    url: str
    poster: str | None
    subtitles: str | None = Field(description="as WebVTT")
    width: int
    height: int
    size_bytes: int
    issues: tuple[str, ...]


class TimelineClip(LibraryView):
    """A clip on the source's timeline, as its file shows it, and what is decided of it."""

    clip: str
    rank: int
    title: str
    hook: str
    description: str
    hashtags: tuple[str, ...] | None = Field(description="none: those of its keyphrases")
    platforms: tuple[str, ...] | None = Field(description="none: all of the video")
    start_s: float
    end_s: float
    score: float | None = Field(description="none of a clip that is not made yet")
    kept: tuple[Interval, ...] = Field(description="what of the source it keeps, in order")
    duration_s: float
    lead_s: float
    dropped: bool
    added: bool
    edited: bool
    stale: bool = Field(description="something is decided of it that its files do not show yet")
    parts: tuple[TimelinePart, ...]
    files: tuple[TimelineFile, ...]


class TimelineView(LibraryView):
    """A recording from its beginning to its end: everything that a timeline draws."""

    video_id: str
    duration_s: float
    width: int = Field(description="0 for sound alone")
    height: int
    fps: float | None
    shots: tuple[Interval, ...]
    slides: tuple[TimelineTitled, ...]
    topics: tuple[TimelineTitled, ...]
    silences: tuple[Interval, ...]
    stretches: tuple[TimelineStretch, ...]
    segments: tuple[TimelineSegment, ...] = Field(description="the best first")
    clips: tuple[TimelineClip, ...]
    edits_version: int


class ProxyView(LibraryView):
    """What a browser plays of a recording."""

    state: Literal["ready", "making", "absent"]
    of: Literal["source", "proxy"] = Field(description="source: a browser plays it as it is")
    width: int
    height: int
    fps: float | None
    duration_s: float
    size_bytes: int | None
    percentage: int | None = Field(description="of a proxy that is being made")
    problem: str | None = Field(description="why the last try to make one failed")
