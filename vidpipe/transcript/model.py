"""Words, sentences, transcripts: types and options."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from vidpipe.openai_client import ServerOptions


class Word(BaseModel):
    """A word with its punctuation; `confidence` 0 to 1, None where the source has none.

    `speaker` is the name of who says it, empty where the source names nobody.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None
    speaker: str = ""


class Sentence(BaseModel):
    """Words `[first_word, last_word)` of the transcript that belong together."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_s: float
    end_s: float
    first_word: int
    last_word: int


class SkippedSource(BaseModel):
    """A source of words that was not used, and why."""

    model_config = ConfigDict(frozen=True)

    source: str
    reason: str


class Flag(BaseModel):
    """Something that was wrong with the words: how often, first where, and what was done.

    `kind` is `loop` (the same words over and over: all but the first dropped),
    `over_silence` (words where nobody speaks: dropped), `long_word` (longer than 3 s:
    shortened), `backwards` (earlier than the word before: moved), `beyond_end`
    (after the recording's end: dropped), `unsure` (low confidence: kept), `term` (nearly one
    of the channel's terms: made it) or `strong_language` (covered).
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal[
        "loop",
        "over_silence",
        "long_word",
        "backwards",
        "beyond_end",
        "unsure",
        "term",
        "strong_language",
    ]
    count: int
    at_s: float


class TranscriptQuality(BaseModel):
    """How far a transcript can be trusted, measured.

    `covered_share` is the share of speech that words lie on, `confidence` the mean over
    the words that have one, `characters_per_s` what the fastest 5 % of its subtitles
    ask of a reader, `rules_broken` the rules of subtitling that its own break,
    `speech_without_words_s` how long somebody speaks, for more than 0.8 s at a time, where
    no word lies: what was heard twice and not understood, or is no speech after all.
    """

    model_config = ConfigDict(frozen=True)

    covered_share: float
    confidence: float | None
    words_per_minute: float
    characters_per_s: float
    rules_broken: int
    speech_without_words_s: float = 0.0


class Transcript(BaseModel):
    """Everything that was said, with times, and where the words come from.

    `source` is `sidecar`, the name of a recogniser or `none` (nothing is said);
    `draft` says that the words are guesses, good enough to find pauses by.
    `language` is what its words are in: the one that was expected where one was, else
    the one that was heard; `detected_language` is what the sound (or a sidecar's text)
    says by itself, empty where nothing tells.
    `word_times` says how the words got their times: `heard` by the recogniser,
    `aligned` to the sound, `given` by the sidecar or `spread` over its subtitles.
    `cost` is what a recogniser that is paid by the minute has cost, in its currency.
    `moved_s` is by how much a sidecar's subtitles were moved to where somebody speaks;
    `timing_told` whether speech tells that they are right.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    model: str = ""
    language: str = ""
    expected_language: str = ""
    detected_language: str = ""
    draft: bool = False
    word_times: Literal["recognised", "aligned", "provided", "interpolated"] = "recognised"
    words: tuple[Word, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    flags: tuple[Flag, ...] = ()
    quality: TranscriptQuality | None = None
    skipped_sources: tuple[SkippedSource, ...] = ()
    cost: float = 0.0
    moved_s: float = 0.0
    timing_told: bool = True


@dataclass(frozen=True)
class FasterWhisperOptions:
    """Whisper on the CPU.

    `small` has a word error rate of 8.3 % in English where `base` has 10.1 % and
    `large-v3` 7.2 %, and reads 13 minutes in 2 on eight threads (the figures of its
    makers, 2024). `path` (a folder with a CTranslate2 model) goes before `model` (a
    name on the hub).
    """

    model: str = Field(default="small", description="name of a faster-whisper model")
    path: str | None = Field(
        default=None, description="local model folder; takes precedence over the name"
    )
    beam: int = Field(default=5, ge=1, le=10, description="beam size of the search")
    batch: int = Field(default=8, ge=1, le=64, description="passages recognised at once")


@dataclass(frozen=True)
class TransformersOptions:
    """Whisper on a GPU; `batch` 0 means as much as fits into its memory.

    `path` (a folder with weights, configuration and tokenizer) goes before `model`
    and `revision` (a name and a commit or tag on the hub).
    """

    model: str = Field(
        default="openai/whisper-large-v3", description="name of a Whisper model on the hub"
    )
    revision: str = Field(default="main", description="commit or tag of the model on the hub")
    path: str | None = Field(
        default=None, description="local model folder; takes precedence over the name"
    )
    beam: int = Field(default=5, ge=1, le=10, description="beam size of the search")
    batch: int = Field(
        default=0, ge=0, le=512, description="passages recognised at once; 0: as many as fit"
    )


class ApiOptions(ServerOptions):
    """A server that speaks OpenAI's `/v1/audio/transcriptions`.

    `max_mib` is the server's limit for one upload (OpenAI's is 25 MiB), `cost_per_minute`
    what a minute of sound costs.
    """

    model: str = Field(default="whisper-1", description="name of the model on the server")
    max_mib: float = Field(default=24.0, gt=0, description="maximum MiB of one upload")
    parallel: int = Field(default=4, ge=1, le=32, description="uploads sent at once")
    cost_per_minute: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="price of a minute of sound, 0 for a server of your own; not set: as price "
        "lists have it, and a server that they do not have is not called",
    )


#: What is tried in which order when nothing is said about it.
AUTO = ("sidecar", "api", "transformers", "faster-whisper", "pocketsphinx")


class TranscriptOptions(BaseModel):
    """Options of the stage.

    `recognisers` is tried in order; `auto` is the order of `AUTO`, in which
    `transformers` is used only where there is a GPU. Long recordings are recognised,
    and stored, in chunks of `chunk_s`.
    """

    model_config = ConfigDict(frozen=True)

    recognisers: str = Field(
        default="auto",
        description="sources of words, in order, separated by commas; auto: all of them",
    )
    language: str | None = Field(
        default=None, description="ISO 639 code of the language; empty: detected"
    )
    align: bool = Field(default=True, description="whether English words are aligned to the sound")
    chunk_s: float = Field(
        default=600.0,
        ge=30,
        description="seconds of sound in one chunk: the most that is recognised again after a"
        " failure",
    )
    faster_whisper: FasterWhisperOptions = FasterWhisperOptions()
    transformers: TransformersOptions = TransformersOptions()
    api: ApiOptions = ApiOptions()

    @field_validator("recognisers")
    @classmethod
    def _known(cls, names: str) -> str:
        unknown = [n for n in _listed(names) if n not in AUTO and n != "auto"]
        if unknown or not _listed(names):
            raise ValueError(
                f"unknown {', '.join(unknown) or 'order'}; there are: {', '.join(AUTO)}"
            )
        return names

    @property
    def order(self) -> tuple[str, ...]:
        """The names in the order in which they are tried."""
        return AUTO if self.automatic else _listed(self.recognisers)

    @property
    def automatic(self) -> bool:
        """Whether the order is left to vidpipe."""
        return _listed(self.recognisers) == ("auto",)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(n.strip() for n in names.split(",") if n.strip())
