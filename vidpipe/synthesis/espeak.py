"""Speech from text, with the time of every word, through espeak-ng as a library."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Misconfigured

_SYNCHRONOUS = 2
_UTF8 = 1
_BY_CHARACTER = 1
_WORD_EVENT = 1
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
class Spoken:
    """Samples in -1 to 1, shape (n,), at `rate`; `words` with their starts in seconds."""

    samples: NDArray[np.float32]
    rate: int
    words: tuple[tuple[str, float], ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate


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
        self.rate = int(self.library.espeak_Initialize(_SYNCHRONOUS, 0, str(folder).encode(), 0))
        self.library.espeak_SetVoiceByName(b"en-us")
        self._chunks: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int]] = []
        self._callback = _CALLBACK(self._receive)
        self.library.espeak_SetSynthCallback(self._callback)

    def _receive(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wav, (count,)).copy())
        k = 0
        while events[k].type != 0:
            if events[k].type == _WORD_EVENT:
                event = events[k]
                self._events.append((event.text_position, event.length, event.audio_position))
            k += 1
        return 0

    def speak(self, text: str, words_per_minute: int, pitch: int) -> Spoken:
        self._chunks, self._events = [], []
        self.library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        self.library.espeak_SetParameter(_PITCH_PARAMETER, pitch, 0)
        data = text.encode()
        self.library.espeak_Synth(data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
        samples = (
            np.concatenate(self._chunks).astype(np.float32) / 32768.0
            if self._chunks
            else np.zeros(0, np.float32)
        )
        words = tuple(
            (text[position - 1 : position - 1 + length], at / 1000.0)
            for position, length, at in self._events
        )
        return Spoken(samples, self.rate, words)


@functools.cache
def _engine() -> _Engine:
    return _Engine()


def speak(text: str, *, words_per_minute: int = 165, pitch: int = 45) -> Spoken:
    """One sentence as US English speech.

    Raises:
        Misconfigured: the extra `demo` is not installed.
    """
    return _engine().speak(text, words_per_minute, pitch)
