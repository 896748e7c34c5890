"""Speech activity by Silero VAD, silence by voice and level together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.samples import SAMPLE_RATE, Samples, level_db
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.timeline import Interval, complement, span, union

#: Level is measured per hop of 50 ms.
HOP_S = 0.05
_HOP = int(HOP_S * SAMPLE_RATE)

#: One call of the model sees this much, so that memory stays flat.
_CHUNK_S = 300.0


def find_silence(
    samples: Samples,
    options: SilenceOptions,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[SpeechMap, NDArray[np.float32]]:
    """Speech and silence of a recording, and its level in dBFS per 50 ms, shape (n,)."""
    speech: list[Interval] = []
    levels: list[NDArray[np.float32]] = []
    duration_s = samples.duration_s
    start_s = 0.0
    while start_s < duration_s:
        end_s = min(duration_s, start_s + _CHUNK_S)
        chunk = samples.read(start_s, end_s)
        levels.append(level_db(chunk, _HOP))
        speech += _speech(chunk, start_s, options)
        start_s = end_s
        if on_progress is not None:
            on_progress(start_s / duration_s)
    level = np.concatenate(levels) if levels else np.zeros(0, np.float32)
    speech = [
        span(max(0.0, s.start_s), min(duration_s, s.end_s))
        for s in union(speech, gap_s=options.min_gap_s)
        if s.start_s < duration_s
    ]
    return _judge(speech, level, duration_s, options), level


def _speech(chunk: NDArray[np.float32], offset_s: float, options: SilenceOptions) -> list[Interval]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    found = get_speech_timestamps(
        chunk,
        VadOptions(
            threshold=options.threshold,
            min_speech_duration_ms=round(options.min_speech_s * 1000),
            min_silence_duration_ms=round(options.min_gap_s * 1000),
            speech_pad_ms=round(options.pad_s * 1000),
        ),
    )
    return [
        span(offset_s + item["start"] / SAMPLE_RATE, offset_s + item["end"] / SAMPLE_RATE)
        for item in found
        if item["end"] > item["start"]
    ]


def _judge(
    speech: list[Interval],
    level: NDArray[np.float32],
    duration_s: float,
    options: SilenceOptions,
) -> SpeechMap:
    """Silence: no voice, and nothing that stands out of the noise floor."""
    if len(level) == 0:
        return SpeechMap(duration_s=duration_s)
    centers = (np.arange(len(level)) + 0.5) * HOP_S
    voiced = np.zeros(len(level), bool)
    for item in speech:
        voiced[np.searchsorted(centers, item.start_s) : np.searchsorted(centers, item.end_s)] = True
    # The floor: what the quietest tenth of the recording sounds like. A recording
    # that is all speech has its floor between the syllables.
    floor = float(np.percentile(level, 10))
    spoken = float(np.percentile(level[voiced], 60)) if voiced.any() else None
    quiet_below = max(floor + options.above_floor_db, -70.0)
    if spoken is not None:
        quiet_below = min(quiet_below, spoken - options.below_speech_db)
        quiet_below = max(quiet_below, floor + 3.0)
    quiet_below = min(quiet_below, -30.0) if spoken is None else quiet_below
    silences = []
    for gap in complement(speech, span(0.0, max(duration_s, HOP_S))):
        inside = (centers >= gap.start_s) & (centers < gap.end_s)
        for run in _runs(inside & (level < quiet_below)):
            start, end = run[0] * HOP_S, run[1] * HOP_S
            start, end = max(start, gap.start_s), min(end, gap.end_s)
            if end - start >= options.min_silence_s:
                silences.append(span(start, end))
    return SpeechMap(
        duration_s=duration_s,
        speech=tuple(speech),
        silences=tuple(silences),
        noise_floor_db=round(floor, 1),
        speech_level_db=round(spoken, 1) if spoken is not None else None,
    )


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of True as half-open index pairs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@functools.cache
def vad_identity() -> str:
    """Name and content of the carried model, for fingerprints."""
    import hashlib
    from pathlib import Path

    from faster_whisper.utils import get_assets_path

    assets: Any = Path(get_assets_path())
    model = sorted(assets.glob("silero_vad*.onnx"))[-1]
    return f"{model.stem}-{hashlib.sha256(model.read_bytes()).hexdigest()[:12]}"
