"""Any server that speaks OpenAI's `/v1/audio/transcriptions` (extra `api`)."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Unavailable
from vidpipe.media.pcm import SAMPLE_RATE
from vidpipe.openai_client import address, answer_of, client, missing, service_of
from vidpipe.silence.model import SpeechMap
from vidpipe.spending import (
    AUDIO_SECONDS,
    AUDIO_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    REQUESTS,
    Call,
    Purchase,
    Quantities,
)
from vidpipe.text import SPOKEN_MARKS, split_words
from vidpipe.timeline import span
from vidpipe.transcript.cues import Cue, spread
from vidpipe.transcript.hints import at_most_tokens, hint
from vidpipe.transcript.languages import iso_language
from vidpipe.transcript.model import ApiOptions, Word
from vidpipe.transcript.recogniser import AudioChunk, Recognised
from vidpipe.transcript.subtitle_files import MOST_LETTERS, MOST_WORD_LETTERS
from vidpipe.untrusted import cleaned

#: Speech as FLAC at 16 kHz and 16 bits takes at most what it takes raw.
_BYTES_PER_S = 2 * SAMPLE_RATE
_SETTING = "VIDPIPE_TRANSCRIPT__API"
#: Of one answer: an upload is at most 13 minutes of sound.
_MOST_WORDS = 50_000
#: Times after this are none: four days.
_LATEST_S = 4 * 86_400.0
#: Aligned words may begin a little before the sound does.
_BEFORE_S = 1.0
_CHARACTERS_PER_S = 40.0
#: Models that are billed in tokens, and that answer with a text alone.
_BY_TOKENS = re.compile(r"gpt-4o(-mini)?-transcribe(-\d{4}-\d\d-\d\d)?")
#: What they make of a second of sound, read of a prompt at most, and write at most
#: (developers.openai.com: 2,000; of the others they say nothing: twice what was seen).
_AUDIO_TOKENS_PER_S, _MOST_PROMPT, _MOST_WRITTEN = 20, 500, 2_000
_MOST_TOKENS = 10**9


class Api:
    """Sends FLAC, asks for `verbose_json` with times for words, where the model has them."""

    name = "api"
    draft = False
    weights = None

    def __init__(self, options: ApiOptions) -> None:
        self.options = options
        self.parallel = options.parallel
        self.cost_per_minute = float(options.cost_per_minute)
        self.longest_s = options.max_mib * 2**20 / _BYTES_PER_S

    @property
    def identity(self) -> str:
        return f"api-{address(self.options)}"

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        return missing(self.options, _SETTING)

    def purchase(self, seconds: float) -> Purchase:
        """What a request about so much sound is about to use.

        Services bill whole seconds, or what is sent.
        """
        options = self.options
        most: dict[str, Decimal | int] = {AUDIO_SECONDS: math.ceil(seconds) + 1, REQUESTS: 1}
        if self._in_tokens:
            most = {
                AUDIO_TOKENS: _AUDIO_TOKENS_PER_S * (math.ceil(seconds) + 1),
                INPUT_TOKENS: _MOST_PROMPT,
                OUTPUT_TOKENS: _MOST_WRITTEN,
                REQUESTS: 1,
            }
        return Purchase(
            service_of(options),
            options.model,
            most,
            expected={AUDIO_SECONDS: Decimal(str(round(seconds, 3))), REQUESTS: 1},
            stated={AUDIO_SECONDS: (options.cost_per_minute, 60)} if self._named else None,
            address=address(options),
            timeout_s=options.timeout_s,
        )

    @property
    def _named(self) -> bool:
        """Whether a setting says what a minute costs."""
        return "cost_per_minute" in self.options.model_fields_set

    @property
    def _in_tokens(self) -> bool:
        """Whether its calls are billed in tokens."""
        return bool(_BY_TOKENS.fullmatch(self.options.model)) and not self._named

    def recognise(self, passage: AudioChunk, language: str | None) -> Recognised:
        at = passage.interval
        sound = passage.samples.read(at.start_s, at.end_s)
        call = Call(self.purchase(at.duration_s))
        said = self._ask(_flac(sound), language, hint(passage.terms, at_most_tokens), call)
        spoken = iso_language(str(said.get("language") or "")) or language or ""
        words = _words(said.get("words"), at.start_s)
        if words:
            text = str(said.get("text") or "")
            return Recognised(_with_punctuation(words, text), spoken)
        return Recognised(_from_segments(said, passage), spoken, timed=False)

    def _ask(self, flac: bytes, language: str | None, prompt: str, call: Call) -> Mapping[str, Any]:
        """One upload; waits and tries again where that can help.

        Raises:
            Unavailable: the server could not be had, with the time it asks to wait.
            Misconfigured: it refuses, and will refuse again.
        """
        where = self.identity
        bare = _BY_TOKENS.fullmatch(self.options.model) is not None
        times = {"timestamp_granularities": ["word", "segment"]}
        with client(self.options, where, _SETTING, call, self._billed) as opened:
            asked = opened.audio.transcriptions.with_streaming_response.create(
                file=("speech.flac", flac, "audio/flac"),
                model=self.options.model,
                response_format="json" if bare else "verbose_json",
                **({} if bare else times),
                **({"language": language} if language else {}),
                **({"prompt": prompt} if prompt else {}),
            )
            said = answer_of(asked, self.options, where)
            call.settle(self._billed(said))
        if not isinstance(said, dict) or not ("text" in said or "segments" in said):
            raise Unavailable(f"{where} answers without a text")
        return said

    def _billed(self, said: Any) -> Quantities | None:
        """What a server says that it bills; None: it does not say."""
        usage = said.get("usage") if isinstance(said, Mapping) else None
        if not isinstance(usage, Mapping):
            return None
        tokens = _tokens(usage) if self._in_tokens else None
        if tokens is not None:
            return tokens
        seconds = _number(usage.get("seconds"))
        if seconds is None or seconds < 0:
            return None
        return {AUDIO_SECONDS: Decimal(str(round(seconds, 3))), REQUESTS: 1}


def _tokens(usage: Mapping[str, Any]) -> Quantities | None:
    """Tokens that were billed: of sound, of text that was read, and written."""
    details = usage.get("input_token_details")
    details = details if isinstance(details, Mapping) else {}
    read, wrote = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    if read is None or wrote is None:
        return None
    # What is not said to be text is sound, which costs more.
    text = min(read, _count(details.get("text_tokens")) or 0)
    return {AUDIO_TOKENS: read - text, INPUT_TOKENS: text, OUTPUT_TOKENS: wrote, REQUESTS: 1}


def _count(given: object) -> int | None:
    """A number of tokens; None for what is none."""
    if isinstance(given, bool) or not isinstance(given, int):
        return None
    return given if 0 <= given < _MOST_TOKENS else None


def _flac(sound: NDArray[np.float32]) -> bytes:
    """16 kHz mono FLAC: no loss, half the size."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as media:
        stream = media.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        # What was 16 bits is the same 16 bits again: a model hears the difference of one.
        data = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
        for first in range(0, len(data), SAMPLE_RATE):
            part = np.ascontiguousarray(data[None, first : first + SAMPLE_RATE])
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, first
            media.mux(stream.encode(frame))
        media.mux(stream.encode())
    return file.getvalue()


