"""Whisper on the CPU through faster-whisper: the default recogniser."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from vidpipe.models import ModelStore, chosen
from vidpipe.timeline import Interval
from vidpipe.transcript.excerpts import Excerpt, excerpts
from vidpipe.transcript.hints import PROMPT_TOKENS
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.longform import heard
from vidpipe.transcript.model import FasterWhisperOptions, Word
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


class FasterWhisper:
    """int8, several excerpts at once, word times from cross-attention."""

    name = "faster-whisper"
    draft = False
    parallel = 1
    longest_s = float("inf")
    cost_per_minute = 0.0

    def __init__(self, options: FasterWhisperOptions, store: ModelStore) -> None:
        self.options = options
        # Settings call a size of the registry as faster-whisper does.
        name = options.model if "/" in options.model else f"whisper-{options.model}"
        self.weights = store.needed(chosen(name, like="whisper-small", path=options.path))

    @property
    def identity(self) -> str:
        import faster_whisper

        version = faster_whisper.__version__
        return f"{self.name}-{version}:{self.weights.identity}:beam{self.options.beam}"

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        if self.options.model.endswith(".en") and language not in (None, "en"):
            return f"its model {self.options.model!r} knows English only, not {language!r}"
        return self.weights.missing() or not_in_whisper(language)

    def recognise(self, passage: Passage, language: str | None) -> Recognised:
        parts = excerpts(passage.speech, passage.interval, longest_s=_EXCERPT_S)
        if not parts:
            return Recognised((), language or "")
        ear = self._ear(passage, parts, language)
        found = self._heard(passage, parts, ear)
        if language is None and ear.heard_language != ear.language:
            # The first windows were a quotation, or somebody else's welcome.
            ear = self._ear(passage, parts, ear.heard_language)
            found = self._heard(passage, parts, ear)
        return Recognised(stitch(found), ear.heard_language)

    def _ear(self, passage: Passage, parts: Sequence[Excerpt], language: str | None) -> WhisperEar:
        return WhisperEar(
            _model(str(self.weights.folder())),
            language,
            beam=self.options.beam,
            terms=passage.terms,
            known=PROMPT_TOKENS if len(parts) == 1 else _KNOWN,
        )

    def _heard(
        self, passage: Passage, parts: Sequence[Excerpt], ear: WhisperEar
    ) -> list[tuple[Interval, list[Word]]]:
        return list(
            heard(
                parts,
                lambda part: part.sound(passage.samples),
                ear,
                at_once=self.options.batch,
                on_step=passage.on_heard,
            )
        )


@functools.lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    """The model, loaded once a process."""
    import ctranslate2
    from faster_whisper import WhisperModel

    # Higher temperatures draw at random; the same recording gives the same words.
    ctranslate2.set_random_seed(0)
    return WhisperModel(folder, device="cpu", compute_type="int8")
