"""How far a transcript can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.silence.model import SpeechMap
from vidpipe.text import width
from vidpipe.timeline import intersection, span, union
from vidpipe.transcript.completeness import unheard_s
from vidpipe.transcript.model import TranscriptQuality, Word
from vidpipe.transcript.subtitles import (
    CHARACTERS_PER_S,
    GAP_S,
    LINE_CHARACTERS,
    MAX_CUE_S,
    MAX_LINES,
    MIN_CUE_S,
    Line,
    subtitles,
)

#: Speech this close to a word is that word's: a recogniser's times are not exact.
_NEAR_S = 0.4


def measured(words: Sequence[Word], speech: SpeechMap, language: str) -> TranscriptQuality | None:
    """Figures of a transcript; None where there are no words."""
    if not words:
        return None
    near = union(
        span(max(0.0, w.start_s - _NEAR_S), max(w.end_s, w.start_s) + _NEAR_S) for w in words
    )
    covered = sum(i.duration_s for i in intersection(near, list(speech.speech)))
    chances = [w.confidence for w in words if w.confidence is not None]
    cues = subtitles(words, language)
    speeds = [c.characters / (c.end_s - c.start_s) for c in cues]
    return TranscriptQuality(
        covered_share=round(covered / speech.speech_s, 3) if speech.speech else 1.0,
        confidence=round(float(np.mean(chances)), 3) if chances else None,
        words_per_minute=round(60 * len(words) / max(speech.speech_s, 1.0), 1),
        characters_per_s=round(float(np.percentile(speeds, 95)), 1),
        rules_broken=len(rules_broken(cues)),
        speech_without_words_s=round(unheard_s(words, speech.speech), 2),
    )


def rules_broken(cues: Sequence[Line]) -> list[str]:
    """Every rule of subtitling that a cue breaks, with the cue's number and time."""
    broken = []
    for k, cue in enumerate(cues):
        length_s = cue.end_s - cue.start_s
        wrong = {
            "lines": not 1 <= len(cue.lines) <= MAX_LINES,
            "characters": any(width(line) > LINE_CHARACTERS for line in cue.lines),
            "too short": length_s < MIN_CUE_S - 1e-6,
            "too long": length_s > MAX_CUE_S + 1e-6,
            "too fast": cue.characters > CHARACTERS_PER_S * length_s + 1e-6,
            "too close": k > 0 and cue.start_s - cues[k - 1].end_s < GAP_S - 1e-6,
        }
        broken += [
            f"{name}: cue {k + 1} at {cue.start_s:.2f} s" for name, is_so in wrong.items() if is_so
        ]
    return broken
