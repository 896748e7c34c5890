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
import numpy as np

from vidpipe.clips.audiogram.drawing import Audiogram
from vidpipe.clips.audiogram.waveform import envelope
from vidpipe.clips.canvas import CanvasLayout, arrange
from vidpipe.clips.graph.branding import branded
from vidpipe.clips.graph.bumpers import with_bumpers
from vidpipe.clips.graph.emoji import with_emoji, write_emoji
from vidpipe.clips.graph.regions import FilterGraph
from vidpipe.clips.graph.voice import with_voice
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Variant
from vidpipe.clips.text.captions import clip_words
from vidpipe.clips.text.overlay import TextOverlay, drawn_overlay, overlay_of
from vidpipe.framing.model import CropPath, PathPoint
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
#: What an audiogram shows of a moment was heard in so many frames before it.
_HEARD = 90
#: A still is the first picture of so much: a calm backdrop has few of its own.
_STILL_S = 0.5
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
            shown = written_over(shown, overlay, output.work)
        shown = with_bumpers(
            shown.filter("format", "yuv420p"), plan, variant.size, options, output.work
        )
        made += _files(shown, ffmpeg.input(str(sound)).audio, output, options)
    return ffmpeg.merge_outputs(*made)


def still_graph(
    source: Path,
    info: MediaInfo,
    output: Output,
    frame: int,
    options: ClipOptions,
    target: Path,
    cover: Path | None = None,
) -> tuple[Any, CanvasLayout]:
    """One picture of a clip without captions and cards, as a PNG, and what stands where in it.

    A title above a page is in it. A page alone and sound alone stand as in a clip without captions.

    Args:
        source: the video on this machine.
        info: its probe.
        output: the clip's; its folder is for what the encoder reads.
        frame: which of the clip's own frames, films before it left out.
        options: look of the clip.
        target: the file.
        cover: the picture of a recording without any of its own.
    """
    whole, variant, work = output.plan, output.variant, output.work
    plan = _still_plan(whole, frame)
    part = plan.parts[0]
    alone = part.composition in (Composition.SCREEN, Composition.AUDIOGRAM)
    where = arrange(part, variant, captions=variant.captions and not alone)
    loud = None
    if info.audio is not None and (info.video is None or where.voice is not None):
        loud = envelope(source, info, whole.edit)
    if info.video is None:
        assert loud is not None
        # The bars of a moment are what was heard until then.
        heard = loud[max(0, frame - _HEARD) : frame + 1]
        lasting = part.model_copy(update={"last_frame": len(heard)})
        draw = Audiogram(heard, cover, options.brand)
        picture = draw.picture(lasting, variant, plan.edit.fps, work, captions=False)
        picture = picture.filter("trim", start_frame=len(heard) - 1).filter(
            "setpts", "PTS-STARTPTS"
        )
    else:
        kept = _kept_frames(source, info, plan.edit, plan.edit.spans, work)
        picture = _picture(kept, info, plan, [where], variant, options, work)
        if loud is not None:
            picture = with_voice(picture, plan, [where], variant, options.brand, loud, work)
    bare = options.brand.model_copy(update={"title_card": "none", "progress_bar": False})
    options = options.model_copy(update={"brand": bare})
    picture = branded(picture, plan, variant, options)
    overlay = overlay_of(plan, variant, [where], (), options)
    if overlay is not None:
        picture = written_over(picture, overlay, work)
    return picture_file(picture, target), where


def picture_file(picture: Any, target: Path) -> Any:
    """The first picture of a stream in the colours of clips as a PNG."""
    shown = picture.filter("scale", in_color_matrix="bt709", in_range="tv").filter(
        "format", "rgb24"
    )
    return ffmpeg.output(shown, str(target), format="image2", update=1, **{"frames:v": 1})


def _still_plan(plan: ClipPlan, frame: int) -> ClipPlan:
    """A short clip from one of the frames of another one on; what moves stands where it was."""
    part = next((p for p in plan.parts if p.first_frame <= frame < p.last_frame), plan.parts[-1])
    at_s = plan.edit.to_source(float(frame / plan.edit.fps))
    frames = max(1, round(_STILL_S * plan.edit.fps))
    near = part.near_at(frame)
    still = part.model_copy(
        update={
            "first_frame": 0,
            "last_frame": frames,
            "near": (near, near) if near is not None else None,
            "way": None,
            "camera": _standing_at(part.camera, at_s),
            "other": _standing_at(part.other, at_s),
        }
    )
    first = round(at_s * plan.edit.fps)
    edit = plan.edit.model_copy(update={"spans": (FrameSpan(first=first, last=first + frames),)})
    films = {"intro_frames": 0, "outro_frames": 0}
    return plan.model_copy(update={"edit": edit, "parts": (still,), **films})


def _standing_at(path: CropPath | None, at_s: float) -> CropPath | None:
    """A crop that stays where a moving one is at a moment of the source."""
    if path is None:
        return None
    x = float(np.interp(at_s, [p.t_s for p in path.points], [p.x for p in path.points]))
    return path.model_copy(update={"points": (PathPoint(t_s=at_s, x=x),)})


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


def written_over(picture: Any, overlay: TextOverlay, work: Path) -> Any:
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
