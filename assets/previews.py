"""What the UI shows of each stage's result: what a person asks of it first comes first.

Numbers that plot over partitions are `wall_s`, `real_time_factor`, and each stage's own,
such as `clip_count` or `loudness_error_lu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import dagster as dg

from assets.metadata import (
    IN_PLACE,
    Metadata,
    as_far_as_shown,
    link,
    markdown,
    mib,
    picture,
    plain,
    table,
)
from vidpipe.catalog.posts import PostQuery
from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.content.model import Content
from vidpipe.costs import units
from vidpipe.exports.model import PlatformExports
from vidpipe.intake.model import Cover, SourceVideo
from vidpipe.layout.model import Layout
from vidpipe.library.publishing.building import PRESETS
from vidpipe.media.probe import MediaInfo
from vidpipe.pipeline import Engine, StageResult
from vidpipe.segments.model import Segments
from vidpipe.silence.model import AudioTrack, SpeechMap
from vidpipe.storage.keys import Folder, channel_of, video_prefix
from vidpipe.timeline import clock
from vidpipe.transcript.model import Transcript

#: Clips that are shown one by one, and rows of long tables: the event log holds them all.
_CLIPS, _ROWS = 8, 50


def preview(engine: Engine, result: StageResult) -> Metadata:
    """Metadata of one stage's result."""
    shown = PREVIEWS[engine.pipeline.kind(result.stage)](engine, result)
    manifest = result.manifest
    video = engine.catalog.video(manifest.video_id)
    duration_s = video.duration_s if video is not None else 0.0
    if engine.page(manifest.video_id):
        shown["watch"] = dg.MetadataValue.url(engine.page(manifest.video_id))
    shown["wall_s"] = round(manifest.wall_s, 2)
    if duration_s > 0:
        shown["real_time_factor"] = round(manifest.wall_s / duration_s, 4)
    where = {"video_id": manifest.video_id, "stage": result.stage}
    for spent in engine.accountant.rows.sums("currency", channels=None, where=where):
        shown["costs_of_services"] = float(units(spent.outside))
        shown["costs_of_own_work"] = float(units(spent.local))
        shown["costs_currency"] = spent.currency
    return {
        **shown,
        "reused": result.reused,
        "store": dg.MetadataValue.path(f"{engine.store.url}/{video_prefix(manifest.video_id)}"),
        "fingerprint": manifest.fingerprint[:16],
    }


def _source(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, SourceVideo)
    metadata: Metadata = {}
    cover = engine.manifest(result.manifest.video_id, "cover")
    if cover is not None:
        said = engine.artifacts.document(cover, Cover).words
        metadata["cover"] = said or "none: its clips are drawn in the channel's colours"
    return metadata | {
        "contact_sheet": markdown(picture(engine, result.manifest, "contact_sheet.jpg")),
        "recording": f"{document.name}: {_media(document.media)}",
        **({"used": "; ".join(document.notes)} if document.notes else {}),
        "duration_s": round(document.media.duration_s, 2),
        "size_mib": mib(document.media.size_bytes),
        "channel": document.channel,
        "sha256": document.sha256,
    }


def _media(media: MediaInfo) -> str:
    """`2:15, 1280x720 at 25 fps h264, aac 48000 Hz`."""
    parts = [clock(media.duration_s)]
    if media.video is not None:
        v = media.video
        parts.append(f"{v.width}x{v.height} at {v.fps:g} fps {v.codec}")
    parts.append(f"{media.audio.codec} {media.audio.sample_rate} Hz" if media.audio else "no sound")
    return ", ".join(parts)


def _audio(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, AudioTrack)
    return {"has_sound": document.has_audio, "duration_s": document.duration_s}


