"""Topics as chapters of a video description."""

from __future__ import annotations

import html
from collections.abc import Sequence

from vidpipe.content.model import Topic
from vidpipe.timeline import clock
from vidpipe.untrusted import cleaned

#: What YouTube asks for (its help on video chapters, as commonly quoted): the first at
#: 0:00, three or more in ascending order, none shorter than ten seconds.
_FEWEST = 3
_SHORTEST_S = 10.0


def chapters_text(topics: Sequence[Topic], duration_s: float) -> str:
    """A line `0:00 Title` for each chapter; empty where there are too few to be taken."""
    starts = [0.0 if k == 0 else t.start_s for k, t in enumerate(topics)]
    kept: list[tuple[float, str]] = []
    for k, (start_s, topic) in enumerate(zip(starts, topics, strict=True)):
        end_s = starts[k + 1] if k + 1 < len(starts) else duration_s
        if int(end_s) - int(start_s) >= _SHORTEST_S:
            # What is too short belongs to the chapter before it.
            title = topic.title if not kept or topic.title != kept[-1][1] else ""
            if title:
                kept.append((start_s if kept else 0.0, title))
    if len(kept) < _FEWEST:
        return ""
    return "".join(f"{clock(start_s)} {title}\n" for start_s, title in kept)


def chapters_vtt(topics: Sequence[Topic]) -> str:
    """WebVTT with a cue for each topic: what a track of the kind `chapters` takes."""
    cues = []
    for topic in topics:
        title = html.escape(" ".join(cleaned(topic.title).split()), quote=False)
        cues.append(f"{_stamp(topic.start_s)} --> {_stamp(topic.end_s)}\n{title}\n")
    return "WEBVTT\n\n" + "\n".join(cues)


def _stamp(t_s: float) -> str:
    ms = round(t_s * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
