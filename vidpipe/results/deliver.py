"""Writing a video's exports into somebody's folder, without touching what is theirs."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.content.model import Content
from vidpipe.errors import Misconfigured
from vidpipe.exports.model import Export, Finished, PlatformExports
from vidpipe.intake.identity import slug
from vidpipe.intake.model import SourceVideo
from vidpipe.pipeline.engine import Engine, StageResult
from vidpipe.results.model import (
    ClipResult,
    CompositionResult,
    ExportResult,
    Results,
    SegmentResult,
    StageTiming,
    TopicResult,
    VideoResult,
)
from vidpipe.segments.model import Segments
from vidpipe.storage.files import copy_whole, write_whole
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import Transcript

RESULTS = "results.json"
_CHAPTERS = "chapters.txt"
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


def check_folder(folder: Path, platforms: Sequence[str]) -> None:
    """Whether results can be written into a folder: asked before any work.

    Raises:
        Misconfigured: it cannot be written, is no folder, or what would be written into it
            leads somewhere else by a symbolic link; says which.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"--out {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misconfigured(f"--out {folder}: it may not be written to")
    if (folder / RESULTS).is_dir():
        raise Misconfigured(f"{folder / RESULTS} is a folder; it is to be a file of results")
    for platform in platforms:
        _inside(folder, folder / platform)


def _inside(folder: Path, path: Path) -> Path:
    """The path, unless a link leads it out of the folder.

    Raises:
        Misconfigured: it does.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise Misconfigured(
            f"{path} is a symbolic link that leads out of {folder}: remove it, or give another "
            "folder with --out"
        )
    return path


def deliver(engine: Engine, video_id: str, ran: Sequence[StageResult], folder: Path) -> Results:
    """Copy exports, subtitles and thumbnails into `folder`, `results.json` last.

    Replaces and removes only files that the old `results.json` names.

    Raises:
        Misconfigured: a link in the folder leads out of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = _files_of(_old(folder))
    exports: list[ExportResult] = []
    for result in ran:
        if isinstance(result.document, PlatformExports):
            exports += [
                _place(engine, video_id, export, folder, ours) for export in result.document.exports
            ]
    chapters = _place_chapters(engine, ran, folder, ours)
    results = _results(engine, video_id, ran, exports, chapters)
    for name in sorted(ours - _files_of(results)):
        parent = _inside(folder, (folder / name).parent)
        (folder / name).unlink(missing_ok=True)
        if parent != folder and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
    write_whole(folder / RESULTS, results.model_dump_json(indent=2).encode() + b"\n")
    return results


def folder_for(folder: Path, video_id: str) -> tuple[Path, str]:
    """`folder`, or the first of `folder-2`, `folder-3` … that holds no other recording's clips.

    Also the name of the recording whose clips are in `folder`; empty where they are none, or
    this one's.
    """
    old = _old(folder)
    if old is None or old.video.id == video_id:
        return folder, ""
    for number in itertools.count(2):
        other = folder.with_name(f"{folder.name}-{number}")
        there = _old(other)
        if there is None or there.video.id == video_id:
            return other, old.video.name
    raise AssertionError("there is no end of numbers")


def _old(folder: Path) -> Results | None:
    """What was delivered here before; None where nothing, or nothing that can be read, was."""
    path = folder / RESULTS
    try:
        # Its names say what may be replaced and removed: not somebody else's by a link.
        return None if path.is_symlink() else Results.model_validate_json(path.read_bytes())
    except ValidationError:
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return None
        raise


def _files_of(results: Results | None) -> set[str]:
    if results is None:
        return set()
    named = {
        f
        for e in results.exports
        for f in (e.file, e.subtitles, e.captions, e.thumbnail, e.post)
        if f
    }
    if results.chapters:
        named.add(results.chapters)
    # A results.json that somebody edited must not make us touch anything elsewhere.
    return {n for n in named if not Path(n).is_absolute() and ".." not in Path(n).parts}


