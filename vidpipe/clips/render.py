"""One encode: a planned clip in one variant."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import ffmpeg

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.audiogram.drawing import Audiogram
from vidpipe.clips.audiogram.waveform import envelope
from vidpipe.clips.bumpers import add_film_sound, with_bumpers
from vidpipe.clips.canvas import CanvasLayout, arrange
from vidpipe.clips.filter_graph import FilterGraph
from vidpipe.clips.model import ClipOptions, ClipPlan, Measures, Variant
from vidpipe.clips.sound import make_sound
from vidpipe.clips.text.captions import clip_words, write_captions
from vidpipe.clips.text.cards import TitleCard
from vidpipe.clips.text.fonts import FontFallback, fonts_for
from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect, Size
from vidpipe.media.encoders import SOFTWARE, encoder_options
from vidpipe.media.ffmpeg import MEMORY_BYTES, render
from vidpipe.media.loudness import measure_loudness
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: A logo is so high, and so far from the top, on a canvas whose short side is 1080.
_LOGO_HEIGHT, _LOGO_TOP = 84, 48
#: Height of the bar that fills, at a short side of 1080.
_BAR = 12
#: The folder, within that of the work, with the font of the captions.
FONTS = "fonts"
#: The least of what platforms take; speech and a bed of music need no more.
AUDIO_KBPS = 128
#: Pictures that are kept to compare with what the encoder made of them.
SAMPLE, _SAMPLED = "sample.yuv", 4
#: What a finished clip is called there.
CLIP = "clip.mp4"


@dataclass(frozen=True)
class Output:
    """One file to make of a clip: `clip.mp4` in the folder `work`."""

    plan: ClipPlan
    variant: Variant
    work: Path


def render_clip(
    source: Path,
    info: MediaInfo,
    outputs: Sequence[Output],
    words: Sequence[Word],
    options: ClipOptions,
    on_progress: Callable[[float], None] | None = None,
    encoder: AbstractContextManager[Any] | None = None,
    on_encode: Callable[[], None] | None = None,
    cover: Path | None = None,
) -> None:
    """Encode one clip in all its shapes: the source is decoded once, the sound made once.

    Args:
        source: the video on this machine.
        info: its probe.
        outputs: what to make; their plans keep the same of the source.
        words: of the whole recording; burned in when there are any.
        options: look and sound.
        on_progress: called with 0 to 1.
        encoder: held while the pictures are encoded; sound is made before.
        on_encode: called when the encoder is held and begins.
        cover: the picture of a recording without any of its own.
    """
    plan = outputs[0].plan
    edit, work = plan.edit, outputs[0].work
    sound = make_sound(source, info, edit, options, work)
    sound = add_film_sound(sound, plan, options, work)
    arranged = [
        [arrange(part, o.variant, captions=_captioned(o, words)) for part in o.plan.parts]
        for o in outputs
    ]
    if info.video is None:
        draw = Audiogram(envelope(source, info, edit), cover, options.brand)
        pictures = [
            draw.picture(
                o.plan.parts[0], o.variant, edit.fps, o.work, captions=_captioned(o, words)
            )
            for o in outputs
        ]
    else:
        kept = _kept_frames(source, info, edit, options.template.j_cut_s, work)
        copies = kept.split() if len(outputs) > 1 else [kept]
        pictures = [
            _picture(copies[k], info, o.plan, arranged[k], o.variant, options, o.work)
            for k, o in enumerate(outputs)
        ]
    made = [
        _encoded(
            _branded(picture, output.plan, output.variant, options),
            output,
            where,
            words,
            options,
            ffmpeg.input(str(sound)).audio,
        )
        for picture, output, where in zip(pictures, outputs, arranged, strict=True)
    ]
    with encoder or nullcontext():
        if on_encode is not None:
            on_encode()
        render(
            ffmpeg.merge_outputs(*itertools.chain(*made)),
            timeout_s=len(made) * (120 + 60 * plan.duration_s),
            duration_s=plan.duration_s,
            on_progress=on_progress,
            memory_bytes=MEMORY_BYTES if options.encoder == SOFTWARE else None,
        )


def _captioned(output: Output, words: Sequence[Word]) -> bool:
    """Whether a file is arranged with room for captions."""
    return output.variant.captions and bool(words)


def _encoded(
    picture: Any,
    output: Output,
    arranged: Sequence[CanvasLayout],
    words: Sequence[Word],
    options: ClipOptions,
    sound: Any,
) -> list[Any]:
    """The outputs of one shape: the file, and a sample of its pictures as they were drawn."""
    plan, variant, work = output.plan, output.variant, output.work
    spoken = clip_words(words, plan.edit) if _captioned(output, words) else []
    title = plan.title if any(where.title for where in arranged) else ""
    opening = _opening(plan, variant, options.brand) if arranged[0].title is None else None
    if spoken or opening or title:
        subtitles = work / "captions.ass"
        letters = lettering(spoken, drawn_beside(plan, options.brand), options.captions)
        if opening:
            opening = replace(opening, text=letters.shown(opening.text))
        spoken = [w.model_copy(update={"text": letters.shown(w.text)}) for w in spoken]
        fonts = work / FONTS
        fonts.mkdir(exist_ok=True)
        for font in letters.fonts:
            shutil.copy(font.path, fonts)
        write_captions(
            [w for w in spoken if w.text],
            _timed(plan, arranged),
            options.captions,
            options.brand,
            variant.size,
            subtitles,
            opening,
            letters,
            options.template.captions.animation,
            plan.key_words,
            letters.shown(title),
            plan.language,
        )
        picture = picture.filter("ass", filename=str(subtitles), fontsdir=str(fonts))
    picture = with_bumpers(picture.filter("format", "yuv420p"), plan, variant.size, options, work)
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


def sampled_frames(plan: ClipPlan) -> list[int]:
    """The frames of the clip that are kept as they were drawn: some between its keyframes."""
    step = plan.edit.frames / _SAMPLED
    frames = {plan.intro_frames + round((k + 0.5) * step) for k in range(_SAMPLED)}
    return sorted(min(n, plan.intro_frames + plan.edit.frames - 1) for n in frames)


def lettering(spoken: Sequence[Word], opening: str, style: CaptionStyle) -> FontFallback:
    """The fonts for what a clip shows of its words, and for the card at its beginning.

    Raises:
        Misconfigured: none has its letters, or the channel's emoji; names them.
    """
    added = "".join(style.emoji.values())
    named = "".join({w.speaker: None for w in spoken})
    said = "".join(w.text for w in spoken) + named + opening + added
    letters = fonts_for(said.upper() + said if style.uppercase else said, style)
    missing = [s for s in style.emoji.values() if not letters.shown(s)]
    if missing:
        raise Misconfigured(
            f"captions.emoji of the channel: no installed font has {' '.join(missing)} as an "
            "outline; install one that has, such as Noto Emoji (in one colour), or leave them out"
        )
    return letters


def opening_text(plan: ClipPlan, brand: Brand) -> str:
    """What stands on the card over the first seconds; empty without one."""
    return {"title": plan.title, "hook": plan.hook, "none": ""}[brand.title_card]


def drawn_beside(plan: ClipPlan, brand: Brand) -> str:
    """All text in the picture that is no caption: the card at the beginning, a title."""
    title = plan.title if any(part.titled for part in plan.parts) else ""
    return f"{opening_text(plan, brand)} {title}".strip()


def _opening(plan: ClipPlan, variant: Variant, brand: Brand) -> TitleCard | None:
    text = opening_text(plan, brand)
    until_s = min(brand.title_card_s, plan.edit.duration_s)
    return TitleCard(text, until_s, variant.safe_box) if text else None


def _timed(
    plan: ClipPlan, arranged: Sequence[CanvasLayout]
) -> list[tuple[float, float, CanvasLayout]]:
    fps = plan.edit.fps
    return [
        (float(p.first_frame / fps), float(p.last_frame / fps), a)
        for p, a in zip(plan.parts, arranged, strict=True)
    ]


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


def _branded(done: Any, plan: ClipPlan, variant: Variant, options: ClipOptions) -> Any:
    """The picture with the channel's logo and bar over it."""
    if options.brand.logo is not None:
        high, top = _logo(variant.size)
        logo = ffmpeg.input(str(options.brand.logo)).filter("scale", -2, high)
        done = done.overlay(logo, x=variant.safe_box.x, y=top)
    if options.brand.progress_bar:
        place, length_s = _bar(variant.size), plan.edit.duration_s
        fps = plan.edit.fps
        bar = ffmpeg.input(
            f"color=c=0x{options.brand.accent[1:]}:s={place.width}x{place.height}"
            f":r={fps.numerator}/{fps.denominator}",
            f="lavfi",
            t=f"{length_s + 1:.3f}",
        )
        done = done.overlay(bar, x=f"-w+w*t/{length_s:.3f}", y=place.y, eof_action="repeat")
    return done


