"""Speech from text, and the time of every word: what a voice is, and which one speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: The registry's model of a natural English voice.
NATURAL_VOICE = "piper-joe"


class SpokenWord(NamedTuple):
    """A word and when it is said, in seconds from the first sample."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Spoken:
    """Samples in -1 to 1, shape (n,), at `rate`; `words` in order."""

    samples: NDArray[np.float32]
    rate: int
    words: tuple[SpokenWord, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate


class Voice(Protocol):
    """Says English sentences. `name` is what people are told."""

    @property
    def name(self) -> str: ...

    def say(self, text: str) -> Spoken:
        """Some sentences, with the time of every word."""
        ...


def voice_for(piper: Path | None) -> Voice:
    """The natural voice of this ONNX file; without one espeak-ng, which is always there.

    Raises:
        Misconfigured: the extra `demo` is not installed, or the file is no Piper voice.
    """
    if piper is None:
        from vidpipe.testmedia.espeak import Espeak

        return Espeak()
    from vidpipe.testmedia.piper import Piper

    return Piper(piper)
