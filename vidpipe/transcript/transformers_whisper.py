"""Whisper by transformers and torch: many windows at once on a GPU (extra `gpu`)."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vidpipe.models import ModelStore, chosen
from vidpipe.transcript.languages import not_in_whisper
from vidpipe.transcript.model import TransformersOptions
from vidpipe.transcript.recogniser import AudioChunk, Recognised
from vidpipe.transcript.whisper import recognised

#: Excerpts at once where no number is set. Where memory does not take the windows of so many,
#: it finds that out (`torch_whisper`).
_AT_ONCE = 64


class TransformersWhisper:
    """Half precision on a GPU, single on a CPU; word times from cross-attention."""

    name = "transformers"
    draft = False
    parallel = 1
    longest_s = float("inf")
    cost_per_minute = 0.0

    def __init__(self, options: TransformersOptions, store: ModelStore) -> None:
        self.options = options
        self.weights = store.needed(
            chosen(
                options.model,
                like="whisper-large-v3-transformers",
                revision=options.revision,
                path=options.path,
            )
        )

    @property
    def identity(self) -> str:
        from importlib.metadata import version

        kind = "half" if _gpu() else "single"
        return (
            f"{self.name}-{version('transformers')}:{self.weights.identity}:{kind}"
            f":beam{self.options.beam}"
        )

    def missing(self, language: str | None, *, asked_for: bool) -> str | None:
        if find_spec("torch") is None or find_spec("transformers") is None:
            return "torch is not installed: pip install 'vidpipe[gpu]'"
        if not asked_for and not _gpu():
            return (
                "there is no GPU here (name it in VIDPIPE_TRANSCRIPT__RECOGNISERS to use the CPU)"
            )
        return self.weights.missing() or not_in_whisper(language)

    def recognise(self, passage: AudioChunk, language: str | None) -> Recognised:
        model = _model(str(self.weights.folder()))
        at_once = self.options.batch or _AT_ONCE
        return recognised(model, passage, language, beam=self.options.beam, at_once=at_once)


def _gpu() -> bool:
    if find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


@functools.lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    """The model, loaded once a process: faster-whisper's reader over what torch computes."""
    import tokenizers
    from faster_whisper import WhisperModel
    from faster_whisper.feature_extractor import FeatureExtractor

    from vidpipe.transcript.torch_whisper import TorchWhisper

    class Reader(WhisperModel):  # type: ignore[misc]
        """Its attributes as faster-whisper sets them; its own would load CTranslate2."""

        def __init__(self) -> None:
            self.model = TorchWhisper(Path(folder))
            self.hf_tokenizer = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
            self.feature_extractor = FeatureExtractor(
                feature_size=self.model.net.config.num_mel_bins
            )
            self.input_stride = 2
            self.num_samples_per_token = self.feature_extractor.hop_length * self.input_stride
            rate = self.feature_extractor.sampling_rate
            self.frames_per_second = rate // self.feature_extractor.hop_length
            self.tokens_per_second = rate // self.num_samples_per_token
            self.time_precision = 0.02
            self.max_length = 448

        def encode(self, features: Any) -> Any:
            # transformers takes no less than 30 s.
            short = self.feature_extractor.nb_max_frames - features.shape[-1]
            return self.model.encode(np.pad(features, ((0, 0), (0, 0), (0, short))))

    return Reader()
