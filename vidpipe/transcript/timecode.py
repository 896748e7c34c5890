"""Subtitles whose clock begins at an hour, as programmes and editors' timelines do.

Broadcasters begin a programme at 10:00:00:00, editors a timeline at 01:00:00:00, and write these
times into the subtitles. A recording's own begin at nought.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.timeline import Interval

_HOUR_S = 3600.0


def hours_off_s(parts: Sequence[Interval], duration_s: float) -> float:
    """Seconds to add so that a clock that began at a full hour begins at nought; else 0.

    Only where the subtitles end behind the recording, and fit into it without those hours.
    """
    if not parts:
        return 0.0
    first_s, last_s = min(p.start_s for p in parts), max(p.end_s for p in parts)
    base_s = first_s // _HOUR_S * _HOUR_S
    longest_s = duration_s * 1.1 + 5.0
    fits = last_s > longest_s and first_s - base_s < duration_s and last_s - base_s <= longest_s
    return -base_s if base_s > 0 and fits else 0.0
