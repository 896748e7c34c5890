"""Whisper on the CPU through faster-whisper: the default recogniser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidpipe.errors import Unavailable
from vidpipe.media.samples import Samples
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Word
from vidpipe.transcript.recogniser import Recognised, speech_chunks

_CHUNK_S = 300.0


class FasterWhisper:
    """int8 on the CPU, word times by cross-attention; weights from a folder or the hub."""

    name = "faster-whisper"
    draft = False

    def __init__(
        self, *, model: str, path: Path | None, beam: int, cache: Path, may_download: bool
    ) -> None:
        self.model = model
        self.path = path
        self.beam = beam
        self.cache = cache
        self.may_download = may_download
        self._folder: Path | None = None

    @property
    def identity(self) -> str:
        import faster_whisper

        folder = self._weights()
        # The hub's cache names the folder after the commit; a folder given by
        # path is told by the size and name of its weights.
        if self.path is None:
            known = folder.name
        else:
            known = f"{folder.name}-{(folder / 'model.bin').stat().st_size}"
        return f"{faster_whisper.__version__}:{self.model}:{known}:beam{self.beam}"

    def missing(self, language: str | None) -> str | None:
        try:
            self._weights()
        except Unavailable as error:
            return str(error)
        return None

    def _weights(self) -> Path:
        """Folder of the weights, fetched when that is allowed and possible."""
        if self._folder is not None:
            return self._folder
        if self.path is not None:
            if not (self.path / "model.bin").is_file():
                raise Unavailable(
                    f"there is no model.bin in {self.path}; give the folder of a "
                    "CTranslate2 Whisper model"
                )
            self._folder = self.path
            return self.path
        from faster_whisper.utils import download_model

        for local_only in (True, False) if self.may_download else (True,):
            try:
                self._folder = Path(
                    download_model(
                        self.model, local_files_only=local_only, cache_dir=str(self.cache)
                    )
                )
                return self._folder
            except Exception as error:  # the hub client raises a different type per cause
                reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        fetch = (
            f"could not be fetched ({reason})" if self.may_download else "fetching is switched off"
        )
        raise Unavailable(
            f"the weights of Whisper {self.model!r} are not in {self.cache} and {fetch}; put the "
            f"folder Systran/faster-whisper-{self.model} from the hub somewhere and set "
            "VIDPIPE_TRANSCRIPT__WHISPER_PATH to it"
        )

    def recognise(
        self,
        samples: Samples,
        speech: SpeechMap,
        language: str | None,
        on_progress: Callable[[float], None],
    ) -> Recognised:
        from faster_whisper import WhisperModel

        model: Any = WhisperModel(str(self._weights()), device="cpu", compute_type="int8")
        words: list[Word] = []
        spoken = language
        for chunk in speech_chunks(speech, _CHUNK_S):
            audio = samples.read(chunk.start_s, chunk.end_s)
            segments, info = model.transcribe(
                audio,
                language=spoken,
                beam_size=self.beam,
                word_timestamps=True,
                condition_on_previous_text=False,
            )
            spoken = spoken or info.language
            for segment in segments:
                for item in segment.words or ():
                    text = item.word.strip()
                    if text:
                        words.append(
                            Word(
                                text=text,
                                start_s=round(chunk.start_s + item.start, 3),
                                end_s=round(chunk.start_s + max(item.end, item.start + 0.02), 3),
                                confidence=round(item.probability, 3),
                            )
                        )
                on_progress(min(1.0, (chunk.start_s + segment.end) / speech.duration_s))
        return Recognised(words, spoken or "")
