"""Rendering one clip: next to the bare encode of its pictures, MoviePy, and more shapes.

    python -m benchmarks.clips [--skip-moviepy]

The source is the made-up talk (1280x720, slides with an inset). For each composition: the
whole of `render_clip` (sound, picture, captions), the bare encode of the same pictures again,
what measuring and looking at the file takes, peak memory of ffmpeg. MoviePy makes the same
stack: page above, speaker cropped and scaled below, a caption for each phrase (not word by
word), the sound as it is.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ffmpeg
from rich.console import Console
from rich.table import Table

from vidpipe.channels import Brand
from vidpipe.clips.canvas import arrange
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.measures import measure
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.poster import write_poster
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import render_clip
from vidpipe.clips.text.captions import clip_words, groups_of
from vidpipe.clips.text.fonts import fonts_dir
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Size
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.segments.model import Segment
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.testmedia.talk import make_talk
from vidpipe.text import joined
from vidpipe.timeline import span
from vidpipe.transcript.model import Word

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))
SQUARE = Variant(name="1080x1350", size=Size(width=1080, height=1350))
WIDE = Variant(name="1920x1080", size=Size(width=1920, height=1080))
_FROM_S, _LENGTH_S = 20.0, 40.0


class Material:
    """A talk, its words, its layout, one segment."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "talk.mp4"
        truth = make_talk(self.path, DEMO_TALK)
        self.info: MediaInfo = probe(self.path)
        self.words = [
            Word(text=text, start_s=start + k * step, end_s=start + (k + 0.9) * step)
            for start, end, sentence in truth.sentences
            for texts in [sentence.split()]
            for step in [(end - start) / len(texts)]
            for k, text in enumerate(texts)
        ]
        self.speech = SpeechMap(
            duration_s=self.info.duration_s,
            speech=tuple(span(start, end) for start, end, _ in truth.sentences),
        )
        self.layout = detect_layout(
            self.path, self.info, chosen_faces(load_settings()).detector, LayoutOptions()
        )
        self.options = ClipOptions(variants=(VERTICAL,), brand=Brand())

    def plan(self, variant: Variant, layout: Layout | None = None) -> ClipPlan:
        segment = Segment(
            rank=1,
            start_s=_FROM_S,
            end_s=_FROM_S + _LENGTH_S,
            kept_s=_LENGTH_S,
            score=80,
            parts={},
            reasons=(),
            title="A title",
        )
        with FrameReader(self.path, self.info, max_width=1280) as reader:
            return plan_clip(
                SourceRecording(
                    "v",
                    self.speech,
                    (),
                    layout or self.layout,
                    reader,
                    chosen_faces(load_settings()).detector,
                ),
                segment,
                self.options,
                FramingOptions(),
                variant,
                captions=True,
            )


