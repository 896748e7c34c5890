"""A finished clip as a platform gets it: copied where it can be, encoded again where it must."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.errors import InputRejected
from vidpipe.exports.model import ExportOptions, MediaFacts, Method
from vidpipe.media.contact_sheets import thumbnail
from vidpipe.media.encoders import SOFTWARE, Effort, encoder_options
from vidpipe.media.ffmpeg import render
from vidpipe.platforms.model import Preset, Tier

#: Of a limit on a file's size, what is aimed at: a bitrate is met about, not exactly.
_AIM = 0.92
_LIMIT_S = 3600.0
#: Sound that goes alone may take so much.
SOUND_KBPS = 160


def choose_method(clip: MediaFacts, options: ExportOptions) -> Method:
    """How an export is made of a clip.

    Raises:
        InputRejected: it cannot be: too long, too short, or too large at any fair bitrate.
    """
    preset = options.preset
    _fits_in_time(clip, preset)
    if preset.video is None:
        return Method.SOUND
    assert clip.video_kbps is not None
    if clip.size_bytes <= preset.file.max_size_bytes and clip.video_kbps <= preset.video.max_kbps:
        sound = clip.audio_kbps or 0
        return Method.COPY if sound <= 1.05 * preset.audio.max_kbps else Method.TRANSCODE
    bitrate(clip, preset, options.tier)
    return Method.TRANSCODE


def bitrate(clip: MediaFacts, preset: Preset, tier: Tier) -> int:
    """Kilobits a second of a picture that keeps to a platform's limits.

    Raises:
        InputRejected: it would be under what the tier allows.
    """
    assert preset.video is not None
    room = _AIM * preset.file.max_size_bytes * 8 / 1000 / clip.duration_s
    kbps = min(preset.video.max_kbps, round(room - (clip.audio_kbps or 0)))
    if kbps < tier.least_kbps:
        raise InputRejected(
            "too_large",
            f"{preset.title} takes {preset.file.max_size_bytes / 2**20:.0f} MiB, which for "
            f"{clip.duration_s:.0f} s is {max(0, kbps)} kbit/s, under the {tier.least_kbps} of "
            "this quality: make clips shorter (the channel's clips.max_s) or choose a lower one",
        )
    return kbps


def _fits_in_time(clip: MediaFacts, preset: Preset) -> None:
    rules = preset.file
    if clip.duration_s > rules.max_duration_s + 0.05:
        raise InputRejected(
            "too_long",
            f"{preset.title} takes {rules.max_duration_s:g} s and this is {clip.duration_s:.1f} s: "
            "set clips.max_s of the channel to less, or leave the platform out",
        )
    if clip.duration_s < rules.min_duration_s:
        raise InputRejected(
            "too_short",
            f"{preset.title} wants {rules.min_duration_s:g} s and this is {clip.duration_s:.1f} s: "
            "set clips.min_s of the channel to more, or leave the platform out",
        )


def make_export(
    method: Method, clip: Path, facts: MediaFacts, options: ExportOptions, title: str, target: Path
) -> None:
    """Write the export of one of our clips."""
    preset = options.preset
    limit = preset.text.title_characters or preset.text.description_characters
    tags = [f"title={shorten(title, limit)}"]
    if options.channel_title:
        tags.append(f"artist={options.channel_title}")
    source = ffmpeg.input(str(clip))
    streams: list[Any] = [source.audio] if method is Method.SOUND else [source.video, source.audio]
    coded = {Method.COPY: _copied, Method.SOUND: _sound, Method.TRANSCODE: _transcoded}[method]
    output = ffmpeg.output(
        *streams,
        str(target),
        **coded(facts, options),
        movflags="+faststart",
        map_metadata=-1,
        fflags="+bitexact",
        f="ipod" if method is Method.SOUND else "mp4",
        **{f"metadata:g:{k}": tag for k, tag in enumerate(tags)},
    )
    render(output, timeout_s=_LIMIT_S)


def _copied(facts: MediaFacts, options: ExportOptions) -> dict[str, Any]:
    return {"c": "copy"}


def _sound(facts: MediaFacts, options: ExportOptions) -> dict[str, Any]:
    """The clip's sound at the platform's loudness: one gain; down needs no limiter."""
    rules = options.preset.audio
    wanted = options.loudness_lufs if rules.loudness_lufs is None else rules.loudness_lufs
    heard = facts.integrated_lufs
    gain_db = 0.0 if heard is None else wanted - heard
    if facts.true_peak_dbtp is not None:
        # Never over the ceiling, rather a little too quiet: the rule says by how much.
        gain_db = min(gain_db, rules.max_true_peak_dbtp - 0.2 - facts.true_peak_dbtp)
    return {
        "acodec": rules.codec,
        "audio_bitrate": f"{min(rules.max_kbps, SOUND_KBPS)}k",
        "ar": rules.rate,
        "af": f"volume={gain_db:.2f}dB",
    }


def _transcoded(facts: MediaFacts, options: ExportOptions) -> dict[str, Any]:
    preset = options.preset
    assert preset.video is not None
    # The buffer may give its second on top of the ceiling, which counts in a short file.
    share = facts.duration_s / (facts.duration_s + 1)
    kbps = round(share * bitrate(facts, preset, options.tier))
    effort = Effort(crf=options.tier.crf, preset=options.tier.preset, max_kbps=kbps)
    too_loud = (facts.audio_kbps or 0) > 1.05 * preset.audio.max_kbps
    sound = {"acodec": "aac", "audio_bitrate": f"{preset.audio.max_kbps}k"}
    return {
        # libx264 keeps its ceiling best, and this happens to few.
        **{**encoder_options(SOFTWARE, effort), "bufsize": f"{kbps}k"},
        "pix_fmt": preset.video.pix_fmt,
        "colorspace": "bt709",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "color_range": "tv",
        **(sound if too_loud else {"acodec": "copy"}),
    }


def make_thumbnail(poster: Path, preset: Preset, target: Path) -> None:
    """The clip's poster, as small a file as the platform takes."""
    data = poster.read_bytes()
    if len(data) > preset.thumbnail.max_size_bytes:
        data = thumbnail(poster, max_bytes=preset.thumbnail.max_size_bytes, max_width=1920)
    target.write_bytes(data)


def shorten(text: str, limit: int, length: Callable[[str], int] = len) -> str:
    """At most `limit` long, cut between words, with an ellipsis where it was cut.

    `length` counts as the platform does; a longer text is never shorter by it.
    """
    if length(text) <= limit:
        return text
    room = limit - length("…")
    # As many characters as there is room for: by halves, as most count more than one.
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(text[:middle]) <= room else (low, middle - 1)
    return (text[:low].rpartition(" ")[0] or text[:low]) + "…"
