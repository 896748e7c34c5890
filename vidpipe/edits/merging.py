"""Changing a document: merge patches, splitting and joining clips, what a sidecar says."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vidpipe.edits.model import ClipEdit, CutEdit, EditDocument, WordEdit
from vidpipe.errors import Misconfigured
from vidpipe.timeline import Interval, span

Changed = TypeVar("Changed", bound=BaseModel)

#: A clip that is split off lasts at least so long, in seconds.
SHORTEST_S = 1.0


class BadEdit(Misconfigured):
    """An edit that cannot be: names the field, and says what to do."""


def merge_patch(target: Any, patch: Any) -> Any:
    """What a JSON merge patch makes of a value (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def checked(model: type[Changed], fields: Any, where: str = "") -> Changed:
    """A document, or a part of one, from what somebody wrote.

    Raises:
        BadEdit: every field that cannot be, by its place.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise BadEdit([_said(item, where) for item in error.errors()]) from error


def _said(item: Any, where: str) -> str:
    place = ".".join(str(part) for part in item["loc"])
    path = ".".join(part for part in (where, place) if part) or "document"
    return f"{path}: {item['msg'].removeprefix('Value error, ')}"


def patched(document: EditDocument, patch: Mapping[str, Any]) -> EditDocument:
    """The document with a merge patch applied.

    Raises:
        BadEdit: a field that cannot be.
    """
    return checked(EditDocument, merge_patch(document.as_json(), patch))


def patched_clip(
    document: EditDocument, clip: str, moment: Interval | None, patch: Mapping[str, Any]
) -> EditDocument:
    """The document with a merge patch applied to what it says of one clip.

    Args:
        document: as it is.
        clip: its id.
        moment: where it was found; None for what is known of it already.
        patch: of a `ClipEdit`; it cannot rename the clip.

    Raises:
        BadEdit: a field that cannot be.
    """
    if patch.get("clip", clip) != clip:
        raise BadEdit(f"clip: it is {clip}, which a patch cannot change; leave the field out")
    known = document.of(clip) or ClipEdit(clip=clip, moment=moment)
    fields = merge_patch(known.model_dump(mode="json", exclude_defaults=True), patch)
    edit = checked(ClipEdit, {**fields, "clip": clip}, f"clip_edits[{clip}]")
    if edit.moment is None and known.moment is not None:
        edit = edit.model_copy(update={"moment": known.moment})
    if not edit.is_edited:
        return document.without_clip(clip)
    return checked(EditDocument, document.with_clip(edit).as_json())


def new_clip_id(video_id: str, start_s: float, end_s: float, taken: Collection[str]) -> str:
    """An id for a clip that a person makes: of its moment, and no other's."""
    for attempt in range(1000):
        text = f"{video_id}:added:{start_s:.3f}:{end_s:.3f}:{attempt}"
        made = hashlib.sha256(text.encode()).hexdigest()[:10]
        if made not in taken:
            return made
    raise BadEdit("there are a thousand clips of this moment: drop some first")


def added(
    document: EditDocument,
    video_id: str,
    start_s: float,
    end_s: float,
    title: str | None,
    taken: Collection[str],
) -> tuple[EditDocument, str]:
    """The document with a clip of another moment, and its id.

    Raises:
        BadEdit: it ends before it begins.
    """
    made = new_clip_id(video_id, start_s, end_s, {*taken, *(e.clip for e in document.clip_edits)})
    fields = {"clip": made, "added": True, "start_s": start_s, "end_s": end_s, "title": title}
    edit = checked(ClipEdit, fields)
    edit = edit.model_copy(update={"moment": span(start_s, end_s)})
    return document.with_clip(edit), made


def split(
    document: EditDocument,
    video_id: str,
    edit: ClipEdit,
    borders: Interval,
    at_s: float,
    taken: Collection[str],
) -> tuple[EditDocument, str]:
    """The document with a clip in two: it ends at a time, and an added one begins there.

    Both look as it did; each keeps the cuts, words and framing of its own part.

    Args:
        document: as it is.
        video_id: whose.
        edit: what is decided of the clip, or nothing yet.
        borders: where it begins and ends now.
        at_s: where to split it.
        taken: ids that other clips have.

    Raises:
        BadEdit: the time is not well inside the clip.
    """
    if not borders.start_s + SHORTEST_S <= at_s <= borders.end_s - SHORTEST_S:
        raise BadEdit(
            f"at_s: {at_s:g} s is not inside the clip, which is from {borders.start_s:.2f} to "
            f"{borders.end_s:.2f} s; leave at least {SHORTEST_S:g} s on each side"
        )
    known = {*taken, *(e.clip for e in document.clip_edits)}
    made = new_clip_id(video_id, at_s, borders.end_s, known)
    first = edit.model_copy(update={"start_s": borders.start_s, "end_s": at_s})
    second = edit.model_copy(
        update={
            "clip": made,
            "added": True,
            "moment": span(at_s, borders.end_s),
            "start_s": at_s,
            "end_s": borders.end_s,
        }
    )
    halves = [
        half.model_copy(
            update={
                "words": tuple(w for w in half.words if within.contains(w.start_s)),
                "cuts": tuple(c for c in half.cuts if _touches(c, within)),
                "framing": tuple(
                    # A movement goes on in the second where it was at the end of the first.
                    _bounded(f, borders) if f.moves else f
                    for f in half.framing
                    if _touches(f, within)
                ),
            }
        )
        for half, within in (
            (first, span(borders.start_s, at_s)),
            (second, span(at_s, borders.end_s)),
        )
    ]
    return document.with_clip(halves[0]).with_clip(halves[1]), made


def _touches(item: Any, within: Interval) -> bool:
    """Whether a cut or a framing has to do with a stretch; a quote alone may."""
    start_s = item.start_s if item.start_s is not None else within.start_s
    end_s = item.end_s if item.end_s is not None else within.end_s
    return bool(start_s < within.end_s and end_s > within.start_s)


def merged(
    document: EditDocument, clips: Sequence[tuple[ClipEdit, Interval]], *, between: str
) -> EditDocument:
    """The document with several clips in one: the earliest holds all, the others are dropped.

    Args:
        document: as it is.
        clips: what is decided of each, and from when to when it is now.
        between: `cut` takes out what lies between them, `keep` keeps it.

    Raises:
        BadEdit: there is only one.
    """
    if len({edit.clip for edit, _ in clips}) < 2:
        raise BadEdit("clips: name at least two to merge")
    ordered = sorted(clips, key=lambda item: (item[1].start_s, item[1].end_s))
    (first, at), rest = ordered[0], ordered[1:]
    cuts, words, framing = list(first.cuts), list(first.words), list(first.framing)
    end_s = at.end_s
    for edit, borders in rest:
        if borders.start_s > end_s and between == "cut":
            cuts.append(CutEdit(start_s=end_s, end_s=borders.start_s, exact=True))
        end_s = max(end_s, borders.end_s)
        cuts += [c for c in edit.cuts if c not in cuts]
        known = {w.start_s for w in words}
        words += [w for w in edit.words if w.start_s not in known]
        framing += [_bounded(f, borders) for f in edit.framing]
    whole = first.model_copy(
        update={
            "start_s": at.start_s,
            "end_s": end_s,
            "cuts": tuple(cuts),
            "words": tuple(words),
            "framing": tuple(_bounded(f, at) for f in first.framing)
            + tuple(framing[len(first.framing) :]),
            "kept": True,
        }
    )
    document = document.with_clip(whole)
    for edit, _ in rest:
        if edit.added:
            document = document.without_clip(edit.clip)
        else:
            document = document.with_clip(ClipEdit(clip=edit.clip, moment=edit.moment, kept=False))
    return document


def _bounded(framing: Any, borders: Interval) -> Any:
    """A framing that holds only where its clip was."""
    return framing.model_copy(
        update={
            "start_s": borders.start_s if framing.start_s is None else framing.start_s,
            "end_s": borders.end_s if framing.end_s is None else framing.end_s,
        }
    )


def with_sidecar(
    document: EditDocument, clips: Sequence[ClipEdit], words: Sequence[WordEdit]
) -> EditDocument:
    """The document with what a sidecar says of clips and words, which was written later.

    What it says of a clip stands in place of what was said of that clip; of other clips
    nothing changes.
    """
    for edit in clips:
        known = document.of(edit.clip)
        moment = edit.moment or (known.moment if known is not None else None)
        document = document.with_clip(edit.model_copy(update={"moment": moment}))
    said = {w.start_s: w for w in (*document.words, *words)}
    return document.model_copy(update={"words": tuple(said[t] for t in sorted(said))})


def says(document: EditDocument, clips: Sequence[ClipEdit], words: Sequence[WordEdit]) -> bool:
    """Whether a document says of these clips and words what a sidecar does."""
    for edit in clips:
        known = document.of(edit.clip)
        if known is None:
            return False
        if known != edit.model_copy(update={"moment": edit.moment or known.moment}):
            return False
    return set(words) <= set(document.words)
