"""A passage through Whisper, whichever library computes it: excerpts, language, windows."""

from __future__ import annotations

from typing import Any

from vidpipe.timeline import Interval
from vidpipe.transcript.excerpts import excerpts
from vidpipe.transcript.longform import heard
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import AudioChunk, Recognised
from vidpipe.transcript.whisper_ear import WhisperEar
from vidpipe.transcript.windows import stitch

#: What is no longer than the first is heard from its beginning to its end, each window after
#: the text of the one before it, as Whisper's makers do; of what is longer, excerpts go side by
#: side, as many as are asked for at once, none longer than the second.
_EXCERPT_S = (60.0, 150.0)
#: Tokens of the text before that windows know: of one excerpt, and of several. With all that
#: fit (223) decoding takes twice as long. Whisper base with a search of 5 had 14.5 and 9.0 % of
#: the words of 31 recordings wrong with 223 and 64, with 64 and 32 (some of it searched for less
#: widely) 13.8 and 8.0 % (`benchmarks.real.words`, build and held out).
_KNOWN_ALONE, _KNOWN = 64, 32


def recognised(
    model: Any,
    passage: AudioChunk,
    language: str | None,
    *,
    beam: int,
    at_once: int,
    excerpt_s: float | None = None,
) -> Recognised:
    """The words of a passage by a loaded model (`whisper_ear` says what one is).

    At most `at_once` excerpts of about `excerpt_s` go side by side; without one they are as
    long as keeps all of them busy.
    """
    if excerpt_s is None:
        spoken_s = sum(i.duration_s for i in passage.speech)
        shortest_s, longest_s = _EXCERPT_S
        excerpt_s = min(longest_s, max(shortest_s, spoken_s / at_once))
    parts = excerpts(passage.speech, passage.interval, longest_s=excerpt_s)
    if not parts:
        return Recognised((), language or "")

    def hear(language: str | None) -> tuple[WhisperEar, list[tuple[Interval, list[Word]]]]:
        ear = WhisperEar(
            model,
            language,
            beam=beam,
            terms=passage.terms,
            known=_KNOWN_ALONE if len(parts) == 1 else _KNOWN,
        )
        sounds = heard(
            parts,
            lambda part: part.sound(passage.samples),
            ear,
            at_once=at_once,
            on_step=passage.on_heard,
        )
        return ear, sounds

    ear, found = hear(language)
    if language is None and ear.detected_language != ear.language:
        # The first windows were a quotation, or somebody else's welcome.
        ear, found = hear(ear.detected_language)
    return Recognised(stitch(found, ear.language or ""), ear.detected_language)