def _bar(size: Size) -> Rect:
    """Where the bar is that fills."""
    high = max(2, round(_BAR * min(size.width, size.height) / 1080) // 2 * 2)
    return Rect(x=0, y=size.height - high, width=size.width, height=high)


def _logo(size: Size) -> tuple[int, int]:
    """How high a logo is on a canvas, and how far from its top, in pixels."""
    unit = min(size.width, size.height) / 1080
    return max(2, round(_LOGO_HEIGHT * unit)), round(_LOGO_TOP * unit)


def brand_boxes(variant: Variant, brand: Brand) -> list[Rect]:
    """What logo and bar of a channel may cover of the canvas."""
    boxes = []
    if brand.logo is not None:
        with av.open(str(brand.logo)) as media:
            drawn = media.streams.video[0]
            high, top = _logo(variant.size)
            width = round(high * drawn.width / drawn.height)
        boxes.append(Rect(x=variant.safe_box.x, y=top, width=width, height=high))
    if brand.progress_bar:
        boxes.append(_bar(variant.size))
    return boxes


def _kept_frames(source: Path, info: MediaInfo, edit: EditList, lead_s: float, work: Path) -> Any:
    """The source's displayed picture at a constant rate, without the frames that are cut."""
    fps, spans = edit.fps, edit.picture_spans(lead_s)
    first, last = spans[0].first, spans[-1].last
    stream, before = steady(source, info, fps, last - first, work / "piece.cube", first=first)
    start = first - before
    chosen = "+".join(f"between(n,{s.first - start},{s.last - start - 1})" for s in spans)
    kept = stream.filter("select", chosen).filter("setpts", "N/FRAME_RATE/TB")
    return coloured(kept, info, work / "knee.cube")


def measure(path: Path) -> Measures:
    """Probe and measure a finished clip."""
    info = probe(path)
    assert info.video is not None
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        sound = media.streams.audio[0]
        frames_s = float((stream.duration or 0) * (stream.time_base or 0))
        sound_s = float((sound.duration or 0) * (sound.time_base or 0))
    loudness = measure_loudness(path)
    return Measures(
        width=info.video.width,
        height=info.video.height,
        fps=info.video.fps,
        duration_s=round(max(frames_s, sound_s), 4),
        video_duration_s=round(frames_s, 4),
        audio_duration_s=round(sound_s, 4),
        size_bytes=path.stat().st_size,
        integrated_lufs=loudness.integrated_lufs,
        true_peak_dbtp=loudness.true_peak_dbtp,
    )
