"""Words, sentences, transcripts: types and options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Word(BaseModel):
    """A word with its punctuation; `confidence` 0 to 1, None where the source has none."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


class Sentence(BaseModel):
    """Words `[first_word, last_word)` of the transcript that belong together."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_s: float
    end_s: float
    first_word: int
    last_word: int


class PassedOver(BaseModel):
    """A source of words that was not used, and why."""

    model_config = ConfigDict(frozen=True)

    source: str
    reason: str


class Transcript(BaseModel):
    """Everything that was said, with times, and where the words come from.

    `source` is `sidecar`, `faster-whisper`, `pocketsphinx` or `none` (nothing is
    said); `draft` says that the words are guesses, good enough to find pauses by.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    model: str = ""
    language: str = ""
    draft: bool = False
    words: tuple[Word, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


class TranscriptOptions(BaseModel):
    """Options of the stage.

    `recognisers` is tried in order. `model_path` (a folder) goes before
    `whisper_model` (a name on the hub).
    """

    model_config = ConfigDict(frozen=True)

    recognisers: tuple[str, ...] = ("sidecar", "faster-whisper", "pocketsphinx")
    language: str | None = None
    whisper_model: str = "base"
    whisper_path: str | None = None
    whisper_beam: int = Field(default=5, ge=1, le=10)
