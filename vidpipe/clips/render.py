"""One encode: a planned clip in one variant."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.channels.model import Brand
from vidpipe.clips.arrange import Arrangement, arrange
from vidpipe.clips.captions import Opening, clip_words, write_captions
from vidpipe.clips.fonts import font_for
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Measures, Part, Variant
from vidpipe.clips.sound import make_sound
from vidpipe.framing.model import CropPath
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.loudness import measure_loudness
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: Decoded before the first frame, so that a slow source's picture is already there.
_PREROLL_S = 2.0
_BLUR_DIVISOR = 16
#: A blurred page is as good at so many pictures a second, and costs a tenth less of a clip.
_CALM_FPS = 8
_LOGO_HEIGHT = 84
#: Height of the bar that fills, at 1080 wide.
_BAR = 12
#: The folder, within that of the work, with the font of the captions.
FONTS = "fonts"
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
    """
    edit = outputs[0].plan.edit
    sound = make_sound(source, info, edit, options, outputs[0].work)
    kept = _kept_frames(source, info, edit)
    copies = kept.split() if len(outputs) > 1 else [kept]
    made = [
        _encoded(copies[k], info, output, words, options, ffmpeg.input(str(sound)).audio)
        for k, output in enumerate(outputs)
    ]
    with encoder or nullcontext():
        render(
            made[0] if len(made) == 1 else ffmpeg.merge_outputs(*made),
            timeout_s=len(made) * (120 + 60 * edit.duration_s),
            duration_s=edit.duration_s,
            on_progress=on_progress,
        )


def _encoded(
    kept: Any,
    info: MediaInfo,
    output: Output,
    words: Sequence[Word],
    options: ClipOptions,
    sound: Any,
) -> Any:
    plan, variant, work = output.plan, output.variant, output.work
    captions = variant.captions and bool(words)
    arranged = [arrange(part, variant, captions=captions) for part in plan.parts]
    picture = _picture(kept, info, plan, arranged, variant, options)
    spoken = clip_words(words, plan.edit) if captions else []
    opening = _opening(plan, variant, options.brand)
    if spoken or opening:
        subtitles = work / "captions.ass"
        said = "".join(w.text for w in spoken) + (opening.text if opening else "")
        shown = said.upper() if options.captions.uppercase else said
        font = font_for(shown, options.captions)
        if opening:
            opening = replace(opening, text=font.without_unknown(opening.text))
        spoken = [w.model_copy(update={"text": font.without_unknown(w.text)}) for w in spoken]
        fonts = work / FONTS
        fonts.mkdir(exist_ok=True)
        shutil.copy(font.path, fonts)
        write_captions(
            [w for w in spoken if w.text],
            _timed(plan, arranged),
            options.captions,
            options.brand,
            variant.size,
            subtitles,
            opening,
            font,
        )
        picture = picture.filter("ass", str(subtitles), fontsdir=str(fonts))
    picture = picture.filter("format", "yuv420p")
    fps = plan.edit.fps
    return ffmpeg.output(
        picture,
        sound,
        str(work / CLIP),
        vcodec="libx264",
        preset=options.preset,
        crf=options.crf,
        profile="high",
        level="4.2",
        maxrate="12M",
        bufsize="24M",
        g=round(2 * fps),
        r=f"{fps.numerator}/{fps.denominator}",
        fps_mode="cfr",
        **{"frames:v": plan.edit.frames},
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        color_range="tv",
        acodec="aac",
        audio_bitrate="192k",
        ar=48_000,
        ac=2,
        movflags="+faststart",
        map_metadata=-1,
        fflags="+bitexact",
    )


def _opening(plan: ClipPlan, variant: Variant, brand: Brand) -> Opening | None:
    text = {"title": plan.title, "hook": plan.hook, "none": ""}[brand.opening]
    until_s = min(brand.opening_s, plan.edit.duration_s)
    return Opening(text, until_s, variant.safe_box) if text else None


def _timed(
    plan: ClipPlan, arranged: Sequence[Arrangement]
) -> list[tuple[float, float, Arrangement]]:
    fps = plan.edit.fps
    return [
        (float(p.first_frame / fps), float(p.last_frame / fps), a)
        for p, a in zip(plan.parts, arranged, strict=True)
    ]


