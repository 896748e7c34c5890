"""Sound as samples: one decode of the source to 16 kHz mono, then memory-mapped."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.media.demuxing import demuxed, to_beginning
from vidpipe.media.opening import open_media
from vidpipe.media.probe import AudioStream, MediaInfo
from vidpipe.stuck import further

#: What recognisers and speech activity want.
SAMPLE_RATE = 16_000

#: A jump in the audio's time stamps larger than this is a gap or an overlap,
#: not jitter (one AAC frame at 44.1 kHz is 23 ms).
_JUMP_S = 0.05
#: Sound alone may be so much longer than its header says.
_LONGER_S = 0.5
#: A piece of sound that says it is longer is passed over: AVI may have a minute or two in one.
_LONGEST_S = 600
#: So much is mixed at a time.
_BLOCK_S = 10.0


@dataclass(frozen=True)
class AudioSamples:
    """16 kHz mono samples on disk, mapped into memory piece by piece.

    Sample 0 lies at time 0, the first presented frame.
    """

    path: Path
    count: int

    @classmethod
    def open(cls, path: Path) -> AudioSamples:
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
    """Writes samples so that sample 0 is time 0: pads gaps, drops what comes before.

    No more than `limit` samples: time stamps may say anything.
    """

    def __init__(self, file: wave.Wave_write, limit: int) -> None:
        self.file = file
        self.skip = 0
        self.left = limit

    def pad(self, count: int) -> None:
        count = min(count, self.left)
        self.left -= count
        zeros = b"\0\0" * SAMPLE_RATE
        while count > 0:
            take = min(count, SAMPLE_RATE)
            self.file.writeframesraw(zeros[: take * 2])
            count -= take

    def write(self, samples: NDArray[np.float32]) -> None:
        if self.skip:
            drop = min(self.skip, len(samples))
            self.skip -= drop
            samples = samples[drop:]
        samples = samples[: self.left]
        self.left -= len(samples)
        if len(samples):
            self.file.writeframesraw(_int16(samples).tobytes())


class Resampling:
    """Frames of one sound in one form, however often its own changes; `forms` has those seen."""

    def __init__(self, layout: str, rate: int = SAMPLE_RATE) -> None:
        self.forms: set[tuple[str, int, str]] = set()
        self._layout, self._rate = layout, rate
        self._resampler: Any = None
        self._last: tuple[str, int, str] | None = None

    def push(self, frame: Any | None) -> list[NDArray[np.float32]]:
        """Samples in -1 to 1 for a frame, or with None what is left; shape (channels, n) each."""
        if frame is None:
            return self._out(None) if self._resampler is not None else []
        form = (frame.format.name, frame.sample_rate, frame.layout.name)
        left = []
        if self._last != form:
            left = self.push(None)
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
        self.forms.add(form)
        self._last = form
        return left + self._out(frame)

    def _out(self, frame: Any | None) -> list[NDArray[np.float32]]:
        return [out.to_ndarray() for out in self._resampler.resample(frame)]


class _Mono:
    """Frames of one sound as 16 kHz mono in -1 to 1, its channels the right way round."""

    def __init__(self, sound: AudioStream) -> None:
        self._turned = sound.turned
        self._gain = 10 ** (sound.gain_db / 20)
        self._resampling = Resampling("stereo" if sound.turned else "mono")

    def push(self, frame: Any | None) -> list[NDArray[np.float32]]:
        """What comes out for a frame, or with None what is left."""
        return [self._mixed(planes) for planes in self._resampling.push(frame)]

    def _mixed(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        one = (planes[0] - planes[1]) / 2 if self._turned else planes[0]
        return np.asarray(one * self._gain, np.float32)


def decode_samples(
    source: Path,
    info: MediaInfo,
    target: Path,
    on_progress: Callable[[float], None] | None = None,
) -> AudioSamples | None:
    """Decode the sounds that are heard to one 16 kHz mono 16-bit WAV, aligned to the picture.

    Gaps in the time stamps become silence, overlaps are dropped, damaged packets
    are passed over: what is heard stays where it is seen. Sound that goes on where the picture
    has ended is left out. Memory does not grow with the length. Returns None when the file has
    no sound that decodes.
    """
    heard = info.heard
    parts = [target.with_suffix(f".{k}.wav") for k in range(len(heard))]
    made = []
    for k, (stream, part) in enumerate(zip(heard, parts, strict=True)):

        def tell(done: float, before: int = k) -> None:
            if on_progress is not None:
                on_progress((before + done) / len(heard))

        if _decode_one(source, info, stream, part, tell):
            made.append(part)
    if not made:
        return None
    if len(made) == 1:
        made[0].replace(target)
    else:
        _mix([AudioSamples.open(part) for part in made], target)
        for part in made:
            part.unlink()
    return AudioSamples.open(target)


def _decode_one(
    source: Path,
    info: MediaInfo,
    sound: AudioStream,
    target: Path,
    on_progress: Callable[[float], None],
) -> bool:
    """Decode one of them; False where none of it decodes."""
    heard = False
    # What goes on where the picture has ended cannot be shown; and time stamps say anything.
    longer_s = _LONGER_S if info.sound_only else 0.0
    limit = round((info.duration_s + longer_s) * SAMPLE_RATE)
    with (
        open_media(source, info.known_container) as media,
        wave.open(str(target), "wb") as file,
    ):
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        stream = media.streams[sound.index]
        stream.thread_type = "AUTO"
        mono = _Mono(sound)
        writer = _AlignedWriter(file, limit)
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
            if expected >= limit:
                break
            frame.pts = None
            for out in mono.push(frame):
                writer.write(out)
            heard = True
            expected += frame.samples * SAMPLE_RATE / frame.sample_rate
            done = expected / SAMPLE_RATE / info.duration_s if info.duration_s else 1.0
            if done - reported > 0.01:
                reported = done
                on_progress(min(1.0, done))
        if heard:
            for out in mono.push(None):
                writer.write(out)
    if not heard:
        target.unlink(missing_ok=True)
    return heard


def _mix(parts: Sequence[AudioSamples], target: Path) -> None:
    """Write the sum of sounds that begin together; as long as the longest."""
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        length_s = max(part.duration_s for part in parts)
        for k in range(math.ceil(length_s / _BLOCK_S)):
            pieces = [part.read(k * _BLOCK_S, (k + 1) * _BLOCK_S) for part in parts]
            both = np.zeros(max(len(piece) for piece in pieces), np.float32)
            for piece in pieces:
                both[: len(piece)] += piece
            file.writeframesraw(_int16(both).tobytes())


def _int16(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.round(sound * 32768), -32768, 32767), np.int16)


def sound_between(
    source: Path, info: MediaInfo, start_s: float, end_s: float
) -> NDArray[np.float32]:
    """16 kHz mono of `[start_s, end_s)` alone, in -1 to 1, shape (n,); silence where none is."""
    sound = np.zeros(round((end_s - start_s) * SAMPLE_RATE), np.float32)
    for stream in info.heard:
        mono = _Mono(stream)
        for first, heard in pieces_between(source, info, stream, start_s, end_s, mono.push):
            sound[first : first + len(heard)] += heard
    return sound


def stereo_between(
    source: Path,
    info: MediaInfo,
    sound: AudioStream,
    start_s: float,
    end_s: float,
    resampling: Resampling | None = None,
    rate: int = SAMPLE_RATE,
) -> NDArray[np.float32]:
    """Both channels of one sound, shape (2, n); mono is the same twice."""
    both = np.zeros((2, round((end_s - start_s) * rate)), np.float32)
    push = (resampling or Resampling("stereo", rate)).push
    for first, heard in pieces_between(source, info, sound, start_s, end_s, push, rate):
        both[:, first : first + heard.shape[-1]] = heard
    return both


def pieces_between(
    source: Path,
    info: MediaInfo,
    sound: AudioStream,
    start_s: float,
    end_s: float,
    push: Callable[[Any], list[NDArray[np.float32]]],
    rate: int = SAMPLE_RATE,
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """What `push` makes of the frames of `[start_s, end_s)`: first sample, samples (..., n)."""
    count = round((end_s - start_s) * rate)
    with open_media(source, info.known_container) as media:
        stream = media.streams[sound.index]
        try:
            media.seek(int((max(0.0, start_s) + info.origin_s) * av.time_base), backward=True)
        except (av.FFmpegError, OSError):
            to_beginning(media)
        at: float | None = None
        for frame in decode_tolerantly(media, stream):
            if frame.time is None:
                continue
            told = (frame.time - info.origin_s - start_s) * rate
            if told >= count:
                break
            # The resampler holds some samples back: what it gives out follows what it gave.
            if at is None or abs(told - at) > _JUMP_S * rate:
                at = told
            frame.pts = None
            for heard in push(frame):
                first, length = round(at), heard.shape[-1]
                at += length
                inside = heard[..., max(0, -first) :][..., : max(0, count - max(0, first))]
                if inside.shape[-1]:
                    yield max(0, first), inside


def sound_decodes(source: Path, info: MediaInfo, t_s: float) -> bool:
    """Whether there is sound within a second of `t_s`; what does not decode is passed over."""
    if info.audio is None:
        return False
    with open_media(source, info.known_container) as media:
        stream = media.streams[info.audio.index]
        try:
            media.seek(int((t_s + info.origin_s) * av.time_base), backward=True)
        except (av.FFmpegError, OSError):
            to_beginning(media)
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
        if packet.dts is not None and packet.time_base is not None:
            further("sound", stream.index, int(packet.dts * packet.time_base))
        try:
            frames: list[Any] = packet.decode()
        except av.FFmpegError:
            continue
        # A frame may say another rate than the file: of a hertz it would be a day of sound.
        yield from (f for f in frames if 0 < f.samples <= _LONGEST_S * f.sample_rate)


def level_db(samples: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
    """RMS level in dBFS per hop of `hop` samples, floored at -120 dB; shape (n // hop,)."""
    count = len(samples) // hop
    if count == 0:
        return np.zeros(0, np.float32)
    blocks = samples[: count * hop].reshape(count, hop)
    rms = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    floor = math.pow(10.0, -120 / 20)
    return np.asarray(20 * np.log10(np.maximum(rms, floor)), np.float32)
