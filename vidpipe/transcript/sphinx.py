"""PocketSphinx: the carried recogniser, a last resort whose words are a draft."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from vidpipe.media.samples import Samples
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import Recognised, speech_chunks

_CHUNK_S = 15.0
_FRAMES_PER_S = 100


class PocketSphinx:
    """US English only; near gibberish on real talks, yet its pauses and rhythm are right."""

    name = "pocketsphinx"
    draft = True

    @property
    def identity(self) -> str:
        return _identity()

    def missing(self, language: str | None) -> str | None:
        if language not in (None, "en"):
            return f"it knows English only, the recording is in {language!r}"
        return None

    def recognise(
        self,
        samples: Samples,
        speech: SpeechMap,
        language: str | None,
        on_progress: Callable[[float], None],
    ) -> Recognised:
        from pocketsphinx import Decoder

        decoder: Any = Decoder(loglevel="FATAL")
        words: list[Word] = []
        for chunk in speech_chunks(speech, _CHUNK_S):
            audio = samples.read(chunk.start_s, chunk.end_s)
            decoder.start_utt()
            decoder.process_raw((audio * 32767).astype(np.int16).tobytes(), full_utt=True)
            decoder.end_utt()
            for item in decoder.seg() or ():
                text = item.word.split("(")[0]
                if not text or text[0] in "<[+":
                    continue
                start_s = chunk.start_s + item.start_frame / _FRAMES_PER_S
                end_s = chunk.start_s + (item.end_frame + 1) / _FRAMES_PER_S
                words.append(Word(text=text, start_s=round(start_s, 3), end_s=round(end_s, 3)))
            on_progress(min(1.0, chunk.end_s / speech.duration_s))
        return Recognised(words, "en")


@functools.cache
def _identity() -> str:
    from importlib.metadata import version

    return f"pocketsphinx-{version('pocketsphinx')}:en-us"
