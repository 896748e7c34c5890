"""Whether a file is what a platform wants: measured by probing, rule by rule."""

from __future__ import annotations

from pathlib import Path

import av

from vidpipe.clips.model import Measures
from vidpipe.exports.model import Rule
from vidpipe.platforms.model import Preset


def check(path: Path, preset: Preset, measures: Measures, loudness_lufs: float) -> list[Rule]:
    """Every rule of the preset.

    Args:
        path: the file.
        preset: the platform.
        measures: of the streams in it (a stream copy has those of its master).
        loudness_lufs: the channel's target.
    """
    with av.open(str(path)) as media:
        video = media.streams.video[0]
        audio = media.streams.audio[0] if media.streams.audio else None
        codec = video.codec_context.name
        pix_fmt = video.codec_context.pix_fmt or ""
        audio_codec = audio.codec_context.name if audio is not None else "none"
        audio_rate = audio.codec_context.sample_rate if audio is not None else 0
    faststart = _moov_first(path)
    size = path.stat().st_size
    rules = [
        _rule("video codec", codec == preset.video_codec, codec, preset.video_codec),
        _rule("pixel format", pix_fmt == preset.pix_fmt, pix_fmt, preset.pix_fmt),
        _rule(
            "picture size",
            (measures.width, measures.height) == (preset.size.width, preset.size.height),
            f"{measures.width}x{measures.height}",
            f"{preset.size.width}x{preset.size.height}",
        ),
        _rule(
            "frame rate",
            preset.min_fps <= measures.fps <= preset.max_fps,
            f"{measures.fps:.3f} fps",
            f"{preset.min_fps:g} to {preset.max_fps:g} fps",
        ),
        _rule(
            "duration",
            preset.min_duration_s <= measures.duration_s <= preset.max_duration_s,
            f"{measures.duration_s:.2f} s",
            f"{preset.min_duration_s:g} to {preset.max_duration_s:g} s",
        ),
        _rule(
            "file size",
            size <= preset.max_size_bytes,
            f"{size / 2**20:.1f} MiB",
            f"at most {preset.max_size_bytes / 2**20:.0f} MiB",
        ),
        _rule("audio codec", audio_codec == preset.audio_codec, audio_codec, preset.audio_codec),
        _rule(
            "audio rate",
            audio_rate == preset.audio_rate,
            f"{audio_rate} Hz",
            f"{preset.audio_rate} Hz",
        ),
        _rule("moov first", faststart, "yes" if faststart else "no", "yes"),
    ]
    if measures.integrated_lufs is not None:
        off = abs(measures.integrated_lufs - loudness_lufs)
        rules.append(
            _rule(
                "loudness",
                off <= preset.loudness_tolerance_lu,
                f"{measures.integrated_lufs:.1f} LUFS",
                f"{loudness_lufs:g} ± {preset.loudness_tolerance_lu:g} LUFS",
            )
        )
    if measures.true_peak_dbtp is not None:
        rules.append(
            _rule(
                "true peak",
                measures.true_peak_dbtp <= preset.max_true_peak_dbtp,
                f"{measures.true_peak_dbtp:.1f} dBTP",
                f"at most {preset.max_true_peak_dbtp:g} dBTP",
            )
        )
    return rules


def _rule(name: str, ok: bool, measured: str, wanted: str) -> Rule:
    return Rule(rule=name, ok=ok, measured=measured, wanted=wanted)


def _moov_first(path: Path) -> bool:
    """Whether the index comes before the media (ISO 14496-12 boxes), so that playing can start."""
    with path.open("rb") as file:
        while True:
            head = file.read(8)
            if len(head) < 8:
                return False
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"moov":
                return True
            if kind == b"mdat":
                return False
            if length == 1:
                file.seek(int.from_bytes(file.read(8), "big") - 16, 1)
            elif length < 8:
                return False
            else:
                file.seek(length - 8, 1)
