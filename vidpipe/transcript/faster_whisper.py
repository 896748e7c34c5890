"""Whisper on the CPU through faster-whisper: the default recogniser."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vidpipe.media.samples import Samples
from vidpipe.models import ModelStore, chosen
from vidpipe.timeline import Interval, span
from vidpipe.transcript.completeness import completed
from vidpipe.transcript.excerpts import Excerpt, excerpts
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.longform import WINDOW_S, heard
from vidpipe.transcript.model import FasterWhisperOptions, Word
from vidpipe.transcript.recogniser import Passage, Recognised
from vidpipe.transcript.whisper_ear import WhisperEar
from vidpipe.transcript.windows import stitched

#: Excerpts of about so long go side by side. On 25 recordings in ten languages with Whisper
#: base: mean word error rate 10.6 % in 94 s; with one after the other 10.9 % in 105 s, with
#: half a minute each, as batched decoding has it, 14.7 % in 73 s.
_EXCERPT_S = 60.0
#: Excerpts that tell the language: one may be a quotation.
_TOLD_BY = 3


class FasterWhisper:
    """int8, several excerpts side by side, word times from cross-attention."""

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
        model = _model(str(self.weights.folder()))
        samples = passage.samples
        spoken = _language(model, [_beginning(samples, p) for p in parts[:_TOLD_BY]])
        ear = WhisperEar(model, language or spoken, beam=self.options.beam)
        found = heard(parts, lambda part: part.sound(samples), ear, at_once=self.options.batch)
        return Recognised(self._complete(found, passage, ear), spoken)

    def _complete(
        self,
        found: Iterable[tuple[Interval, list[Word]]],
        passage: Passage,
        ear: WhisperEar,
    ) -> Iterator[Word]:
        """The words as they are heard, and those of speech that the first hearing left out."""

        def again(stretch: Interval) -> list[Word]:
            part = Excerpt((stretch,), (span(0.0, stretch.duration_s),))
            once = heard([part], lambda e: e.sound(passage.samples), ear, at_once=1)
            return [word for _, words in once for word in words]

        words = list(stitched(found))
        yield from completed(words, passage.speech, again)


def _beginning(samples: Samples, part: Excerpt) -> Any:
    """What the model takes of an excerpt to tell its language."""
    start_s = part.interval.start_s
    return samples.read(start_s, min(part.interval.end_s, start_s + WINDOW_S))


def _language(model: Any, sounds: Sequence[Any]) -> str:
    """What most of the first excerpts are spoken in."""
    if not model.model.is_multilingual:
        return "en"
    told = [model.detect_language(audio=s)[0] for s in sounds]
    return str(max(sorted(set(told)), key=told.count))


@functools.lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    """The model, loaded once a process."""
    import ctranslate2
    from faster_whisper import WhisperModel

    # Higher temperatures draw at random; the same recording gives the same words.
    ctranslate2.set_random_seed(0)
    return WhisperModel(folder, device="cpu", compute_type="int8")
