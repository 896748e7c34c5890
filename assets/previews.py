"""Stored results as metadata that a person wants to see.

Pictures go in as `data:` images of at most 30 KB: they live in the event log.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import dagster as dg

from vidpipe.clips.model import RenderedClips
from vidpipe.content.model import Content
from vidpipe.exports.model import PlatformExports
from vidpipe.intake.model import SourceVideo
from vidpipe.layout.model import Layout
from vidpipe.media.pictures import thumbnail
from vidpipe.pipeline import Engine, StageResult
from vidpipe.segments.model import Segments
from vidpipe.silence.model import AudioTrack, SpeechMap
from vidpipe.timeline import clock
from vidpipe.transcript.model import Transcript

Metadata = dict[str, Any]

#: What is shown first, whatever else there is.
_PICTURES = ("contact_sheet", "waveform", "layout_sheet", "slide_sheet", "posters")


def preview(engine: Engine, result: StageResult) -> Metadata:
    """Metadata of one stage's result."""
    build = _BUILDERS[result.stage.split("/")[0]]
    shown = build(engine, result)
    pictures = {k: v for k, v in shown.items() if k in _PICTURES}
    return {
        **pictures,
        **{k: v for k, v in shown.items() if k not in pictures},
        "reused": result.reused,
        "wall_s": round(result.wall_s, 3),
        "fingerprint": result.manifest.fingerprint[:16],
    }


#: Clips of which the event shows a strip: the log holds every picture.
_STRIPS = 5


def _picture(engine: Engine, result: StageResult, name: str) -> dg.MarkdownMetadataValue:
    path = engine.artifacts.path(result.manifest.file(name))
    data = base64.b64encode(thumbnail(path)).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/jpeg;base64,{data})")


def _link(engine: Engine, result: StageResult, name: str) -> dg.UrlMetadataValue:
    return dg.MetadataValue.url(engine.link(result.manifest.file(name).key))


