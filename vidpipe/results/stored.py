"""What became of a video, read from the store: the same whoever processed it, and when."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidpipe.clips.model import Clip, ClipFile, FinishedClip, RenderedClips
from vidpipe.content.model import Content
from vidpipe.costs import units
from vidpipe.errors import Misconfigured
from vidpipe.exports.model import Export, FinishedExport, PlatformExports
from vidpipe.intake.identity import slug
from vidpipe.intake.model import SourceVideo
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.results.model import (
    ClipResult,
    CompositionResult,
    CostResult,
    ExportResult,
    Results,
    SegmentResult,
    StageTiming,
    TopicResult,
    VideoResult,
)
from vidpipe.segments.model import Segments
from vidpipe.storage.artifacts import Manifest, Model, StoredFile
from vidpipe.storage.keys import Folder, folder_prefix
from vidpipe.transcript.model import Transcript

CHAPTERS = "chapters.txt"
_OF_PLATFORM = f"{EXPORTS.name}/"
#: Artifacts without which there are no results.
_NEEDED = ("source_video", "transcript", "topics", "scored_segments", "rendered_clips")
#: Of what was measured on an export, what goes into the results.
_FACTS = {
    "width",
    "height",
    "fps",
    "duration_s",
    "size_bytes",
    "integrated_lufs",
    "true_peak_dbtp",
}


class NotReady(Misconfigured):
    """A video has no results yet; the message says which stage is missing and what to do."""


@dataclass(frozen=True)
class StoredResults:
    """The results of a video and the stored files behind them.

    Attributes:
        results: as they are in `results.json`.
        files: every file that the results name, by that name.
    """

    results: Results
    files: Mapping[str, StoredFile]


def stored_results(
    engine: Engine,
    video_id: str,
    *,
    made: Mapping[str, Manifest] | None = None,
    timings: Sequence[StageTiming] | None = None,
    taken: Callable[[str], bool] = lambda _: False,
) -> StoredResults:
    """The results of a video.

    Args:
        engine: store and catalog.
        video_id: of the video.
        made: its artifacts by name, where a run knows which it made or found; by default those
            that are current.
        timings: what each stage took, by default as the catalog has it of the newest runs.
        taken: whether a file may not be called so, as something else is.

    Raises:
        NotReady: a stage that the results need was never run.
        FileNotFoundError: a clip or an export is no longer stored.
    """
    if made is None:
        made = _current(engine, video_id)
    missing = [name for name in _NEEDED if name not in made]
    if missing:
        raise NotReady(
            f"{video_id} has no results yet: {missing[0]} was never made. Run the video, or wait "
            "for its run; `vidpipe status` says where it stands"
        )
    documents = _Documents(engine, made)
    clips = documents.of("rendered_clips", RenderedClips)
    exports = {
        name: documents.of(name, PlatformExports) for name in made if name.startswith(_OF_PLATFORM)
    }
    named = _Names(taken)
    # What was exported of other clips, before these were made, is no result of theirs.
    current = {clip.clip_id for clip in clips.clips}
    placed = [
        _export(engine, video_id, export, named)
        for document in exports.values()
        for export in document.exports
        if export.clip_id in current
    ]
    topics = made["topics"]
    chapters = None
    if topics.has(CHAPTERS) and not taken(CHAPTERS):
        chapters = CHAPTERS
        named.files[CHAPTERS] = topics.file(CHAPTERS)
    content = documents.of("topics", Content)
    segments = documents.of("scored_segments", Segments)
    results = Results(
        video=_video(video_id, documents, clips, _cost(engine, video_id)),
        topics=tuple(
            TopicResult(**t.model_dump(include=set(TopicResult.model_fields)))
            for t in content.topics
        ),
        chapters=chapters,
        segments=tuple(
            SegmentResult(**s.model_dump(include=set(SegmentResult.model_fields)))
            for s in segments.segments
        ),
        clips=tuple(_clip(engine, video_id, c) for c in clips.clips),
        exports=tuple(placed),
        failed=tuple(f"{f.rank}. {f.title}: {f.why}" for f in clips.failed),
        refused=tuple(
            f"{document.platform}: {f.rank}. {f.title}: {f.why}"
            for document in exports.values()
            for f in (*document.refused, *document.withheld)
        ),
        empty_reason=clips.empty_reason,
        timings=tuple(timings if timings is not None else _timings(engine, video_id, made)),
    )
    return StoredResults(results, named.files)


@dataclass(frozen=True)
class _Documents:
    """The typed results of a video's stages."""

    engine: Engine
    made: Mapping[str, Manifest]

    def of(self, name: str, model: type[Model]) -> Model:
        return self.engine.artifacts.document(self.made[name], model)


