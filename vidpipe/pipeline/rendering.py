"""The clips stage: every segment in every variant, each encode an item of its own."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.captions import clip_words
from vidpipe.clips.model import (
    Clip,
    ClipFile,
    ClipOptions,
    ClipPlan,
    FailedClip,
    Finished,
    RenderedClips,
    Variant,
)
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.poster import write_poster
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import CLIP, Output, measure, render_clip
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect
from vidpipe.layout.model import Layout
from vidpipe.media import ffmpeg
from vidpipe.media.frames import FrameReader
from vidpipe.media.pictures import poster_sheet, strip
from vidpipe.media.probe import probe
from vidpipe.media.process import ProgramFailed
from vidpipe.pipeline.analysis import detector_for, faces_identity
from vidpipe.pipeline.stage import Order, StageRun
from vidpipe.platforms.model import preset
from vidpipe.segments.model import Segment, Segments
from vidpipe.silence.model import SpeechMap
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder
from vidpipe.timeline import span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.subtitles import to_srt


def variants_for(platforms: tuple[str, ...]) -> tuple[Variant, ...]:
    """The encodes that these platforms need; those of one size share one.

    They share the common safe box where it lies inside each of theirs, else the
    intersection of theirs.
    """
    by_size: dict[str, list[str]] = {}
    for name in platforms:
        by_size.setdefault(preset(name).variant, []).append(name)
    variants = []
    for size_name, names in by_size.items():
        size = preset(names[0]).size
        boxes = [preset(n).safe_box for n in names]
        box: Rect = boxes[0]
        for other in boxes[1:]:
            box = box.intersect(other) or box
        if box.intersect(VERTICAL_SAFE_BOX) == VERTICAL_SAFE_BOX:
            box = VERTICAL_SAFE_BOX
        burned = preset(names[0]).captions
        variants.append(Variant(name=size_name, size=size, safe_box=box, captions=burned))
    return tuple(variants)


def clip_options(order: Order) -> ClipOptions:
    """Variants, brand and sound of the channel."""
    channel = order.channel
    return ClipOptions(
        variants=variants_for(order.wanted_platforms),
        brand=channel.brand,
        captions=channel.captions,
        max_pause_s=channel.clips.max_pause_s,
        kept_pause_s=channel.clips.kept_pause_s,
        fillers=channel.clips.fillers,
        loudness_lufs=channel.loudness_lufs,
        max_true_peak_dbtp=channel.max_true_peak_dbtp,
        crf=order.settings.crf,
        preset=order.settings.x264_preset,
    )


def clips_identity(run: StageRun) -> dict[str, Any]:
    """What else the pictures rest on: ffmpeg, faces, framing, the brand's files."""
    return {
        "ffmpeg": ffmpeg.identity(),
        **faces_identity(run),
        "framing": run.order.settings.framing.model_dump(),
        **_brand_files(run.order.channel.brand, run.order.channel.captions),
    }


def _brand_files(brand: Brand, captions: CaptionStyle) -> dict[str, str | None]:
    """What the channel's files hold, for fingerprints."""
    files = {"logo": brand.logo, "music": brand.music, "font": captions.font_file}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path else None
        for name, path in files.items()
    }


#: Part of every clip's fingerprint: changes when the same plan gives another file.
CLIP_VERSION = "3"


def _not_seen(brand: Brand) -> set[str]:
    """What of a plan changes no picture: a title that is not shown may change for nothing."""
    shown = {brand.opening}
    return {"rank", "score", *({"title", "hook"} - shown)}


