"""What a page for reviewers shows of each clip."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.clips import CLIPS

_TIME = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,5}(?:[.,]\d{1,3})?)", re.ASCII)


@dataclass(frozen=True)
class ReviewedClip:
    """The files of a clip, by key; none that retention took.

    Attributes:
        clip: what was made.
        film: to watch.
        poster: shown before.
        captions: as WebVTT.
        burned_in: whether the film shows captions by itself.
        language: of its words.
    """

    clip: Clip
    film: str | None
    poster: str | None
    captions: str | None
    burned_in: bool
    language: str

    @property
    def shape(self) -> str:
        """Whether it is `upright`, `square` or `wide`."""
        measures = self.clip.files[0].measures
        if measures.width == measures.height:
            return "square"
        return "upright" if measures.width < measures.height else "wide"


def reviewed_clips(engine: Engine, video_id: str, clips: Collection[str]) -> list[ReviewedClip]:
    """These clips of a video, as they are now, the best first."""
    made = engine.manifest(video_id, CLIPS.name)
    if made is None:
        return []
    document = engine.artifacts.document(made, RenderedClips)
    wanted = [clip for clip in document.clips if clip.clip_id in clips and clip.files]
    return [_shown(engine, video_id, clip, document.language) for clip in wanted]


def _shown(engine: Engine, video_id: str, clip: Clip, language: str) -> ReviewedClip:
    file = clip.files[0]
    found = engine.item(video_id, CLIPS, file)
    keys = {f.name: f.key for f in found.files} if found is not None else {}
    film = keys.get("clip.mp4")
    if film is not None and engine.store.head(film) is None:
        film = None
    return ReviewedClip(
        clip=clip,
        film=film,
        poster=keys.get("poster.jpg"),
        captions=keys.get("clip.vtt"),
        burned_in=file.captions,
        language=language or "und",
    )


def seconds_of(text: str) -> float | None:
    """A time as somebody types it, `12`, `0:12.5` or `1:02:03`, in seconds; None: it is none."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds.replace(",", "."))


def time_of(seconds: float) -> str:
    """A time as it is shown: `0:12.5`."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"
