"""Stages up to the chosen segments: from stored inputs to each room's function and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer

from vidpipe.channels.wording import Wording
from vidpipe.content.analyse import analyse
from vidpipe.content.chapters import chapters_text
from vidpipe.content.model import Content
from vidpipe.content.vectors import sentence_model
from vidpipe.errors import InputRejected
from vidpipe.intake.model import GivenLayout, Instructions, Sidecar, SourceOptions, SourceVideo
from vidpipe.intake.tails import language_in
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutKind, Region, Role, Stretch
from vidpipe.layout.sheet import layout_sheet, slide_sheet
from vidpipe.layout.text import reader_identity, reads_slides, with_text
from vidpipe.media.examine import examine
from vidpipe.media.faces import ChosenFaces, FaceDetector, choose_faces
from vidpipe.media.frames import FrameReader
from vidpipe.media.pictures import contact_sheet, cover_sheet, waveform
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.media.samples import Samples, decode_samples
from vidpipe.pipeline.stage import Order, StageRun
from vidpipe.segments.editor import Answer, Editor, ask_server, editor_identity
from vidpipe.segments.model import SegmentOptions, Segments, ShownTitle
from vidpipe.segments.select import select_segments
from vidpipe.settings import Settings
from vidpipe.silence.activity import HOP_S, find_silence
from vidpipe.silence.model import AudioTrack, SpeechMap
from vidpipe.storage import tables
from vidpipe.storage.keys import Folder
from vidpipe.timeline import Interval, span
from vidpipe.transcript.align import identity as aligner
from vidpipe.transcript.model import PassedOver, Transcript
from vidpipe.transcript.recogniser import Recogniser, choose
from vidpipe.transcript.sidecar import Reading, from_sidecar, read_sidecar
from vidpipe.transcript.subtitles import to_srt, to_vtt
from vidpipe.transcript.transcribe import Chunk, transcribe
from vidpipe.transcript.worded import worded


class NoOptions(BaseModel):
    """For stages without any."""


def no_options(_: Order) -> BaseModel:
    """For stages that nothing of the order can change."""
    return NoOptions()


# source_video


def source_video(run: StageRun) -> BaseModel:
    """Its tracks that are used, contact sheet and poster; of sound its cover is both."""
    assert isinstance(run.options, SourceOptions)
    path, upload = run.source()
    # Probed anew: what was taken in with an earlier version tells less.
    media, notes = examine(path, probe(path, upload.name), run.options.sound)
    sheet, poster = run.new_file("contact_sheet.jpg"), run.new_file("poster.jpg")
    if media.sound_only:
        cover_sheet(run.cover(), media.duration_s, sheet, poster)
    else:
        contact_sheet(path, media, sheet, poster)
    return SourceVideo(
        video_id=upload.video_id,
        channel=upload.channel,
        name=upload.name,
        sha256=upload.sha256,
        media=media,
        notes=notes,
    )


def source_options(order: Order) -> BaseModel:
    """Which of several sounds is wanted."""
    return SourceOptions(sound=order.sound)


def cover_identity(run: StageRun) -> dict[str, Any]:
    """The cover of sound, for fingerprints; nothing where there is none."""
    digest = run.cover_digest()
    return {"cover": digest} if digest is not None else {}


# audio


def audio(run: StageRun) -> BaseModel:
    """16 kHz mono samples; a video without sound is a value."""
    path, media = run.recording()
    target = run.work / "audio.wav"
    samples = decode_samples(path, media, target, lambda f: run.progress(f, ""))
    if samples is None:
        return AudioTrack(has_audio=False, duration_s=media.duration_s)
    run.files["audio.wav"] = target
    return AudioTrack(has_audio=True, duration_s=round(samples.duration_s, 3))


def _samples(run: StageRun) -> Samples | None:
    if not run.document("audio", AudioTrack).has_audio:
        return None
    return Samples.open(run.path("audio", "audio.wav"))


# silence_regions


def silence(run: StageRun) -> BaseModel:
    """Speech and silence, the level over time, the waveform."""
    samples = _samples(run)
    if samples is None:
        return SpeechMap(duration_s=run.document("audio", AudioTrack).duration_s)
    found, level = find_silence(samples, run.order.settings.silence, lambda f: run.progress(f, ""))
    times = [k * HOP_S for k in range(len(level))]
    tables.write_columns(
        run.new_file("levels.parquet"), tables.LEVELS, {"t_s": times, "level_db": level}
    )
    waveform(level, HOP_S, found.speech, found.silences, run.new_file("waveform.png"))
    return found


# transcript

#: Of the stage; its chunks are made anew with it.
TRANSCRIPT_VERSION = "7"


class TranscriptRequest(BaseModel):
    """What of the order can change a transcript, besides the recogniser."""

    language: str | None
    align: bool
    chunk_s: float
    wording: Wording

    @model_serializer(mode="wrap")
    def _only_what_is_asked(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `wording` where it asks for nothing: it then changes no transcript."""
        dumped: dict[str, Any] = dump(self)
        if self.wording == Wording():
            del dumped["wording"]
        return dumped


