"""The sound of a clip: cut on frame borders, faded, brought to the channel's loudness.

After EBU R 128: the loudness of the cut sound is measured, then one gain is
applied to the whole; peaks over the ceiling are limited at four times the sample
rate, and what the limiter took is measured and given back. Nothing is compressed
but the peaks. Where one of two channels is dead the other one is heard on both sides; voices
that are apart are brought together (`voices`).
"""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from vidpipe.clips.cleaning import reduce_noise
from vidpipe.clips.model import ClipOptions
from vidpipe.clips.voices import settle_voices
from vidpipe.errors import Misconfigured
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.loudness import measure_loudness
from vidpipe.media.pcm import stereo_between
from vidpipe.media.probe import AudioStream, MediaInfo
from vidpipe.timeline import EditList

RATE = 48_000
#: AAC adds true peak over what it was given: 0.2 dB on our encoded clips; the rest is margin.
_CODEC_MARGIN_DB = 1.0
_MAX_GAIN_DB = 40.0
_MAX_PASSES = 5
_CLOSE_ENOUGH_LU = 0.4
_LIMIT_S = 900.0
_MUSIC_FADE_S = 1.5
#: A channel so far under the other is a plug that was not plugged in, not a mix.
_DEAD_DB, _SILENT_DB = 40.0, -70.0


def make_sound(
    source: Path, info: MediaInfo, edit: EditList, options: ClipOptions, work: Path
) -> Path:
    """A 48 kHz stereo WAV exactly as long as the clip's picture; silent without sound."""
    target = work / "sound.wav"
    music = options.brand.music
    if info.audio is None and music is None:
        silence(edit.duration_s, target)
        return target
    cut = work / "cut.wav"
    if info.audio is None:
        silence(edit.duration_s, cut)
    else:
        _cut(source, info, edit, options.fade_s, cut)
        alone = len(info.heard) == 1 and info.audio.channels == 2 and not info.audio.turned
        alive = _only_channel(cut) if alone else None
        if alive is not None:
            _to_both_sides(cut, alive, work)
    if options.denoise and info.audio is not None:
        reduce_noise(cut, options.denoise, work)
    if info.audio is not None:
        settle_voices(cut, sides=len(info.heard) == 1 and info.audio.channels == 2)
    if music is not None:
        _add_music(cut, music, edit, options, work)
    level_to(cut, options, target)
    return target


def level_to(cut: Path, options: ClipOptions, target: Path) -> None:
    """Bring a sound file to the channel's loudness; `cut` is used up, silence stays as it is."""
    before = measure_loudness(cut, peaks=False)
    if before.integrated_lufs is None:
        cut.replace(target)
        return
    gain, heard = 0.0, before.integrated_lufs
    wanted = min(_MAX_GAIN_DB, options.loudness_lufs - heard)
    ceiling = options.max_true_peak_dbtp - _CODEC_MARGIN_DB
    for _ in range(_MAX_PASSES):
        _level(cut, wanted, ceiling, target)
        after = measure_loudness(target, peaks=False).integrated_lufs
        if after is None or abs(options.loudness_lufs - after) <= _CLOSE_ENOUGH_LU:
            break
        # The limiter takes part of each decibel: aim by what the last one gave.
        gave = (after - heard) / (wanted - gain) if wanted != gain else 1.0
        gain, heard = wanted, after
        step = (options.loudness_lufs - after) / min(1.0, max(0.3, gave))
        wanted = min(_MAX_GAIN_DB, wanted + step)
        if wanted == gain:
            break
    cut.unlink(missing_ok=True)


def _cut(source: Path, info: MediaInfo, edit: EditList, fade_s: float, target: Path) -> None:
    first_s = edit.intervals[0].start_s
    length_s = edit.intervals[-1].end_s - first_s
    preroll_s = min(1.0, max(0.0, first_s + info.seek_offset_s))
    seek_s = first_s + info.seek_offset_s - preroll_s
    file = source_input(
        source,
        info.known_container,
        ss=f"{seek_s:.6f}",
        t=f"{length_s + preroll_s + 1:.6f}",
    )
    until_s = first_s + length_s + 1
    heard = [
        _stereo(
            ffmpeg.input(str(_plain(source, info, sound, first_s - preroll_s, until_s, target)))
            if sound.varies
            else file[str(sound.index)],
            sound,
        )
        for sound in info.heard
    ]
    both = ffmpeg.filter(heard, "amix", inputs=len(heard), normalize=0) if heard[1:] else heard[0]
    steady = both.filter("apad", pad_dur=2)
    pieces = edit.intervals
    split = steady.asplit() if len(pieces) > 1 else None
    copies = [split[k] for k in range(len(pieces))] if split is not None else [steady]
    cut = []
    for stream_copy, piece in zip(copies, pieces, strict=True):
        start, end = piece.start_s - first_s + preroll_s, piece.end_s - first_s + preroll_s
        fade = min(fade_s, piece.duration_s / 4)
        cut.append(
            stream_copy.filter(
                "atrim", start_sample=round(start * RATE), end_sample=round(end * RATE)
            )
            .filter("asetpts", "PTS-STARTPTS")
            .filter("afade", type="in", start_time=0, duration=fade)
            .filter("afade", type="out", start_time=piece.duration_s - fade, duration=fade)
        )
    joined = cut[0] if len(cut) == 1 else ffmpeg.concat(*cut, v=0, a=1)
    exact = joined.filter("apad", whole_len=_samples(edit)).filter(
        "atrim", end_sample=_samples(edit)
    )
    render(
        ffmpeg.output(exact, str(target), acodec="pcm_s24le", ar=RATE, map_metadata=-1),
        timeout_s=_LIMIT_S,
    )


