"""Subtitles as text: SRT and VTT with lines that can be read in time.

Limits from the Netflix timed text style guide: 42 characters a line, two lines,
at most 7 s, at least 5/6 s, two frames apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import pysubs2

from vidpipe.transcript.model import Word

LINE_CHARACTERS = 42
MAX_LINES = 2
MAX_CUE_S = 7.0
MIN_CUE_S = 5 / 6
GAP_S = 0.08


def cues_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words in groups that fit one cue, broken at stops and pauses first."""
    groups: list[list[Word]] = []
    current: list[Word] = []
    room = LINE_CHARACTERS * MAX_LINES
    for word in words:
        if current:
            length = sum(len(w.text) + 1 for w in current) + len(word.text)
            gap = word.start_s - current[-1].end_s
            stopped = current[-1].text[-1] in ".?!" and length > LINE_CHARACTERS / 2
            if (
                length > room
                or word.end_s - current[0].start_s > MAX_CUE_S
                or gap > 1.0
                or (stopped and length > room / 2)
            ):
                groups.append(current)
                current = []
        current.append(word)
    if current:
        groups.append(current)
    return groups


def balance(texts: Sequence[str], limit: int = LINE_CHARACTERS) -> list[str]:
    """One line, or two of like length, broken after punctuation where that is near."""
    line = " ".join(texts)
    if len(line) <= limit or len(texts) < 2:
        return [line]
    best: tuple[float, int] | None = None
    for k in range(1, len(texts)):
        above, below = " ".join(texts[:k]), " ".join(texts[k:])
        cost = abs(len(above) - len(below)) + 50.0 * max(0, max(len(above), len(below)) - limit)
        if texts[k - 1][-1] in ",.;:?!":
            cost -= 8
        if best is None or cost < best[0]:
            best = (cost, k)
    assert best is not None
    return [" ".join(texts[: best[1]]), " ".join(texts[best[1] :])]


def _file(words: Sequence[Word]) -> pysubs2.SSAFile:
    file = pysubs2.SSAFile()
    groups = cues_of(words)
    for k, group in enumerate(groups):
        start = group[0].start_s
        end = max(group[-1].end_s, start + MIN_CUE_S)
        if k + 1 < len(groups):
            end = min(end, max(groups[k + 1][0].start_s - GAP_S, start + 0.1))
        text = "\\N".join(balance([w.text for w in group]))
        file.append(pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000), text=text))
    return file


def to_srt(words: Sequence[Word]) -> str:
    """SubRip text."""
    return _plain(_file(words).to_string("srt"))


def to_vtt(words: Sequence[Word]) -> str:
    """WebVTT text."""
    return _plain(_file(words).to_string("vtt"))


def _plain(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
