"""`rendered_clips`: every segment in every variant, each encode an item of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

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
    clip_fingerprint,
)
from vidpipe.errors import InputRejected
from vidpipe.exports.model import Estimate
from vidpipe.media import ffmpeg
from vidpipe.media.contact_sheets import poster_sheet
from vidpipe.media.encoders import choose_encoder
from vidpipe.pipeline.editing.resolve import EditedClip
from vidpipe.pipeline.faces import FACES_READS, detector_for, faces_identity
from vidpipe.pipeline.inputs import cover_identity
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.rendering.fallback import plain_plan
from vidpipe.pipeline.rendering.renderer import Renderer
from vidpipe.pipeline.rendering.studio import Studio, brand_files, look_of
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.platforms.model import Preset, TierName, load_tiers
from vidpipe.programs import ProgramFailed
from vidpipe.segments.model import Chapter, Segments
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


def variants_of(order: Order) -> tuple[Variant, ...]:
    """The encodes that the platforms of an order need."""
    channel = order.channel
    return variants_for([channel.preset(p) for p in order.wanted_platforms], order.tier)


def options(order: Order) -> ClipOptions:
    """Variants, brand and sound of the channel."""
    channel = order.channel
    look = look_of(channel, order.look)
    return ClipOptions(
        variants=variants_of(order),
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
    channel, edits = order.channel, order.edits
    named = {moment.template for moment in order.instructions.keep}
    named |= {edit.template for edit in edits.clip_edits if edit.template and edit.kept}
    own = sorted(named - {""})
    shapes = {}
    if any(edit.platforms is not None for edit in edits.clip_edits):
        shapes = {
            name: Variant.of(channel.preset(name), order.tier).name
            for name in order.wanted_platforms
        }
    return Studio(
        detector=detector_for(order, run.context.models),
        framing=order.settings.framing,
        channel_files=brand_files(channel.brand, channel.captions),
        looks={name: look_of(channel, channel.look(name)) for name in own},
        edits=edits,
        music=order.music,
        shapes=shapes,
    )


def identity(run: StageRun[ClipOptions], studio: Studio) -> dict[str, Any]:
    """What else the pictures rest on: ffmpeg, faces, framing, files, looks of single clips, and
    what people decided of them."""
    looks = {name: look.model_dump(mode="json") for name, look in studio.looks.items()}
    return {
        "ffmpeg": ffmpeg.identity(),
        **faces_identity(studio.detector),
        "framing": studio.framing.model_dump(),
        **cover_identity(run),
        **studio.channel_files,
        **({"looks": looks} if looks else {}),
        **studio.edits_identity(),
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
    chosen = run.document("scored_segments", Segments)
    renderer = Renderer(run, studio)
    wanted = renderer.wanted(chosen.segments)
    crew = _Crew(run, renderer, len(wanted))
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="clip") as pool:
        futures = [pool.submit(crew.attempt, clip) for clip in wanted]
        try:
            results = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    made = [result for result in results if isinstance(result, _Made)]
    errors = [result for result in results if isinstance(result, ProgramFailed)]
    if errors and not made:
        _refuse(errors[0], run.video_id)
    _write_previews(run, made)
    return RenderedClips(
        language=renderer.transcript.language,
        clips=tuple(clip.clip for clip in made),
        failed=tuple(
            FailedClip(
                rank=c.segment.rank,
                title=c.segment.title,
                segment=span(c.segment.start_s, c.segment.end_s),
                why=str(result),
            )
            for c, result in zip(wanted, results, strict=True)
            if isinstance(result, ProgramFailed)
        ),
        empty_reason=None if wanted else chosen.empty_reason or "every clip was dropped",
        burned_in=renderer.burned_in,
        notes=(*renderer.notes, *(note for clip in wanted for note in clip.notes)),
    )


@dataclass(frozen=True)
class _Made:
    """A finished clip, and the artifact of its first shape."""

    clip: Clip
    manifest: Manifest


class _Crew:
    """Makes clips one by one and tells how far all of them are; for several threads."""

    def __init__(self, run: StageRun[ClipOptions], renderer: Renderer, count: int) -> None:
        self.run = run
        self.renderer = renderer
        self.count = count
        self._done: dict[int, float] = {}
        self._expected: dict[int, str] = {}

    def attempt(self, clip: EditedClip) -> _Made | ProgramFailed:
        """A clip, at the second try made plainly; or why there is none."""
        try:
            return self._made(clip, plainly=False)
        except ProgramFailed:
            try:
                return self._made(clip, plainly=True)
            except ProgramFailed as error:
                return error

    def _made(self, clip: EditedClip, *, plainly: bool) -> _Made:
        renderer, segment = self.renderer, clip.segment
        options = renderer.options_for(clip)
        planned = [
            (renderer.plan(clip, variant, options), variant)
            for variant in renderer.variants_for(clip)
        ]
        if plainly:
            planned = [(plain_plan(plan), variant) for plan, variant in planned]
        files = renderer.encode(
            clip,
            planned,
            options,
            partial(self._tell, segment.rank),
            partial(self._expect, segment.rank),
            plainly=plainly,
        )
        self._tell(segment.rank, 1.0)
        return _Made(_clip(clip, planned[0][0], [file for _, file in files]), files[0][0])

    def _tell(self, rank: int, fraction: float) -> None:
        self._done[rank] = fraction
        share = sum(self._done.values()) / self.count
        self.run.progress(share, f"clip {rank} of {self.count}{self._expected.get(rank, '')}")

    def _expect(self, rank: int, estimate: Estimate) -> None:
        megabytes = estimate.size_bytes / 1e6
        self._expected[rank] = f", about {estimate.seconds:.0f} s and {megabytes:.1f} MB"


def _refuse(error: ProgramFailed, video_id: str) -> NoReturn:
    """Say why no clip could be made: the recording, where hardly anything of it decodes."""
    if error.code != _HARDLY_DECODES:
        raise error
    raise InputRejected(
        "does_not_decode",
        "most of its pictures, or of its sound, do not decode where clips would be. "
        "Play it through once, and export it anew",
        name=video_id,
    ) from error


def _write_previews(run: StageRun[ClipOptions], made: Sequence[_Made]) -> None:
    """The posters of all clips on one sheet, and a strip of frames of each."""
    if not made:
        return
    labels = [f"{m.clip.rank}. {m.clip.duration_s:.0f} s, {m.clip.score:.0f}" for m in made]
    posters = [run.artifacts.path(m.manifest.file("poster.jpg")) for m in made]
    poster_sheet(posters, labels, run.new_file("poster_sheet.jpg"))
    for clip in made:
        shown = run.artifacts.path(clip.manifest.file("strip.jpg"))
        shutil.copy(shown, run.new_file(f"strip_{clip.clip.rank:02d}.jpg"))


def all_rendered(document: RenderedClips) -> bool:
    """Whether every clip could be made: one that could not may be another time."""
    return not document.failed


def _clip(made: EditedClip, plan: ClipPlan, files: list[ClipFile]) -> Clip:
    segment, edit = made.segment, made.edit
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
        hashtags=edit.hashtags if edit else None,
        platforms=edit.platforms if edit else None,
        language=edit.language if edit else None,
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
                fingerprint=clip_fingerprint(video_id, c),
            )
            for c in document.clips
        ],
    )


CLIPS = Stage(
    name="rendered_clips",
    version="15",
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
        "edits",
    ),
    whole=all_rendered,
    items=files,
    rows=rows,
    formats=lambda order: len(variants_of(order)),
)
