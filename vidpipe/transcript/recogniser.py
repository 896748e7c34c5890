"""What a recogniser is, and which of them is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.media.samples import Samples
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import PassedOver, TranscriptOptions, Word


@dataclass(frozen=True)
class Recognised:
    """The words of a recording and their language (ISO 639)."""

    words: list[Word]
    language: str


class Recogniser(Protocol):
    """Speech to words, on this machine or elsewhere."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """Model and version: part of the fingerprint."""
        ...

    @property
    def draft(self) -> bool:
        """Whether its words are guesses rather than a text to show."""
        ...

    def missing(self, language: str | None) -> str | None:
        """Why it cannot be used here and what to do, or None. Cheap; loads no model."""
        ...

    def recognise(
        self,
        samples: Samples,
        speech: SpeechMap,
        language: str | None,
        on_progress: Callable[[float], None],
    ) -> Recognised:
        """The words, with times in the recording."""
        ...


def available_recognisers(
    options: TranscriptOptions, models: Path, *, may_download: bool
) -> dict[str, Recogniser]:
    """The recognisers that this vidpipe has, by name."""
    from vidpipe.transcript.faster_whisper import FasterWhisper
    from vidpipe.transcript.sphinx import PocketSphinx

    return {
        "faster-whisper": FasterWhisper(
            model=options.whisper_model,
            path=Path(options.whisper_path) if options.whisper_path else None,
            beam=options.whisper_beam,
            cache=models,
            may_download=may_download,
        ),
        "pocketsphinx": PocketSphinx(),
    }


def choose(
    options: TranscriptOptions, language: str | None, models: Path, *, may_download: bool
) -> tuple[Recogniser | None, list[PassedOver]]:
    """The first recogniser of the configured order that can be used, and why not the others.

    Raises:
        Misconfigured: a name in the order that no recogniser has.
    """
    have = available_recognisers(options, models, may_download=may_download)
    unknown = [n for n in options.recognisers if n not in have and n != "sidecar"]
    if unknown:
        raise Misconfigured(
            f"unknown recogniser {', '.join(unknown)}; there are: sidecar, {', '.join(have)}"
        )
    passed: list[PassedOver] = []
    for name in options.recognisers:
        if name == "sidecar":
            continue
        reason = have[name].missing(language)
        if reason is None:
            return have[name], passed
        passed.append(PassedOver(source=name, reason=reason))
    return None, passed


def nothing_to_recognise_with(passed: Sequence[PassedOver]) -> Unavailable:
    """The error for speech that no recogniser can read."""
    said = "; ".join(f"{p.source}: {p.reason}" for p in passed)
    return Unavailable(
        f"no recogniser can be used ({said}). Put a transcript beside the video "
        "(talk.srt), or give --transcript."
    )


def speech_chunks(speech: SpeechMap, max_s: float) -> list[Interval]:
    """Stretches to recognise at once: cut between speech, at most `max_s` where gaps allow."""
    chunks: list[Interval] = []
    for item in speech.speech:
        start = max(0.0, item.start_s - 0.1)
        end = min(speech.duration_s, item.end_s + 0.1)
        if chunks and end - chunks[-1].start_s <= max_s:
            chunks[-1] = span(chunks[-1].start_s, max(end, chunks[-1].end_s))
        else:
            if chunks and start < chunks[-1].end_s:
                start = chunks[-1].end_s
            if end > start:
                chunks.append(span(start, end))
    return chunks