def timed(run: Callable[[], object]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def bare_encode(clip: Path, folder: Path) -> float:
    """The same pictures decoded and encoded again with the same settings."""
    source = ffmpeg.input(str(clip))
    again = ffmpeg.output(
        source.video,
        str(folder / "bare.mp4"),
        vcodec="libx264",
        preset="veryfast",
        crf=20,
        profile="high",
        maxrate="12M",
        bufsize="24M",
    )
    return timed(lambda: render(again, timeout_s=600))


def looking(material: Material, plan: ClipPlan, folder: Path) -> float:
    clip = folder / CLIP

    def look() -> None:
        measure(clip)
        write_poster(clip, chosen_faces(load_settings()).detector, folder / "poster.jpg")
        inspect_clip(
            clip,
            material.path,
            material.info,
            plan,
            VERTICAL,
            material.speech,
            folder,
            captions=True,
            brand=material.options.brand,
        )

    return timed(look)


def with_moviepy(material: Material, plan: ClipPlan, folder: Path) -> float:
    """The same stack, in MoviePy's own words."""
    from moviepy import ColorClip, CompositeVideoClip, TextClip, VideoFileClip

    part = plan.parts[0]
    where = arrange(part, VERTICAL, captions=True)
    assert part.screen and part.camera and where.screen and where.camera

    def make() -> None:
        first, last = plan.edit.intervals[0].start_s, plan.edit.intervals[-1].end_s
        source = VideoFileClip(str(material.path)).subclipped(first, last)
        size = (VERTICAL.size.width, VERTICAL.size.height)
        screen, crop = part.screen, part.camera.rect
        page = (
            source.cropped(x1=screen.x, y1=screen.y, x2=screen.right, y2=screen.bottom)
            .resized((where.screen.width, where.screen.height))
            .with_position((where.screen.x, where.screen.y))
        )
        speaker = (
            source.cropped(x1=crop.x, y1=crop.y, x2=crop.right, y2=crop.bottom)
            .resized((where.camera.width, where.camera.height))
            .with_position((where.camera.x, where.camera.y))
        )
        texts = []
        spoken = clip_words(material.words, plan.edit)
        style = material.options.captions
        for group in groups_of(spoken, style, style.font_size, where.caption.width):
            flat = [w for line in group for w in line]
            text = TextClip(
                font=str(fonts_dir() / "DejaVuSans-Bold.ttf"),
                text="\n".join(joined(w.text for w in line) for line in group),
                font_size=style.font_size,
                color="white",
                stroke_color="black",
                stroke_width=5,
                text_align="center",
            )
            texts.append(
                text.with_start(flat[0].start_s)
                .with_end(flat[-1].end_s)
                .with_position(("center", where.caption.y + 30))
            )
        ground = ColorClip(size, color=(18, 22, 28)).with_duration(source.duration)
        made = CompositeVideoClip([ground, page, speaker, *texts], size=size)
        made.write_videofile(
            str(folder / "moviepy.mp4"),
            codec="libx264",
            preset="veryfast",
            ffmpeg_params=["-crf", "20"],
            audio_codec="aac",
            threads=2,
            logger=None,
        )

    return timed(make)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-moviepy", action="store_true")
    arguments = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = Material(folder)
        table = Table("composition", "render s", "bare encode s", "ratio", "looking s", "of encode")
        stacked = material.plan(VERTICAL)
        region = stacked.parts[0].screen
        fitted = stacked.model_copy(
            update={
                "parts": tuple(
                    p.model_copy(
                        update={
                            "composition": Composition.SCREEN,
                            "screen": region,
                            "camera": None,
                            "inset": None,
                        }
                    )
                    for p in stacked.parts
                )
            }
        )
        seconds = {}
        for label, plan in (("stack, captions", stacked), ("on blur, captions", fitted)):
            work = folder / label.split(",")[0].replace(" ", "-")
            work.mkdir()

            def make(plan: ClipPlan = plan, work: Path = work) -> None:
                outputs = [Output(plan, VERTICAL, work)]
                render_clip(material.path, material.info, outputs, material.words, material.options)

            seconds[label] = timed(make)
            bare = bare_encode(work / CLIP, work)
            look = looking(material, plan, work)
            table.add_row(
                label,
                f"{seconds[label]:.1f}",
                f"{bare:.1f}",
                f"{seconds[label] / bare:.2f}",
                f"{look:.1f}",
                f"{look / bare:.2f}",
            )
        console.print(f"{stacked.edit.duration_s:.0f} s of clip, {stacked.edit.frames} frames")
        console.print(table)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        console.print(f"peak memory of ffmpeg: {peak:.0f} MiB")
        if not arguments.skip_moviepy:
            other = with_moviepy(material, stacked, folder)
            console.print(
                f"MoviePy, the same stack: {other:.1f} s, "
                f"{other / seconds['stack, captions']:.1f} times as long"
            )
        for shapes in ((VERTICAL,), (VERTICAL, SQUARE), (VERTICAL, SQUARE, WIDE)):
            outputs = []
            for shape in shapes:
                work = folder / f"{len(shapes)}-{shape.name}"
                work.mkdir()
                outputs.append(Output(material.plan(shape), shape, work))
            took = timed(
                lambda outputs=outputs: render_clip(
                    material.path, material.info, outputs, material.words, material.options
                )
            )
            alone = sum(bare_encode(o.work / CLIP, o.work) for o in outputs)
            console.print(
                f"{len(shapes)} shapes: {took:.1f} s; their bare encodes {alone:.1f} s; "
                f"ratio {took / alone:.2f}"
            )


if __name__ == "__main__":
    main()
