"""The filter graph of a clip in all its shapes, from the source to the files.

Built from plans alone. What a graph reads beside the source (grounds, subtitles, fonts, tables
of colours) is written into the folders of its outputs while it is built.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.clips.audiogram.drawing import Audiogram
from vidpipe.clips.audiogram.waveform import envelope
from vidpipe.clips.canvas import CanvasLayout, arrange
from vidpipe.clips.graph.branding import branded
from vidpipe.clips.graph.bumpers import with_bumpers
from vidpipe.clips.graph.emoji import with_emoji, write_emoji
from vidpipe.clips.graph.regions import FilterGraph
from vidpipe.clips.graph.voice import with_voice
from vidpipe.clips.model import ClipOptions, ClipPlan, Variant
from vidpipe.clips.text.captions import clip_words
from vidpipe.clips.text.overlay import TextOverlay, drawn_overlay, overlay_of
from vidpipe.media.encoders import encoder_options
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import EditList, FrameSpan
from vidpipe.transcript.model import Word

#: The folder, within that of the work, with the font of the captions.
FONTS = "fonts"
#: The least of what platforms take; speech and a bed of music need no more.
AUDIO_KBPS = 128
#: Pictures that are kept to compare with what the encoder made of them.
SAMPLE, _SAMPLED = "sample.yuv", 4
#: What a finished clip is called in the folder of its work.
CLIP = "clip.mp4"


@dataclass(frozen=True)
class Output:
    """One file to make of a clip: `clip.mp4` in the folder `work`."""

    plan: ClipPlan
    variant: Variant
    work: Path


def clip_graph(
    source: Path,
    info: MediaInfo,
    outputs: Sequence[Output],
    words: Sequence[Word],
    options: ClipOptions,
    sound: Path,
    cover: Path | None = None,
) -> Any:
    """What ffmpeg is to do for one clip: the source is decoded once for all its shapes.

    Args:
        source: the video on this machine.
        info: its probe.
        outputs: what to make; their plans keep the same of the source.
        words: of the whole recording; burned in when there are any.
        options: look and sound.
        sound: the clip's sound, finished.
        cover: the picture of a recording without any of its own.
    """
    spoken = clip_words(words, outputs[0].plan.edit)
    arranged = [
        [arrange(part, o.variant, captions=_captioned(o, words)) for part in o.plan.parts]
        for o in outputs
    ]
    made: list[Any] = []
    voiced = any(where.voice for places in arranged for where in places)
    loud = None
    if voiced and info.video is not None and info.audio is not None:
        loud = envelope(source, info, outputs[0].plan.edit)
    drawn = _pictures(source, info, outputs, arranged, words, options, cover)
    for picture, output, where in zip(drawn, outputs, arranged, strict=True):
        plan, variant = output.plan, output.variant
        shown = picture
        if loud is not None:
            shown = with_voice(shown, plan, where, variant, options.brand, loud, output.work)
        shown = branded(shown, plan, variant, options)
        captions = spoken if _captioned(output, words) else ()
        overlay = overlay_of(plan, variant, where, captions, options)
        if overlay is not None:
            shown = _written_over(shown, overlay, output.work)
        shown = with_bumpers(
            shown.filter("format", "yuv420p"), plan, variant.size, options, output.work
        )
        made += _files(shown, ffmpeg.input(str(sound)).audio, output, options)
    return ffmpeg.merge_outputs(*made)


def sampled_frames(plan: ClipPlan) -> list[int]:
    """The frames of the clip that are kept as they were drawn: some between its keyframes."""
    step = plan.edit.frames / _SAMPLED
    frames = {plan.intro_frames + round((k + 0.5) * step) for k in range(_SAMPLED)}
    return sorted(min(n, plan.intro_frames + plan.edit.frames - 1) for n in frames)


def _captioned(output: Output, words: Sequence[Word]) -> bool:
    """Whether a file is arranged with room for captions."""
    return output.variant.captions and bool(words)


def _pictures(
    source: Path,
    info: MediaInfo,
    outputs: Sequence[Output],
    arranged: Sequence[Sequence[CanvasLayout]],
    words: Sequence[Word],
    options: ClipOptions,
    cover: Path | None,
) -> list[Any]:
    """What each shape shows of the source, on its canvas."""
    edit, work = outputs[0].plan.edit, outputs[0].work
    if info.video is None:
        draw = Audiogram(envelope(source, info, edit), cover, options.brand)
        return [
            draw.picture(
                o.plan.parts[0], o.variant, edit.fps, o.work, captions=_captioned(o, words)
            )
            for o in outputs
        ]
    # A picture of the piece before would be shown as the piece after is.
    parts_at = {part.first_frame for o in outputs for part in o.plan.parts}
    look = options.template
    spans = edit.picture_spans(look.j_cut_s, look.l_cut_s, parts_at)
    kept = _kept_frames(source, info, edit, spans, work)
    copies = kept.split() if len(outputs) > 1 else [kept]
    return [
        _picture(copies[k], info, o.plan, arranged[k], o.variant, options, o.work)
        for k, o in enumerate(outputs)
    ]


def _kept_frames(
    source: Path, info: MediaInfo, edit: EditList, spans: Sequence[FrameSpan], work: Path
) -> Any:
    """The source's displayed picture at a constant rate, without the frames that are cut."""
    fps = edit.fps
    first, last = spans[0].first, spans[-1].last
    stream, before = steady(source, info, fps, last - first, work / "piece.cube", first=first)
    start = first - before
    chosen = "+".join(f"between(n,{s.first - start},{s.last - start - 1})" for s in spans)
    kept = stream.filter("select", chosen).filter("setpts", "N/FRAME_RATE/TB")
    return coloured(kept, info, work / "knee.cube")


