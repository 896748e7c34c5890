"""A recording for a player: its timeline, its waveform, clips as one file, lists for editors."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from vidpipe.catalog.tables import Video
from vidpipe.clips.edits import output_fps
from vidpipe.clips.model import Clip, ClipFile, Part, RenderedClips
from vidpipe.content.model import Content
from vidpipe.edits.model import ClipEdit, EditDocument
from vidpipe.geometry import Rect
from vidpipe.intake.model import SourceVideo, Upload
from vidpipe.interchange.edl import MOST_EVENTS, edl, events, marker_csv, marker_edl
from vidpipe.interchange.fcp7 import fcp7_xml
from vidpipe.interchange.model import CutClip, CutList
from vidpipe.interchange.otio import otio_json
from vidpipe.layout.model import Layout
from vidpipe.library.errors import Refused, UnknownClip, UnknownVideo
from vidpipe.library.player_views import (
    BoxView,
    ShownRegion,
    TimelineClip,
    TimelineFile,
    TimelinePart,
    TimelineSegment,
    TimelineStretch,
    TimelineTitled,
    TimelineView,
)
from vidpipe.library.zipped import zipped
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.pipeline.editing.made import EditsMade, edits_made, edits_told
from vidpipe.pipeline.editing.resolve import borders_of
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.results.stored import NotReady, stored_results
from vidpipe.segments.model import Segments
from vidpipe.silence.model import AudioTrack, SpeechMap
from vidpipe.storage.artifacts import Manifest, Model
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder
from vidpipe.timeline import EditList, FrameSpan

#: Pairs of values of a waveform for each second, and seconds of sound that are read at once.
_PER_SECOND, _AT_ONCE_S = 20, 600
#: Of the file of a waveform, as long as the same sound gives the same file.
_PEAKS_VERSION = "1"
#: What other editors read, and what it is to a browser.
EDITOR_FORMS = {
    "edl": "text/plain",
    "otio": "application/json",
    "xml": "application/xml",
    "markers.csv": "text/csv",
    "markers.edl": "text/plain",
}


@dataclass(frozen=True)
class NamedFile:
    """A file that is made while it is sent.

    Attributes:
        name: as a browser keeps it.
        media_type: of it.
        portions: its bytes.
    """

    name: str
    media_type: str
    portions: Iterator[bytes]


class Player:
    """What is asked for while somebody looks at a recording and its clips."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._listening = threading.Lock()

    def timeline(self, video_id: str) -> TimelineView:
        """Everything that a timeline draws; what was not made yet is empty.

        Raises:
            UnknownVideo: there is none of this id.
        """
        row = self._video(video_id)
        media = self._document(video_id, "source_video", SourceVideo)
        layout = self._document(video_id, "layout", Layout)
        content = self._document(video_id, "topics", Content)
        speech = self._document(video_id, "silence_regions", SpeechMap)
        segments = self._document(video_id, "scored_segments", Segments)
        version = self.engine.catalog.edits.current(video_id)
        video = media.media.video if media else None
        best = sorted(segments.segments if segments else (), key=lambda s: (-s.score, s.rank))
        return TimelineView(
            video_id=video_id,
            duration_s=row.duration_s,
            width=row.width or 0,
            height=row.height or 0,
            fps=video.fps if video else None,
            shots=tuple(s for s in layout.shots) if layout else (),
            slides=tuple(_titled(s) for s in layout.slides) if layout else (),
            topics=tuple(_titled(t) for t in content.topics) if content else (),
            silences=speech.silences if speech else (),
            stretches=tuple(_stretch(s) for s in layout.stretches) if layout else (),
            segments=tuple(
                TimelineSegment(
                    rank=s.rank,
                    start_s=s.start_s,
                    end_s=s.end_s,
                    title=s.title,
                    score=s.score,
                    hook=s.hook,
                    reasons=s.reasons,
                )
                for s in best
            ),
            clips=tuple(self._clips(row)),
            edits_version=version.version if version else 0,
        )

    def _clips(self, row: Video) -> Iterator[TimelineClip]:
        document = self.engine.edits(row.video_id)
        manifest = self.engine.manifest(row.video_id, CLIPS.name)
        rendered = self._document(row.video_id, CLIPS.name, RenderedClips)
        made = edits_made(manifest) if manifest else EditsMade({}, [])
        scores = {c.clip_id: c.score for c in rendered.clips} if rendered else {}
        shown = set()
        for clip in sorted(rendered.clips if rendered else (), key=lambda c: c.rank):
            shown.add(clip.clip_id)
            edit = document.of(clip.clip_id)
            yield TimelineClip(
                clip=clip.clip_id,
                rank=clip.rank,
                title=clip.title,
                hook=clip.hook,
                description=clip.description,
                hashtags=clip.hashtags,
                platforms=clip.platforms,
                start_s=clip.segment.start_s,
                end_s=clip.segment.end_s,
                score=scores[clip.clip_id],
                kept=clip.kept,
                duration_s=clip.duration_s,
                lead_s=clip.lead_s,
                dropped=edit is not None and not edit.kept,
                added=edit is not None and edit.added,
                edited=edit is not None and edit.is_edited,
                stale=_is_stale(clip, document, made),
                parts=tuple(_part(part, clip) for part in clip.parts),
                files=tuple(self._file(row.video_id, file) for file in clip.files),
            )
        for edit in document.clip_edits:
            at = borders_of(edit, edit.moment, row.duration_s)
            if edit.clip not in shown and at is not None:
                yield _unmade(edit, at.start_s, at.end_s)

    def _file(self, video_id: str, file: ClipFile) -> TimelineFile:
        manifest = self.engine.item(video_id, CLIPS, file)

        def link(name: str) -> str | None:
            if manifest is None or not manifest.has(name):
                return None
            key = manifest.file(name).key
            if self.engine.store.is_local and not self.engine.settings.cdn_url:
                return self.engine.page_link(key)
            return self.engine.link(key)

        return TimelineFile(
            variant=file.variant,
            url=link("clip.mp4") or "",
            poster=link("poster.jpg"),
            subtitles=link("clip.vtt"),
            width=file.measures.width,
            height=file.measures.height,
            size_bytes=file.measures.size_bytes,
            issues=file.quality.issues,
        )

    def peaks(self, video_id: str) -> bytes | None:
        """The waveform as JSON in the form of audiowaveform; made once and kept.

        None: another call makes one, this or that of another recording; ask again.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: its sound was not looked at yet, or is not stored any more.
        """
        self._video(video_id)
        heard = self.engine.manifest(video_id, "audio")
        if heard is None:
            raise NotReady(f"{video_id}: its sound was not looked at yet; ask again when it was")
        inputs = {"peaks": _PEAKS_VERSION, "audio": heard.content_digest}
        identity = fingerprint(inputs)
        artifacts = self.engine.artifacts
        found = artifacts.find(video_id, Folder.ANALYSIS, "peaks", identity)
        if found is None:
            if not self._listening.acquire(blocking=False):
                return None
            try:
                # Whoever was before may have made this one.
                found = artifacts.find(video_id, Folder.ANALYSIS, "peaks", identity)
                found = found or self._make_peaks(video_id, heard, inputs, identity)
            finally:
                self._listening.release()
        body = self.engine.store.get_bytes(found.file("peaks.json").key)
        if body is None:
            raise NotReady(f"{video_id}: its waveform was removed; ask again")
        return body

    def _make_peaks(
        self, video_id: str, heard: Manifest, inputs: dict[str, Any], identity: str
    ) -> Manifest:
        artifacts = self.engine.artifacts
        track = artifacts.document(heard, AudioTrack)
        values: list[int] = []
        if track.has_audio:
            try:
                samples = AudioSamples.open(artifacts.path(heard.file("audio.wav")))
            except FileNotFoundError as error:
                raise NotReady(
                    f"{video_id}: its sound is not stored any more (retention); have the stage "
                    "audio run again"
                ) from error
            values = waveform(samples)
        body = {
            "version": 2,
            "channels": 1,
            "sample_rate": SAMPLE_RATE,
            "samples_per_pixel": SAMPLE_RATE // _PER_SECOND,
            "bits": 8,
            "length": len(values) // 2,
            "duration_s": track.duration_s,
            "per_second": _PER_SECOND,
            "data": values,
        }
        work = artifacts.workspace("peaks")
        try:
            file = work / "peaks.json"
            file.write_text(json.dumps(body, separators=(",", ":")), "utf-8")
            return artifacts.publish(
                video_id=video_id,
                folder=Folder.ANALYSIS,
                artifact="peaks",
                fingerprint=identity,
                cache_key_inputs=inputs,
                files={file.name: file},
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def zipped_clips(self, video_id: str, platform: str | None = None) -> NamedFile:
        """All exports of a video with what is written beside them, and `results.json`.

        What is not stored any more is left out and named in `missing.txt`.

        Args:
            video_id: whose.
            platform: only what was made for this one.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: nothing was made of it yet, or nothing for this platform, or nothing of that
                is stored any more.
        """
        self._video(video_id)
        try:
            stored = stored_results(self.engine, video_id)
        except FileNotFoundError as error:
            raise NotReady(f"{video_id}: its clips are not stored any more") from error
        wanted = [e for e in stored.results.exports if platform in (None, e.platform)]
        if not wanted:
            made_for = platform or "any platform"
            raise NotReady(f"{video_id}: nothing was made for {made_for} yet")
        names = [n for e in wanted for n in (e.file, e.subtitles, e.captions, e.thumbnail, e.post)]
        store = self.engine.store
        there = {n: stored.files[n] for n in names if n and store.head(stored.files[n].key)}
        kept = tuple(e for e in wanted if e.file in there)
        if not kept:
            raise NotReady(f"{video_id}: its exports are not stored any more (retention)")
        results = stored.results.model_copy(update={"exports": kept})
        texts = {"results.json": results.model_dump_json(indent=2).encode()}
        missing = sorted({n for n in names if n and n not in there})
        if missing:
            said = ("Not stored any more, past the time that the channel keeps files:", *missing)
            texts["missing.txt"] = "\n".join((*said, "")).encode()
        name = f"{video_id}{f'-{platform}' if platform else ''}.zip"
        files = list(there.items())
        return NamedFile(name, "application/zip", zipped(store, files, texts))

    def for_editors(
        self, video_id: str, form: str, *, clip: str | None = None, media: str | None = None
    ) -> NamedFile:
        """The clips as another editor reads them: what each keeps of the source.

        Args:
            video_id: whose.
            form: one of `EDITOR_FORMS`.
            clip: only the one of this id or rank.
            media: where the other editor finds the recording; None: by its name.

        Raises:
            UnknownVideo: there is none of this id.
            UnknownClip: it has no such clip.
            NotReady: no clips were made yet.
            Misconfigured: the form needs an extra that is not installed.
        """
        cuts = self._cuts(video_id, clip, media)
        if form == "edl" and events(cuts) > MOST_EVENTS:
            raise Refused(
                f"edl: {events(cuts)} events, and CMX 3600 has {MOST_EVENTS} at most: take one "
                "clip at a time, or otio or xml"
            )
        write = {
            "edl": edl,
            "otio": otio_json,
            "xml": fcp7_xml,
            "markers.csv": marker_csv,
            "markers.edl": marker_edl,
        }
        if form not in write:
            raise Refused(f"form: there is no {form!r}; there are: {', '.join(EDITOR_FORMS)}")
        text = write[form](cuts)
        of = f"-{cuts.clips[0].clip_id}" if clip is not None else ""
        name = f"{video_id}{of}.{form}"
        return NamedFile(name, EDITOR_FORMS[form], iter((text.encode(),)))

    def _cuts(self, video_id: str, clip: str | None, media: str | None) -> CutList:
        row = self._video(video_id)
        rendered = self._document(video_id, CLIPS.name, RenderedClips)
        source = self._document(video_id, "source_video", SourceVideo)
        upload = self._document(video_id, "upload", Upload)
        if rendered is None or source is None or upload is None:
            raise NotReady(f"{video_id} has no clips yet: have it processed first")
        clips = sorted(rendered.clips, key=lambda c: c.rank)
        if clip is not None:
            clips = [c for c in clips if clip in (c.clip_id, str(c.rank))][:1]
            if not clips:
                raise UnknownClip(video_id, clip)
        video = source.media.video
        fps = output_fps(video.fps) if video is not None else Fraction(25)
        return CutList(
            name=row.title or upload.name.rpartition("/")[2],
            media=media or upload.name.rpartition("/")[2],
            fps=fps,
            frames=int(row.duration_s * fps),
            width=video.size.width if video else 0,
            height=video.size.height if video else 0,
            has_sound=source.media.audio is not None,
            clips=tuple(_cut_clip(c, fps) for c in clips),
        )

    def _document(self, video_id: str, artifact: str, model: type[Model]) -> Model | None:
        manifest = self.engine.manifest(video_id, artifact)
        if manifest is None:
            return None
        try:
            return self.engine.artifacts.document(manifest, model)
        except FileNotFoundError:
            return None

    def _video(self, video_id: str) -> Video:
        row = self.engine.catalog.video(video_id)
        if row is None:
            raise UnknownVideo(video_id)
        return row


def waveform(samples: AudioSamples) -> list[int]:
    """The lowest and the highest value of each twentieth of a second, in turn, -128 to 127."""
    per = SAMPLE_RATE // _PER_SECOND
    found: list[int] = []
    step_s = float(_AT_ONCE_S)
    at = 0.0
    while at < samples.duration_s:
        sound = samples.read(at, at + step_s)
        whole = -(-len(sound) // per) * per
        padded = np.zeros(whole, np.float32)
        padded[: len(sound)] = sound
        buckets = padded.reshape(-1, per)
        pairs = np.stack([buckets.min(axis=1), buckets.max(axis=1)], axis=1)
        found += np.clip(np.rint(pairs * 127), -128, 127).astype(int).ravel().tolist()
        at += step_s
    return found


def _titled(item: Any) -> TimelineTitled:
    return TimelineTitled(start_s=item.start_s, end_s=item.end_s, title=item.title)


def _stretch(stretch: Any) -> TimelineStretch:
    return TimelineStretch(
        start_s=stretch.start_s,
        end_s=stretch.end_s,
        kind=stretch.kind.value,
        regions=tuple(
            ShownRegion(role=r.role.value, **r.rect.model_dump()) for r in stretch.regions
        ),
    )


def _part(part: Part, clip: Clip) -> TimelinePart:
    rate = clip.files[0].measures.fps if clip.files else 30.0
    begin, end = part.first_frame / rate, part.last_frame / rate

    def source(t_s: float) -> float:
        at = 0.0
        for item in clip.kept:
            if t_s <= at + item.duration_s:
                return item.start_s + (t_s - at)
            at += item.duration_s
        return clip.kept[-1].end_s

    return TimelinePart(
        start_s=round(source(begin + 1e-6), 3),
        end_s=round(source(end - 1e-6), 3),
        clip_start_s=round(begin, 3),
        clip_end_s=round(end, 3),
        composition=part.composition.value,
        screen=_box(part.screen),
        camera=_box(part.camera.rect if part.camera else None),
        other=_box(part.other.rect if part.other else None),
    )


def _box(rect: Rect | None) -> BoxView | None:
    return BoxView(**rect.model_dump()) if rect is not None else None


def _is_stale(clip: Clip, document: EditDocument, made: EditsMade) -> bool:
    """Whether something is decided of a clip that its files do not show."""
    told = edits_told(document)
    if told.get("clips", {}).get(clip.clip_id) != made.clips.get(clip.clip_id):
        return True
    now_said = told.get("words", [])
    odd = [w for w in (*now_said, *made.words) if not (w in now_said and w in made.words)]
    return any(clip.segment.contains(w["start_s"]) for w in odd)


def _unmade(edit: ClipEdit, start_s: float, end_s: float) -> TimelineClip:
    """A clip of which there are no files: dropped, or added and not made yet."""
    return TimelineClip(
        clip=edit.clip,
        rank=0,
        title=edit.title or "",
        hook=edit.hook or "",
        description=edit.description or "",
        hashtags=edit.hashtags,
        platforms=edit.platforms,
        start_s=start_s,
        end_s=end_s,
        score=None,
        kept=(),
        duration_s=0.0,
        lead_s=0.0,
        dropped=not edit.kept,
        added=edit.added,
        edited=True,
        stale=edit.kept,
        parts=(),
        files=(),
    )


def _cut_clip(clip: Clip, fps: Fraction) -> CutClip:
    spans: Sequence[FrameSpan] = EditList.from_intervals(clip.kept, fps).spans
    return CutClip(
        clip_id=clip.clip_id, title=clip.title, spans=tuple(spans), note=clip.hook or clip.topic
    )
