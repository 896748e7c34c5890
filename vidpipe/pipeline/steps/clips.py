"""`rendered_clips`: every segment in every variant, each encode an item of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.tables import ClipRow
from vidpipe.clips.model import (
    Clip,
    ClipFile,
    ClipOptions,
    ClipPlan,
    FailedClip,
    RenderedClips,
    Variant,
)
from vidpipe.errors import InputRejected
from vidpipe.exports.model import Estimate
from vidpipe.media import ffmpeg
from vidpipe.media.contact_sheets import poster_sheet
from vidpipe.media.encoders import choose_encoder
from vidpipe.pipeline.encoding import Renderer, Studio, brand_files, look_of, plain
from vidpipe.pipeline.faces import FACES_READS, detector_for, faces_identity
from vidpipe.pipeline.inputs import cover_identity
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.platforms.model import Preset, TierName, load_tiers
from vidpipe.programs import ProgramFailed
from vidpipe.segments.model import Chapter, Segment, Segments
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder
from vidpipe.timeline import span

#: What ffmpeg ends with when more than two thirds of what it reads do not decode
#: (`-max_error_rate`, its manual).
_HARDLY_DECODES = 69


def variants_for(presets: Sequence[Preset], tier: TierName) -> tuple[Variant, ...]:
    """The encodes that these platforms need, each once; sound alone takes what there is."""
    with_pictures = [p for p in presets if p.video is not None] or presets
    return tuple(dict.fromkeys(Variant.of(preset, tier) for preset in with_pictures))


def options(order: Order) -> ClipOptions:
    """Variants, brand and sound of the channel."""
    channel = order.channel
    look = look_of(channel, order.look)
    return ClipOptions(
        variants=variants_for([channel.preset(p) for p in order.wanted_platforms], order.tier),
        brand=look.brand,
        captions=look.captions,
        template=look.template,
        max_pause_s=channel.clips.max_pause_s,
        pause_target_s=channel.clips.pause_target_s,
        fillers=channel.clips.fillers,
        loudness_lufs=channel.loudness_lufs,
        max_true_peak_dbtp=channel.max_true_peak_dbtp,
        tier=load_tiers()[order.tier],
        encoder=choose_encoder(order.settings.encoder),
        speaker_layout=channel.speaker_layout,
        denoise=channel.denoise,
    )


def prepare(order: Order, run: StageRun[ClipOptions]) -> Studio:
    """Faces, framing and the channel's files; how those clips look that have a look of their own.

    Raises:
        Misconfigured: the sidecar names a template that there is not.
    """
    channel = order.channel
    own = sorted({moment.template for moment in order.instructions.keep} - {""})
    return Studio(
        detector=detector_for(order, run.context.models),
        framing=order.settings.framing,
        channel_files=brand_files(channel.brand, channel.captions),
        looks={name: look_of(channel, channel.look(name)) for name in own},
    )


def identity(run: StageRun[ClipOptions], studio: Studio) -> dict[str, Any]:
    """What else the pictures rest on: ffmpeg, faces, framing, files, looks of single clips."""
    looks = {name: look.model_dump(mode="json") for name, look in studio.looks.items()}
    return {
        "ffmpeg": ffmpeg.identity(),
        **faces_identity(studio.detector),
        "framing": studio.framing.model_dump(),
        **cover_identity(run),
        **studio.channel_files,
        **({"looks": looks} if looks else {}),
    }


def run_clips(run: StageRun[ClipOptions], studio: Studio) -> RenderedClips:
    """Every chosen segment in every variant, best first.

    Two clips are at work at a time: while one is encoded, on all cores, the next
    one's faces are followed and its sound is made. A clip whose encoder fails is
    tried once more plainly, then reported; the others go on.

    Raises:
        ProgramFailed: none could be made.
        InputRejected: none could be made, as hardly anything of the recording decodes.
    """
    renderer = Renderer(run, studio)
    chosen = run.document("scored_segments", Segments)
    done: dict[int, float] = {}

    def render(segment: Segment, *, plainly: bool) -> tuple[Clip, Manifest]:
        about = ""

        def tell(fraction: float) -> None:
            done[segment.rank] = fraction
            share = sum(done.values()) / len(chosen.segments)
            run.progress(share, f"clip {segment.rank} of {len(chosen.segments)}{about}")

        def expect(estimate: Estimate) -> None:
            nonlocal about
            megabytes = estimate.size_bytes / 1e6
            about = f", about {estimate.seconds:.0f} s and {megabytes:.1f} MB"

        variants = renderer.options.variants
        options = renderer.options_for(segment)
        planned = [(renderer.plan(segment, variant, options), variant) for variant in variants]
        if plainly:
            planned = [(plain(plan), variant) for plan, variant in planned]
        made = renderer.encode(planned, options, tell, expect, plainly=plainly)
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
        error = next(result for result in results if isinstance(result, ProgramFailed))
        if error.code == _HARDLY_DECODES:
            raise InputRejected(
                "does_not_decode",
                "most of its pictures, or of its sound, do not decode where clips would be. "
                "Play it through once, and export it anew",
                name=run.video_id,
            ) from error
        raise error
    clips = [clip for clip, _ in made]
    if clips:
        labels = [f"{c.rank}. {c.duration_s:.0f} s, {c.score:.0f}" for c in clips]
        posters = [run.artifacts.path(manifest.file("poster.jpg")) for _, manifest in made]
        poster_sheet(posters, labels, run.new_file("poster_sheet.jpg"))
        for clip, manifest in made:
            shown = run.artifacts.path(manifest.file("strip.jpg"))
            shutil.copy(shown, run.new_file(f"strip_{clip.rank:02d}.jpg"))
    return RenderedClips(
        language=renderer.transcript.language,
        clips=tuple(clips),
        failed=tuple(failed),
        empty_reason=chosen.empty_reason,
        burned_in=renderer.burned_in,
        notes=renderer.notes,
    )


def all_rendered(document: RenderedClips) -> bool:
    """Whether every clip could be made: one that could not may be another time."""
    return not document.failed


def _clip(segment: Segment, plan: ClipPlan, files: list[ClipFile]) -> Clip:
    return Clip(
        clip_id=plan.clip_id,
        rank=segment.rank,
        title=segment.title,
        hook=segment.hook,
        description=segment.description,
        topic=segment.topic,
        keyphrases=segment.keyphrases,
        chapters=tuple(
            Chapter(start_s=round(plan.lead_s + plan.edit.to_clip(c.start_s), 3), title=c.title)
            for c in segment.chapters
        ),
        score=segment.score,
        segment=plan.segment,
        kept=tuple(plan.edit.intervals),
        parts=plan.parts,
        lead_s=round(plan.lead_s, 4),
        duration_s=round(plan.duration_s, 4),
        files=tuple(files),
    )


def files(document: RenderedClips) -> Iterator[ClipFile]:
    """Every clip in every variant."""
    return (file for clip in document.clips for file in clip.files)


def rows(video_id: str, document: RenderedClips) -> Rows:
    """The clips of a video, for the catalog."""
    return Rows(
        ClipRow,
        {"video_id": video_id},
        [
            ClipRow(
                clip_id=c.clip_id,
                video_id=video_id,
                rank=c.rank,
                title=c.title[:512],
                score=c.score,
                start_s=c.segment.start_s,
                end_s=c.segment.end_s,
                duration_s=c.duration_s,
                compositions=[p.composition.value for p in c.parts],
            )
            for c in document.clips
        ],
    )


CLIPS = Stage(
    name="rendered_clips",
    version="11",
    folder=Folder.CLIPS,
    inputs=("scored_segments", "transcript", "silence_regions", "layout", "source_video"),
    document=RenderedClips,
    options=options,
    run=run_clips,
    prepare=prepare,
    identity=identity,
    reads=(
        *FACES_READS,
        "settings.framing",
        "channel.brand",
        "channel.captions",
        "channel.templates",
        "instructions.keep",
    ),
    whole=all_rendered,
    items=files,
    rows=rows,
)
