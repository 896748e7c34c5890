"""What a recogniser is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vidpipe.errors import Unavailable
from vidpipe.media.pcm import AudioSamples
from vidpipe.models import Needed
from vidpipe.spending import Purchase
from vidpipe.timeline import Interval
from vidpipe.transcript.model import SkippedSource, Word


@dataclass(frozen=True)
class AudioChunk:
    """A stretch to recognise: where it is, and where somebody speaks in it.

    All times, also those of the words that come back, are the recording's. `on_heard` is
    told from time to time how many seconds of it were heard. `terms` are names that may
    be said, the likeliest first: a recogniser that can be told of them is.
    """

    samples: AudioSamples
    interval: Interval
    speech: tuple[Interval, ...]
    on_heard: Callable[[float], None] = lambda _: None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """The words of a passage, in order, and the language that was heard (ISO 639).

    `words` may be a generator: they come as they are heard. `timed` says that each
    word was heard when it says; otherwise the times are spread over a longer phrase.
    """

    words: Iterable[Word]
    language: str
    timed: bool = True


class Recogniser(Protocol):
    """Speech to words, on this machine or elsewhere."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """Model and version and what else can change its words: part of the fingerprint."""
        ...

    @property
    def weights(self) -> Needed | None:
        """The model that it loads, if it loads one."""
        ...

    @property
    def draft(self) -> bool:
        """Whether its words are guesses rather than a text to show."""
        ...

    @property
    def parallel(self) -> int:
        """Passages that it may be given at once, from threads."""
        ...

    @property
    def longest_s(self) -> float:
        """The longest passage that it takes."""
        ...

    @property
    def cost_per_minute(self) -> float: ...

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        """Why it cannot be used here and what to do, or None.

        Cheap: loads and fetches no model; one that would be fetched counts as there.

        `asked_for`: it was named in the settings, not tried as one of a default order.
        """
        ...

    def recognise(self, passage: AudioChunk, language: str | None) -> Recognised:
        """The words of a passage, heard as `language` where one is given."""
        ...


@runtime_checkable
class PaidRecogniser(Protocol):
    """A recogniser that is paid for what it hears."""

    def purchase(self, seconds: float) -> Purchase:
        """What hearing so much sound is about to use."""
        ...


def nothing_to_recognise_with(passed: Sequence[SkippedSource]) -> Unavailable:
    """The error for speech that no recogniser can read."""
    said = "; ".join(f"{p.source}: {p.reason}" for p in passed)
    return Unavailable(
        f"no recogniser can be used ({said}). Put a transcript beside the video "
        "(talk.srt), or give --transcript."
    )