def _picture(
    kept: Any,
    info: MediaInfo,
    plan: ClipPlan,
    arranged: Sequence[CanvasLayout],
    variant: Variant,
    options: ClipOptions,
    work: Path,
) -> Any:
    assert info.video is not None
    draw = FilterGraph(plan, variant, options, info.video.matrix_shown, work)
    if len(plan.parts) == 1:
        done = draw.compose(kept, plan.parts[0], arranged[0])
    else:
        split = kept.split()
        pieces = []
        for k, (part, arrangement) in enumerate(zip(plan.parts, arranged, strict=True)):
            piece = (
                split[k]
                .filter("trim", start_frame=part.first_frame, end_frame=part.last_frame)
                .filter("setpts", "PTS-STARTPTS")
            )
            pieces.append(draw.compose(piece, part, arrangement))
        done = ffmpeg.concat(*pieces, v=1, a=0)
    return done


def _written_over(picture: Any, overlay: TextOverlay, work: Path) -> Any:
    """The picture with text over it; subtitles and fonts are put where the filter finds them."""
    subtitles, fonts = work / "captions.ass", work / FONTS
    fonts.mkdir(exist_ok=True)
    for font in overlay.font.fonts:
        shutil.copy(font.path, fonts)
    text, emoji = drawn_overlay(overlay)
    text.save(str(subtitles), format_="ass")
    if emoji and overlay.font.emoji is not None:
        write_emoji(emoji, overlay.font.emoji, work)
    written = picture.filter("ass", filename=str(subtitles), fontsdir=str(fonts))
    return with_emoji(written, work)


def _files(picture: Any, sound: Any, output: Output, options: ClipOptions) -> list[Any]:
    """The outputs of one shape: the file, and a sample of its pictures as they were drawn."""
    plan, variant, work = output.plan, output.variant, output.work
    # What frames do not say the encoder would write as unknown, whatever it is told.
    picture = picture.filter(
        "setparams",
        color_primaries="bt709",
        color_trc="bt709",
        colorspace="bt709",
        range="tv",
    )
    fps = plan.edit.fps
    drawn = picture.split()
    chosen = "+".join(f"eq(n,{n})" for n in sampled_frames(plan))
    sample = ffmpeg.output(
        drawn[1].filter("select", chosen),
        str(work / SAMPLE),
        format="rawvideo",
        fps_mode="passthrough",
    )
    file = ffmpeg.output(
        drawn[0],
        sound,
        str(work / CLIP),
        **encoder_options(options.encoder, variant.effort(options.tier)),
        g=round(2 * fps),
        r=f"{fps.numerator}/{fps.denominator}",
        fps_mode="cfr",
        **{"frames:v": plan.frames},
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        color_range="tv",
        acodec="aac",
        audio_bitrate=f"{AUDIO_KBPS}k",
        ar=48_000,
        ac=2,
        movflags="+faststart",
        map_metadata=-1,
        fflags="+bitexact",
    )
    return [file, sample]
