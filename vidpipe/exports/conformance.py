"""Whether a file is what a platform wants, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator

from vidpipe.exports.model import MediaFacts, Rule
from vidpipe.platforms.model import Preset

#: A codec's padding and a muxer's rounding make a file so much longer than its picture.
_SLACK_S = 0.05


def check(facts: MediaFacts, preset: Preset, loudness_lufs: float) -> list[Rule]:
    """Every rule of the preset.

    Args:
        facts: of the file.
        preset: the platform.
        loudness_lufs: the channel's target, where the platform has none of its own.
    """
    return [
        *_file(facts, preset),
        *_picture(facts, preset),
        *_sound(facts, preset, loudness_lufs),
        *_thumbnail(facts, preset),
    ]


def _file(facts: MediaFacts, preset: Preset) -> Iterator[Rule]:
    rules = preset.file
    container = "mp4" if rules.container == "m4a" else rules.container
    yield _rule("container", facts.container == container, facts.container, container)
    long_enough = facts.duration_s >= rules.min_duration_s
    yield _rule(
        "duration",
        long_enough and facts.duration_s <= rules.max_duration_s + _SLACK_S,
        f"{facts.duration_s:.2f} s",
        f"{rules.min_duration_s:g} to {rules.max_duration_s:g} s",
    )
    yield _rule(
        "file size",
        facts.size_bytes <= rules.max_size_bytes,
        f"{facts.size_bytes / 2**20:.1f} MiB",
        f"at most {rules.max_size_bytes / 2**20:.0f} MiB",
    )
    if rules.moov_first:
        yield _rule("moov first", facts.moov_first, "yes" if facts.moov_first else "no", "yes")
    if not rules.edit_lists:
        said = "one that cuts" if facts.edit_lists else "none that cuts"
        yield _rule("edit lists", not facts.edit_lists, said, "none that cuts")


def _thumbnail(facts: MediaFacts, preset: Preset) -> Iterator[Rule]:
    if facts.thumbnail_bytes is not None:
        yield _rule(
            "thumbnail size",
            facts.thumbnail_bytes <= preset.thumbnail.max_size_bytes,
            f"{facts.thumbnail_bytes / 1024:.0f} KiB",
            f"at most {preset.thumbnail.max_size_bytes / 1024:.0f} KiB",
        )


def _picture(facts: MediaFacts, preset: Preset) -> Iterator[Rule]:
    rules = preset.video
    if rules is None:
        yield _rule("picture", facts.width is None, _said(facts.video_codec), "none")
        return
    if facts.width is None or facts.height is None or facts.fps is None:
        yield _rule("picture", False, "none", rules.codec)
        return
    yield _rule(
        "video codec", facts.video_codec == rules.codec, _said(facts.video_codec), rules.codec
    )
    if facts.video_codec == rules.codec:
        wanted = ", ".join(rules.profiles)
        yield _rule("profile", facts.profile in rules.profiles, _said(facts.profile), wanted)
        level = facts.level or 0.0
        yield _rule("level", level <= rules.max_level, f"{level:g}", f"at most {rules.max_level:g}")
    yield _rule("pixel format", facts.pix_fmt == rules.pix_fmt, _said(facts.pix_fmt), rules.pix_fmt)
    yield _rule("colours", facts.colour == rules.colour, _said(facts.colour), rules.colour)
    yield _rule(
        "picture size",
        (facts.width, facts.height) == (rules.size.width, rules.size.height),
        f"{facts.width}x{facts.height}",
        f"{rules.size.width}x{rules.size.height}",
    )
    yield _rule(
        "frame rate",
        rules.min_fps <= facts.fps <= rules.max_fps,
        f"{facts.fps:.3f} fps",
        f"{rules.min_fps:g} to {rules.max_fps:g} fps",
    )
    yield _most("video bitrate", facts.video_kbps, rules.max_kbps)


def _sound(facts: MediaFacts, preset: Preset, loudness_lufs: float) -> Iterator[Rule]:
    rules = preset.audio
    if facts.audio_codec is None:
        yield _rule("sound", False, "none", rules.codec)
        return
    yield _rule("audio codec", facts.audio_codec == rules.codec, facts.audio_codec, rules.codec)
    yield _rule(
        "audio rate", facts.audio_rate == rules.rate, f"{facts.audio_rate} Hz", f"{rules.rate} Hz"
    )
    channels = facts.audio_channels or 0
    most = rules.max_channels
    yield _rule("channels", 0 < channels <= most, str(channels), f"at most {most}")
    yield _most("audio bitrate", facts.audio_kbps, rules.max_kbps)
    wanted = loudness_lufs if rules.loudness_lufs is None else rules.loudness_lufs
    if facts.integrated_lufs is not None:
        yield _rule(
            "loudness",
            abs(facts.integrated_lufs - wanted) <= rules.loudness_tolerance_lu,
            f"{facts.integrated_lufs:.1f} LUFS",
            f"{wanted:g} ± {rules.loudness_tolerance_lu:g} LUFS",
        )
    if facts.true_peak_dbtp is not None:
        yield _rule(
            "true peak",
            facts.true_peak_dbtp <= rules.max_true_peak_dbtp,
            f"{facts.true_peak_dbtp:.1f} dBTP",
            f"at most {rules.max_true_peak_dbtp:g} dBTP",
        )


def _most(rule: str, kbps: int | None, most: int) -> Rule:
    # A constant bitrate is met on average: what lies above by less is rounding.
    return _rule(rule, (kbps or 0) <= 1.05 * most, f"{kbps or 0} kbit/s", f"at most {most} kbit/s")


def _said(value: str | None) -> str:
    return value or "none"


def _rule(name: str, ok: bool, measured: str, wanted: str) -> Rule:
    return Rule(rule=name, ok=ok, measured=measured, wanted=wanted)
