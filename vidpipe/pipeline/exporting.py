"""The export stages: one per platform, each export an item of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from vidpipe.clips.model import Clip, ClipFile, Measures, RenderedClips, Variant
from vidpipe.errors import InputRejected
from vidpipe.exports.conformance import check
from vidpipe.exports.export import SOUND_KBPS, make_export, make_thumbnail, way_for
from vidpipe.exports.facts import look_at
from vidpipe.exports.model import (
    Export,
    ExportOptions,
    Finished,
    PlatformExports,
    Post,
    RefusedExport,
    Way,
)
from vidpipe.exports.post import write_post
from vidpipe.intake.model import Upload
from vidpipe.media import ffmpeg
from vidpipe.media.encoders import SOFTWARE
from vidpipe.media.loudness import Loudness
from vidpipe.pipeline.estimates import copy_prior, encode_prior, sound_prior
from vidpipe.pipeline.stage import Order, Stage, StageRun
from vidpipe.platforms.model import load_tiers
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder

#: What the names of export stages begin with.
EXPORTS = "platform_exports/"
_VERSION = "3"
#: Files of a clip that an export takes along as they are.
_BESIDE = ("clip.srt", "clip.vtt")


@functools.cache
def export_stage(platform: str) -> Stage:
    """The stage that makes every clip's export for one platform."""

    def options(order: Order) -> BaseModel:
        channel = order.channel
        return ExportOptions(
            preset=channel.preset(platform),
            tier=load_tiers()[order.tier],
            loudness_lufs=channel.loudness_lufs,
            channel_title=channel.title,
            post=channel.post,
        )

    return Stage(
        name=EXPORTS + platform,
        version=_VERSION,
        folder=Folder.EXPORTS,
        inputs=("rendered_clips",),
        document=PlatformExports,
        options=options,
        run=_platform_exports,
        identity=lambda run: {"ffmpeg": ffmpeg.identity(), "video": _title_of(run)},
    )


def _title_of(run: StageRun) -> str:
    """What the recording is called in a post."""
    name = run.artifacts.document(run.upload, Upload).name
    return run.order.instructions.title or name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _platform_exports(run: StageRun) -> PlatformExports:
    options = run.options
    assert isinstance(options, ExportOptions)
    rendered = run.document("rendered_clips", RenderedClips)
    platform = options.preset.name
    exports: list[Export] = []
    refused: list[RefusedExport] = []
    for done, clip in enumerate(rendered.clips):
        exporter = _Exporter(run, options, clip, rendered.language)
        try:
            exports.append(exporter.export())
        except InputRejected as error:
            if error.reason == "missing_variant":
                raise
            refused.append(
                RefusedExport(
                    clip_id=clip.clip_id, rank=clip.rank, title=clip.title, why=error.message
                )
            )
        run.progress(
            (done + 1) / len(rendered.clips), f"{platform}: {done + 1} of {len(rendered.clips)}"
        )
    return PlatformExports(platform=platform, exports=tuple(exports), refused=tuple(refused))