class _Names:
    """What the files of exports are called: no two alike, and none that is taken."""

    def __init__(self, taken: Callable[[str], bool]) -> None:
        self._taken = taken
        self.files: dict[str, StoredFile] = {}

    def give(self, stem: str, wanted: Mapping[str, StoredFile]) -> dict[str, str]:
        """Names for files that belong together, by their endings: one stem for all of them.

        Raises:
            FileNotFoundError: never; numbers do not end.
        """
        number = 1
        while True:
            base = stem if number == 1 else f"{stem}-{number}"
            names = {ending: base + ending for ending in wanted}
            if not any(self._taken(n) or n in self.files for n in names.values()):
                break
            number += 1
        self.files.update({names[ending]: item for ending, item in wanted.items()})
        return names


def _current(engine: Engine, video_id: str) -> dict[str, Manifest]:
    """The current artifacts of a video: of its stages, and of each platform it was exported for.

    Platforms are read from the store: what the channel wants by now may be others.
    """
    found = ((name, engine.manifest(video_id, name)) for name in engine.pipeline.names())
    return {
        **{name: manifest for name, manifest in found if manifest is not None},
        **exported(engine, video_id),
    }


def exported(engine: Engine, video_id: str) -> dict[str, Manifest]:
    """What a video was exported as, by `platform_exports/{platform}`, in order of name."""
    keys = [
        item.key
        for item in engine.store.list(folder_prefix(video_id, Folder.EXPORTS))
        if item.key.endswith(".current.json")
    ]
    found = (engine.artifacts.manifest_at(key) for key in sorted(keys))
    return {m.artifact: m for m in found if m is not None and m.artifact.startswith(_OF_PLATFORM)}


def _timings(engine: Engine, video_id: str, made: Collection[str]) -> list[StageTiming]:
    """What the newest run of each stage took."""
    rows = {row.stage: row for row in engine.catalog.stages(video_id)}
    return [
        StageTiming(stage=name, wall_s=rows[name].wall_s, reused=rows[name].reused)
        for name in made
        if name in rows
    ]


def _cost(engine: Engine, video_id: str) -> CostResult | None:
    """What a video cost until now; None where nothing was booked."""
    sums = engine.accountant.rows.sums("currency", channels=None, where={"video_id": video_id})
    if not sums:
        return None
    [spent] = sums[:1]
    return CostResult(
        currency=spent.currency,
        services=f"{units(spent.outside):f}",
        own_work=f"{units(spent.local):f}",
    )


def _video(
    video_id: str, documents: _Documents, clips: RenderedClips, cost: CostResult | None
) -> VideoResult:
    source = documents.of("source_video", SourceVideo)
    transcript = documents.of("transcript", Transcript)
    media = source.media
    return VideoResult(
        id=video_id,
        name=source.name,
        duration_s=round(media.duration_s, 3),
        width=media.video.width if media.video else None,
        height=media.video.height if media.video else None,
        fps=media.video.fps if media.video else None,
        transcript_source=transcript.source,
        transcript_draft=transcript.draft,
        word_times=transcript.word_times,
        language=transcript.language,
        detected_language=transcript.detected_language,
        transcript_cost=transcript.cost,
        speech_without_words_s=(
            transcript.quality.speech_without_words_s if transcript.quality else 0.0
        ),
        repaired=(
            *(
                [f"subtitles moved by {transcript.moved_s:+.2f} s to where somebody speaks"]
                if transcript.moved_s
                else []
            ),
            *(f"{f.kind}: {f.count}" for f in transcript.flags),
        ),
        skipped_sources=tuple(f"{p.source}: {p.reason}" for p in transcript.skipped_sources),
        cost=cost,
        notes=(*source.notes, *timing_notes(transcript), *clips.notes),
    )


