"""What the pages show, read from catalog and store."""

from __future__ import annotations

from dataclasses import dataclass

from vidpipe.catalog.tables import Video
from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.exports.model import Export, PlatformExports, Post
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.segments.model import Segment, Segments
from vidpipe.storage.artifacts import Manifest


@dataclass(frozen=True)
class ShownExport:
    """One export: its file by key, what is written beside it."""

    export: Export
    post: Post | None
    subtitles: str | None


@dataclass(frozen=True)
class ShownClip:
    """One clip to watch, and its exports; no film when retention took every file of it."""

    clip: Clip
    segment: Segment | None
    film: str | None
    poster: str | None
    exports: tuple[ShownExport, ...]


@dataclass(frozen=True)
class VideoPage:
    """One video: its clips, best first, and why there are none."""

    video: Video
    contact_sheet: str | None
    chapters: str
    clips: tuple[ShownClip, ...]
    nothing: str


def video_page(engine: Engine, video_id: str) -> VideoPage | None:
    """Everything that a page about a video shows; None when there is none of this id."""
    video = engine.catalog.video(video_id)
    if video is None:
        return None
    source = engine.manifest(video_id, "source_video")
    sheet = source.file("contact_sheet.jpg").key if source else None
    rendered = engine.manifest(video_id, CLIPS.name)
    clips: tuple[ShownClip, ...] = ()
    nothing = "Its clips are not made yet."
    if rendered is not None:
        document = engine.artifacts.document(rendered, RenderedClips)
        exports = _exports(engine, video_id)
        segments = _segments(engine, video_id)
        shown = [_clip(engine, video_id, clip, segments, exports) for clip in document.clips]
        clips = tuple(item for item in shown if item is not None)
        nothing = document.empty_reason or "Its clips are not stored any more."
    return VideoPage(video, sheet, _chapters(engine, video_id), clips, nothing)


def _chapters(engine: Engine, video_id: str) -> str:
    topics = engine.manifest(video_id, "topics")
    if topics is None or not topics.has("chapters.txt"):
        return ""
    body = engine.store.get_bytes(topics.file("chapters.txt").key)
    return (body or b"").decode()


def _exports(engine: Engine, video_id: str) -> list[Export]:
    found: list[Export] = []
    for platform in sorted({row.platform for row in engine.catalog.exports(video_id)}):
        manifest = engine.manifest(video_id, EXPORTS.of(platform).name)
        if manifest is not None:
            found += engine.artifacts.document(manifest, PlatformExports).exports
    return found


def _segments(engine: Engine, video_id: str) -> tuple[Segment, ...]:
    manifest = engine.manifest(video_id, "scored_segments")
    return engine.artifacts.document(manifest, Segments).segments if manifest else ()


def _clip(
    engine: Engine,
    video_id: str,
    clip: Clip,
    segments: tuple[Segment, ...],
    exports: list[Export],
) -> ShownClip | None:
    file = clip.files[0]
    made = engine.item(video_id, CLIPS, file)
    if made is None:
        return None
    own = [e for e in exports if e.clip_id == clip.clip_id]
    # Retention may have taken the clip itself, and left what it was exported as.
    films = (made.file("clip.mp4").key, *(e.key for e in own))
    return ShownClip(
        clip=clip,
        segment=next((s for s in segments if s.rank == clip.rank and s.title == clip.title), None),
        film=next((key for key in films if engine.store.head(key) is not None), None),
        poster=_key(made, "poster.jpg"),
        exports=tuple(_export(engine, video_id, item) for item in own),
    )


def _export(engine: Engine, video_id: str, item: Export) -> ShownExport:
    made = engine.item(video_id, EXPORTS.of(item.platform), item)
    post = None
    if made is not None and made.has("post.json"):
        body = engine.store.get_bytes(made.file("post.json").key)
        post = Post.model_validate_json(body) if body is not None else None
    return ShownExport(item, post, _key(made, "clip.srt") if made else None)


def _key(manifest: Manifest, name: str) -> str | None:
    return manifest.file(name).key if manifest.has(name) else None
