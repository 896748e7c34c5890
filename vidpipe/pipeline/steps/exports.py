"""`platform_exports/{platform}`: a stage of each platform, each export an item of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.tables import ExportRow
from vidpipe.clips.model import Clip, ClipFile, Measures, RenderedClips, Variant
from vidpipe.errors import InputRejected
from vidpipe.exports.conformance import check
from vidpipe.exports.export import SOUND_KBPS, choose_method, make_export, make_thumbnail
from vidpipe.exports.facts import measure_file
from vidpipe.exports.model import (
    Export,
    ExportOptions,
    FinishedExport,
    Method,
    PlatformExports,
    Post,
    RefusedExport,
)
from vidpipe.exports.post import write_post
from vidpipe.intake.model import Upload
from vidpipe.media import ffmpeg
from vidpipe.media.encoders import SOFTWARE
from vidpipe.media.loudness import Loudness
from vidpipe.pipeline.estimates import copy_prior, encode_prior, sound_prior
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.pipeline import PerPlatform
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.platforms.model import Tier, TierName, load_tiers
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder

#: Of every platform's stage, and of each of its exports.
_VERSION = "5"
_FAMILY = "platform_exports"
#: What is said first is a description if it is so long: about five words.
_LEAST_SAID = 24
#: Files of a clip that an export takes along as they are.
_BESIDE = ("clip.srt", "clip.vtt")


@dataclass(frozen=True)
class ExportTerms:
    """What is known of a video's exports before they are made.

    Attributes:
        title: what the recording is called in a post; empty where nobody gave it a title.
        file: the name of its file, without what it ends in.
        withheld: the clips that reviewers keep from exports and why, by id.
    """

    title: str
    file: str
    withheld: Mapping[str, str]


@functools.cache
def export_stage(platform: str) -> Stage[ExportOptions, ExportTerms, PlatformExports]:
    """The stage that makes every clip's export for one platform."""

    def options(order: Order) -> ExportOptions:
        channel = order.channel
        return ExportOptions(
            preset=channel.preset(platform),
            tier=load_tiers()[order.tier],
            loudness_lufs=channel.loudness_lufs,
            channel_title=channel.title,
            post=channel.post,
        )

    return Stage(
        name=f"{_FAMILY}/{platform}",
        version=_VERSION,
        folder=Folder.EXPORTS,
        inputs=("rendered_clips",),
        document=PlatformExports,
        options=options,
        run=run_exports,
        prepare=prepare,
        identity=identity,
        reads=("instructions.title",),
        items=lambda document: document.exports,
        rows=rows,
    )


def prepare(order: Order, run: StageRun[ExportOptions]) -> ExportTerms:
    """What the recording is called in a post, and which of its clips reviewers keep back."""
    upload = run.artifacts.document(run.upload, Upload)
    name = upload.name
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    clips = {c.clip_id for c in run.document("rendered_clips", RenderedClips).clips}
    kept_back = {clip: why for clip, why in sorted(order.withheld.items()) if clip in clips}
    title = order.instructions.title or upload.media.title or ""
    return ExportTerms(title, stem, kept_back)


def identity(_: StageRun[ExportOptions], terms: ExportTerms) -> dict[str, Any]:
    """What makes files, what the recording is called, and what is kept back, if anything."""
    named = {"ffmpeg": ffmpeg.identity(), "video": terms.title, "file": terms.file}
    return named | ({"withheld": dict(terms.withheld)} if terms.withheld else {})


def rows(video_id: str, document: PlatformExports) -> Rows:
    """The exports of a video for one platform, for the catalog."""
    return Rows(
        ExportRow,
        {"video_id": video_id, "platform": document.platform},
        [
            ExportRow(
                clip_id=e.clip_id,
                video_id=video_id,
                platform=e.platform,
                key=e.key,
                size_bytes=e.facts.size_bytes,
                duration_s=e.facts.duration_s,
                conforms=e.conforms,
            )
            for e in document.exports
        ],
    )


def run_exports(run: StageRun[ExportOptions], terms: ExportTerms) -> PlatformExports:
    """Every clip as the platform wants it; those that it does not get, and why."""
    options = run.options
    rendered = run.document("rendered_clips", RenderedClips)
    platform = options.preset.name
    exports: list[Export] = []
    refused: list[RefusedExport] = []
    withheld: list[RefusedExport] = []
    wanted = [c for c in rendered.clips if c.platforms is None or platform in c.platforms]
    for done, clip in enumerate(wanted):
        if clip.clip_id in terms.withheld:
            withheld.append(_refused(clip, terms.withheld[clip.clip_id]))
            continue
        exporter = _Exporter(run, terms, clip, rendered.language)
        try:
            exports.append(exporter.export())
        except InputRejected as error:
            if error.reason == "missing_variant":
                raise
            refused.append(_refused(clip, error.message))
        run.progress((done + 1) / len(wanted), f"{platform}: {done + 1} of {len(wanted)}")
    return PlatformExports(
        platform=platform,
        exports=tuple(exports),
        refused=tuple(refused),
        withheld=tuple(withheld),
    )


