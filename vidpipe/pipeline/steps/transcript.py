"""`transcript`: every word with its time, from a sidecar or a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer

from vidpipe.channels.wording import Wording
from vidpipe.intake.model import Sidecar
from vidpipe.intake.tails import language_in
from vidpipe.pipeline.inputs import samples_of
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.searchable import sentences
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.silence.model import SpeechMap
from vidpipe.spending import payer
from vidpipe.storage import tables
from vidpipe.storage.keys import Folder
from vidpipe.timeline import Interval, span
from vidpipe.transcript.align import identity as aligner
from vidpipe.transcript.model import SkippedSource, Transcript
from vidpipe.transcript.recogniser import PaidRecogniser, Recogniser
from vidpipe.transcript.registry import choose
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.subtitles import to_srt, to_vtt
from vidpipe.transcript.transcribe import Chunk, transcribe
from vidpipe.transcript.worded import worded

#: Of the stage; its chunks are made anew with it.
VERSION = "9"


class TranscriptRequest(BaseModel):
    """What of the order can change a transcript, besides the recogniser."""

    language: str | None
    align: bool
    chunk_s: float
    wording: Wording

    @model_serializer(mode="wrap")
    def _only_what_is_asked(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `wording` where it asks for nothing: it then changes no transcript."""
        dumped: dict[str, Any] = dump(self)
        if self.wording == Wording():
            del dumped["wording"]
        return dumped


@dataclass(frozen=True)
class Words:
    """Where the words will come from.

    Attributes:
        reading: what was read in a sidecar, if one is used.
        recogniser: what hears them else; None where nothing can.
        skipped_sources: sources that were not used, and why.
    """

    reading: SidecarTranscript | None
    recogniser: Recogniser | None
    skipped_sources: list[SkippedSource]


def options(order: Order) -> TranscriptRequest:
    """What of the order can change a transcript."""
    wanted = order.settings.transcript
    return TranscriptRequest(
        language=order.language,
        align=wanted.align,
        chunk_s=wanted.chunk_s,
        wording=order.wording,
    )


def prepare(order: Order, run: StageRun[TranscriptRequest]) -> Words:
    """Which source of words will be used: decided before the work, for the fingerprint."""
    wanted = order.settings.transcript
    sidecar = run.document("sidecar", Sidecar)
    passed: list[SkippedSource] = []
    speech = run.document("silence_regions", SpeechMap)
    for name in sidecar.transcript_files if "sidecar" in wanted.order else ():
        found = read_sidecar(
            run.path("sidecar", name), name, speech, language_in(name), run.options.language
        )
        if isinstance(found, SidecarTranscript):
            passed += [found.left] if found.left is not None else []
            passed += _other_languages(sidecar.transcript_files, name)
            return Words(found, None, passed)
        passed.append(found)
    recogniser, others = choose(wanted, run.options.language, run.context.models)
    return Words(None, recogniser, [*passed, *others])


def identity(run: StageRun[TranscriptRequest], words: Words) -> dict[str, Any]:
    """The source of words, and what aligns them."""
    source = words.recogniser.identity if words.recogniser else None
    return {
        "source": "sidecar" if words.reading is not None else source,
        "aligner": aligner() if run.options.align else None,
    }


def _other_languages(names: Sequence[str], used: str) -> list[SkippedSource]:
    """Transcripts that nobody said are not the talk's own: translations look the same."""
    return [
        SkippedSource(
            source="sidecar",
            reason=f"{name}: {used} comes before it; set the language that is spoken, if that one "
            "is a translation",
        )
        for name in names[list(names).index(used) + 1 :]
        if language_in(name) and language_in(name) != language_in(used)
    ]


def run_transcript(run: StageRun[TranscriptRequest], words: Words) -> Transcript:
    """Words and sentences, SRT, VTT and a table."""
    speech = run.document("silence_regions", SpeechMap)
    done = worded(_transcript(run, words, speech), run.options.wording, speech)
    run.new_file("transcript.srt").write_text(to_srt(done.words, done.language), "utf-8")
    run.new_file("transcript.vtt").write_text(to_vtt(done.words, done.language), "utf-8")
    rows = [
        {**done.words[k].model_dump(), "sentence": i}
        for i, sentence in enumerate(done.sentences)
        for k in range(sentence.first_word, sentence.last_word)
    ]
    tables.write_rows(run.new_file("words.parquet"), tables.WORDS, rows)
    return done


def _transcript(run: StageRun[TranscriptRequest], words: Words, speech: SpeechMap) -> Transcript:
    samples = samples_of(run)
    if words.reading is not None:
        return from_sidecar(
            words.reading,
            samples,
            speech,
            run.options.language,
            words.skipped_sources,
            may_align=run.options.align,
        )
    return transcribe(
        words.recogniser,
        samples,
        speech,
        run.options.language,
        words.skipped_sources,
        chunk_s=run.options.chunk_s,
        checkpoints=_Chunks(run, words.recogniser) if words.recogniser is not None else None,
        on_progress=run.progress,
        may_align=run.options.align,
        terms=run.options.wording.names,
    )


class _Chunks:
    """Chunks of a transcript as checkpoints of the stage."""

    def __init__(self, run: StageRun[TranscriptRequest], recogniser: Recogniser) -> None:
        self.run = run
        self.rests_on = {
            "stage": "transcript",
            "version": VERSION,
            "recogniser": recogniser.identity,
            "aligner": aligner() if run.options.align else None,
            "audio": run.inputs["audio"].content_digest,
            "speech": run.inputs["silence_regions"].content_digest,
            "terms": run.options.wording.names,
        }
        self.recogniser = recogniser
        self._keep: dict[tuple[Interval, str | None], Callable[[Chunk], None]] = {}

    def find(self, interval: Interval, language: str | None) -> Chunk | None:
        cache_key_inputs = {
            **self.rests_on,
            "interval": interval.model_dump(),
            "language": language,
        }
        found, keep = self.run.checkpoint(
            Folder.ANALYSIS, "transcript-chunk", cache_key_inputs, Chunk
        )
        self._keep[interval, language] = keep
        if found is not None and isinstance(self.recogniser, PaidRecogniser):
            payer().cached(self.recogniser.purchase(interval.duration_s))
        return found

    def keep(self, chunk: Chunk, language: str | None) -> None:
        self._keep[span(chunk.start_s, chunk.end_s), language](chunk)


TRANSCRIPT = Stage(
    name="transcript",
    version=VERSION,
    folder=Folder.ANALYSIS,
    inputs=("audio", "silence_regions", "sidecar"),
    document=Transcript,
    options=options,
    run=run_transcript,
    prepare=prepare,
    identity=identity,
    reads=(
        "settings.transcript.recognisers",
        "settings.transcript.faster_whisper",
        "settings.transcript.transformers",
        "settings.transcript.api",
    ),
    rows=sentences,
)