def _picture(
    kept: Any,
    info: MediaInfo,
    plan: ClipPlan,
    arranged: Sequence[Arrangement],
    variant: Variant,
    options: ClipOptions,
) -> Any:
    assert info.video is not None
    draw = _Painter(plan, variant, options, info.video.matrix)
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
    if options.brand.logo is not None:
        logo = ffmpeg.input(str(options.brand.logo)).filter("scale", -2, _LOGO_HEIGHT)
        done = done.overlay(logo, x=variant.safe_box.x, y=48)
    if options.brand.progress:
        size, length_s = variant.size, plan.edit.duration_s
        high = max(2, round(_BAR * size.width / 1080) // 2 * 2)
        fps = plan.edit.fps
        bar = ffmpeg.input(
            f"color=c=0x{options.brand.accent[1:]}:s={size.width}x{high}"
            f":r={fps.numerator}/{fps.denominator}",
            f="lavfi",
            t=f"{length_s + 1:.3f}",
        )
        done = done.overlay(
            bar, x=f"-w+w*t/{length_s:.3f}", y=size.height - high, eof_action="repeat"
        )
    return done


def _kept_frames(source: Path, info: MediaInfo, edit: EditList) -> Any:
    """The source's displayed picture at a constant rate, without the frames that are cut."""
    assert info.video is not None
    fps = edit.fps
    first_s = float(edit.spans[0].first / fps)
    length_s = float((edit.spans[-1].last - edit.spans[0].first) / fps)
    preroll = min(round(_PREROLL_S * fps), edit.spans[0].first)
    seek_s = first_s - float(preroll / fps) + info.seek_offset_s
    stream = source_input(
        source,
        info.known_container,
        ss=f"{max(0.0, seek_s):.6f}",
        t=f"{length_s + float(preroll / fps) + 1:.6f}",
    )[str(info.video.index)]
    steady = stream.filter(
        "fps", fps=f"{fps.numerator}/{fps.denominator}", start_time=0, round="near"
    ).filter("tpad", stop_mode="clone", stop_duration=2)
    start = edit.spans[0].first - preroll
    chosen = "+".join(f"between(n,{s.first - start},{s.last - start - 1})" for s in edit.spans)
    kept = steady.filter("select", chosen).filter("setpts", "N/FRAME_RATE/TB")
    video = info.video
    turned = video.rotation in (90, 270)
    coded = (
        (video.coded_height, video.coded_width)
        if turned
        else (
            video.coded_width,
            video.coded_height,
        )
    )
    if coded != (video.width, video.height):
        kept = kept.filter("scale", video.width, video.height)
    return kept.filter("setsar", 1)


@dataclass(frozen=True)
class _Painter:
    """Arranges regions on the canvas of one clip.

    Colours are brought to BT.709 in the scaling that every region needs anyway:
    a pass of its own over the whole canvas costs half as much as the encoder.
    """

    plan: ClipPlan
    variant: Variant
    options: ClipOptions
    matrix: str

    def compose(self, stream: Any, part: Part, where: Arrangement) -> Any:
        if where.screen is not None and where.camera is not None:
            return self._stack(stream, part, where.screen, where.camera)
        if where.camera is not None:
            assert part.camera is not None
            return self._following(stream, part.camera, part, where.camera)
        assert part.screen is not None and where.screen is not None
        shown = _cropped(stream, part.screen)
        if not where.blurred:
            return self._scaled(shown, where.screen)
        return self._on_blur(shown, where.screen, part)

    def _stack(self, stream: Any, part: Part, screen: Rect, camera: Rect) -> Any:
        assert part.screen is not None and part.camera is not None
        split = stream.split()
        size = self.variant.size
        page = split[0]
        if part.inset is not None:
            # Filled from its borders, frame by frame.
            hole = part.inset
            page = page.filter("delogo", hole.x, hole.y, hole.width, hole.height)
        canvas = self._scaled(straightened(page, part.screen, part.corners), screen).filter(
            "pad",
            size.width,
            size.height,
            screen.x,
            screen.y,
            color="0x" + self.options.brand.background[1:],
        )
        speaker = self._following(split[1], part.camera, part, camera)
        return canvas.overlay(speaker, x=camera.x, y=camera.y)

    def _on_blur(self, shown: Any, rect: Rect, part: Part) -> Any:
        split = shown.split()
        size = self.variant.size
        small = Size(width=size.width // _BLUR_DIVISOR, height=size.height // _BLUR_DIVISOR)
        # People would be seen to jerk, pages hardly move.
        calm = part.composition is Composition.SCREEN
        source = split[0].filter("fps", _CALM_FPS) if calm else split[0]
        backdrop = (
            self._scaled(source, small.rect, force_original_aspect_ratio="increase")
            .filter("crop", small.width, small.height)
            .filter("gblur", sigma=9)
            .filter("eq", brightness=-0.2, contrast=0.7, saturation=0.9)
            # Scaling by two different factors would otherwise be undone by the pixels' shape.
            .filter("scale", size.width, size.height, flags="bilinear")
            .filter("setsar", 1)
        )
        if calm:
            rate = self.plan.edit.fps
            backdrop = (
                backdrop.filter("fps", f"{rate.numerator}/{rate.denominator}")
                .filter("tpad", stop_mode="clone", stop_duration=1)
                .filter("trim", end_frame=part.last_frame - part.first_frame)
            )
        return backdrop.overlay(self._scaled(split[1], rect), x=rect.x, y=rect.y)

    def _following(self, stream: Any, path: CropPath, part: Part, into: Rect) -> Any:
        """The crop as it moves: what the path needs at all is scaled, then the crop moves in it.

        With 4:2:0 chroma a crop moves in steps of two pixels; on the canvas they
        are too small to see, in a small camera picture they show as jitter.
        """
        rect = path.rect.even()
        xs = [p.x for p in path.points]
        if max(xs) - min(xs) < 1:
            return self._scaled(_cropped(stream, rect), into)
        left = int(min(xs)) // 2 * 2
        reach = rect.model_copy(update={"x": left, "width": int(max(xs)) + 2 - left + rect.width})
        reach = reach.even()
        scale = into.width / rect.width
        wide = into.model_copy(update={"width": 2 * round(reach.width * scale / 2)})
        moving = path_expression(path, part, self.plan, left, wide.width / reach.width)
        shown = self._scaled(_cropped(stream, reach), wide)
        return shown.filter("crop", into.width, into.height, moving, 0).filter("setsar", 1)

    def _scaled(self, stream: Any, rect: Rect, **more: str) -> Any:
        return stream.filter(
            "scale",
            rect.width,
            rect.height,
            flags="bicubic",
            in_color_matrix=self.matrix,
            out_color_matrix="bt709",
            out_range="tv",
            **more,
        ).filter("setsar", 1)


def _cropped(stream: Any, rect: Rect) -> Any:
    even = rect.even()
    return stream.filter("crop", even.width, even.height, even.x, even.y)


def straightened(stream: Any, rect: Rect, corners: tuple[tuple[int, int], ...]) -> Any:
    """The screen; one that was filmed at an angle is set straight."""
    shown = _cropped(stream, rect)
    if not corners:
        return shown
    even = rect.even()
    # The filter counts the corners row by row: top left, top right, bottom left, bottom right.
    places = [(x - even.x, y - even.y) for x, y in (corners[k] for k in (0, 1, 3, 2))]
    named = {f"{axis}{k}": at[n] for k, at in enumerate(places) for n, axis in enumerate("xy")}
    return shown.filter("perspective", **named, sense="source", interpolation="cubic")


def path_expression(
    path: CropPath, part: Part, plan: ClipPlan, left: int = 0, scale: float = 1.0
) -> str:
    """The crop's edge, from `left` and scaled, as an expression of `t`, seconds into the part.

    A sum of clipped ramps: linear between points, flat at both ends, and as
    deep as one addition however many points there are.
    """
    start_s = float(part.first_frame / plan.edit.fps)
    timed = [(plan.edit.to_clip(p.t_s) - start_s, (p.x - left) * scale) for p in path.points]
    terms = [f"{timed[0][1]:.2f}"]
    for (t0, x0), (t1, x1) in itertools.pairwise(timed):
        step = x1 - x0
        if abs(step) < 0.005:
            continue
        if t1 - t0 < 1e-3:
            terms.append(f"{step:+.2f}*gte(t,{t1:.3f})")
        else:
            terms.append(f"{step:+.2f}*clip((t-{t0:.3f})/{t1 - t0:.3f},0,1)")
    return "".join(terms)


def measure(path: Path) -> Measures:
    """Probe and measure a finished clip."""
    import av

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