def _silence(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, SpeechMap)
    metadata: Metadata = {}
    if result.manifest.has("waveform.png"):
        metadata["waveform"] = markdown(
            picture(engine, result.manifest, "waveform.png"), "Speech is green, silence shaded."
        )
    metadata |= {
        "speech_s": round(document.speech_s, 1),
        "silence_s": round(document.silence_s, 1),
        "silences": len(document.silences),
        "speech_percent": round(100 * document.speech_s / max(document.duration_s, 1e-6), 1),
    }
    if document.noise_floor_db is not None:
        metadata["noise_floor_dbfs"] = document.noise_floor_db
    return metadata


def _transcript(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Transcript)
    lines = [f"`{clock(s.start_s)}` {plain(s.text)}" for s in document.sentences]
    metadata: Metadata = {
        "begins": markdown(*as_far_as_shown(lines)) if lines else "Nothing is said.",
        "words_from": _words_from(document),
        "language": document.language or "unknown",
        "words": len(document.words),
        "sentences": len(document.sentences),
        "read_it": markdown(
            link(engine, result.manifest.file("transcript.srt").key, "all of it, as subtitles")
        ),
    }
    if document.quality is not None:
        measured = document.quality
        metadata |= {
            "covered_percent": round(100 * measured.covered_share, 1),
            "speech_without_words_s": measured.speech_without_words_s,
            "words_per_minute": round(measured.words_per_minute, 1),
            "characters_per_s": round(measured.characters_per_s, 1),
            "rules_broken": measured.rules_broken,
        }
        if measured.confidence is not None:
            metadata["confidence_percent"] = round(100 * measured.confidence, 1)
    if document.flags:
        flags = [f"{f.kind}: {f.count}, first at {clock(f.at_s)}" for f in document.flags]
        metadata["repaired"] = "; ".join(flags)
    if document.skipped_sources:
        metadata["not_used"] = markdown(
            *(f"**{p.source}**: {plain(p.reason)}" for p in document.skipped_sources)
        )
    if document.cost:
        metadata["cost"] = document.cost
    return metadata


def _words_from(document: Transcript) -> str:
    """`sidecar, each word aligned to the sound`."""
    told = {
        "recognised": "each word when it was heard",
        "aligned": "each word aligned to the sound",
        "provided": "times as given",
        "interpolated": "times spread over its subtitles",
    }
    source = f"{document.source} ({document.model})" if document.model else document.source
    draft = ", a draft: not burned in" if document.draft else ""
    return f"{source}, {told[document.word_times]}{draft}"


def _layout(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Layout)
    metadata: Metadata = {}
    if result.manifest.has("layout_sheet.jpg"):
        metadata["layout_sheet"] = markdown(picture(engine, result.manifest, "layout_sheet.jpg"))
    if result.manifest.has("slide_sheet.jpg"):
        metadata["slide_sheet"] = markdown(picture(engine, result.manifest, "slide_sheet.jpg"))
    stretches = [
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
        for s in document.stretches[:_ROWS]
    ]
    slides = [
        {
            "from": clock(s.start_s),
            "to": clock(s.end_s),
            "title": s.title or "-",
            "builds": len(s.builds_s),
        }
        for s in document.slides[:_ROWS]
    ]
    return metadata | {
        "stretches": table(
            stretches, confidence="0 to 1", regions="pixels of the recording: size at left,top"
        ),
        "slide_table": table(slides, builds="times that it grew"),
        "slides": len(document.slides),
        "shots": len(document.shots),
    }


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
    metadata: Metadata = {"topic_table": table(rows, about="key phrases")}
    if result.manifest.has("chapters.txt"):
        file = result.manifest.file("chapters.txt")
        text = engine.artifacts.path(file).read_text("utf-8").splitlines()
        shown = "\n".join(as_far_as_shown(text, IN_PLACE - 250))
        metadata["chapters"] = markdown(
            f"```\n{shown}\n```", link(engine, file.key, "for a video's description")
        )
    return metadata | {
        "borders_from": document.basis,
        "sentence_model": document.sentence_model or "none: words alone",
        "topics": len(document.topics),
        "sentences": len(document.units),
    }


