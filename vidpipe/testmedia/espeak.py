"""Speech and phonemes from text through espeak-ng as a library."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Misconfigured
from vidpipe.testmedia.speech import Spoken, SpokenWord

# Numbers of espeak-ng/speak_lib.h.
_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEMES_IN_IPA = 1, 2
_UTF8 = 1
_BY_CHARACTER = 1
_WORD_EVENT, _SENTENCE_EVENT, _END_EVENT, _PHONEME_EVENT = 1, 2, 5, 7
_RATE_PARAMETER = 1
_PITCH_PARAMETER = 3


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Pronounced:
    """What espeak-ng reads as one word: where it is in the text, and its sounds in IPA.

    `first` and `last` are characters of the text, `last` is not part of it; `sentence`
    counts from 0. Words that English runs together (`of the`) are one, at the first.
    """

    first: int
    last: int
    sentence: int
    phonemes: tuple[str, ...]


class _Heard(NamedTuple):
    """One event: its kind, where in the text (from 0), its length there, when, and a sound."""

    kind: int
    position: int
    length: int
    at_s: float
    phoneme: str


class _Engine:
    """The library, initialised once a process: a second time it hangs."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise Misconfigured(
                "speech synthesis needs the extra: pip install vidpipe[demo]"
            ) from error
        self.library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = Path(espeakng_loader.get_data_path()).parent
        self.rate = int(
            self.library.espeak_Initialize(
                _SYNCHRONOUS, 0, str(folder).encode(), _PHONEME_EVENTS | _PHONEMES_IN_IPA
            )
        )
        self.library.espeak_SetVoiceByName(b"en-us")
        self._chunks: list[NDArray[np.int16]] = []
        self._heard: list[_Heard] = []
        self._callback = _CALLBACK(self._receive)
        self.library.espeak_SetSynthCallback(self._callback)

    def _receive(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wav, (count,)).copy())
        k = 0
        while events[k].type != 0:
            event = events[k]
            sound = event.id.decode("utf-8", "replace") if event.type == _PHONEME_EVENT else ""
            at_s = event.audio_position / 1000.0
            self._heard.append(
                _Heard(event.type, event.text_position - 1, event.length, at_s, sound)
            )
            k += 1
        return 0

    def speak(
        self, text: str, words_per_minute: int, pitch: int
    ) -> tuple[NDArray[np.float32], list[_Heard]]:
        self._chunks, self._heard = [], []
        self.library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        self.library.espeak_SetParameter(_PITCH_PARAMETER, pitch, 0)
        data = text.encode()
        self.library.espeak_Synth(data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
        samples = (
            np.concatenate(self._chunks).astype(np.float32) / 32768.0
            if self._chunks
            else np.zeros(0, np.float32)
        )
        return samples, self._heard


@functools.cache
def _engine() -> _Engine:
    return _Engine()


@dataclass(frozen=True)
class Espeak:
    """The voice that is always there: clear, and nobody takes it for a person."""

    words_per_minute: int = 165
    pitch: int = 45
    name: str = "espeak-ng"

    def say(self, text: str) -> Spoken:
        """Sentences as US English speech; a word ends with its last sound.

        Raises:
            Misconfigured: the extra `demo` is not installed.
        """
        engine = _engine()
        samples, heard = engine.speak(text, self.words_per_minute, self.pitch)
        ends = [
            next((h.at_s for h in heard[k + 1 :] if _closes(h)), len(samples) / engine.rate)
            for k, item in enumerate(heard)
            if item.kind == _WORD_EVENT
        ]
        started = [h for h in heard if h.kind == _WORD_EVENT]
        words = tuple(
            SpokenWord(text[h.position : h.position + h.length], h.at_s, end_s)
            for h, end_s in zip(started, ends, strict=True)
        )
        return Spoken(samples, engine.rate, words)


def _closes(item: _Heard) -> bool:
    """Whether the word before is over: the next one, a pause (a sound without a name), the end."""
    pause = item.kind == _PHONEME_EVENT and not item.phoneme
    return pause or item.kind in (_WORD_EVENT, _END_EVENT)


def pronounced(text: str) -> list[Pronounced]:
    """How US English says a text: the words that espeak-ng reads, and their sounds.

    Raises:
        Misconfigured: the extra `demo` is not installed.
    """
    _, heard = _engine().speak(text, 165, 45)
    found: list[Pronounced] = []
    sentence = -1
    for item in heard:
        if item.kind == _SENTENCE_EVENT:
            sentence += 1
        elif item.kind == _WORD_EVENT:
            found.append(
                Pronounced(item.position, item.position + item.length, max(0, sentence), ())
            )
        elif item.kind == _PHONEME_EVENT and item.phoneme and found:
            word = found[-1]
            sounds = (*word.phonemes, item.phoneme)
            found[-1] = Pronounced(word.first, word.last, word.sentence, sounds)
    return [word for word in found if word.phonemes]