class _Renderer:
    """The inputs of the stage, loaded once for all clips."""

    def __init__(self, run: StageRun) -> None:
        assert isinstance(run.options, ClipOptions)
        self.run = run
        self.options = run.options
        self.source, self.upload = run.source()
        self.media = self.upload.media
        self.speech = run.document("silence_regions", SpeechMap)
        self.layout = run.document("layout", Layout)
        self.transcript = run.document("transcript", Transcript)
        guessed = self.transcript.draft or self.transcript.word_times == "spread"
        self.timed_words = () if guessed else self.transcript.words
        style = self.options.captions
        self.burn = style.enabled and (not self.transcript.draft or style.from_draft)
        self.brand_files = _brand_files(self.options.brand, self.options.captions)
        self.encoder = threading.Lock()

    def plan(self, segment: Segment, variant: Variant) -> ClipPlan:
        # A detector of its own for each plan: two are made at a time and detectors keep state.
        detector = detector_for(self.run.order)
        with FrameReader(self.source, self.media, max_width=1280) as reader:
            return plan_clip(
                self.run.video_id,
                segment,
                self.speech,
                self.timed_words,
                self.layout,
                reader,
                detector,
                self.options,
                self.run.order.settings.framing,
                variant,
                captions=self.burn and variant.captions,
            )

    def encode(
        self,
        planned: Sequence[tuple[ClipPlan, Variant]],
        on_progress: Callable[[float], None],
        *,
        plainly: bool = False,
    ) -> list[tuple[Manifest, ClipFile]]:
        """A clip in every variant, found or made: those that are missing in one go.

        `plainly` with nothing that could fail.
        """
        options = self.options
        if plainly:
            planned = [(plain(plan), variant) for plan, variant in planned]
            options = plain_options(options)
        edit = planned[0][0].edit
        spoken = clip_words(self.transcript.words, edit)
        wanted = [
            (plan, variant, f"clip-{plan.clip_id}-{variant.name}", self._of(plan, variant, options))
            for plan, variant in planned
        ]
        missing = [
            (plan, variant)
            for plan, variant, artifact, ingredients in wanted
            if self.run.find_item(Folder.CLIPS, artifact, ingredients) is None
        ]
        outputs: dict[str, Output] = {}

        def render_missing(work: Path) -> None:
            for plan, variant in missing:
                outputs[variant.name] = Output(plan, variant, work / variant.name)
                outputs[variant.name].work.mkdir()
            render_clip(
                self.source,
                self.media,
                list(outputs.values()),
                self.transcript.words if self.burn else (),
                options,
                on_progress,
                self.encoder,
            )

        def make(variant: Variant) -> Callable[[Path], tuple[Mapping[str, Path], Finished]]:
            def finish(work: Path) -> tuple[Mapping[str, Path], Finished]:
                if not outputs:
                    render_missing(work)
                return self._finished(outputs[variant.name], options, spoken)

            return finish

        files = []
        for _, variant, artifact, ingredients in wanted:
            manifest, reused = self.run.item(Folder.CLIPS, artifact, ingredients, make(variant))
            finished = self.run.artifacts.document(manifest, Finished)
            file = ClipFile(
                variant=variant.name,
                artifact=artifact,
                fingerprint=manifest.fingerprint,
                captions=self.burn and variant.captions and bool(spoken),
                has_subtitles=manifest.has("clip.srt"),
                measures=finished.measures,
                quality=finished.quality,
                plain=plainly,
                reused=reused,
            )
            files.append((manifest, file))
        return files

    def _of(self, plan: ClipPlan, variant: Variant, options: ClipOptions) -> dict[str, Any]:
        """Everything that one file of a clip rests on."""
        spoken = clip_words(self.transcript.words, plan.edit)
        return {
            "version": CLIP_VERSION,
            "source": self.upload.sha256,
            "plan": plan.model_dump(mode="json", exclude=_not_seen(options.brand)),
            "variant": variant.model_dump(mode="json"),
            "look": options.model_dump(mode="json", exclude={"variants"}),
            "words": [w.model_dump(mode="json") for w in spoken],
            "captions": self.burn and variant.captions,
            "ffmpeg": ffmpeg.identity(),
            **self.brand_files,
        }

    def _finished(
        self, output: Output, options: ClipOptions, spoken: Sequence[Word]
    ) -> tuple[Mapping[str, Path], Finished]:
        """The files that stand beside a clip, and what it looks and sounds like."""
        clip, work = output.work / CLIP, output.work
        made = {"clip.mp4": clip, "poster.jpg": work / "poster.jpg"}
        brand = options.brand
        write_poster(
            clip,
            detector_for(self.run.order),
            made["poster.jpg"],
            not_before_s=0.0 if brand.opening == "none" else brand.opening_s,
        )
        made["strip.jpg"] = work / "strip.jpg"
        strip(clip, probe(clip), made["strip.jpg"])
        if spoken:
            made["clip.srt"] = work / "clip.srt"
            text = to_srt(spoken, self.transcript.language, output.plan.edit.duration_s)
            made["clip.srt"].write_text(text, "utf-8")
        looked_at = inspect_clip(
            clip, self.source, self.media, output.plan, output.variant, self.speech, work
        )
        return made, Finished(measures=measure(clip), quality=looked_at)


