"""A clip in every variant it is wanted in: planned, encoded in one go, looked at, kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from vidpipe.channels.model import Brand, CaptionStyle, Channel
from vidpipe.clips.burned_in import burned_in
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.keeping import cut_s
from vidpipe.clips.measures import measure
from vidpipe.clips.model import (
    ClipFile,
    ClipOptions,
    ClipPlan,
    Encoded,
    FinishedClip,
    Variant,
)
from vidpipe.clips.plan import AudioPicture, plan_audiogram, plan_clip
from vidpipe.clips.poster import write_poster
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import render_clip
from vidpipe.clips.text.captions import clip_words
from vidpipe.clips.text.overlay import drawn_beside, lettering
from vidpipe.errors import Misconfigured
from vidpipe.exports.model import Estimate
from vidpipe.framing.model import CropPath, FramingOptions
from vidpipe.geometry import Rect
from vidpipe.layout.model import Layout
from vidpipe.media import ffmpeg
from vidpipe.media.contact_sheets import strip
from vidpipe.media.encoders import SOFTWARE
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.pipeline.estimates import Watch, encode_prior
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder
from vidpipe.templates.model import CaptionAnimation, Template
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.subtitles import to_srt, to_vtt


class Look(BaseModel):
    """How clips look: a template, and brand and captions as it has them."""

    model_config = ConfigDict(frozen=True)

    brand: Brand
    captions: CaptionStyle
    template: Template


def look_of(channel: Channel, template: Template) -> Look:
    """How clips of a channel look in a template; without what of it changes no picture."""
    brand, captions = channel.styled(template)
    unnamed = template.model_copy(update={"name": "", "description": ""})
    return Look(brand=brand, captions=captions, template=unnamed)


@dataclass(frozen=True)
class Studio:
    """What clips are made with, beside inputs and options.

    Attributes:
        detector: what finds faces. Several threads may use it.
        framing: how faces are followed.
        channel_files: digests of the files that the channel names, by what they are.
        looks: by template, of the segments that have one of their own.
    """

    detector: FaceDetector
    framing: FramingOptions
    channel_files: Mapping[str, str | None]
    looks: Mapping[str, Look]


def brand_files(brand: Brand, captions: CaptionStyle) -> dict[str, str | None]:
    """What the channel's files hold, for fingerprints."""
    files = {
        "logo": brand.logo,
        "music": brand.music,
        "intro": brand.intro,
        "outro": brand.outro,
        "font": captions.font_file,
    }
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path else None
        for name, path in files.items()
    }


#: Part of every clip's fingerprint: changes when the same plan gives another file.
CLIP_VERSION = "11"
#: The same of clips of sound alone.
AUDIOGRAM_VERSION = "2"


#: Of a look what changes no picture by itself.
_NO_LOOK: dict[str, Any] = {"variants": True, "captions": {"over_burned_in"}}


def _passage(segment: Segment) -> Interval:
    """The source time of a segment."""
    return span(segment.start_s, segment.end_s)


def _not_seen(plan: ClipPlan, options: ClipOptions) -> set[str]:
    """What of a plan changes no picture: a title that is not shown may change for nothing."""
    shown: set[str] = {options.brand.title_card}
    if any(part.titled for part in plan.parts):
        shown.add("title")
    if options.template.captions.animation is CaptionAnimation.TWO_TONE:
        shown.add("key_words")
    return {"rank", "score", *({"title", "hook", "key_words"} - shown)}


