"""Which clips there are to be: those that were found, as people changed them, and theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidpipe.edits.model import ClipEdit, EditDocument
from vidpipe.pipeline.editing.words import corrected, cuts_of
from vidpipe.segments.model import Segment
from vidpipe.text import joined
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Word

#: Two moments that share so much of the shorter are one, found again a little differently.
_SAME = 0.5
#: Letters of a title that nobody gave, and of what is said first.
_TITLE, _HOOK = 60, 120


@dataclass(frozen=True)
class EditedClip:
    """A clip that is to be made.

    Attributes:
        segment: its moment, with the borders and texts that it is to have.
        clip_id: its id; None for the one that follows from its frames, as nobody changed it.
        edit: what was decided of it.
        cuts: what is taken out, in source time.
        words: what is said in the recording, as its captions are to show it.
        notes: what of the edits means nothing any more.
    """

    segment: Segment
    clip_id: str | None
    edit: ClipEdit | None
    cuts: tuple[Interval, ...]
    words: tuple[Word, ...]
    notes: tuple[str, ...] = ()


def edited_clips(
    document: EditDocument,
    found: Sequence[Segment],
    ids: Mapping[int, str],
    words: Sequence[Word],
    duration_s: float,
) -> list[EditedClip]:
    """The clips of a video: what was found in its order, then what people added, by time.

    What somebody changed is known again after a new analysis by the moment that it shares; it
    stays where nothing of it is found any more, and nothing that is found may double it.

    Args:
        document: what people decided.
        found: segments, best first.
        ids: by rank, of the clip that a segment makes unchanged.
        words: what is said.
        duration_s: of the recording.
    """
    shown = corrected(words, document.words)
    matched = _matched(document.clip_edits, found, ids)
    doubled = _doubled(document.clip_edits, found, matched)
    clips: list[EditedClip] = []
    for segment in found:
        edit = matched.get(segment.rank)
        if edit is None:
            if segment.rank not in doubled:
                clips.append(EditedClip(segment, None, None, (), shown))
        elif edit.kept:
            clips.append(_edited(segment, edit, document, words, duration_s))
    used = {edit.clip for edit in matched.values()}
    own = [e for e in document.clip_edits if e.clip not in used and e.kept]
    pinned = [(e, borders_of(e, None, duration_s)) for e in own]
    rank = max((s.rank for s in found), default=0)
    for edit, borders in sorted(
        ((e, b) for e, b in pinned if b is not None), key=lambda item: item[1].start_s
    ):
        rank += 1
        segment = _segment(rank, edit, borders, found, words)
        clips.append(_edited(segment, edit, document, words, duration_s))
    return clips


def _matched(
    edits: Sequence[ClipEdit], found: Sequence[Segment], ids: Mapping[int, str]
) -> dict[int, ClipEdit]:
    """By rank, what was decided of a segment: by its id, else by the moment that both share."""
    by_id = {name: rank for rank, name in ids.items()}
    matched = {by_id[e.clip]: e for e in edits if not e.added and e.clip in by_id}
    known = {e.clip for e in matched.values()}
    pairs = [
        (_shared(e.moment, s), s.rank, e)
        for e in edits
        if not e.added and e.clip not in known and e.moment is not None
        for s in found
    ]
    for share, rank, edit in sorted(pairs, key=lambda p: (-p[0], p[1], p[2].clip)):
        if share < _SAME:
            break
        if rank not in matched and edit.clip not in known:
            matched[rank] = edit
            known.add(edit.clip)
    return matched


def _doubled(
    edits: Sequence[ClipEdit], found: Sequence[Segment], matched: Mapping[int, ClipEdit]
) -> set[int]:
    """Segments that nobody changed, and that show what an edited one did when it was found."""
    known = {e.clip for e in matched.values()}
    lost = [e.moment for e in edits if not e.added and e.moment and e.clip not in known]
    return {
        s.rank for s in found if s.rank not in matched and any(_shared(m, s) > _SAME for m in lost)
    }


def _shared(moment: Interval | None, segment: Interval) -> float:
    """What two moments share, as a share of the shorter."""
    if moment is None:
        return 0.0
    return moment.overlap_s(segment) / min(moment.duration_s, segment.duration_s)


def borders_of(edit: ClipEdit, found: Interval | None, duration_s: float) -> Interval | None:
    """From when to when a clip is; None where nothing of that is in the recording.

    Args:
        edit: what is decided of it.
        found: the moment that was found; None: what is known of it.
        duration_s: of the recording.
    """
    at = found or edit.moment
    start_s, end_s = edit.start_s, edit.end_s
    if at is not None:
        start_s = at.start_s if start_s is None else start_s
        end_s = at.end_s if end_s is None else end_s
    if start_s is None or end_s is None:
        return None
    end_s = min(end_s, duration_s)
    return span(start_s, end_s) if end_s > start_s else None


def _segment(
    rank: int, edit: ClipEdit, at: Interval, found: Sequence[Segment], words: Sequence[Word]
) -> Segment:
    """A moment that a person chose; what it is about is that of what was found there."""
    said = joined(w.text for w in words if at.start_s <= w.start_s < at.end_s)
    near = max(found, key=at.overlap_s, default=None)
    about = near if near is not None and at.overlap_s(near) > 0 else None
    return Segment(
        rank=rank,
        start_s=at.start_s,
        end_s=at.end_s,
        score=100.0,
        parts={},
        reasons=("chosen by a person",),
        title=edit.title or _short(said, _TITLE) or f"Clip {rank}",
        hook=_short(said, _HOOK),
        topic=about.topic if about else "",
        keyphrases=about.keyphrases if about else (),
        chapters=about.chapters if about else (),
        kept_s=at.duration_s,
        description=about.description if about else "",
        forced=True,
    )


def _short(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text.rstrip(".,;: ")
    return text[: limit + 1].rpartition(" ")[0].rstrip(".,;: ") or text[:limit]


def _edited(
    segment: Segment,
    edit: ClipEdit,
    document: EditDocument,
    words: Sequence[Word],
    duration_s: float,
) -> EditedClip:
    """A segment as somebody changed it."""
    at = borders_of(edit, segment, duration_s)
    notes: list[str] = []
    if at is None:
        notes.append(f"its borders lie past the end at {duration_s:.1f} s: left as found")
        at = segment
    told = {name: getattr(edit, name) for name in ("title", "hook", "description", "template")}
    update = {name: said for name, said in told.items() if said is not None}
    if edit.title is not None:
        update["untitled"] = False
    inside = tuple(c for c in segment.chapters if at.start_s <= c.start_s < at.end_s)
    changed = segment.model_copy(
        update={"start_s": at.start_s, "end_s": at.end_s, "chapters": inside, **update}
    )
    cuts, odd = cuts_of(edit.cuts, words, at)
    return EditedClip(
        segment=changed,
        clip_id=edit.clip,
        edit=edit,
        cuts=tuple(cuts),
        words=corrected(words, (*document.words, *edit.words)),
        notes=tuple(f"clip {edit.clip}: {said}" for said in (*notes, *odd)),
    )