class _Chunks:
    """Chunks of a transcript as checkpoints of the stage."""

    def __init__(self, run: StageRun, recogniser: Recogniser) -> None:
        self.run = run
        self.rests_on = {
            "stage": "transcript",
            "version": TRANSCRIPT_VERSION,
            "recogniser": recogniser.identity,
            "aligner": aligner() if run.order.settings.transcript.align else None,
            "audio": run.inputs["audio"].content_digest,
            "speech": run.inputs["silence_regions"].content_digest,
            "terms": run.order.wording.names,
        }
        self._keep: dict[tuple[Interval, str | None], Callable[[Chunk], None]] = {}

    def find(self, interval: Interval, language: str | None) -> Chunk | None:
        ingredients = {
            **self.rests_on,
            "interval": interval.model_dump(),
            "language": language,
        }
        found, keep = self.run.checkpoint(Folder.ANALYSIS, "transcript-chunk", ingredients, Chunk)
        self._keep[interval, language] = keep
        return found

    def keep(self, chunk: Chunk, language: str | None) -> None:
        self._keep[span(chunk.start_s, chunk.end_s), language](chunk)


def transcript_identity(run: StageRun) -> dict[str, Any]:
    """Which source of words will be used: decided before the work, for the fingerprint."""
    options = run.order.settings.transcript
    sidecar = run.document("sidecar", Sidecar)
    passed: list[PassedOver] = []
    speech = run.document("silence_regions", SpeechMap)
    for name in sidecar.transcript_files if "sidecar" in options.order else ():
        found = read_sidecar(
            run.path("sidecar", name), name, speech, language_in(name), run.order.language
        )
        if isinstance(found, Reading):
            passed += [found.left] if found.left is not None else []
            passed += _other_languages(sidecar.transcript_files, name)
            run.stash["sidecar"] = found
            run.stash["passed"] = passed
            return {"source": "sidecar", "aligner": aligner() if options.align else None}
        passed.append(found)
    recogniser, others = choose(
        options,
        run.order.language,
        run.order.settings.model_store,
    )
    run.stash["recogniser"] = recogniser
    run.stash["passed"] = [*passed, *others]
    return {
        "source": recogniser.identity if recogniser else None,
        "aligner": aligner() if options.align else None,
    }


def _other_languages(names: Sequence[str], used: str) -> list[PassedOver]:
    """Transcripts that nobody said are not the talk's own: translations look the same."""
    return [
        PassedOver(
            source="sidecar",
            reason=f"{name}: {used} comes before it; set the language that is spoken, if that one "
            "is a translation",
        )
        for name in names[list(names).index(used) + 1 :]
        if language_in(name) and language_in(name) != language_in(used)
    ]


def transcript(run: StageRun) -> BaseModel:
    """Words and sentences, SRT, VTT and a table."""
    speech = run.document("silence_regions", SpeechMap)
    done = worded(_transcript(run), run.order.wording, speech)
    run.new_file("transcript.srt").write_text(to_srt(done.words, done.language), "utf-8")
    run.new_file("transcript.vtt").write_text(to_vtt(done.words, done.language), "utf-8")
    rows = [
        {**done.words[k].model_dump(), "sentence": i}
        for i, sentence in enumerate(done.sentences)
        for k in range(sentence.first_word, sentence.last_word)
    ]
    tables.write_rows(run.new_file("words.parquet"), tables.WORDS, rows)
    return done


def _transcript(run: StageRun) -> Transcript:
    speech = run.document("silence_regions", SpeechMap)
    samples = _samples(run)
    options = run.order.settings.transcript
    reading: Reading | None = run.stash.get("sidecar")
    if reading is not None:
        return from_sidecar(
            reading,
            samples,
            speech,
            run.order.language,
            run.stash["passed"],
            may_align=options.align,
        )
    recogniser: Recogniser | None = run.stash["recogniser"]
    return transcribe(
        recogniser,
        samples,
        speech,
        run.order.language,
        run.stash["passed"],
        chunk_s=options.chunk_s,
        checkpoints=_Chunks(run, recogniser) if recogniser is not None else None,
        on_progress=run.progress,
        may_align=options.align,
        terms=run.order.wording.names,
    )


def transcript_request(order: Order) -> BaseModel:
    """What of the order can change a transcript."""
    options = order.settings.transcript
    return TranscriptRequest(
        language=order.language,
        align=options.align,
        chunk_s=options.chunk_s,
        wording=order.wording,
    )


# layout

#: Slides are read at this width: small print is then some ten pixels high.
_READING_WIDTH = 1280