def _words(listed: Any, offset_s: float) -> list[Word]:
    words: list[Word] = []
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, Mapping) or len(words) >= _MOST_WORDS:
            continue
        text = _text(item.get("word") or item.get("text"))[:MOST_WORD_LETTERS]
        start, end = _time(item.get("start")), _time(item.get("end"))
        if text and start is not None and end is not None:
            chance = _number(item.get("probability", item.get("score")))
            words.append(
                Word(
                    text=text,
                    start_s=round(offset_s + start, 3),
                    end_s=round(offset_s + max(end, start + 0.02), 3),
                    confidence=_chance(chance),
                )
            )
    return words


def _chance(given: object) -> float | None:
    """A probability; None for what is none."""
    number = _number(given)
    return round(number, 3) if number is not None and 0 <= number <= 1 else None


def _text(given: object) -> str:
    """Text on one line; empty for what is none."""
    return " ".join(cleaned(given).split()) if isinstance(given, str) else ""


def _number(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if abs(given) < _LATEST_S and math.isfinite(given) else None


def _time(given: object) -> float | None:
    """Seconds from the beginning; None for what is none (Python reads `NaN` in JSON)."""
    number = _number(given)
    if number is None or number < -_BEFORE_S:
        return None
    return max(0.0, number)


def _with_punctuation(words: list[Word], text: str) -> list[Word]:
    """OpenAI's words come bare: their punctuation is in the text, in the same order.

    What the text has as one word (`50%`) is one; where they differ otherwise, words stay as
    they came.
    """
    if any(not w.text[-1].isalnum() for w in words):
        return words
    written = split_words(text)
    if len(written) > 2 * len(words) + 100:
        return words
    matcher = SequenceMatcher(
        None, [_bare(w.text) for w in words], [_bare(w) for w in written], autojunk=False
    )
    out: list[Word] = []
    for kind, first, last, at, end in matcher.get_opcodes():
        if kind == "equal" or (kind == "replace" and last - first == end - at):
            pairs = zip(words[first:last], written[at:end], strict=True)
            out += [w.model_copy(update={"text": t}) for w, t in pairs]
        elif kind == "replace" and end - at == 1:
            whole = {"text": written[at], "end_s": words[last - 1].end_s}
            out.append(words[first].model_copy(update=whole))
        else:
            out += words[first:last]
    return out


def _bare(text: str) -> str:
    """A word as it is said: small, without marks that nobody reads out."""
    return "".join(c for c in text.casefold() if c.isalnum() or c in SPOKEN_MARKS)


def _from_segments(said: Mapping[str, Any], passage: AudioChunk) -> list[Word]:
    """A server without times for words: spread over its segments, or over all speech."""
    offset_s = passage.interval.start_s
    speech = SpeechMap(duration_s=passage.interval.end_s, speech=passage.speech)
    cues = []
    listed = said.get("segments")
    for item in listed[:_MOST_WORDS] if isinstance(listed, list) else ():
        if not isinstance(item, Mapping):
            continue
        start, end = _time(item.get("start")), _time(item.get("end"))
        text = _text(item.get("text"))[:MOST_LETTERS]
        if text and start is not None and end is not None and end > start:
            cues.append(Cue(start_s=offset_s + start, end_s=offset_s + end, text=text))
    text = _text(said.get("text"))
    if not cues and text:
        voiced = passage.speech or (passage.interval,)
        whole = span(voiced[0].start_s, voiced[-1].end_s)
        # Nobody says more letters a second than an auctioneer.
        most = int(_CHARACTERS_PER_S * whole.duration_s) + MOST_WORD_LETTERS
        cues = [Cue(start_s=whole.start_s, end_s=whole.end_s, text=text[:most])]
    return [w for _, words in spread(cues, speech) for w in words]
