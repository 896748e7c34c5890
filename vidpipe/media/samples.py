"""Sound as samples: one decode of the source to 16 kHz mono, then memory-mapped."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.media.demuxing import demuxed
from vidpipe.media.probe import MediaInfo, open_media

#: What recognisers and speech activity want.
SAMPLE_RATE = 16_000

#: A jump in the audio's time stamps larger than this is a gap or an overlap,
#: not jitter (one AAC frame at 44.1 kHz is 23 ms).
_JUMP_S = 0.05


@dataclass(frozen=True)
class Samples:
    """16 kHz mono samples on disk, mapped into memory piece by piece.

    Sample 0 lies at time 0, the first presented frame.
    """

    path: Path
    count: int

    @classmethod
    def open(cls, path: Path) -> Samples:
        """Open a WAV file that `decode_samples` wrote."""
        with wave.open(str(path), "rb") as file:
            return cls(path, file.getnframes())

    @property
    def duration_s(self) -> float:
        return self.count / SAMPLE_RATE

    def read(self, start_s: float, end_s: float) -> NDArray[np.float32]:
        """Samples of `[start_s, end_s)` as float32 in -1 to 1, shape (n,)."""
        first = min(self.count, max(0, round(start_s * SAMPLE_RATE)))
        last = min(self.count, max(first, round(end_s * SAMPLE_RATE)))
        if last <= first:
            return np.zeros(0, np.float32)
        offset = self.path.stat().st_size - self.count * 2
        mapped = np.memmap(self.path, dtype="<i2", mode="r", offset=offset, shape=(self.count,))
        return mapped[first:last].astype(np.float32) / 32768.0


class _AlignedWriter:
    """Writes samples so that sample 0 is time 0: pads gaps, drops what comes before."""

    def __init__(self, file: wave.Wave_write) -> None:
        self.file = file
        self.skip = 0

    def pad(self, count: int) -> None:
        zeros = b"\0\0" * SAMPLE_RATE
        while count > 0:
            take = min(count, SAMPLE_RATE)
            self.file.writeframesraw(zeros[: take * 2])
            count -= take

    def write(self, samples: NDArray[np.int16]) -> None:
        if self.skip:
            drop = min(self.skip, len(samples))
            self.skip -= drop
            samples = samples[drop:]
        if len(samples):
            self.file.writeframesraw(samples.tobytes())


def decode_samples(
    source: Path,
    info: MediaInfo,
    target: Path,
    on_progress: Callable[[float], None] | None = None,
) -> Samples | None:
    """Decode the first audio stream to a 16 kHz mono 16-bit WAV, aligned to the picture.

    Gaps in the time stamps become silence, overlaps are dropped, damaged packets
    are passed over: what is heard stays where it is seen. Memory does not grow
    with the length. Returns None when the file has no sound that decodes.
    """
    if info.audio is None:
        return None
    heard = False
    with (
        open_media(source, info.known_container) as media,
        wave.open(str(target), "wb") as file,
    ):
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        stream = media.streams[info.audio.index]
        stream.thread_type = "AUTO"
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        writer = _AlignedWriter(file)
        expected = 0.0
        reported = 0.0
        for frame in decode_tolerantly(media, stream):
            if frame.time is not None:
                target_at = (frame.time - info.origin_s) * SAMPLE_RATE
                drift = target_at - expected
                if abs(drift) > _JUMP_S * SAMPLE_RATE:
                    if drift > 0:
                        writer.pad(round(drift))
                    else:
                        writer.skip += round(-drift)
                    expected = target_at
            frame.pts = None
            for out in resampler.resample(frame):
                writer.write(out.to_ndarray()[0])
            heard = True
            expected += frame.samples * SAMPLE_RATE / frame.sample_rate
            done = expected / SAMPLE_RATE / info.duration_s if info.duration_s else 1.0
            if on_progress is not None and done - reported > 0.01:
                reported = done
                on_progress(min(1.0, done))
        if heard:
            for out in resampler.resample(None):
                writer.write(out.to_ndarray()[0])
    if not heard:
        target.unlink(missing_ok=True)
        return None
    return Samples.open(target)


def sound_between(
    source: Path, info: MediaInfo, start_s: float, end_s: float
) -> NDArray[np.float32]:
    """16 kHz mono of `[start_s, end_s)` alone, in -1 to 1, shape (n,); silence where none is."""
    sound = np.zeros(round((end_s - start_s) * SAMPLE_RATE), np.float32)
    if info.audio is None:
        return sound
    with open_media(source, info.known_container) as media:
        stream = media.streams[info.audio.index]
        try:
            media.seek(int((max(0.0, start_s) + info.origin_s) * av.time_base), backward=True)
        except (av.FFmpegError, OSError):
            media.seek(0)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        at: float | None = None
        for frame in decode_tolerantly(media, stream):
            if frame.time is None:
                continue
            told = (frame.time - info.origin_s - start_s) * SAMPLE_RATE
            if told >= len(sound):
                break
            # The resampler holds some samples back: what it gives out follows what it gave.
            if at is None or abs(told - at) > _JUMP_S * SAMPLE_RATE:
                at = told
            frame.pts = None
            for out in resampler.resample(frame):
                heard, first = out.to_ndarray()[0], round(at)
                at += len(heard)
                heard, first = heard[max(0, -first) :], max(0, first)
                heard = heard[: max(0, len(sound) - first)]
                sound[first : first + len(heard)] = heard
    return sound


def sound_decodes(source: Path, info: MediaInfo, t_s: float) -> bool:
    """Whether there is sound within a second of `t_s`; what does not decode is passed over."""
    if info.audio is None:
        return False
    with open_media(source, info.known_container) as media:
        stream = media.streams[info.audio.index]
        try:
            media.seek(int((t_s + info.origin_s) * av.time_base), backward=True)
        except (av.FFmpegError, OSError):
            media.seek(0)
        for frame in decode_tolerantly(media, stream):
            at_s = t_s if frame.time is None else frame.time - info.origin_s
            if at_s + frame.samples / frame.sample_rate > t_s - 1.0:
                return bool(at_s < t_s + 1.0)
    return False


def decode_tolerantly(media: Any, stream: Any) -> Any:
    """Frames of `stream`; packets that do not decode are passed over."""
    packets = demuxed(media, stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue


def level_db(samples: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
    """RMS level in dBFS per hop of `hop` samples, floored at -120 dB; shape (n // hop,)."""
    count = len(samples) // hop
    if count == 0:
        return np.zeros(0, np.float32)
    blocks = samples[: count * hop].reshape(count, hop)
    rms = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    floor = math.pow(10.0, -120 / 20)
    return np.asarray(20 * np.log10(np.maximum(rms, floor)), np.float32)
