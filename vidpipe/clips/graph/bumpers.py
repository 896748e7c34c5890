"""A channel's own films before and after a clip: made to fit its canvas, rate and loudness."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.clips.model import ClipOptions, ClipPlan
from vidpipe.clips.sound import RATE, level_to, silence
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.geometry import Size
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import MediaInfo, probe

#: A film that is longer is the wrong file.
_LONGEST_S = 15.0
_LIMIT_S = 300.0


def bumper_frames(path: Path | None, fps: Fraction) -> int:
    """How many frames a film takes in a clip; 0 without one.

    Raises:
        Misconfigured: it is no video, or longer than 15 s.
    """
    if path is None:
        return 0
    info = _probed(path)
    if info.duration_s > _LONGEST_S:
        raise Misconfigured(
            f"{path}: an intro or outro takes at most {_LONGEST_S:g} s, this is "
            f"{info.duration_s:.1f} s"
        )
    return max(1, round(info.duration_s * fps))


def _probed(path: Path) -> MediaInfo:
    try:
        info = probe(path)
    except InputRejected as error:
        raise Misconfigured(f"{path}: {error.message}") from error
    if info.video is None:
        raise Misconfigured(f"{path}: an intro or outro needs a picture")
    return info


def with_bumpers(picture: Any, plan: ClipPlan, size: Size, options: ClipOptions, work: Path) -> Any:
    """The clip's picture with the channel's films around it."""
    brand = options.brand
    pieces = [picture]
    if plan.intro_frames and brand.intro:
        pieces.insert(
            0, _picture(brand.intro, plan.intro_frames, plan.edit.fps, size, options, work)
        )
    if plan.outro_frames and brand.outro:
        pieces.append(_picture(brand.outro, plan.outro_frames, plan.edit.fps, size, options, work))
    return picture if len(pieces) == 1 else ffmpeg.concat(*pieces, v=1, a=0)


def _picture(
    path: Path, frames: int, fps: Fraction, size: Size, options: ClipOptions, work: Path
) -> Any:
    """The film fitted on the brand's ground, exactly so many frames of it."""
    info = _probed(path)
    assert info.video is not None
    table = work / f"{frames}-{path.stem}.cube"
    shown, _ = steady(path, info, fps, frames, table)
    return (
        coloured(shown, info, table)
        .filter(
            "scale",
            size.width,
            size.height,
            force_original_aspect_ratio="decrease",
            force_divisible_by=2,
            in_color_matrix=info.video.matrix_shown,
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("setsar", 1)
        .filter(
            "pad",
            size.width,
            size.height,
            "(ow-iw)/2",
            "(oh-ih)/2",
            color="0x" + options.brand.background[1:],
        )
        .filter("trim", end_frame=frames)
        .filter("format", "yuv420p")
    )


def add_film_sound(sound: Path, plan: ClipPlan, options: ClipOptions, work: Path) -> Path:
    """The clip's sound with that of the films around it, each at the channel's loudness."""
    brand = options.brand
    pieces = [sound]
    if plan.intro_frames and brand.intro:
        pieces.insert(0, _sound(brand.intro, plan.intro_frames, plan, options, work / "intro.wav"))
    if plan.outro_frames and brand.outro:
        pieces.append(_sound(brand.outro, plan.outro_frames, plan, options, work / "outro.wav"))
    if len(pieces) == 1:
        return sound
    joined = ffmpeg.concat(*(ffmpeg.input(str(p)).audio for p in pieces), v=0, a=1)
    target = work / "joined.wav"
    render(ffmpeg.output(joined, str(target), acodec="pcm_s24le", ar=RATE), timeout_s=_LIMIT_S)
    return target


def _sound(path: Path, frames: int, plan: ClipPlan, options: ClipOptions, target: Path) -> Path:
    info = _probed(path)
    length_s = float(frames / plan.edit.fps)
    if info.audio is None:
        silence(length_s, target)
        return target
    cut = target.with_suffix(".cut.wav")
    samples = round(frames * RATE / plan.edit.fps)
    graph = (
        source_input(path, info.known_container)[str(info.audio.index)]
        .filter("aresample", RATE, **{"async": 1, "first_pts": 0})
        .filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
        .filter("apad", whole_len=samples)
        .filter("atrim", end_sample=samples)
        .filter("afade", type="in", start_time=0, duration=options.fade_s)
        .filter("afade", type="out", start_time=length_s - options.fade_s, duration=options.fade_s)
    )
    render(ffmpeg.output(graph, str(cut), acodec="pcm_s24le", ar=RATE), timeout_s=_LIMIT_S)
    level_to(cut, options, target)
    return target
