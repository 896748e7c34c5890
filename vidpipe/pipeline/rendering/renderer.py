"""A clip in every variant it is wanted in: planned, encoded in one go, looked at, kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from vidpipe.clips.audiogram.drawing import SOUND_FPS
from vidpipe.clips.burned_in import burned_in
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.edits import edit_list, output_fps
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.keeping import cut_s
from vidpipe.clips.measures import measure
from vidpipe.clips.model import (
    ClipFile,
    ClipOptions,
    ClipPlan,
    Encoded,
    FinishedClip,
    PlannedParts,
    Variant,
)
from vidpipe.clips.plan import AudioPicture, clip_id, plan_audiogram, plan_clip, planned
from vidpipe.clips.poster import write_poster, write_titled
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.reframed import reframed
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
from vidpipe.pipeline.editing.resolve import EditedClip, edited_clips
from vidpipe.pipeline.estimates import Watch, encode_prior
from vidpipe.pipeline.faces import faces_identity
from vidpipe.pipeline.rendering.fallback import plain_options
from vidpipe.pipeline.rendering.job import ClipShape, EncodeJob
from vidpipe.pipeline.rendering.studio import Studio, brand_files
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.programs import ProgramFailed
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.keys import Folder
from vidpipe.templates.model import CaptionAnimation
from vidpipe.timeline import EditList, Interval, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.subtitles import to_srt, to_vtt

#: Part of every clip's fingerprint: changes when the same plan gives another file.
CLIP_VERSION = "15"
#: The same of clips of sound alone.
AUDIOGRAM_VERSION = "4"


#: Part of every kept plan's fingerprint: changes when the same recording is planned otherwise.
PLAN_VERSION = "4"
#: Stages whose results plans are made from, and what of the options they look at.
_PLANNED_FROM = ("transcript", "silence_regions", "layout")
_PLANS: dict[str, Any] = {
    **dict.fromkeys(
        ("template", "max_pause_s", "pause_target_s", "fillers", "speaker_layout"), True
    ),
    "brand": {"background"},
}
#: No pause is longer.
_ANY_PAUSE_S = 1e9

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

    def wanted(self, found: Sequence[Segment]) -> list[EditedClip]:
        """The clips to make: what was found, as people changed it, and what they added."""
        edits, duration_s = self.studio.edits, self.layout.duration_s
        ids: dict[int, str] = {}
        if edits.clip_edits:
            ids = {
                s.rank: clip_id(self.run.video_id, self._kept_of(s, self.options)) for s in found
            }
        clips = edited_clips(edits, found, ids, self.transcript.words, duration_s)
        return [self._possible(clip) for clip in clips]

    def _possible(self, clip: EditedClip) -> EditedClip:
        """The clip, without cuts that would leave nothing of it."""
        if not clip.cuts:
            return clip
        try:
            self._kept_of(clip.segment, self.options_for(clip), clip.cuts)
        except ValueError:
            note = f"clip {clip.clip_id}: its cuts leave nothing of it, and are left out"
            return replace(clip, cuts=(), notes=(*clip.notes, note))
        return clip

    def _kept_of(
        self, segment: Segment, options: ClipOptions, cuts: Sequence[Interval] = ()
    ) -> EditList:
        video = self.media.video
        fps = SOUND_FPS if video is None else output_fps(video.fps)
        duration_s = self.layout.duration_s
        return edit_list(segment, self.speech, self.timed_words, options, fps, duration_s, cuts)

    def options_for(self, clip: EditedClip) -> ClipOptions:
        """The options of the stage, with what a clip has of its own: template, music, pauses."""
        options, edit = self.options, clip.edit
        if clip.segment.template:
            options = options.model_copy(update=dict(self.studio.looks[clip.segment.template]))
        if edit is None:
            return options
        if edit.music is not None:
            music = self.studio.music.get(edit.music)
            brand = options.brand.model_copy(update={"music": music})
            options = options.model_copy(update={"brand": brand})
        if edit.pauses == "keep":
            options = options.model_copy(update={"max_pause_s": _ANY_PAUSE_S, "fillers": ()})
        return options

    def variants_for(self, clip: EditedClip) -> tuple[Variant, ...]:
        """The shapes of a clip: those of its platforms."""
        if clip.edit is None or clip.edit.platforms is None:
            return self.options.variants
        names = {self.studio.shapes.get(platform) for platform in clip.edit.platforms}
        return tuple(v for v in self.options.variants if v.name in names) or self.options.variants

    def _drawable(self, clip: EditedClip, options: ClipOptions) -> Segment:
        """A segment without the title and hook that no font has beside its words.

        They are text of the post as well: a clip is not to fail for their sake. A title that
        only says where the passage is belongs in no picture.
        """
        segment = clip.segment
        if segment.untitled:
            segment = segment.model_copy(update={"title": ""})
        spoken = [w for w in clip.words if segment.contains(w.start_s)]
        try:
            text = f"{segment.title} {segment.hook}"
            lettering(spoken if self.burns(_passage(segment)) else (), text, options.captions)
        except Misconfigured:
            return segment.model_copy(update={"title": "", "hook": ""})
        return segment

    def plan(self, clip: EditedClip, variant: Variant, options: ClipOptions) -> ClipPlan:
        """What one shape of a clip shows when."""
        segment = self._drawable(clip, options)
        plan = self._planned(segment, clip.cuts, variant, options)
        edit = clip.edit
        if edit is not None and edit.framing and self.media.video is not None:
            parts = reframed(
                plan.parts,
                plan.edit,
                edit.framing,
                self.layout,
                self.media.video.size.rect,
                variant,
                captions=self.burns(_passage(segment)) and variant.captions,
            )
            plan = plan.model_copy(update={"parts": parts})
        language = (edit.language if edit else None) or self.transcript.language
        update = {"language": language, **({"clip_id": clip.clip_id} if clip.clip_id else {})}
        return plan.model_copy(update=update)

    def _planned(
        self, segment: Segment, cuts: Sequence[Interval], variant: Variant, options: ClipOptions
    ) -> ClipPlan:
        if self.media.sound_only:
            heard = AudioPicture(
                self.run.video_id, self.speech, self.timed_words, self.layout.duration_s
            )
            return plan_audiogram(heard, segment, options, self.cover, cuts)
        captions = self.burns(_passage(segment)) and variant.captions
        kept = self._theirs(_passage(segment))

        def look() -> PlannedParts:
            """Follow faces and pages of the recording: what a plan takes its time for."""
            with FrameReader(self.source, self.media, max_width=1280) as reader:
                recording = SourceRecording(
                    video_id=self.run.video_id,
                    speech=self.speech,
                    words=self.timed_words,
                    layout=self.layout,
                    reader=reader,
                    detector=self.studio.detector,
                )
                plan = plan_clip(
                    recording,
                    segment,
                    options,
                    self.studio.framing,
                    variant,
                    captions=captions,
                    kept=kept,
                    cuts=cuts,
                )
            return PlannedParts(edit=plan.edit, parts=plan.parts)

        rests_on = {
            "version": PLAN_VERSION,
            "source": self.upload.sha256,
            "media": self.media.model_dump(mode="json"),
            "inputs": {n: self.run.inputs[n].content_digest for n in _PLANNED_FROM},
            "from": segment.start_s,
            "to": segment.end_s,
            "titled": bool(segment.title),
            "cuts": [c.model_dump() for c in cuts],
            "options": options.model_dump(mode="json", include=_PLANS),
            "framing": self.studio.framing.model_dump(),
            "variant": variant.model_dump(mode="json"),
            "captions": captions,
            "kept": kept.model_dump() if kept is not None else None,
            **faces_identity(self.studio.detector),
        }
        seen = self.run.remembered(Folder.ANALYSIS, "clip-plan", rests_on, PlannedParts, look)
        return planned(self.run.video_id, segment, seen.edit, seen.parts, options)

    def encode(
        self,
        clip: EditedClip,
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
                self._of(plan, variant, options, clip.words),
                clip.words,
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
            captions=self.captioned(shape) and bool(clip_words(shape.words, shape.plan.edit)),
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

    def render(
        self,
        outputs: Sequence[Output],
        words: Sequence[Word],
        options: ClipOptions,
        on_progress: Callable[[float], None],
        on_encode: Callable[[], None],
    ) -> None:
        """Encode the shapes of one clip, while no other is encoded."""
        render_clip(
            self.source,
            self.media,
            outputs,
            words if self.burns(outputs[0].plan.segment) else (),
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

    def _of(
        self, plan: ClipPlan, variant: Variant, options: ClipOptions, words: Sequence[Word]
    ) -> dict[str, Any]:
        """Everything that one file of a clip rests on."""
        spoken = clip_words(words, plan.edit)
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
            **self._brand_files(options),
            **self._drawn(),
            **self._there_before(plan),
        }

    def _brand_files(self, options: ClipOptions) -> dict[str, str | None]:
        """What the channel's files hold, and music that a clip has of its own."""
        if options.brand.music == self.options.brand.music:
            return self.brand_files
        own = brand_files(options.brand, options.captions)
        return {**self.brand_files, "music": own["music"]}

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
        self, output: Output, words: Sequence[Word], options: ClipOptions, encoded: Encoded
    ) -> tuple[Mapping[str, Path], FinishedClip]:
        """The files that stand beside a clip, and what it looks and sounds like."""
        clip, plan = output.work / CLIP, output.plan
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures") as pool:
            # Both look at the same file: together they take as long as the longer one.
            pictures = pool.submit(self._pictures, output, options)
            quality = inspect_clip(
                clip,
                self.source,
                self.media,
                plan,
                output.variant,
                self.speech,
                output.work,
                captions=self.burns(plan.segment) and output.variant.captions and bool(words),
                brand=options.brand,
                cover=self.cover,
            )
            made = {"clip.mp4": clip, **pictures.result(), **self._subtitles(output, words)}
        theirs = self._theirs(plan.segment)
        if theirs is not None:
            lost_s = cut_s(plan.parts, theirs, float(plan.edit.fps))
            quality = quality.model_copy(update={"cut_captions_s": lost_s})
        return made, FinishedClip(measures=measure(clip), quality=quality, encoded=encoded)

    def _pictures(self, output: Output, options: ClipOptions) -> dict[str, Path]:
        """The poster of a clip and a strip of its frames."""
        clip, lead_s, card = output.work / CLIP, output.plan.lead_s, options.brand.title_card
        poster, frames = output.work / "poster.jpg", output.work / "strip.jpg"
        best_s = write_poster(
            clip,
            self.studio.detector,
            poster,
            not_before_s=lead_s + (0.0 if card == "none" else options.brand.title_card_s),
            not_after_s=lead_s + output.plan.edit.duration_s,
        )
        stands = output.work / "poster"
        stands.mkdir(exist_ok=True)
        # The clip is made: where no other picture can be drawn, its poster is a frame of it.
        with suppress(ProgramFailed):
            write_titled(
                self.source,
                self.media,
                replace(output, work=stands),
                best_s - lead_s,
                options,
                self.studio.detector,
                poster,
                self.cover,
            )
        strip(clip, probe(clip), frames)
        return {poster.name: poster, frames.name: frames}

    def _subtitles(self, output: Output, words: Sequence[Word]) -> dict[str, Path]:
        """What is said in a clip as subtitle files; none where nothing is."""
        spoken, lead_s = clip_words(words, output.plan.edit), output.plan.lead_s
        if not spoken:
            return {}
        files = {}
        until_s = lead_s + output.plan.edit.duration_s
        for name, written in (("clip.srt", to_srt), ("clip.vtt", to_vtt)):
            files[name] = output.work / name
            text = written(_later(spoken, lead_s), output.plan.language, until_s)
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