def _refused(clip: Clip, why: str) -> RefusedExport:
    return RefusedExport(clip_id=clip.clip_id, rank=clip.rank, title=clip.title, why=why)


class _Exporter:
    """One clip for one platform."""

    def __init__(
        self, run: StageRun[ExportOptions], terms: ExportTerms, clip: Clip, language: str
    ) -> None:
        self.run = run
        self.options = run.options
        self.terms = terms
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
        if preset.video is None:
            return files[0]
        tier = _named(self.options.tier)
        ordered = sorted(load_tiers(), key=lambda name: name != tier)
        for name in ordered:
            variant = Variant.of(preset, name).name
            for file in files:
                if file.variant == variant:
                    return file
        wanted = Variant.of(preset, tier).name
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
        cache_key_inputs = {
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

        def make(work: Path) -> tuple[Mapping[str, Path], FinishedExport]:
            return self._make(work, post)

        manifest, _ = run.item(Folder.EXPORTS, artifact, cache_key_inputs, make)
        video = manifest.file(f"video.{preset.file.container}")
        finished = run.artifacts.document(manifest, FinishedExport)
        return Export(
            clip_id=clip.clip_id,
            rank=clip.rank,
            title=clip.title,
            platform=preset.name,
            artifact=artifact,
            fingerprint=manifest.fingerprint,
            key=video.key,
            method=finished.method,
            facts=finished.facts,
            rules=tuple(check(finished.facts, preset, self.options.loudness_lufs)),
        )

    def _make(self, work: Path, post: Post) -> tuple[Mapping[str, Path], FinishedExport]:
        run, options, preset = self.run, self.options, self.options.preset
        source = run.artifacts.path(self.found.file("clip.mp4"))
        measured = self.master.measures
        facts = measure_file(source, _loudness(measured))
        method = choose_method(facts, options)
        kind = f"{method.value} {preset.name}"
        prior = copy_prior(facts.size_bytes)
        if method is Method.SOUND:
            prior = sound_prior(min(preset.audio.max_kbps, SOUND_KBPS))
        if method is Method.TRANSCODE and preset.video is not None:
            kind += f" {SOFTWARE} {options.tier.preset}"
            prior = encode_prior(preset.video.size, options.tier.preset, facts.video_kbps or 0)
        watch = run.estimator.watch(kind, self.clip.clip_id, facts.duration_s, prior)
        target = work / f"video.{preset.file.container}"
        make_export(method, source, facts, options, self.clip.title, target)
        watch.done(target.stat().st_size)
        same_sound = method is Method.COPY
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
        return made, FinishedExport(
            method=method,
            facts=measure_file(target, _loudness(measured) if same_sound else None).model_copy(
                update={"thumbnail_bytes": thumbnail_bytes}
            ),
            estimate=watch.estimate,
            seconds=watch.seconds,
        )

    def _post(self) -> Post:
        clip = self.clip
        fields = post_fields(clip, self.terms, self.options.channel_title)
        return write_post(
            self.options.preset,
            self.options.post,
            fields,
            clip.keyphrases,
            clip.chapters,
            clip.language or self.language,
            clip.duration_s,
            own_tags=clip.hashtags,
        )


def post_fields(clip: Clip, terms: ExportTerms, channel: str) -> dict[str, str]:
    """What the templates of a post may name.

    What is said first stands in for a description where it says something: a few words of it
    are no sentence that a post could stand on.
    """
    return {
        "title": clip.title,
        "hook": clip.hook,
        "description": clip.description or (clip.hook if _says_something(clip.hook) else ""),
        "topic": clip.topic,
        "video": terms.title,
        "file": terms.file,
        "channel": channel,
    }


def _says_something(text: str) -> bool:
    """Whether a text is longer than a few words; letters as wide as two count as two."""
    return sum(1 + (east_asian_width(c) in "WF") for c in text) >= _LEAST_SAID


def _loudness(measures: Measures) -> Loudness:
    """What was measured when the clip was made; a copy has the same."""
    return Loudness(
        integrated_lufs=measures.integrated_lufs,
        true_peak_dbtp=measures.true_peak_dbtp,
        range_lu=0.0,
        threshold_lufs=-70.0,
    )


def _named(tier: Tier) -> TierName:
    """What a tier is called."""
    return next(name for name, known in load_tiers().items() if known == tier)


EXPORTS = PerPlatform(_FAMILY, export_stage)
