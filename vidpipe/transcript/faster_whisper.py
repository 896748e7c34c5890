"""Whisper on the CPU through faster-whisper: the default recogniser."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from vidpipe.media.samples import SAMPLE_RATE
from vidpipe.models import ModelStore, chosen
from vidpipe.timeline import Interval
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.model import FasterWhisperOptions, Word
from vidpipe.transcript.recogniser import Passage, Recognised
from vidpipe.transcript.windows import stitched, windows

#: What the model hears at once, and the gap that starts a new window: a model that
#: is given silence makes words up.
_WINDOW_S = 29.5
_GAP_S = 3.0
#: Whisper's own signs of a failed window (section 4.5 of its paper): text that
#: compresses too well, words it does not believe itself.
_TOO_REGULAR = 2.4
_TOO_UNSURE = -1.0
#: Windows that tell the language: one may be a quotation.
_TOLD_BY = 3


class FasterWhisper:
    """int8, several windows at once, word times from cross-attention."""

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
        pieces = windows(passage.speech, passage.interval.end_s, max_s=_WINDOW_S, max_gap_s=_GAP_S)
        if not pieces:
            return Recognised((), language or "")
        start_s = passage.interval.start_s
        audio = passage.samples.read(start_s, passage.interval.end_s)
        pipeline = _pipeline(str(self.weights.folder()))
        heard = _language(pipeline.model, [_cut(audio, p, start_s) for p in pieces[:_TOLD_BY]])
        segments, _ = pipeline.transcribe(
            audio,
            language=language or heard,
            beam_size=self.options.beam,
            batch_size=self.options.batch,
            word_timestamps=True,
            without_timestamps=False,
            clip_timestamps=[
                {"start": p.start_s - start_s, "end": p.end_s - start_s} for p in pieces
            ],
        )
        found = self._heard(pipeline, segments, audio, start_s, pieces, language or heard)
        return Recognised(stitched(found), heard)

    def _heard(
        self,
        pipeline: Any,
        segments: Iterable[Any],
        audio: Any,
        start_s: float,
        pieces: Sequence[Interval],
        language: str,
    ) -> Iterator[tuple[Interval, list[Word]]]:
        """Each window with its words."""
        for seek, found in groupby(segments, key=lambda s: s.seek):
            # Segments name their window by where it starts, in hundredths of a second.
            window = min(pieces, key=lambda p: abs((p.start_s - start_s) * 100 - seek))
            heard = list(found)
            if any(
                s.compression_ratio > _TOO_REGULAR or s.avg_logprob < _TOO_UNSURE for s in heard
            ):
                heard = self._again(pipeline, audio, start_s, window, language)
                yield window, list(_words_of(heard, window.start_s))
            else:
                yield window, list(_words_of(heard, start_s))

    def _again(
        self, pipeline: Any, audio: Any, start_s: float, window: Interval, language: str
    ) -> list[Any]:
        """A window that failed, alone: there Whisper falls back to higher temperatures."""
        segments, _ = pipeline.model.transcribe(
            _cut(audio, window, start_s),
            language=language,
            beam_size=self.options.beam,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return list(segments)


def _cut(audio: Any, window: Interval, start_s: float) -> Any:
    first = round((window.start_s - start_s) * SAMPLE_RATE)
    return audio[first : round((window.end_s - start_s) * SAMPLE_RATE)]


def _language(model: Any, sounds: Sequence[Any]) -> str:
    """What most of the first windows are spoken in."""
    if not model.model.is_multilingual:
        return "en"
    told = [model.detect_language(audio=s)[0] for s in sounds]
    return str(max(sorted(set(told)), key=told.count))


def _words_of(segments: Iterable[Any], start_s: float) -> Iterator[Word]:
    for segment in segments:
        for item in segment.words or ():
            text = item.word.strip()
            if text:
                yield Word(
                    text=text,
                    start_s=round(start_s + item.start, 3),
                    end_s=round(start_s + max(item.end, item.start + 0.02), 3),
                    confidence=round(min(1.0, max(0.0, item.probability)), 3),
                )


@functools.lru_cache(maxsize=1)
def _pipeline(folder: str) -> Any:
    """The model, loaded once a process."""
    import ctranslate2
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    # Higher temperatures draw at random; the same recording gives the same words.
    ctranslate2.set_random_seed(0)
    return BatchedInferencePipeline(WhisperModel(folder, device="cpu", compute_type="int8"))
