"""Whisper in the form of CTranslate2: windows of sound to words with times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.transcript.doubts import made_up, nobody_speaks, repeats, unsure
from vidpipe.transcript.hints import PROMPT_TOKENS, hint, said_back
from vidpipe.transcript.longform import RecognisedChunk, Window
from vidpipe.transcript.pieces import WordPiece, words_of

#: Quotes and brackets that belong to the word after and before them, as its makers have it.
_BEFORE = "\"'“¿([{-"
_AFTER = "\"'.。,，!！?？:：”)]}、"
#: The latest first time mark, in steps of 20 ms: the first second.
_FIRST_MARK = 50
#: What is tried where a window failed. Where Whisper's makers draw at random at rising
#: temperature, the same recording would not give the same words twice.
_OTHERWISE: tuple[dict[str, Any], ...] = ({}, {"no_repeat_ngram_size": 3})
#: What names may take of a prompt; the rest is for the text before, by which long talks hold
#: together.
_NAMES_TOKENS = 111

#: What a model is given at least, and at least after a window's sound, in seconds. It takes up
#: to 30, and over 30 four times as long as over 15 (Whisper base).
_ROOM_S, _AFTER_S = 10.0, 2.0

#: Windows that tell the language: the first may be a quotation, or somebody else's welcome.
_TOLD_BY = 8

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Try:
    """One decoding of a window.

    Its mean log probability, the chance that nobody speaks, whether it repeats itself or
    the names that it was told, and whether all of it is a phrase that models say where
    nobody speaks.
    """

    tokens: tuple[int, ...]
    chance: float
    nobody: float
    repeats: bool
    made_up: bool = False

    @property
    def failed(self) -> bool:
        return self.repeats or unsure(self.chance)


class WhisperEar:
    """A loaded model (faster-whisper's) that hears windows in one language.

    Without a `language` it takes the one that most of the first windows are in. In which
    the first eight are, it tells from the sound as it goes: `detected_language` is what most
    of them are spoken in, whatever it was told. Every window is shown the `terms`, then the
    last `known` tokens of the text of the one before it.
    """

    def __init__(
        self,
        model: Any,
        language: str | None,
        *,
        beam: int,
        terms: Sequence[str] = (),
        known: int = PROMPT_TOKENS,
    ) -> None:
        self.model = model
        self.beam = beam
        self.language = language
        self.terms = terms
        self.known = known
        self._spoken: Counter[str] = Counter()
        self._told_by = 0
        self._told: Any = None
        self._hint: list[int] | None = None

    @property
    def detected_language(self) -> str:
        """ISO 639; empty before anything was heard."""
        if not self._spoken:
            return ""
        return max(sorted(self._spoken), key=lambda name: self._spoken[name])

    @property
    def tokenizer(self) -> Any:
        """Of the language."""
        if self._told is None:
            from faster_whisper.tokenizer import Tokenizer

            self._told = Tokenizer(
                self.model.hf_tokenizer,
                self.model.model.is_multilingual,
                task="transcribe",
                language=self.language,
            )
        return self._told

    def prepared(self, sound: Floats) -> Any:
        """Log-Mel frames, shape (mels, frames); levelled over all of the sound."""
        return self.model.feature_extractor(sound)

    def hear(self, windows: Sequence[Window]) -> list[RecognisedChunk]:
        """Words of the windows, decoded together."""
        cuts = [self._cut(w) for w in windows]
        encoded = self._encoded(cuts, self._room(max(c.shape[-1] for c in cuts)))
        if self.language is None or self._told_by < _TOLD_BY:
            self._tell_language(encoded, [c.shape[-1] for c in cuts])
        tries = self._decoded(encoded, windows)
        chunks = []
        for k, (window, cut) in enumerate(zip(windows, cuts, strict=True)):
            tried, own = tries[k], encoded[k : k + 1]
            if tried.failed and not _silent(tried, window):
                own = self._encoded([cut], self.model.feature_extractor.nb_max_frames)
                tried = self._otherwise(own, tried)
            chunks.append(self._heard(window, tried, cut.shape[-1], own))
        return chunks

    def _encoded(self, cuts: Sequence[Any], frames: int) -> Floats:
        """What the model makes of the windows' frames, each with silence after it."""
        from faster_whisper.audio import pad_or_trim

        return np.asarray(self.model.encode(np.stack([pad_or_trim(c, frames) for c in cuts])))

    def _room(self, frames: int) -> int:
        """How many frames a model is given to hear so many."""
        rate = self.model.frames_per_second
        room = max(round(_ROOM_S * rate), frames + round(_AFTER_S * rate))
        return int(min(room, self.model.feature_extractor.nb_max_frames))

    def _cut(self, window: Window) -> Any:
        """The window's frames; the last one of prepared sound is padding."""
        first = round(window.start_s * self.model.frames_per_second)
        last = first + self.model.feature_extractor.nb_max_frames
        return window.prepared[:, first : min(last, window.prepared.shape[-1] - 1)]

    def _tell_language(self, encoded: Floats, frames: Sequence[int]) -> None:
        """Which language is spoken in windows: each counts by its length and how sure it is."""
        self._told_by += len(frames)
        if not self.model.model.is_multilingual:
            self._spoken["en"] += 1
        else:
            told = self.model.model.detect_language(_view(encoded))
            for (token, chance), count in zip((t[0] for t in told), frames, strict=True):
                self._spoken[token.strip("<|>")] += chance * count
        if self.language is None:
            self.language = self.detected_language

    def _decoded(self, encoded: Floats, windows: Sequence[Window]) -> list[_Try]:
        """The text of each window."""
        tries: dict[int, _Try] = {}
        for group, prompts in self._together(windows):
            part = encoded if len(group) == len(windows) else encoded[group]
            tries |= zip(group, self._generated(part, prompts), strict=True)
        return [tries[k] for k in range(len(windows))]

    def _together(self, windows: Sequence[Window]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Numbers and prompts of windows that can be decoded at once.

        The text of all of them has to begin at the same token: they know as much of the
        text before as the one that knows least; those that know none go by themselves.
        """
        for known in (False, True):
            group = [k for k, w in enumerate(windows) if bool(w.text) == known]
            if group:
                least = min(self.known, *(len(windows[k].text) for k in group))
                texts = [windows[k].text[len(windows[k].text) - least :] for k in group]
                yield group, [self._prompt(t) for t in texts]

    def _prompt(self, text: Sequence[int], *, hinted: bool = True) -> list[int]:
        """The names, then as much of the end of a text as fits after them."""
        names = self._names() if hinted else []
        kept = text[max(0, len(text) + len(names) - PROMPT_TOKENS) :]
        return list(self.model.get_prompt(self.tokenizer, [*names, *kept]))

    def _names(self) -> list[int]:
        if self._hint is None:
            encode = self.tokenizer.encode
            shown = hint(self.terms, lambda text: len(encode(" " + text)), _NAMES_TOKENS)
            self._hint = list(encode(" " + shown)) if shown else []
        return self._hint

    def _otherwise(self, encoded: Floats, failed: _Try) -> _Try:
        """A window again, without anything before it, then kept from repeating itself."""
        tries = [failed]
        for options in _OTHERWISE:
            tries += self._generated(encoded, [self._prompt((), hinted=False)], **options)
            if not tries[-1].failed:
                return tries[-1]
        varied = [t for t in tries if not t.repeats]
        return max(varied or tries, key=lambda t: t.chance)

    def _generated(
        self, encoded: Floats, prompts: Sequence[Sequence[int]], **options: Any
    ) -> list[_Try]:
        from faster_whisper.transcribe import get_suppressed_tokens

        results = self.model.model.generate(
            _view(encoded),
            [list(p) for p in prompts],
            beam_size=self.beam,
            max_length=self.model.max_length,
            suppress_tokens=list(get_suppressed_tokens(self.tokenizer, [-1])),
            max_initial_timestamp_index=_FIRST_MARK,
            return_scores=True,
            return_no_speech_prob=True,
            **options,
        )
        tries = []
        for result in results:
            tokens = result.sequences_ids[0]
            text = self.tokenizer.decode(tokens)
            tries.append(
                _Try(
                    tokens=tuple(tokens),
                    chance=result.scores[0] * len(tokens) / (len(tokens) + 1),
                    nobody=result.no_speech_prob,
                    repeats=repeats(text) or said_back(text, self.terms),
                    made_up=made_up(text),
                )
            )
        return tries

    def _heard(self, window: Window, tried: _Try, frames: int, encoded: Floats) -> RecognisedChunk:
        if _silent(tried, window):
            return RecognisedChunk((), (), window.end_s, complete=True)
        rate = self.model.frames_per_second
        seek = round(window.start_s * rate)
        phrases, next_frame, complete = self._phrases(window, tried, seek, frames)
        self.model.add_word_timestamps(
            [phrases],
            self.tokenizer,
            _view(encoded),
            frames,
            _BEFORE,
            _AFTER,
            last_speech_timestamp=window.last_word_s,
        )
        said = [p for p in phrases if p["start"] != p["end"]]
        words = words_of(_pieces(said))
        next_s = next_frame / rate
        if not complete and words:
            next_s = words[-1].end_s
        text = [t for p in said if p["words"] for t in p["tokens"]]
        return RecognisedChunk(tuple(words), tuple(text), next_s, complete)

    def _phrases(
        self, window: Window, tried: _Try, seek: int, frames: int
    ) -> tuple[list[dict[str, Any]], int, bool]:
        """What stands between time marks, the frame where the rest begins, and whether none is.

        A text that goes on after the last mark is of a phrase that the window cuts: the next
        window has all of it. Where the sound ends with this window there is no better one.
        """
        rate = self.model.frames_per_second
        phrases, next_frame, closed = self.model._split_segments_by_timestamps(
            tokenizer=self.tokenizer,
            tokens=list(tried.tokens),
            time_offset=seek / rate,
            segment_size=frames,
            segment_duration=frames / rate,
            seek=seek,
        )
        complete = closed or next_frame >= seek + frames
        tail = tried.tokens[sum(len(p["tokens"]) for p in phrases) :]
        if window.last and any(t < self.tokenizer.eot for t in tail):
            end_s = (seek + frames) / rate
            last = {"seek": seek, "start": phrases[-1]["end"], "end": end_s, "tokens": list(tail)}
            return [*phrases, last], seek + frames, True
        return phrases, next_frame, complete


def _silent(tried: _Try, window: Window) -> bool:
    sound_s = window.end_s - window.start_s
    doubted = tried.failed or tried.made_up
    return nobody_speaks(tried.nobody, tried.chance, sound_s, doubted=doubted)


def _view(array: Floats) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(array))


def _pieces(phrases: Iterable[dict[str, Any]]) -> Iterator[WordPiece]:
    for phrase in phrases:
        for item in phrase["words"]:
            yield WordPiece(
                item["word"], float(item["start"]), float(item["end"]), float(item["probability"])
            )