def _place(
    engine: Engine, video_id: str, export: Export, folder: Path, ours: set[str]
) -> ExportResult:
    manifest = engine.artifacts.find(video_id, Folder.EXPORTS, export.artifact, export.fingerprint)
    if manifest is None:
        raise FileNotFoundError(f"export {export.artifact} of {video_id} is gone from the store")
    finished = engine.artifacts.document(manifest, Finished)
    video = next(f for f in manifest.files if f.name.startswith("video."))
    suffix = Path(video.name).suffix
    stem = f"{export.rank:02d}-{slug(export.title, 60)}"
    number = 1
    while True:
        base = f"{export.platform}/{stem}" + (f"-{number}" if number > 1 else "")
        wanted = {video.name: base + suffix}
        for name, ending in (("clip.srt", ".srt"), ("clip.vtt", ".vtt"), ("post.json", ".json")):
            if manifest.has(name):
                wanted[name] = base + ending
        if manifest.has("poster.jpg"):
            wanted["poster.jpg"] = base + ".jpg"
        if all(n in ours or not (folder / n).exists() for n in wanted.values()):
            break
        number += 1
    for name, target in wanted.items():
        _inside(folder, (folder / target).parent)
        copy_whole(engine.artifacts.path(manifest.file(name)), folder / target)
    return ExportResult(
        clip=export.clip_id,
        platform=export.platform,
        file=wanted[video.name],
        subtitles=wanted.get("clip.srt"),
        captions=wanted.get("clip.vtt"),
        thumbnail=wanted.get("poster.jpg"),
        post=wanted.get("post.json"),
        way=export.way.value,
        estimated_s=finished.estimate.seconds,
        seconds=finished.seconds,
        estimated_bytes=finished.estimate.size_bytes,
        **export.facts.model_dump(include=_FACTS),
        conforms=export.conforms,
        problems=tuple(
            f"{r.rule}: {r.measured}, wanted {r.wanted}" for r in export.rules if not r.ok
        ),
    )


def _place_chapters(
    engine: Engine, ran: Sequence[StageResult], folder: Path, ours: set[str]
) -> str | None:
    """`chapters.txt`, unless there are none or somebody has a file of that name there."""
    manifest = next(r.manifest for r in ran if r.stage == "topics")
    taken = (folder / _CHAPTERS).exists() and _CHAPTERS not in ours
    if not manifest.has(_CHAPTERS) or taken:
        return None
    copy_whole(engine.artifacts.path(manifest.file(_CHAPTERS)), folder / _CHAPTERS)
    return _CHAPTERS


def _results(
    engine: Engine,
    video_id: str,
    ran: Sequence[StageResult],
    exports: Sequence[ExportResult],
    chapters: str | None,
) -> Results:
    documents = {r.stage: r.document for r in ran}
    source, transcript = documents["source_video"], documents["transcript"]
    segments, clips = documents["scored_segments"], documents["rendered_clips"]
    content = documents["topics"]
    assert isinstance(content, Content)
    assert isinstance(source, SourceVideo) and isinstance(transcript, Transcript)
    assert isinstance(segments, Segments) and isinstance(clips, RenderedClips)
    media = source.media
    return Results(
        video=VideoResult(
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
            heard_language=transcript.heard_language,
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
            passed_over=tuple(f"{p.source}: {p.reason}" for p in transcript.passed_over),
            notes=(*source.notes, *_of_timing(transcript), *clips.notes),
        ),
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
        exports=tuple(exports),
        failed=tuple(f"{f.rank}. {f.title}: {f.why}" for f in clips.failed),
        refused=tuple(
            f"{document.platform}: {f.rank}. {f.title}: {f.why}"
            for document in documents.values()
            if isinstance(document, PlatformExports)
            for f in document.refused
        ),
        nothing=clips.nothing,
        timings=tuple(
            StageTiming(stage=r.stage, wall_s=round(r.wall_s, 3), reused=r.reused) for r in ran
        ),
    )


def _of_timing(transcript: Transcript) -> list[str]:
    """What a person is to look at, as nothing here could tell it."""
    if transcript.timing_told:
        return []
    return [
        "whether the subtitles beside it are early or late could not be told: people speak almost "
        "as much elsewhere. Look at the captions of one clip; align the file, or leave it away"
    ]


def _clip(engine: Engine, video_id: str, clip: Clip) -> ClipResult:
    first = clip.files[0]
    master = engine.artifacts.find(video_id, Folder.CLIPS, first.artifact, first.fingerprint)
    if master is None:
        raise FileNotFoundError(f"clip {clip.clip_id} of {video_id} is gone from the store")
    made = [engine.finished_clip(video_id, file) for file in clip.files]
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
        objections=tuple(dict.fromkeys(o for f in clip.files for o in f.quality.objections)),
        master=master.file("clip.mp4").key,
    )