def _segments(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, Segments)
    rows = [
        {
            "rank": s.rank,
            "score": round(s.score, 1),
            "from": clock(s.start_s),
            "length_s": round(s.kept_s, 1),
            "title": s.title,
            **{f.name: round(f.value) for f in s.factors},
            "reasons": "; ".join(s.reasons),
        }
        for s in document.segments
    ]
    why = [
        {
            "rank": s.rank,
            "factor": f.name,
            "value": round(f.value),
            "evidence": "; ".join(f.evidence),
        }
        for s in document.segments
        for f in s.factors
    ]
    metadata: Metadata = {
        "segments": table(rows, score="of 100; under 50 is no clip", length_s="what is kept"),
        **({"factors": table(why, value="of 100; 50 is usual")} if why else {}),
        "chosen": len(rows),
        "candidates": document.candidates,
    }
    if document.segments:
        metadata["best_score"] = round(max(s.score for s in document.segments), 1)
    if document.empty_reason:
        metadata["empty_reason"] = document.empty_reason
    if document.llm:
        metadata["llm"] = document.llm.model
        metadata["llm_cost"] = document.llm.cost
        metadata["llm_proposed"] = document.llm.proposed
        metadata["llm_judged"] = f"{document.llm.judged} of {document.llm.asked}"
        metadata["llm_declined"] = document.llm.declined
        if document.llm.skipped_reason:
            metadata["llm_skipped_reason"] = document.llm.skipped_reason
    return metadata


def _clips(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, RenderedClips)
    metadata: Metadata = {}
    if result.manifest.has("poster_sheet.jpg"):
        metadata["posters"] = markdown(
            picture(
                engine,
                result.manifest,
                "poster_sheet.jpg",
                leads_to=engine.page(result.manifest.video_id),
            )
        )
    for clip in document.clips[:_CLIPS]:
        metadata[f"clip_{clip.rank}"] = _one_clip(engine, result, clip)
    metadata["clips"] = table(
        [_clip_row(clip) for clip in document.clips],
        composition="how page and speaker are arranged",
        loudness_lufs="integrated, EBU R 128",
        ssim="of the picture before and after it was encoded; under 0.97 it is coarse",
    )
    metadata["encodes"] = table(
        [_encode_row(engine, result, clip) for clip in document.clips],
        estimated_s="of work, before it began",
        took_s="of work",
    )
    errors = _loudness_errors(
        result, (f.measures.integrated_lufs for c in document.clips for f in c.files)
    )
    if errors:
        metadata["loudness_error_lu"] = max(errors)
    metadata |= {
        "clip_count": len(document.clips),
        "rendered": result.items_made,
        "clips_reused": result.items_reused,
        "clips_s": round(sum(c.duration_s for c in document.clips), 1),
    }
    if document.notes:
        metadata["captions"] = "; ".join(document.notes)
    if document.empty_reason:
        metadata["empty_reason"] = document.empty_reason
    return metadata


def _one_clip(engine: Engine, result: StageResult, clip: Clip) -> dg.MarkdownMetadataValue:
    """A clip as a strip of frames, with a link to each of its shapes."""
    video_id = result.manifest.video_id
    films = {}
    for file in clip.files:
        made = engine.artifacts.manifest(video_id, Folder.CLIPS, file.artifact, file.fingerprint)
        if made is not None:
            films[file.variant] = made.file("clip.mp4").key
    first = engine.lasting_link(next(iter(films.values()))) if films else ""
    head = f"**{plain(clip.title[:120])}** {clip.duration_s:.1f} s, score {clip.score:.0f}"
    strip = picture(engine, result.manifest, f"strip_{clip.rank:02d}.jpg", leads_to=first)
    links = [link(engine, key, f"play {name}") for name, key in films.items()]
    # Shapes that have no room here are on the page of the video.
    while len(links) > 1 and sum(map(len, (head, strip, *links))) + 4 * len(links) > IN_PLACE:
        links.pop()
    return markdown(head, strip, " · ".join(links))


