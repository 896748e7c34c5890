"""The export stages: one per platform, each export an item of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from vidpipe.clips.model import Clip, ClipFile, Measures, RenderedClips
from vidpipe.errors import InputRejected
from vidpipe.exports.conformance import check
from vidpipe.exports.export import copy_for
from vidpipe.exports.model import Export, ExportOptions, PlatformExports
from vidpipe.media import ffmpeg
from vidpipe.pipeline.stage import Order, Stage, StageRun
from vidpipe.platforms.model import preset
from vidpipe.storage.artifacts import DOCUMENT
from vidpipe.storage.keys import Folder


def export_stage(platform: str) -> Stage:
    """The stage that makes every clip's export for one platform."""

    def options(order: Order) -> BaseModel:
        return ExportOptions(preset=preset(platform), channel_title=order.channel.title)

    def work(run: StageRun) -> BaseModel:
        wanted = run.options
        assert isinstance(wanted, ExportOptions)
        clips = run.document("rendered_clips", RenderedClips).clips
        exports = []
        for done, clip in enumerate(clips):
            master = next((f for f in clip.files if f.variant == wanted.preset.variant), None)
            if master is None:
                raise InputRejected(
                    "missing_variant",
                    f"rendered_clips has no {wanted.preset.variant} clips for {platform}: "
                    f"materialise rendered_clips with platform {platform} first",
                    name=run.video_id,
                )
            exports.append(_export(run, clip, master, wanted))
            run.progress((done + 1) / len(clips), f"{platform}: {done + 1} of {len(clips)}")
        return PlatformExports(platform=platform, exports=tuple(exports))

    return Stage(
        name=f"platform_exports/{platform}",
        version="1",
        folder=Folder.EXPORTS,
        inputs=("rendered_clips",),
        document=PlatformExports,
        options=options,
        run=work,
        identity=lambda run: {
            "ffmpeg": ffmpeg.identity(),
            "loudness_lufs": run.order.channel.loudness_lufs,
        },
    )


def _export(run: StageRun, clip: Clip, master: ClipFile, wanted: ExportOptions) -> Export:
    platform = wanted.preset
    found = run.artifacts.find(run.video_id, Folder.CLIPS, master.artifact, master.fingerprint)
    if found is None:
        raise FileNotFoundError(
            f"clip {clip.clip_id} of {run.video_id} is gone from the store: "
            "materialise rendered_clips again"
        )

    def make(work: Path) -> tuple[Mapping[str, Path], Measures]:
        target = work / f"video.{platform.container}"
        source = run.artifacts.path(found.file("clip.mp4"))
        copy_for(source, platform, clip.title, wanted.channel_title, target)
        made = {target.name: target}
        for name in ("poster.jpg", "clip.srt"):
            if found.has(name):
                made[name] = work / name
                made[name].write_bytes(run.artifacts.path(found.file(name)).read_bytes())
        measures = master.measures.model_copy(update={"size_bytes": target.stat().st_size})
        return made, measures

    ingredients = {
        "version": "1",
        "clip": found.file("clip.mp4").sha256,
        "beside": sorted(f.sha256 for f in found.files if f.name not in ("clip.mp4", DOCUMENT)),
        "title": clip.title,
        "artist": wanted.channel_title,
        "preset": platform.model_dump(mode="json"),
    }
    artifact = f"{platform.name}-{clip.clip_id}"
    manifest, _ = run.item(Folder.EXPORTS, artifact, ingredients, make)
    video = manifest.file(f"video.{platform.container}")
    measures = run.artifacts.document(manifest, Measures)
    rules = check(run.artifacts.path(video), platform, measures, run.order.channel.loudness_lufs)
    return Export(
        clip_id=clip.clip_id,
        rank=clip.rank,
        title=clip.title,
        platform=platform.name,
        artifact=artifact,
        fingerprint=manifest.fingerprint,
        key=video.key,
        measures=measures,
        rules=tuple(rules),
    )