class Renderer:
    """The inputs of the stage, loaded once for all clips."""

    def __init__(self, run: StageRun[ClipOptions], studio: Studio) -> None:
        self.run = run
        self.studio = studio
        self.options = run.options
        _, self.upload = run.source()
        self.source, self.media = run.recording()
        self.speech = run.document("silence_regions", SpeechMap)
        self.layout = run.document("layout", Layout)
        self.transcript = run.document("transcript", Transcript)
        guessed = self.transcript.draft or self.transcript.word_times == "interpolated"
        self.timed_words = () if guessed else self.transcript.words
        style = self.options.captions
        self.burn = style.enabled and (not self.transcript.draft or style.from_draft)
        self.burned_in = burned_in(self.layout, self.transcript.words)
        self.brand_files = brand_files(self.options.brand, self.options.captions)
        self.encoder = threading.Lock()
        self.cover = run.cover() if self.media.sound_only else None

    def burns(self, passage: Interval) -> bool:
        """Whether captions are drawn in a passage: not where there are some in its picture."""
        theirs = self._theirs(passage)
        return self.burn and (theirs is None or self.options.captions.over_burned_in)

    def _theirs(self, passage: Interval) -> Rect | None:
        """Where captions are burned into a passage, in pixels of the source."""
        found, video = self.burned_in, self.media.video
        if found is None or video is None or not found.holds(passage):
            return None
        return found.rect(video.size)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of all clips."""
        if self.burned_in is None or not self.options.captions.enabled:
            return ()
        return (self.burned_in.told(drawn_over=self.options.captions.over_burned_in),)

    def options_for(self, segment: Segment) -> ClipOptions:
        """The options of the stage, with a segment's own template where it has one."""
        if not segment.template:
            return self.options
        look = self.studio.looks[segment.template]
        return self.options.model_copy(update=dict(look))

    def _drawable(self, segment: Segment, options: ClipOptions) -> Segment:
        """A segment without the title and hook that no font has beside its words.

        They are text of the post as well: a clip is not to fail for their sake. A title that
        only says where the passage is belongs in no picture.
        """
        if segment.untitled:
            segment = segment.model_copy(update={"title": ""})
        spoken = [w for w in self.transcript.words if segment.contains(w.start_s)]
        try:
            text = f"{segment.title} {segment.hook}"
            lettering(spoken if self.burns(_passage(segment)) else (), text, options.captions)
        except Misconfigured:
            return segment.model_copy(update={"title": "", "hook": ""})
        return segment

    def plan(self, segment: Segment, variant: Variant, options: ClipOptions) -> ClipPlan:
        plan = self._planned(self._drawable(segment, options), variant, options)
        return plan.model_copy(update={"language": self.transcript.language})

    def _planned(self, segment: Segment, variant: Variant, options: ClipOptions) -> ClipPlan:
        if self.media.sound_only:
            heard = AudioPicture(
                self.run.video_id, self.speech, self.timed_words, self.layout.duration_s
            )
            return plan_audiogram(heard, segment, options, self.cover)
        with FrameReader(self.source, self.media, max_width=1280) as reader:
            return plan_clip(
                SourceRecording(
                    video_id=self.run.video_id,
                    speech=self.speech,
                    words=self.timed_words,
                    layout=self.layout,
                    reader=reader,
                    detector=self.studio.detector,
                ),
                segment,
                options,
                self.studio.framing,
                variant,
                captions=self.burns(_passage(segment)) and variant.captions,
                kept=self._theirs(_passage(segment)),
            )

    def encode(
        self,
        planned: Sequence[tuple[ClipPlan, Variant]],
        options: ClipOptions,
        on_progress: Callable[[float], None],
        on_estimate: Callable[[Estimate], None],
        *,
        plainly: bool = False,
    ) -> list[tuple[Manifest, ClipFile]]:
        """A clip in every variant, found or made: those that are missing in one go.

        What that will take is told first. `plainly` with nothing that could fail.
        """
        options = plain_options(options) if plainly else options
        edit = planned[0][0].edit
        spoken = clip_words(self.transcript.words, edit)
        wanted = [
            (plan, variant, f"clip-{plan.clip_id}-{variant.name}", self._of(plan, variant, options))
            for plan, variant in planned
        ]
        missing = [
            (plan, variant)
            for plan, variant, artifact, cache_key_inputs in wanted
            if self.run.find_item(Folder.CLIPS, artifact, cache_key_inputs) is None
        ]
        outputs: dict[str, Output] = {}
        watches: list[Watch] = []

        def render_missing(work: Path) -> None:
            watch = self._watch(missing, options)
            watches.append(watch)
            on_estimate(watch.estimate)
            for plan, variant in missing:
                outputs[variant.name] = Output(plan, variant, work / variant.name)
                outputs[variant.name].work.mkdir()
            render_clip(
                self.source,
                self.media,
                list(outputs.values()),
                self.transcript.words if self.burns(planned[0][0].segment) else (),
                options,
                on_progress,
                self.encoder,
                watch.begin,
                self.cover,
            )
            watch.done(sum((o.work / CLIP).stat().st_size for o in outputs.values()))

        def make(variant: Variant) -> Callable[[Path], tuple[Mapping[str, Path], FinishedClip]]:
            def finish(work: Path) -> tuple[Mapping[str, Path], FinishedClip]:
                if not outputs:
                    render_missing(work)
                share = variant.size.rect.area / sum(v.size.rect.area for _, v in missing)
                (watch,) = watches
                encoded = Encoded(
                    estimated_s=watch.estimate.seconds,
                    seconds=watch.seconds,
                    estimated_bytes=round(share * watch.estimate.size_bytes),
                )
                return self._finished(outputs[variant.name], options, spoken, encoded)

            return finish

        files = []
        for _, variant, artifact, cache_key_inputs in wanted:
            manifest, reused = self.run.item(
                Folder.CLIPS, artifact, cache_key_inputs, make(variant)
            )
            finished = self.run.artifacts.document(manifest, FinishedClip)
            file = ClipFile(
                variant=variant.name,
                artifact=artifact,
                fingerprint=manifest.fingerprint,
                captions=self.burns(planned[0][0].segment) and variant.captions and bool(spoken),
                has_subtitles=manifest.has("clip.srt"),
                measures=finished.measures,
                quality=finished.quality,
                plain=plainly,
                reused=reused,
            )
            files.append((manifest, file))
        return files

    def _watch(self, missing: Sequence[tuple[ClipPlan, Variant]], options: ClipOptions) -> Watch:
        """What encoding a clip in these shapes will take."""
        efforts = [(v.size, v.effort(options.tier)) for _, v in missing]

        def prior(clip_s: float) -> Estimate:
            each = [encode_prior(size, e.preset, e.max_kbps)(clip_s) for size, e in efforts]
            return Estimate(
                seconds=round(sum(e.seconds for e in each), 2),
                size_bytes=sum(e.size_bytes for e in each),
            )

        plan = missing[0][0]
        works = _works([v for _, v in missing], options, plan)
        return self.run.estimator.watch(works, plan.clip_id, plan.duration_s, prior)

    def _of(self, plan: ClipPlan, variant: Variant, options: ClipOptions) -> dict[str, Any]:
        """Everything that one file of a clip rests on."""
        spoken = clip_words(self.transcript.words, plan.edit)
        return {
            "version": CLIP_VERSION,
            "source": self.upload.sha256,
            "media": self.media.model_dump(mode="json", include={"video", "audio", "mixed"}),
            "plan": plan.model_dump(mode="json", exclude=_not_seen(plan, options)),
            "variant": variant.model_dump(mode="json"),
            "look": options.model_dump(mode="json", exclude=_NO_LOOK),
            "words": [w.model_dump(mode="json") for w in spoken],
            "captions": self.burns(plan.segment) and variant.captions,
            "fonts": self._fonts(plan, variant, options, spoken),
            "ffmpeg": ffmpeg.identity(),
            **self.brand_files,
            **self._drawn(),
            **self._there_before(plan),
        }

    def _there_before(self, plan: ClipPlan) -> dict[str, Any]:
        """Captions that the clip is looked through for; nothing where there are none."""
        theirs = self._theirs(plan.segment)
        return {"burned_in": theirs.model_dump()} if theirs is not None else {}

    def _drawn(self) -> dict[str, Any]:
        """What a clip of sound alone rests on besides: how it is drawn, and its cover."""
        if not self.media.sound_only:
            return {}
        return {"audiogram": AUDIOGRAM_VERSION, "cover": self.run.cover_digest()}

    def _fonts(
        self, plan: ClipPlan, variant: Variant, options: ClipOptions, spoken: Sequence[Word]
    ) -> list[str]:
        """The fonts that are drawn with, among them installed ones."""
        shown = spoken if self.burns(plan.segment) and variant.captions else ()
        card = drawn_beside(plan, options.brand)
        if not shown and not card:
            return []
        return [font.digest for font in lettering(shown, card, options.captions).fonts]

    def _finished(
        self, output: Output, options: ClipOptions, spoken: Sequence[Word], encoded: Encoded
    ) -> tuple[Mapping[str, Path], FinishedClip]:
        """The files that stand beside a clip, and what it looks and sounds like."""
        clip, work = output.work / CLIP, output.work
        made = {"clip.mp4": clip, "poster.jpg": work / "poster.jpg"}
        brand, lead_s = options.brand, output.plan.lead_s
        write_poster(
            clip,
            self.studio.detector,
            made["poster.jpg"],
            not_before_s=lead_s + (0.0 if brand.title_card == "none" else brand.title_card_s),
            not_after_s=lead_s + output.plan.edit.duration_s,
        )
        made["strip.jpg"] = work / "strip.jpg"
        strip(clip, probe(clip), made["strip.jpg"])
        if spoken:
            for name, written in (("clip.srt", to_srt), ("clip.vtt", to_vtt)):
                made[name] = work / name
                until_s = lead_s + output.plan.edit.duration_s
                text = written(_later(spoken, lead_s), self.transcript.language, until_s)
                made[name].write_text(text, "utf-8")
        looked_at = inspect_clip(
            clip,
            self.source,
            self.media,
            output.plan,
            output.variant,
            self.speech,
            work,
            captions=self.burns(output.plan.segment)
            and output.variant.captions
            and bool(self.transcript.words),
            brand=brand,
            cover=self.cover,
        )
        theirs = self._theirs(output.plan.segment)
        if theirs is not None:
            lost_s = cut_s(output.plan.parts, theirs, float(output.plan.edit.fps))
            looked_at = looked_at.model_copy(update={"cut_captions_s": lost_s})
        return made, FinishedClip(measures=measure(clip), quality=looked_at, encoded=encoded)