def _clip_row(clip: Clip) -> Metadata:
    return {
        "rank": clip.rank,
        "title": clip.title,
        "length_s": round(clip.duration_s, 1),
        "composition": ", ".join(dict.fromkeys(p.composition.value for p in clip.parts)),
        "captions": clip.files[0].captions,
        "loudness_lufs": str(clip.files[0].measures.integrated_lufs or "silent"),
        "ssim": min((f.quality.ssim for f in clip.files if f.quality.ssim), default=0.0),
    }


def _encode_row(engine: Engine, result: StageResult, clip: Clip) -> Metadata:
    made = [engine.finished_clip(result.manifest.video_id, f).encoded for f in clip.files]
    return {
        "rank": clip.rank,
        "shapes": ", ".join(f.variant for f in clip.files),
        "estimated_s": made[0].estimated_s,
        "took_s": made[0].seconds,
        "estimated_mib": mib(sum(m.estimated_bytes for m in made)),
        "size_mib": mib(sum(f.measures.size_bytes for f in clip.files)),
        "clip": clip.clip_id,
    }


def _loudness_errors(result: StageResult, measured: Iterable[float | None]) -> list[float]:
    """How far each is from what was wanted, in loudness units."""
    target = result.manifest.cache_key_inputs["options"]["loudness_lufs"]
    return [round(abs(value - target), 2) for value in measured if value is not None]


def _exports(engine: Engine, result: StageResult) -> Metadata:
    document = result.document
    assert isinstance(document, PlatformExports)
    lines = [
        f"{e.rank}. {link(engine, e.key, e.title[:60])}"
        f" {'keeps to every rule' if e.conforms else '**breaks a rule**'}"
        for e in document.exports
    ]
    metadata: Metadata = {}
    if lines:
        metadata["play"] = markdown("\n".join(as_far_as_shown(lines)))
    if document.refused:
        metadata["refused"] = "; ".join(f"{e.rank}. {e.title}: {e.why}" for e in document.refused)
    if document.withheld:
        kept_back = [f"{e.rank}. {e.title}: {e.why}" for e in document.withheld]
        metadata["withheld by review"] = "; ".join(kept_back)
    video_id = result.manifest.video_id
    made = {e.clip_id: engine.finished_export(video_id, e) for e in document.exports}
    rows = [
        {
            "rank": e.rank,
            "title": e.title,
            "conforms": e.conforms,
            "made_by": e.method.value,
            "length_s": round(e.facts.duration_s, 2),
            "size_mib": mib(e.facts.size_bytes),
            "loudness_lufs": str(e.facts.integrated_lufs or "silent"),
            "took_s": made[e.clip_id].seconds,
        }
        for e in document.exports
    ]
    metadata["files"] = table(
        rows, conforms="to every rule of the platform", made_by="copy costs next to nothing"
    )
    errors = _loudness_errors(result, (e.facts.integrated_lufs for e in document.exports))
    if errors:
        metadata["loudness_error_lu"] = max(errors)
    posts = _posts(engine, result)
    if posts:
        # What is posted later is noted by the sensor `posts_noted`.
        metadata["posts"] = table(posts, state="when this was made")
    return metadata | {
        "export_count": len(rows),
        "conforming": sum(e.conforms for e in document.exports),
        "size_mib": mib(sum(e.facts.size_bytes for e in document.exports)),
    }


def _posts(engine: Engine, result: StageResult) -> list[dict[str, str]]:
    """The posts of a video that files like these were posted as."""
    video_id, preset = result.manifest.video_id, result.stage.rpartition("/")[2]
    asked = PostQuery(channels=[channel_of(video_id)], video_id=video_id)
    return [
        {
            "platform": one.post.platform,
            "account": one.account_name,
            "state": one.post.state,
            "title": one.post.title,
            "url": one.post.url,
        }
        for one in engine.catalog.posts.page(_ROWS, asked)
        if preset in PRESETS.get(one.post.platform, (preset,))
    ]


#: By stage; a test holds that every stage has one.
PREVIEWS: dict[str, Callable[[Engine, StageResult], Metadata]] = {
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
