"""Whisper on the CPU through faster-whisper: the default recogniser."""

from __future__ import annotations

import functools
from typing import Any

from vidpipe.models import ModelStore, chosen
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.model import FasterWhisperOptions
from vidpipe.transcript.recogniser import AudioChunk, Recognised
from vidpipe.transcript.whisper import recognised


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

    def recognise(self, passage: AudioChunk, language: str | None) -> Recognised:
        model = _model(str(self.weights.folder()))
        return recognised(
            model, passage, language, beam=self.options.beam, at_once=self.options.batch
        )


@functools.lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    """The model, loaded once a process."""
    import ctranslate2
    from faster_whisper import WhisperModel

    # Higher temperatures draw at random; the same recording gives the same words.
    ctranslate2.set_random_seed(0)
    return WhisperModel(folder, device="cpu", compute_type="int8")
