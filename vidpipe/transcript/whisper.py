"""A passage through Whisper, whichever library computes it: excerpts, language, windows."""

from __future__ import annotations

from typing import Any

from vidpipe.transcript.excerpts import excerpts
from vidpipe.transcript.hints import PROMPT_TOKENS
from vidpipe.transcript.longform import heard
from vidpipe.transcript.recogniser import Passage, Recognised
from vidpipe.transcript.whisper_ear import WhisperEar
from vidpipe.transcript.windows import stitch

#: What is no longer than this is heard from its beginning to its end, each window after the
#: text of the one before it, as Whisper's makers do; of what is longer, excerpts go side by
#: side.
_EXCERPT_S = 150.0
#: Tokens of the text before that the windows of several excerpts know. With all that fit (223)
#: decoding takes twice as long; with 64, Whisper base had 13.7 and 9.1 % of the words of 31
#: recordings wrong, with all 13.7 and 9.6 %, with none 14.0 and 10.4 %
#: (`benchmarks.real.words`, build and held out).
_KNOWN = 64


def recognised(
    model: Any,
    passage: Passage,
    language: str | None,
    *,
    beam: int,
    at_once: int,
    excerpt_s: float = _EXCERPT_S,
) -> Recognised:
    """The words of a passage by a loaded model (`whisper_ear` says what one is).

    At most `at_once` excerpts of about `excerpt_s` go side by side.
    """
    parts = excerpts(passage.speech, passage.interval, longest_s=excerpt_s)
    if not parts:
        return Recognised((), language or "")

    def hear(language: str | None) -> tuple[WhisperEar, list[Any]]:
        ear = WhisperEar(
            model,
            language,
            beam=beam,
            terms=passage.terms,
            known=PROMPT_TOKENS if len(parts) == 1 else _KNOWN,
        )
        sounds = heard(
            parts,
            lambda part: part.sound(passage.samples),
            ear,
            at_once=at_once,
            on_step=passage.on_heard,
        )
        return ear, list(sounds)

    ear, found = hear(language)
    if language is None and ear.heard_language != ear.language:
        # The first windows were a quotation, or somebody else's welcome.
        ear, found = hear(ear.heard_language)
    return Recognised(stitch(found, ear.language or ""), ear.heard_language)
