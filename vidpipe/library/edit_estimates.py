"""How long it will take to make clips as they are decided: from what they took before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from vidpipe.clips.model import Clip, RenderedClips
from vidpipe.edits.model import ClipEdit, EditDocument
from vidpipe.library.edit_views import ClipEstimate, EditEstimate
from vidpipe.pipeline.editing.made import edits_made, edits_told
from vidpipe.pipeline.editing.resolve import borders_of
from vidpipe.pipeline.engine import Engine
from vidpipe.results.stored import NotReady
from vidpipe.timeline import complement, span, union

#: Fields that are only written beside a clip.
_BESIDE = frozenset({"description", "hashtags", "moment"})
#: And these where no picture shows them.
_TEXTS = frozenset({"title", "hook"})
#: Seconds that starting and storing take, that looking at a file takes for each second of it,
#: and what an encode takes where none is known.
_START_S, _LOOK, _ENCODE = 1.5, 0.08, 0.3


def estimate(
    engine: Engine, video_id: str, version: int, document: EditDocument, stages: Sequence[str]
) -> EditEstimate:
    """What making the clips will take.

    Raises:
        NotReady: no clips were made yet.
    """
    manifest = engine.manifest(video_id, "rendered_clips")
    if manifest is None:
        raise NotReady(f"{video_id} has no clips yet: have it processed first")
    try:
        rendered = engine.artifacts.document(manifest, RenderedClips)
    except FileNotFoundError as error:
        raise NotReady(f"{video_id}: its clips are not stored any more") from error
    made, told = edits_made(manifest), edits_told(document)
    now_said: Mapping[str, Mapping[str, Any]] = told.get("clips", {})
    clips = {clip.clip_id: clip for clip in rendered.clips}
    rates = {name: _rate(engine, video_id, clip) for name, clip in clips.items()}
    usual = median(rates.values()) if rates else _ENCODE
    words = [w for w in (*made.words, *told.get("words", [])) if not _in_both(w, made.words, told)]
    found = []
    for name in dict.fromkeys([*clips, *now_said]):
        was, is_now = made.clips.get(name, {}), now_said.get(name, {})
        why = sorted(f for f in {*was, *is_now} - {"clip"} if was.get(f) != is_now.get(f))
        clip = clips.get(name)
        if clip is not None and any(clip.segment.contains(w["start_s"]) for w in words):
            why = sorted({*why, "words"})
        why = [field for field in why if field != "moment"] or (["added"] if clip is None else [])
        if not why or not is_now.get("kept", True):
            continue
        edit = document.of(name) or ClipEdit(clip=name)
        seconds, pictures = _seconds(clip, edit, why, rates.get(name, usual))
        found.append(ClipEstimate(clip=name, seconds=seconds, why=tuple(why), pictures=pictures))
    total = sum(item.seconds for item in found) + (_START_S if stages else 0.0)
    return EditEstimate(
        video_id=video_id,
        version=version,
        seconds=round(total, 1),
        clips=tuple(found),
        stages=tuple(stages),
    )


def _in_both(word: Any, before: Sequence[Any], told: Mapping[str, Any]) -> bool:
    return word in before and word in told.get("words", [])


def _seconds(
    clip: Clip | None,
    edit: ClipEdit,
    why: Sequence[str],
    rate: float,
) -> tuple[float, bool]:
    """Seconds for one clip, and whether any picture of it changes."""
    beside = set(_BESIDE)
    if clip is not None and not any(part.titled for part in clip.parts):
        beside |= _TEXTS
    pictures = bool(set(why) - beside)
    if not pictures:
        return 0.5, False
    at = borders_of(edit, clip.segment if clip else None, 1e9)
    length_s = at.duration_s if at is not None else clip.duration_s if clip else 0.0
    if clip is not None and at is not None and not {"start_s", "end_s"} & set(why):
        length_s = clip.duration_s
    cut = union(
        span(c.start_s, c.end_s) for c in edit.cuts if c.start_s is not None and c.end_s is not None
    )
    if at is not None and {"start_s", "end_s", "added"} & set(why):
        length_s = sum(i.duration_s for i in complement(cut, at))
    return round(length_s * (rate + _LOOK), 1), True


def _rate(engine: Engine, video_id: str, clip: Clip) -> float:
    """Seconds that encoding a second of a clip took, in all its shapes."""
    if not clip.files:
        return _ENCODE
    try:
        took = engine.finished_clip(video_id, clip.files[0]).encoded.seconds
    except FileNotFoundError:
        return _ENCODE
    return took / clip.duration_s if clip.duration_s else _ENCODE