class _Exporter:
    """One clip for one platform."""

    def __init__(self, run: StageRun, options: ExportOptions, clip: Clip, language: str) -> None:
        self.run = run
        self.options = options
        self.clip = clip
        self.language = language
        self.master = self._master(clip.files)
        found = run.artifacts.find(
            run.video_id, Folder.CLIPS, self.master.artifact, self.master.fingerprint
        )
        if found is None:
            raise FileNotFoundError(
                f"clip {clip.clip_id} of {run.video_id} is gone from the store: "
                "materialise rendered_clips again"
            )
        self.found: Manifest = found

    def _master(self, files: Sequence[ClipFile]) -> ClipFile:
        """The clip's file that this platform takes; of the wanted quality, else of another."""
        preset = self.options.preset
        if preset.picture is None:
            return files[0]
        tiers = load_tiers()
        ordered = sorted(tiers, key=lambda name: name != self.run.order.tier)
        for name in ordered:
            variant = Variant.of(preset, name).name
            for file in files:
                if file.variant == variant:
                    return file
        wanted = Variant.of(preset, self.run.order.tier).name
        raise InputRejected(
            "missing_variant",
            f"rendered_clips has no {wanted} clips for {preset.name}: "
            f"materialise rendered_clips with platform {preset.name} first",
            name=self.run.video_id,
        )

    def export(self) -> Export:
        """Found or made.

        Raises:
            InputRejected: the platform cannot have it; says what to do.
        """
        run, clip, preset = self.run, self.clip, self.options.preset
        post = self._post()
        ingredients = {
            "version": _VERSION,
            "clip": self.found.file("clip.mp4").sha256,
            "beside": sorted(
                f.sha256 for f in self.found.files if f.name in (*_BESIDE, "poster.jpg")
            ),
            "post": post.model_dump(mode="json"),
            "title": clip.title,
            "options": self.options.model_dump(mode="json", exclude={"post"}),
        }
        artifact = f"{preset.name}-{clip.clip_id}"

        def make(work: Path) -> tuple[Mapping[str, Path], Finished]:
            return self._make(work, post)

        manifest, _ = run.item(Folder.EXPORTS, artifact, ingredients, make)
        video = manifest.file(f"video.{preset.file.container}")
        finished = run.artifacts.document(manifest, Finished)
        return Export(
            clip_id=clip.clip_id,
            rank=clip.rank,
            title=clip.title,
            platform=preset.name,
            artifact=artifact,
            fingerprint=manifest.fingerprint,
            key=video.key,
            way=finished.way,
            facts=finished.facts,
            rules=tuple(check(finished.facts, preset, self.options.loudness_lufs)),
        )

    def _make(self, work: Path, post: Post) -> tuple[Mapping[str, Path], Finished]:
        run, options, preset = self.run, self.options, self.options.preset
        source = run.artifacts.path(self.found.file("clip.mp4"))
        measured = self.master.measures
        facts = look_at(source, _loudness(measured))
        way = way_for(facts, options)
        kind = f"{way.value} {preset.name}"
        prior = copy_prior(facts.size_bytes)
        if way is Way.SOUND:
            prior = sound_prior(min(preset.sound.max_kbps, SOUND_KBPS))
        if way is Way.TRANSCODE and preset.picture is not None:
            kind += f" {SOFTWARE} {options.tier.preset}"
            prior = encode_prior(preset.picture.size, options.tier.preset, facts.video_kbps or 0)
        watch = run.estimator.watch(kind, self.clip.clip_id, facts.duration_s, prior)
        target = work / f"video.{preset.file.container}"
        make_export(way, source, facts, options, self.clip.title, target)
        watch.done(target.stat().st_size)
        same_sound = way is Way.COPY
        made = {target.name: target}
        for name in _BESIDE:
            if self.found.has(name):
                made[name] = work / name
                made[name].write_bytes(run.artifacts.path(self.found.file(name)).read_bytes())
        thumbnail_bytes = None
        if self.found.has("poster.jpg"):
            made["poster.jpg"] = work / "poster.jpg"
            poster = run.artifacts.path(self.found.file("poster.jpg"))
            make_thumbnail(poster, preset, made["poster.jpg"])
            thumbnail_bytes = made["poster.jpg"].stat().st_size
        made["post.json"] = work / "post.json"
        made["post.json"].write_text(post.model_dump_json(indent=2) + "\n", "utf-8")
        return made, Finished(
            way=way,
            facts=look_at(target, _loudness(measured) if same_sound else None).model_copy(
                update={"thumbnail_bytes": thumbnail_bytes}
            ),
            estimate=watch.estimate,
            seconds=watch.seconds,
        )

    def _post(self) -> Post:
        clip = self.clip
        fields = {
            "title": clip.title,
            "hook": clip.hook,
            "description": clip.description or clip.hook,
            "topic": clip.topic,
            "video": _title_of(self.run),
            "channel": self.run.order.channel.title,
        }
        return write_post(
            self.options.preset,
            self.options.post,
            fields,
            clip.keyphrases,
            clip.chapters,
            self.language,
            clip.duration_s,
        )


def _loudness(measures: Measures) -> Loudness:
    """What was measured when the clip was made; a copy has the same."""
    return Loudness(
        integrated_lufs=measures.integrated_lufs,
        true_peak_dbtp=measures.true_peak_dbtp,
        range_lu=0.0,
        threshold_lufs=-70.0,
    )
