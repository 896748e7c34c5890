"""A clip in every variant it is wanted in: planned, encoded in one go, looked at, kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

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
from vidpipe.geometry import Rect
from vidpipe.layout.model import Layout
from vidpipe.media import ffmpeg
from vidpipe.media.contact_sheets import strip
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.pipeline.estimates import Watch, encode_prior
from vidpipe.pipeline.rendering.fallback import plain_options
from vidpipe.pipeline.rendering.job import ClipShape, EncodeJob
from vidpipe.pipeline.rendering.studio import Studio, brand_files
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder
from vidpipe.templates.model import CaptionAnimation
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.subtitles import to_srt, to_vtt

#: Part of every clip's fingerprint: changes when the same plan gives another file.
CLIP_VERSION = "12"
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
        shapes = [
            ClipShape(
                plan,
                variant,
                f"clip-{plan.clip_id}-{variant.name}",
                self._of(plan, variant, options),
            )
            for plan, variant in planned
        ]
        missing = [
            shape
            for shape in shapes
            if self.run.find_item(Folder.CLIPS, shape.artifact, shape.cache_key_inputs) is None
        ]
        job = EncodeJob(self, missing, options, on_progress, on_estimate)
        return [self._kept(shape, job, plainly=plainly) for shape in shapes]

    def _kept(
        self, shape: ClipShape, job: EncodeJob, *, plainly: bool
    ) -> tuple[Manifest, ClipFile]:
        """One shape of a clip in the store; a job makes it where it is missing."""
        manifest, reused = self.run.item(
            Folder.CLIPS, shape.artifact, shape.cache_key_inputs, partial(job.made, shape)
        )
        finished = self.run.artifacts.document(manifest, FinishedClip)
        file = ClipFile(
            variant=shape.variant.name,
            artifact=shape.artifact,
            fingerprint=manifest.fingerprint,
            captions=self.captioned(shape) and bool(self.spoken(shape.plan)),
            has_subtitles=manifest.has("clip.srt"),
            measures=finished.measures,
            quality=finished.quality,
            plain=plainly,
            reused=reused,
        )
        return manifest, file

    def captioned(self, shape: ClipShape) -> bool:
        """Whether captions are drawn in a shape, if anything is said."""
        return self.burns(shape.plan.segment) and shape.variant.captions

    def spoken(self, plan: ClipPlan) -> list[Word]:
        """What is said in a clip, on its timeline."""
        return clip_words(self.transcript.words, plan.edit)

    def render(
        self,
        outputs: Sequence[Output],
        options: ClipOptions,
        on_progress: Callable[[float], None],
        on_encode: Callable[[], None],
    ) -> None:
        """Encode the shapes of one clip, while no other is encoded."""
        render_clip(
            self.source,
            self.media,
            outputs,
            self.transcript.words if self.burns(outputs[0].plan.segment) else (),
            options,
            on_progress,
            self.encoder,
            on_encode,
            self.cover,
        )

    def watch(self, shapes: Sequence[ClipShape], options: ClipOptions) -> Watch:
        """What encoding a clip in these shapes will take."""
        efforts = [(s.variant.size, s.variant.effort(options.tier)) for s in shapes]

        def prior(clip_s: float) -> Estimate:
            each = [encode_prior(size, e.preset, e.max_kbps)(clip_s) for size, e in efforts]
            return Estimate(
                seconds=round(sum(e.seconds for e in each), 2),
                size_bytes=sum(e.size_bytes for e in each),
            )

        plan = shapes[0].plan
        works = _works([s.variant for s in shapes], options, plan)
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
        return lettering(shown, card, options.captions).digests

    def finished(
        self, output: Output, options: ClipOptions, encoded: Encoded
    ) -> tuple[Mapping[str, Path], FinishedClip]:
        """The files that stand beside a clip, and what it looks and sounds like."""
        clip, plan = output.work / CLIP, output.plan
        made = {"clip.mp4": clip, **self._pictures(output, options), **self._subtitles(output)}
        quality = inspect_clip(
            clip,
            self.source,
            self.media,
            plan,
            output.variant,
            self.speech,
            output.work,
            captions=self.burns(plan.segment)
            and output.variant.captions
            and bool(self.transcript.words),
            brand=options.brand,
            cover=self.cover,
        )
        theirs = self._theirs(plan.segment)
        if theirs is not None:
            lost_s = cut_s(plan.parts, theirs, float(plan.edit.fps))
            quality = quality.model_copy(update={"cut_captions_s": lost_s})
        return made, FinishedClip(measures=measure(clip), quality=quality, encoded=encoded)

    def _pictures(self, output: Output, options: ClipOptions) -> dict[str, Path]:
        """The poster of a clip and a strip of its frames."""
        clip, lead_s, card = output.work / CLIP, output.plan.lead_s, options.brand.title_card
        poster, frames = output.work / "poster.jpg", output.work / "strip.jpg"
        write_poster(
            clip,
            self.studio.detector,
            poster,
            not_before_s=lead_s + (0.0 if card == "none" else options.brand.title_card_s),
            not_after_s=lead_s + output.plan.edit.duration_s,
        )
        strip(clip, probe(clip), frames)
        return {poster.name: poster, frames.name: frames}

    def _subtitles(self, output: Output) -> dict[str, Path]:
        """What is said in a clip as subtitle files; none where nothing is."""
        spoken, lead_s = self.spoken(output.plan), output.plan.lead_s
        if not spoken:
            return {}
        files = {}
        until_s = lead_s + output.plan.edit.duration_s
        for name, written in (("clip.srt", to_srt), ("clip.vtt", to_vtt)):
            files[name] = output.work / name
            text = written(_later(spoken, lead_s), self.transcript.language, until_s)
            files[name].write_text(text, "utf-8")
        return files


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
