"""PocketSphinx: the carried recogniser, a last resort whose words are a draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from vidpipe.errors import Unavailable
from vidpipe.models import bundled_model
from vidpipe.stuck import further
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import AudioChunk, Recognised
from vidpipe.transcript.windows import windows

_WINDOW_S = 15.0
_FRAMES_PER_S = 100


class PocketSphinx:
    """US English only; near gibberish on real talks, yet its pauses and rhythm are right."""

    name = "pocketsphinx"
    draft = True
    weights = None
    parallel = 1
    longest_s = 600.0
    cost_per_minute = 0.0

    @property
    def identity(self) -> str:
        from importlib.metadata import version

        return f"{self.name}-{version('pocketsphinx')}:{bundled_model('pocketsphinx').identity}"

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        if language not in (None, "en"):
            return f"it knows English only, the recording is in {language!r}"
        try:
            bundled_model("pocketsphinx")
        except Unavailable as error:
            return str(error)
        return None

    def recognise(self, passage: AudioChunk, language: str | None) -> Recognised:
        return Recognised(self._words(passage), "en")

    def _words(self, passage: AudioChunk) -> Iterator[Word]:
        from pocketsphinx import Decoder

        decoder: Any = Decoder(loglevel="FATAL")
        for window in windows(
            passage.speech, passage.interval.end_s, max_s=_WINDOW_S, overlap_s=0.0
        ):
            audio = passage.samples.read(window.start_s, window.end_s)
            decoder.start_utt()
            decoder.process_raw((audio * 32767).astype(np.int16).tobytes(), full_utt=True)
            decoder.end_utt()
            further()
            for item in decoder.seg() or ():
                text = item.word.split("(")[0]
                if not text or text[0] in "<[+":
                    continue
                start_s = window.start_s + item.start_frame / _FRAMES_PER_S
                end_s = window.start_s + (item.end_frame + 1) / _FRAMES_PER_S
                yield Word(text=text, start_s=round(start_s, 3), end_s=round(end_s, 3))