def table(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> dg.TableMetadataValue:
    """Rows as a table; `columns` maps names to Dagster's column types."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(row) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(n, t) for n, t in columns.items()]),
    )


def _source(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, SourceVideo) and document.media.video is not None
    media, video = document.media, document.media.video
    return {
        "contact_sheet": _picture(engine, result, "contact_sheet.jpg"),
        "name": document.name,
        "duration_s": round(media.duration_s, 2),
        "picture": f"{video.width}x{video.height}, {video.fps:g} fps, {video.codec}",
        "sound": f"{media.audio.codec}, {media.audio.sample_rate} Hz" if media.audio else "none",
        "size_bytes": media.size_bytes,
        "sha256": document.sha256,
    }


def _audio(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, AudioTrack)
    return {"has_audio": document.has_audio, "duration_s": document.duration_s}


def _silence(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, SpeechMap)
    metadata: Metadata = {
        "speech_s": round(document.speech_s, 1),
        "silence_s": round(document.silence_s, 1),
        "silences": len(document.silences),
        "speech_share": round(document.speech_s / max(document.duration_s, 1e-6), 3),
    }
    if document.noise_floor_db is not None:
        metadata["noise_floor_db"] = document.noise_floor_db
    if result.manifest.has("waveform.png"):
        metadata["waveform"] = _picture(engine, result, "waveform.png")
    return metadata


def _transcript(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Transcript)
    lines = [f"`{clock(s.start_s)}` {_md(s.text)}" for s in document.sentences[:12]]
    flags = [f"- **{f.kind}**: {f.count}, first at {clock(f.at_s)}" for f in document.flags]
    metadata: Metadata = {
        "begins": dg.MetadataValue.md("\n\n".join(lines) or "Nothing is said."),
        "source": document.source + (" (draft)" if document.draft else ""),
        "model": document.model or "none",
        "language": document.language or "unknown",
        "words": len(document.words),
        "word_times": document.word_times,
        "sentences": len(document.sentences),
        "repaired": dg.MetadataValue.md("\n".join(flags) or "Nothing had to be."),
        "not_used": dg.MetadataValue.md(
            "\n".join(f"- **{p.source}**: {_md(p.reason)}" for p in document.passed_over)
            or "Every source before it in the order was used."
        ),
        "subtitles": _link(engine, result, "transcript.srt"),
    }
    if document.quality is not None:
        measured = document.quality.model_dump(exclude_none=True)
        metadata.update({k: float(v) for k, v in measured.items()})
    if document.cost:
        metadata["cost"] = document.cost
    return metadata


def _layout(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Layout)
    rows = [
        {
            "from": clock(s.start_s),
            "to": clock(s.end_s),
            "layout": s.kind.value,
            "confidence": s.confidence,
            "regions": "; ".join(
                f"{r.role.value} {r.rect.width}x{r.rect.height} at {r.rect.x},{r.rect.y}"
                for r in s.regions
            ),
        }
        for s in document.stretches[:50]
    ]
    types = {
        "from": "string",
        "to": "string",
        "layout": "string",
        "confidence": "float",
        "regions": "string",
    }
    slides = [
        {
            "from": clock(s.start_s),
            "to": clock(s.end_s),
            "title": s.title or "-",
            "builds": len(s.builds_s),
        }
        for s in document.slides[:100]
    ]
    slide_types = {"from": "string", "to": "string", "title": "string", "builds": "int"}
    metadata: Metadata = {
        "layout_sheet": _picture(engine, result, "layout_sheet.jpg"),
        "stretches": table(rows, types),
        "slide_table": table(slides, slide_types),
        "slides": len(document.slides),
        "shots": len(document.shots),
    }
    if result.manifest.has("slide_sheet.jpg"):
        metadata["slide_sheet"] = _picture(engine, result, "slide_sheet.jpg")
    return metadata


def _topics(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Content)
    rows = [
        {
            "from": clock(t.start_s),
            "length": clock(t.duration_s),
            "title": t.title,
            "about": ", ".join(t.keyphrases[:5]),
            "sentences": t.last_unit - t.first_unit,
        }
        for t in document.topics
    ]
    metadata: Metadata = {
        "basis": document.basis,
        "sentence_model": document.sentence_model or "none: words alone",
        "topics": len(document.topics),
        "units": len(document.units),
    }
    if rows:
        types = dict.fromkeys(rows[0], "string") | {"sentences": "int"}
        metadata["topic_table"] = table(rows, types)
    if result.manifest.has("chapters.txt"):
        path = engine.artifacts.path(result.manifest.file("chapters.txt"))
        text = path.read_text("utf-8")
        metadata["chapters"] = dg.MetadataValue.md(f"```\n{text}```")
    return metadata


def _segments(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Segments)
    rows = [
        {
            "rank": s.rank,
            "score": round(s.score, 1),
            "title": s.title,
            "start_end": f"{clock(s.start_s)}-{clock(s.end_s)}",
            "length_s": round(s.kept_s, 1),
            "reasons": "; ".join(s.reasons),
        }
        for s in document.segments
    ]
    types = {
        "rank": "int",
        "score": "float",
        "title": "string",
        "start_end": "string",
        "length_s": "float",
        "reasons": "string",
    }
    metadata: Metadata = {
        "segments": table(rows, types),
        "chosen": len(rows),
        "candidates": document.candidates,
    }
    if document.nothing:
        metadata["nothing"] = document.nothing
    if document.editor:
        metadata["editor"] = document.editor.model
        metadata["editor_cost"] = document.editor.cost
        metadata["editor_judged"] = f"{document.editor.judged} of {document.editor.asked}"
        if document.editor.passed_over:
            metadata["editor_passed_over"] = document.editor.passed_over
    return metadata


def _clips(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, RenderedClips)
    video_id = result.manifest.video_id
    made = {c.clip_id: [engine.finished_clip(video_id, f) for f in c.files] for c in document.clips}
    rows = [
        {
            "rank": c.rank,
            "title": c.title,
            "duration_s": round(c.duration_s, 1),
            "composition": ", ".join(dict.fromkeys(p.composition.value for p in c.parts)),
            "captions": c.files[0].captions,
            "loudness_lufs": str(c.files[0].measures.integrated_lufs or "silent"),
            "ssim": min((f.quality.ssim for f in c.files if f.quality.ssim), default=0.0),
            "estimated_s": made[c.clip_id][0].encoded.estimated_s,
            "encoded_s": made[c.clip_id][0].encoded.seconds,
            "estimated_mib": round(
                sum(m.encoded.estimated_bytes for m in made[c.clip_id]) / 2**20, 2
            ),
            "size_mib": round(sum(f.measures.size_bytes for f in c.files) / 2**20, 2),
            "clip": c.clip_id,
        }
        for c in document.clips
    ]
    types = {
        "rank": "int",
        "title": "string",
        "duration_s": "float",
        "composition": "string",
        "captions": "bool",
        "loudness_lufs": "string",
        "ssim": "float",
        "estimated_s": "float",
        "encoded_s": "float",
        "estimated_mib": "float",
        "size_mib": "float",
        "clip": "string",
    }
    metadata: Metadata = {
        "clips": table(rows, types),
        "count": len(rows),
        "rendered": result.items_made,
        "reused_clips": result.items_reused,
        "seconds_of_clips": round(sum(c.duration_s for c in document.clips), 1),
    }
    if result.manifest.has("poster_sheet.jpg"):
        metadata["posters"] = _picture(engine, result, "poster_sheet.jpg")
    for clip in document.clips[:_STRIPS]:
        metadata[f"clip_{clip.rank}"] = _picture(engine, result, f"strip_{clip.rank:02d}.jpg")
    if document.nothing:
        metadata["nothing"] = document.nothing
    return metadata


def _exports(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, PlatformExports)
    video_id = result.manifest.video_id
    made = {e.clip_id: engine.finished_export(video_id, e) for e in document.exports}
    rows = [
        {
            "rank": e.rank,
            "title": e.title,
            "file": e.key,
            "made_by": e.way.value,
            "duration_s": round(e.facts.duration_s, 2),
            "estimated_mib": round(made[e.clip_id].estimate.size_bytes / 2**20, 2),
            "size_mib": round(e.facts.size_bytes / 2**20, 2),
            "estimated_s": made[e.clip_id].estimate.seconds,
            "took_s": made[e.clip_id].seconds,
            "loudness_lufs": str(e.facts.integrated_lufs or "silent"),
            "conforms": e.conforms,
        }
        for e in document.exports
    ]
    types = {
        "rank": "int",
        "title": "string",
        "file": "string",
        "made_by": "string",
        "duration_s": "float",
        "estimated_mib": "float",
        "size_mib": "float",
        "estimated_s": "float",
        "took_s": "float",
        "loudness_lufs": "string",
        "conforms": "bool",
    }
    metadata: Metadata = {
        "files": table(rows, types),
        "count": len(rows),
        "bytes": sum(e.facts.size_bytes for e in document.exports),
    }
    if document.refused:
        metadata["refused"] = "; ".join(f"{e.rank}. {e.title}: {e.why}" for e in document.refused)
    return metadata


def _md(text: str) -> str:
    """Somebody's text as text: nothing in it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in text)


_BUILDERS = {
    "source_video": _source,
    "audio": _audio,
    "silence_regions": _silence,
    "transcript": _transcript,
    "layout": _layout,
    "topics": _topics,
    "scored_segments": _segments,
    "rendered_clips": _clips,
    "platform_exports": _exports,
}