def timing_notes(transcript: Transcript) -> list[str]:
    """What a person is to look at, as nothing here could tell it."""
    if transcript.timing_told:
        return []
    return [
        "whether the subtitles beside it are early or late could not be told: people speak almost "
        "as much elsewhere. Look at the captions of one clip; align the file, or leave it away"
    ]


def _clip(engine: Engine, video_id: str, clip: Clip) -> ClipResult:
    first = clip.files[0]
    master = _item(engine, video_id, Folder.CLIPS, first)
    made = [
        engine.artifacts.document(_item(engine, video_id, Folder.CLIPS, file), FinishedClip)
        for file in clip.files
    ]
    rate = sum(k.duration_s for k in clip.kept) / clip.parts[-1].last_frame
    return ClipResult(
        id=clip.clip_id,
        segment=clip.rank,
        duration_s=clip.duration_s,
        kept=clip.kept,
        compositions=tuple(
            CompositionResult(
                start_s=round(clip.lead_s + p.first_frame * rate, 3),
                end_s=round(clip.lead_s + p.last_frame * rate, 3),
                composition=p.composition.value,
            )
            for p in clip.parts
        ),
        captions=clip.files[0].captions,
        estimated_s=max(m.encoded.estimated_s for m in made),
        encoded_s=max(m.encoded.seconds for m in made),
        estimated_bytes=sum(m.encoded.estimated_bytes for m in made),
        size_bytes=sum(m.measures.size_bytes for m in made),
        issues=tuple(dict.fromkeys(o for f in clip.files for o in f.quality.issues)),
        master=master.file("clip.mp4").key,
    )


def _export(engine: Engine, video_id: str, export: Export, named: _Names) -> ExportResult:
    manifest = _item(engine, video_id, Folder.EXPORTS, export)
    finished = engine.artifacts.document(manifest, FinishedExport)
    video = next(f for f in manifest.files if f.name.startswith("video."))
    suffix = Path(video.name).suffix
    beside = {
        ".srt": "clip.srt",
        ".vtt": "clip.vtt",
        ".json": "post.json",
        ".jpg": "poster.jpg",
    }
    names = named.give(
        f"{export.platform}/{export.rank:02d}-{slug(export.title, 60)}",
        {
            suffix: video,
            **{ending: manifest.file(n) for ending, n in beside.items() if manifest.has(n)},
        },
    )
    return ExportResult(
        clip=export.clip_id,
        platform=export.platform,
        file=names[suffix],
        key=video.key,
        subtitles=names.get(".srt"),
        captions=names.get(".vtt"),
        thumbnail=names.get(".jpg"),
        post=names.get(".json"),
        method=export.method.value,
        estimated_s=finished.estimate.seconds,
        seconds=finished.seconds,
        estimated_bytes=finished.estimate.size_bytes,
        **export.facts.model_dump(include=_FACTS),
        conforms=export.conforms,
        problems=tuple(
            f"{r.rule}: {r.measured}, wanted {r.wanted}" for r in export.rules if not r.ok
        ),
    )


def _item(engine: Engine, video_id: str, folder: Folder, item: ClipFile | Export) -> Manifest:
    """What was made of one clip or export, also where retention took its files."""
    found = engine.artifacts.manifest(video_id, folder, item.artifact, item.fingerprint)
    if found is None:
        raise FileNotFoundError(
            errno.ENOENT, f"{item.artifact} of {video_id} is gone from the store"
        )
    return found