def plain(plan: ClipPlan) -> ClipPlan:
    """A plan for a second try: cameras that stand, nothing painted over."""
    parts = [
        part.model_copy(
            update={
                "inset": None,
                "camera": part.camera
                and part.camera.model_copy(update={"points": part.camera.points[:1]}),
            }
        )
        for part in plan.parts
    ]
    return plan.model_copy(update={"parts": tuple(parts)})


def plain_options(options: ClipOptions) -> ClipOptions:
    """Options for a second try: no card, bar, logo or music."""
    brand = options.brand.model_copy(
        update={"logo": None, "music": None, "opening": "none", "progress": False}
    )
    return options.model_copy(update={"brand": brand, "preset": "ultrafast"})


def rendered_clips(run: StageRun) -> BaseModel:
    """Every chosen segment in every variant, best first.

    Two clips are at work at a time: while one is encoded, on all cores, the next
    one's faces are followed and its sound is made. A clip whose encoder fails is
    tried once more plainly, then reported; the others go on.

    Raises:
        ProgramFailed: none could be made.
    """
    renderer = _Renderer(run)
    chosen = run.document("scored_segments", Segments)
    done: dict[int, float] = {}

    def render(segment: Segment, *, plainly: bool) -> tuple[Clip, Manifest]:
        def tell(fraction: float) -> None:
            done[segment.rank] = fraction
            share = sum(done.values()) / len(chosen.segments)
            run.progress(share, f"clip {segment.rank} of {len(chosen.segments)}")

        variants = renderer.options.variants
        planned = [(renderer.plan(segment, variant), variant) for variant in variants]
        made = renderer.encode(planned, tell, plainly=plainly)
        tell(1.0)
        return _clip(segment, planned[0][0], [file for _, file in made]), made[0][0]

    def attempt(segment: Segment) -> tuple[Clip, Manifest] | ProgramFailed:
        try:
            return render(segment, plainly=False)
        except ProgramFailed:
            try:
                return render(segment, plainly=True)
            except ProgramFailed as error:
                return error

    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="clip") as pool:
        futures = [pool.submit(attempt, segment) for segment in chosen.segments]
        try:
            results = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    made = [result for result in results if not isinstance(result, ProgramFailed)]
    failed = [
        FailedClip(rank=s.rank, title=s.title, segment=span(s.start_s, s.end_s), why=str(result))
        for s, result in zip(chosen.segments, results, strict=True)
        if isinstance(result, ProgramFailed)
    ]
    if failed and not made:
        raise next(result for result in results if isinstance(result, ProgramFailed))
    clips = [clip for clip, _ in made]
    if clips:
        labels = [f"{c.rank}. {c.duration_s:.0f} s, {c.score:.0f}" for c in clips]
        posters = [run.artifacts.path(manifest.file("poster.jpg")) for _, manifest in made]
        poster_sheet(posters, labels, run.new_file("poster_sheet.jpg"))
        for clip, manifest in made:
            shown = run.artifacts.path(manifest.file("strip.jpg"))
            shutil.copy(shown, run.new_file(f"strip_{clip.rank:02d}.jpg"))
    return RenderedClips(clips=tuple(clips), failed=tuple(failed), nothing=chosen.nothing)


def all_rendered(document: BaseModel) -> bool:
    """Whether every clip could be made: one that could not may be another time."""
    assert isinstance(document, RenderedClips)
    return not document.failed


def _clip(segment: Segment, plan: ClipPlan, files: list[ClipFile]) -> Clip:
    return Clip(
        clip_id=plan.clip_id,
        rank=segment.rank,
        title=segment.title,
        score=segment.score,
        segment=plan.segment,
        kept=tuple(plan.edit.intervals),
        parts=plan.parts,
        duration_s=round(plan.edit.duration_s, 4),
        files=tuple(files),
    )