def chosen_faces(settings: Settings) -> ChosenFaces:
    """The face detector that the settings ask for, and why it is no better one."""
    store = settings.model_store
    return choose_faces(settings.faces, settings.face_model, lambda name: store.locate(name).path)


def detector_for(order: Order) -> FaceDetector:
    """The face detector that the settings ask for."""
    return chosen_faces(order.settings).detector


def faces_identity(run: StageRun) -> dict[str, Any]:
    """The detector, for fingerprints."""
    return {"faces": detector_for(run.order).identity}


def layout_identity(run: StageRun) -> dict[str, Any]:
    """What finds faces and what reads slides, for fingerprints."""
    return {**faces_identity(run), "text": reader_identity(run.order.settings.layout)}


def _given(item: GivenLayout, media: MediaInfo) -> Stretch:
    """A stretch as the sidecar says it.

    Raises:
        InputRejected: it lies outside the video or the picture.
    """
    end_s = media.duration_s if item.end_s is None else min(item.end_s, media.duration_s)
    if item.start_s >= end_s:
        raise InputRejected(
            "bad_sidecar",
            f"layout: {item.start_s:g} s is past the video's end at {media.duration_s:.1f} s",
        )
    boxes = {Role.SCREEN: item.screen, Role.CAMERA: item.camera}
    assert media.video is not None
    frame = media.video.size.rect
    for role, rect in boxes.items():
        if rect is not None and rect.intersect(frame) != rect:
            raise InputRejected(
                "bad_sidecar",
                f"layout: the {role.value} reaches out of the picture of "
                f"{frame.width}x{frame.height}",
            )
    kind = LayoutKind.SCREEN_AND_CAMERA
    if item.screen is None or item.camera is None:
        kind = LayoutKind.CAMERA if item.screen is None else LayoutKind.SCREEN
    return Stretch(
        start_s=item.start_s,
        end_s=end_s,
        kind=kind,
        regions=tuple(
            Region(role=role, rect=rect, confidence=1.0, faces=int(role is Role.CAMERA))
            for role, rect in boxes.items()
            if rect is not None
        ),
        confidence=1.0,
    )


def _recorded_apart(media: MediaInfo) -> tuple[GivenLayout, ...]:
    """Where a page and a camera are that were recorded apart; nothing of one picture."""
    pieces = media.video.pieces if media.video is not None else ()
    where = {piece.role: piece.rect for piece in pieces}
    return (GivenLayout(screen=where["page"], camera=where["camera"]),) if where else ()


def _exactly(found: Layout, given: GivenLayout) -> Layout:
    """Regions to the pixel, which were looked at smaller."""
    where = {Role.SCREEN: given.screen, Role.CAMERA: given.camera}
    stretches = tuple(
        s.model_copy(
            update={
                "regions": tuple(
                    r.model_copy(update={"rect": where[r.role] or r.rect}) for r in s.regions
                )
            }
        )
        for s in found.stretches
    )
    return found.model_copy(update={"stretches": stretches})


def layout(run: StageRun) -> BaseModel:
    """Shots, slides and regions over time as tables, and the layout sheet."""
    path, media = run.recording()
    instructions = run.document("sidecar", Sidecar).instructions
    if media.sound_only:
        return _no_layout(run, media, instructions)
    options = run.order.settings.layout
    given = instructions.layout or _recorded_apart(media)
    found = detect_layout(
        path,
        media,
        detector_for(run.order),
        options,
        given=[_given(item, media) for item in given],
        on_progress=lambda f: run.progress(0.8 * f, ""),
        scratch=run.work,
    )
    if given and not instructions.layout:
        found = _exactly(found, given[0])
    if found.slides and reads_slides(options):
        with FrameReader(path, media, max_width=_READING_WIDTH) as reader:
            found = with_text(
                found, reader, options, lambda f: run.progress(0.8 + 0.2 * f, "reading slides")
            )
    layout_sheet(path, media, found, run.new_file("layout_sheet.jpg"))
    if found.slides:
        slide_sheet(path, media, found, run.new_file("slide_sheet.jpg"))
    _layout_tables(run, found)
    return found


def _no_layout(run: StageRun, media: MediaInfo, instructions: Instructions) -> Layout:
    """Of sound alone: one stretch in which there is nothing to see, and empty tables.

    Raises:
        InputRejected: the sidecar says where on the picture something is.
    """
    if instructions.layout:
        raise InputRejected(
            "bad_sidecar", "layout: it is sound alone, there is no picture. Leave it out"
        )
    found = Layout.of_sound(media.duration_s)
    _layout_tables(run, found)
    return found


