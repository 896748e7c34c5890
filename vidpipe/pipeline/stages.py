"""The stages of a video, as data."""

from __future__ import annotations

from vidpipe.clips.model import RenderedClips
from vidpipe.content.model import Content
from vidpipe.intake.model import SourceVideo
from vidpipe.layout.model import Layout
from vidpipe.models import carried_model
from vidpipe.pipeline import analysis, rendering
from vidpipe.pipeline.exporting import EXPORTS, export_stage
from vidpipe.pipeline.stage import Stage
from vidpipe.segments.model import Segments
from vidpipe.silence.model import AudioTrack, SpeechMap
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import Transcript

#: The stages up to the clips; exports follow, one for each platform.
STAGES: tuple[Stage, ...] = (
    Stage(
        name="source_video",
        version="3",
        folder=Folder.FRAMES,
        inputs=(),
        document=SourceVideo,
        options=analysis.source_options,
        run=analysis.source_video,
        identity=analysis.cover_identity,
    ),
    Stage(
        name="audio",
        version="2",
        folder=Folder.AUDIO,
        inputs=("source_video",),
        document=AudioTrack,
        options=analysis.no_options,
        run=analysis.audio,
    ),
    Stage(
        name="silence_regions",
        version="2",
        folder=Folder.ANALYSIS,
        inputs=("audio",),
        document=SpeechMap,
        options=lambda order: order.settings.silence,
        run=analysis.silence,
        identity=lambda _: {"vad": carried_model("silero-vad").identity},
    ),
    Stage(
        name="transcript",
        version=analysis.TRANSCRIPT_VERSION,
        folder=Folder.ANALYSIS,
        inputs=("audio", "silence_regions", "sidecar"),
        document=Transcript,
        options=analysis.transcript_request,
        run=analysis.transcript,
        identity=analysis.transcript_identity,
    ),
    Stage(
        name="layout",
        version="7",
        folder=Folder.ANALYSIS,
        inputs=("source_video", "sidecar"),
        document=Layout,
        options=lambda order: order.settings.layout,
        run=analysis.layout,
        identity=analysis.layout_identity,
    ),
    Stage(
        name="topics",
        version="5",
        folder=Folder.ANALYSIS,
        inputs=("transcript", "silence_regions", "layout", "audio"),
        document=Content,
        options=lambda order: order.settings.content,
        run=analysis.topics,
        identity=analysis.topics_identity,
    ),
    Stage(
        name="scored_segments",
        version="6",
        folder=Folder.ANALYSIS,
        inputs=("topics", "transcript", "silence_regions", "layout", "sidecar"),
        document=Segments,
        options=analysis.segment_options,
        run=analysis.segments,
        identity=analysis.segments_identity,
        whole=analysis.editor_answered,
    ),
    Stage(
        name="rendered_clips",
        version="10",
        folder=Folder.CLIPS,
        inputs=("scored_segments", "transcript", "silence_regions", "layout", "source_video"),
        document=RenderedClips,
        options=rendering.clip_options,
        run=rendering.rendered_clips,
        identity=rendering.clips_identity,
        whole=rendering.all_rendered,
    ),
)

_BY_NAME = {item.name: item for item in STAGES}


def stage(name: str) -> Stage:
    """One stage by name; each platform has one, `platform_exports/{platform}`."""
    if name.startswith(EXPORTS):
        return export_stage(name.removeprefix(EXPORTS))
    return _BY_NAME[name]


def stage_names(platforms: tuple[str, ...]) -> list[str]:
    """The stages of one video in order, with exports for these platforms."""
    return [*_BY_NAME, *(EXPORTS + platform for platform in platforms)]
