"""From words to a transcript: repaired, in sentences, with what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Flag, SkippedSource, Transcript, Word
from vidpipe.transcript.quality import measured
from vidpipe.transcript.repair import repair as repaired
from vidpipe.transcript.sentences import punctuated, split_sentences


def assembled(
    source: str,
    model: str,
    words: Sequence[Word],
    speech: SpeechMap,
    *,
    heard: str,
    expected: str | None,
    word_times: Literal["recognised", "aligned", "provided", "interpolated"] = "recognised",
    repair: bool = False,
    draft: bool = False,
    passed: Sequence[SkippedSource] = (),
    cost: float = 0.0,
) -> Transcript:
    """A transcript of these words; `repair` where a machine wrote them."""
    flags: list[Flag] = []
    if repair:
        words, flags = repaired(words, speech)
    language = expected or heard
    words = punctuated(words, language)
    return Transcript(
        source=source,
        model=model,
        language=language,
        expected_language=expected or "",
        detected_language=heard,
        draft=draft,
        word_times=word_times,
        words=tuple(words),
        sentences=tuple(split_sentences(words, language)),
        flags=tuple(flags),
        quality=measured(words, speech, language),
        skipped_sources=tuple(passed),
        cost=round(cost, 4),
    )