def _layout_tables(run: StageRun, found: Layout) -> None:
    rows = [
        {
            "start_s": s.start_s,
            "end_s": s.end_s,
            "layout": s.kind.value,
            "role": r.role.value,
            **r.rect.model_dump(),
            "faces": r.faces,
            "confidence": r.confidence,
        }
        for s in found.stretches
        for r in s.regions
    ]
    tables.write_rows(run.new_file("regions.parquet"), tables.REGIONS, rows)
    shots = [s.model_dump(mode="json") for s in found.shots]
    tables.write_rows(run.new_file("shots.parquet"), tables.SHOTS, shots)
    slides = [
        {**s.model_dump(mode="json", exclude={"lines"}), "text": [x.text for x in s.lines]}
        for s in found.slides
    ]
    tables.write_rows(run.new_file("slides.parquet"), tables.SLIDES, slides)


# topics


def topics_identity(run: StageRun) -> dict[str, Any]:
    """The sentence model, if there is one, for fingerprints."""
    settings = run.order.settings
    model, _ = sentence_model(settings.content.sentence_model, settings.model_store)
    run.stash["sentence_model"] = model
    return {"sentence_model": model.identity if model else None}


def topics(run: StageRun) -> BaseModel:
    """Topics and importance, a table of the units, the chapters as text."""
    speech_manifest = run.inputs["silence_regions"]
    if speech_manifest.has("levels.parquet"):
        level = tables.read_column(run.path("silence_regions", "levels.parquet"), "level_db")
    else:
        level = np.zeros(0, np.float32)
    found = analyse(
        run.document("transcript", Transcript),
        run.document("silence_regions", SpeechMap),
        level,
        HOP_S,
        run.document("layout", Layout),
        run.order.settings.content,
        _samples(run),
        run.stash["sentence_model"],
    )
    topic_of = {k: i for i, t in enumerate(found.topics) for k in range(t.first_unit, t.last_unit)}
    rows = [
        {
            "start_s": u.start_s,
            "end_s": u.end_s,
            "text": u.text,
            "topic": topic_of[k],
            "importance": u.importance,
            "signs": list(u.signs.items()),
        }
        for k, u in enumerate(found.units)
    ]
    tables.write_rows(run.new_file("units.parquet"), tables.UNITS, rows)
    chapters = chapters_text(found.topics, run.document("layout", Layout).duration_s)
    if chapters:
        run.new_file("chapters.txt").write_text(chapters, "utf-8")
    return found


# scored_segments


def segment_options(order: Order) -> SegmentOptions:
    """The channel's limits and the sidecar's wishes."""
    limits = order.channel.clips
    min_s, max_s = order.clip_lengths_s
    return SegmentOptions(
        count=order.clip_count,
        asked=order.clips_asked,
        min_s=min_s,
        max_s=max_s,
        max_pause_s=limits.max_pause_s,
        kept_pause_s=limits.kept_pause_s,
        keep=order.instructions.keep,
        skip=order.instructions.skip,
    )


def editor_answered(document: BaseModel) -> bool:
    """Whether the language model said what it could: not where its server was away."""
    assert isinstance(document, Segments)
    return document.editor is None or not document.editor.unavailable


def segments_identity(run: StageRun) -> dict[str, Any]:
    """The language model that will be asked, if any, for fingerprints."""
    asked = editor_identity(run.order.settings.editor)
    return {"editor": asked} if asked else {}


def _editor(run: StageRun) -> Editor | None:
    """The configured editor; its answers are kept, so that asking again costs nothing."""
    options = run.order.settings.editor
    identity = editor_identity(options)
    if identity is None:
        return None

    def ask(messages: Sequence[Mapping[str, str]]) -> Answer:
        ingredients = {"server": identity["server"], "messages": list(messages)}
        manifest, kept = run.item(
            Folder.ANALYSIS,
            "editor-answer",
            ingredients,
            lambda _: ({}, ask_server(options, messages)),
        )
        return run.artifacts.document(manifest, Answer).model_copy(update={"kept": kept})

    return Editor(options, ask)


def segments(run: StageRun) -> BaseModel:
    """The chosen segments, and a table of them."""
    instructions = run.document("sidecar", Sidecar).instructions
    _, upload = run.source()
    shown = run.document("layout", Layout)
    found = select_segments(
        run.document("topics", Content),
        run.document("transcript", Transcript),
        run.document("silence_regions", SpeechMap),
        segment_options(run.order),
        shown.duration_s,
        instructions.title or upload.media.title or Path(upload.name).stem,
        _editor(run),
        [*(s.start_s for s in shown.slides[1:]), *shown.cuts_s],
        [
            ShownTitle(start_s=s.start_s, end_s=s.end_s, title=s.title)
            for s in shown.slides
            if s.title and s.end_s > s.start_s
        ],
    )
    columns = {f.name for f in tables.SEGMENTS}
    rows = [s.model_dump(include=columns) for s in found.segments]
    tables.write_rows(run.new_file("segments.parquet"), tables.SEGMENTS, rows)
    return found
