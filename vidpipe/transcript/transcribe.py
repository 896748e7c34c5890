"""A whole recording through a recogniser: in chunks, each kept, joined without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import replace
from threading import Event
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from vidpipe.media.pcm import AudioSamples
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.assemble import assembled
from vidpipe.transcript.completeness import completed
from vidpipe.transcript.model import SkippedSource, Transcript, Word
from vidpipe.transcript.recogniser import AudioChunk, Recogniser, nothing_to_recognise_with
from vidpipe.transcript.timing import retimed, without_pauses
from vidpipe.transcript.windows import stitch, windows

Progress = Callable[[float, str], None]

#: So much of the pause around a chunk belongs to it.
_PAUSE_S = 3.0

WordTimes = Literal["recognised", "aligned", "interpolated"]
#: From the best to the worst.
_WORD_TIMES: tuple[WordTimes, ...] = ("aligned", "recognised", "interpolated")


class Chunk(BaseModel):
    """What was recognised in one stretch of a recording: a checkpoint.

    `again_s` is how much of it was heard a second time, where speech had no words;
    `word_times` where its words' times come from.
    """

    model_config = ConfigDict(frozen=True)

    start_s: float
    end_s: float
    language: str
    word_times: WordTimes
    words: tuple[Word, ...]
    again_s: float = 0.0


class Checkpoints(Protocol):
    """Keeps chunks where a kill or another machine does not lose them."""

    def find(self, interval: Interval, language: str | None) -> Chunk | None: ...

    def keep(self, chunk: Chunk, language: str | None) -> None: ...


class NoCheckpoints:
    """Forgets."""

    def find(self, interval: Interval, language: str | None) -> Chunk | None:
        return None

    def keep(self, chunk: Chunk, language: str | None) -> None:
        return None


class _Cancelled(Exception):
    """Another chunk failed: this one is not worth finishing."""


def transcribe(
    recogniser: Recogniser | None,
    samples: AudioSamples | None,
    speech: SpeechMap,
    language: str | None,
    passed: Sequence[SkippedSource],
    *,
    chunk_s: float = 600.0,
    checkpoints: Checkpoints | None = None,
    on_progress: Progress = lambda _, __: None,
    may_align: bool = True,
    terms: Sequence[str] = (),
) -> Transcript:
    """The recogniser's transcript; an empty one with source `none` where nobody speaks.

    Chunks are cut where nobody speaks. Each is kept as soon as it is done: what is
    run again after a kill redoes at most the chunks in flight. Without a language the
    first chunk tells it for the others. English words are aligned to the sound, unless
    they may not be. The recogniser is told the `terms`.

    Raises:
        Unavailable: somebody speaks and no recogniser can be used.
    """
    if samples is None or not speech.speech:
        # Why no recogniser was used matters to nobody where there was nothing to recognise.
        refused = [p for p in passed if p.source == "sidecar"]
        return Transcript(
            source="none", expected_language=language or "", skipped_sources=tuple(refused)
        )
    if recogniser is None:
        raise nothing_to_recognise_with(passed)
    length_s = min(chunk_s, recogniser.longest_s)
    stretches = _with_pauses(
        windows(speech.speech, speech.duration_s, max_s=length_s), speech.duration_s, length_s
    )
    passages = [
        AudioChunk(samples, s, tuple(intersection(list(speech.speech), [s])), terms=tuple(terms))
        for s in stretches
    ]
    work = _Work(recogniser, passages, checkpoints or NoCheckpoints(), on_progress, may_align)
    chunks = work.run(language)
    told = language or next((c.language for c in chunks if c.language), "")
    words = stitch([(s, c.words) for s, c in zip(stretches, chunks, strict=True)], told)
    minutes = sum(c.end_s - c.start_s + c.again_s for c in chunks) / 60
    return assembled(
        recogniser.name,
        recogniser.identity,
        words,
        speech,
        heard=next((c.language for c in chunks if c.language), ""),
        expected=language,
        word_times=max((c.word_times for c in chunks), key=_WORD_TIMES.index),
        repair=True,
        draft=recogniser.draft,
        passed=passed,
        cost=recogniser.cost_per_minute * minutes,
    )


def _with_pauses(
    stretches: Sequence[Interval], duration_s: float, longest_s: float
) -> list[Interval]:
    """Stretches out into the pauses around them, as far as their length allows.

    A recogniser hears better where somebody begins to speak if it is given the room before.
    """
    out: list[Interval] = []
    for k, item in enumerate(stretches):
        free_s = max(0.0, longest_s - item.duration_s)
        before_s = max(0.0, item.start_s - (out[-1].end_s if out else 0.0))
        start_s = item.start_s - min(_PAUSE_S, before_s, free_s)
        free_s -= item.start_s - start_s
        last = k + 1 == len(stretches)
        after_s = duration_s - item.end_s if last else (stretches[k + 1].start_s - item.end_s) / 2
        out.append(span(start_s, item.end_s + min(_PAUSE_S, max(0.0, after_s), free_s)))
    return out


def _in_time(word: Word) -> Word:
    """A word as it may be: it begins in the recording, and ends after it begins."""
    start_s = max(0.0, word.start_s)
    if start_s == word.start_s < word.end_s:
        return word
    end_s = max(word.end_s, start_s + 0.02)
    return word.model_copy(update={"start_s": start_s, "end_s": round(end_s, 3)})


class _Work:
    """The chunks of one recording: done, in flight, to do."""

    def __init__(
        self,
        recogniser: Recogniser,
        passages: Sequence[AudioChunk],
        checkpoints: Checkpoints,
        on_progress: Progress,
        may_align: bool,
    ) -> None:
        self.recogniser = recogniser
        self.passages = passages
        self.checkpoints = checkpoints
        self.on_progress = on_progress
        self.may_align = may_align
        self.total_s = sum(p.interval.duration_s for p in passages)
        self.done_s = [0.0] * len(passages)
        self.cancelled = Event()

    def run(self, language: str | None) -> list[Chunk]:
        """All chunks, in order; several at once where the recogniser takes them."""
        first = self._chunk(0, language)
        chunks: list[Chunk | None] = [first, *[None] * (len(self.passages) - 1)]
        told = language or first.language or None
        rest = range(1, len(self.passages))
        if self.recogniser.parallel == 1 or len(rest) < 2:
            for k in rest:
                chunks[k] = self._chunk(k, told)
        else:
            for k, chunk in self._together(rest, told):
                chunks[k] = chunk
        return [c for c in chunks if c is not None]

    def _together(
        self, numbers: Sequence[int], language: str | None
    ) -> Iterator[tuple[int, Chunk]]:
        with ThreadPoolExecutor(self.recogniser.parallel) as pool:
            waiting: dict[Future[Chunk], int] = {
                # Who pays for what is asked is known in this thread alone.
                pool.submit(copy_context().run, self._chunk, k, language): k
                for k in numbers
            }
            try:
                while waiting:
                    ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in ready:
                        yield waiting.pop(future), future.result()
            except BaseException:
                # What is done stays done; what has not begun need not begin.
                self.cancelled.set()
                for future in waiting:
                    future.cancel()
                raise

    def _chunk(self, k: int, language: str | None) -> Chunk:
        passage = self.passages[k]
        if self.cancelled.is_set():
            raise _Cancelled
        found = self.checkpoints.find(passage.interval, language)
        if found is None:
            found = self._recognised(k, language)
            self.checkpoints.keep(found, language)
        self._tell(k, passage.interval.duration_s)
        return found

    def _recognised(self, k: int, language: str | None) -> Chunk:
        passage = replace(self.passages[k], on_heard=lambda done_s: self._tell(k, done_s))
        heard = self.recogniser.recognise(passage, language)
        words = []
        for word in map(_in_time, heard.words):
            words.append(word)
            self._tell(k, word.end_s - passage.interval.start_s)
        again: list[Interval] = []

        def hear(stretch: Interval) -> Iterable[Word]:
            again.append(stretch)
            speech = tuple(intersection(list(passage.speech), [stretch]))
            # Of so little sound a model might say back what it was told.
            part = AudioChunk(passage.samples, stretch, speech)
            return map(_in_time, self.recogniser.recognise(part, language or heard.language).words)

        # A draft is no text that could be whole; its pauses are right as they are.
        if not self.recogniser.draft:
            words = completed(words, passage.speech, hear, language or heard.language)
        told = language or heard.language
        words, word_times = self._retimed(words, passage, told, timed=heard.timed)
        return Chunk(
            start_s=passage.interval.start_s,
            end_s=passage.interval.end_s,
            language=heard.language,
            word_times=word_times,
            words=tuple(words),
            again_s=sum(i.duration_s for i in again),
        )

    def _retimed(
        self, words: list[Word], passage: AudioChunk, language: str, *, timed: bool
    ) -> tuple[list[Word], WordTimes]:
        """The words at the times at which they are said, as far as can be told."""
        if self.recogniser.draft:
            return words, "recognised"
        if self.may_align and language == "en" and words:
            words = retimed(words, passage.samples, passage.speech, timed=timed)
            return without_pauses(words, passage.speech), "aligned"
        if not timed:
            return words, "interpolated"
        return without_pauses(words, passage.speech), "recognised"

    def _tell(self, k: int, done_s: float) -> None:
        limit = self.passages[k].interval.duration_s
        self.done_s[k] = min(limit, max(self.done_s[k], done_s))
        done = sum(self.done_s)
        self.on_progress(
            done / self.total_s, f"{done / 60:.0f} of {self.total_s / 60:.0f} minutes of speech"
        )