def _plain(
    source: Path, info: MediaInfo, sound: AudioStream, start_s: float, end_s: float, beside: Path
) -> Path:
    """A sound whose form changes on the way, in one: ffmpeg's graph would begin anew there."""
    both = stereo_between(source, info, sound, start_s, end_s, rate=RATE)
    plain = beside.with_name(f"plain-{sound.number}.wav")
    with wave.open(str(plain), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(both.T, -1, 1) * 32767).astype("<i2").tobytes())
    return plain


def _stereo(stream: Any, sound: AudioStream) -> Any:
    """A sound from the seek point on, its gaps in time filled with silence, right way round."""
    steady = stream.filter("aresample", RATE, **{"async": 1, "first_pts": 0}).filter(
        "aformat", sample_fmts="fltp", channel_layouts="stereo"
    )
    if sound.turned:
        steady = steady.filter("pan", args="stereo|c0=c0|c1=-1*c1")
    return steady.filter("volume", f"{sound.gain_db:.1f}dB") if sound.gain_db else steady


def _only_channel(stereo: Path) -> int | None:
    """The one channel (0 or 1) with sound in it, where the other is dead; None otherwise."""
    graph = ffmpeg.input(str(stereo)).audio.filter(
        "astats", measure_overall="none", measure_perchannel="RMS_level"
    )
    said = render(ffmpeg.output(graph, "-", format="null"), timeout_s=_LIMIT_S)
    found = re.findall(r"RMS level dB:\s+(-?[\d.]+|-inf)", said)
    if len(found) != 2:
        return None
    left, right = (float(level) for level in found)
    if abs(left - right) < _DEAD_DB or max(left, right) < _SILENT_DB:
        return None
    return 0 if left > right else 1


def _to_both_sides(stereo: Path, channel: int, work: Path) -> None:
    both = work / "both.wav"
    graph = ffmpeg.input(str(stereo)).audio.filter(
        "pan", args=f"stereo|c0=c{channel}|c1=c{channel}"
    )
    render(ffmpeg.output(graph, str(both), acodec="pcm_s24le", ar=RATE), timeout_s=_LIMIT_S)
    both.replace(stereo)


def _add_music(cut: Path, music: Path, edit: EditList, options: ClipOptions, work: Path) -> None:
    """Lay music under the cut sound: over and over, down while somebody speaks, faded out.

    Its level is set against the speech's, which is brought to the channel's afterwards.
    """
    loudness = measure_loudness(music, peaks=False).integrated_lufs
    if loudness is None:
        raise Misconfigured(f"{music}: there is nothing to hear in it")
    heard = measure_loudness(cut, peaks=False).integrated_lufs
    speech = options.loudness_lufs if heard is None else heard
    gain = options.brand.music_lufs - options.loudness_lufs + speech - loudness
    length_s = edit.duration_s
    fade_s = min(_MUSIC_FADE_S, length_s / 4)
    said = ffmpeg.input(str(cut)).audio.asplit()
    bed = (
        ffmpeg.input(str(music), stream_loop=-1)
        .audio.filter("aresample", RATE)
        .filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
        .filter("atrim", end=f"{length_s:.6f}")
        .filter("volume", f"{gain:.2f}dB")
        .filter("afade", type="out", start_time=length_s - fade_s, duration=fade_s)
    )
    # The compressor listens to the speech made as loud as it will be.
    key = said[1].filter("volume", f"{options.loudness_lufs - speech:.2f}dB")
    ducked = ffmpeg.filter(
        [bed, key], "sidechaincompress", threshold=0.02, ratio=4, attack=40, release=500
    )
    both = ffmpeg.filter([said[0], ducked], "amix", inputs=2, duration="first", normalize=0)
    mixed = work / "mixed.wav"
    render(ffmpeg.output(both, str(mixed), acodec="pcm_s24le", ar=RATE), timeout_s=_LIMIT_S)
    mixed.replace(cut)


def _samples(edit: EditList) -> int:
    return round(edit.frames * RATE / edit.fps)


def _level(source: Path, gain_db: float, ceiling_db: float, target: Path) -> None:
    stream = (
        ffmpeg.input(str(source))
        .audio.filter("volume", f"{gain_db:.3f}dB")
        .filter("aresample", 4 * RATE)
        .filter(
            "alimiter",
            limit=f"{10 ** (ceiling_db / 20):.6f}",
            attack=5,
            release=60,
            level=0,
            latency=1,
        )
        .filter("aresample", RATE)
    )
    render(ffmpeg.output(stream, str(target), acodec="pcm_s24le", ar=RATE), timeout_s=_LIMIT_S)


def silence(duration_s: float, target: Path) -> None:
    """Write so many seconds of nothing."""
    stream = ffmpeg.input(
        f"anullsrc=channel_layout=stereo:sample_rate={RATE}", f="lavfi", t=f"{duration_s:.6f}"
    )
    render(ffmpeg.output(stream, str(target), acodec="pcm_s24le"), timeout_s=60)