def _works(variants: Sequence[Variant], options: ClipOptions, plan: ClipPlan) -> str:
    """The kind of work that an encode is, for estimates: shapes, encoder, what is mostly shown."""
    shown: dict[str, int] = {}
    for part in plan.parts:
        length = part.last_frame - part.first_frame
        shown[part.composition.value] = shown.get(part.composition.value, 0) + length
    mostly = max(shown, key=lambda name: shown[name])
    shapes = "+".join(v.name for v in variants)
    return f"render {shapes} {options.encoder} {options.tier.preset} {mostly}"


def _later(words: Sequence[Word], by_s: float) -> list[Word]:
    """Words on a timeline that begins so much earlier."""
    return [
        w.model_copy(
            update={"start_s": round(w.start_s + by_s, 3), "end_s": round(w.end_s + by_s, 3)}
        )
        for w in words
    ]


def plain(plan: ClipPlan) -> ClipPlan:
    """A plan for a second try: cameras that stand, nothing painted over or cut round."""
    parts = [
        part.model_copy(
            update={
                "inset": None,
                "disc": False,
                "camera": _standing(part.camera),
                "other": _standing(part.other),
            }
        )
        for part in plan.parts
    ]
    return plan.model_copy(update={"parts": tuple(parts), "intro_frames": 0, "outro_frames": 0})


def _standing(path: CropPath | None) -> CropPath | None:
    return path and path.model_copy(update={"points": path.points[:1]})


def plain_options(options: ClipOptions) -> ClipOptions:
    """Options for a second try: no card, bar, logo, music or films, x264 at its fastest."""
    brand = options.brand.model_copy(
        update={
            "logo": None,
            "music": None,
            "intro": None,
            "outro": None,
            "title_card": "none",
            "progress_bar": False,
        }
    )
    tier = options.tier.model_copy(update={"preset": "ultrafast"})
    return options.model_copy(
        update={"brand": brand, "tier": tier, "encoder": SOFTWARE, "reduce": ()}
    )
