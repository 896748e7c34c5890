"""Whether what somebody decided can be of the video that it is about."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vidpipe.channels.model import Channel
from vidpipe.edits.model import ClipEdit, EditDocument, WordEdit
from vidpipe.errors import InputRejected
from vidpipe.geometry import Rect
from vidpipe.library.errors import Refused
from vidpipe.library.reading import check_words
from vidpipe.pipeline.editing.resolve import borders_of
from vidpipe.pipeline.editing.words import by_words, word_at
from vidpipe.segments.quotes import located
from vidpipe.timeline import Interval, complement, union
from vidpipe.transcript.model import Word

#: Seconds that have to be left of a clip.
LEAST_S = 0.5
#: Problems that are told at once.
MOST_PROBLEMS = 50
#: Words so far around a clip may belong to what is cut out of it.
_AROUND_S = 60.0


@dataclass(frozen=True)
class Recorded:
    """What edits of a video are checked against.

    Attributes:
        duration_s: of the recording.
        frame: its picture; None for sound alone.
        words: what is said.
        moments: by clip, where it was found.
        channel: whose it is.
        platforms: that it is made for.
        sounds: names of the channel's sounds.
    """

    duration_s: float
    frame: Rect | None
    words: Sequence[Word]
    moments: dict[str, Interval]
    channel: Channel
    platforms: Sequence[str]
    sounds: frozenset[str]


def problems(document: EditDocument, before: EditDocument, of: Recorded) -> list[str]:
    """What of a document cannot be, by its field, and what to do; only of what is new in it.

    The first 50, and that there are more.

    What was saved once stays good: a new analysis of the video must not keep anybody from
    changing something else.
    """
    found = list(islice(_all(document, before, of), MOST_PROBLEMS + 1))
    if len(found) > MOST_PROBLEMS:
        found[MOST_PROBLEMS:] = ["and more: these are the first"]
    return found


def _all(document: EditDocument, before: EditDocument, of: Recorded) -> Iterator[str]:
    yield from _of_video(document, before, of)
    for edit in document.clip_edits:
        known = before.of(edit.clip)
        if edit != known:
            yield from (f"clip_edits[{edit.clip}].{said}" for said in _of_clip(edit, known, of))


def _of_video(document: EditDocument, before: EditDocument, of: Recorded) -> Iterator[str]:
    if document.template != before.template:
        yield from _template(document.template, of)
    if document.platforms != before.platforms:
        for name in document.platforms or ():
            if name not in of.channel.presets:
                yield f"platforms: there is no {name!r}; there are: {', '.join(of.channel.presets)}"
    if document.platforms == ():
        yield "platforms: name at least one, or leave the field out"
    yield from _passages(document, before, of)
    if document.layout != before.layout:
        for k, given in enumerate(document.layout or ()):
            for name in ("screen", "camera"):
                yield from _box(f"layout.{k}.{name}", getattr(given, name), of)
            if given.start_s >= of.duration_s:
                yield (
                    f"layout.{k}.start_s: {given.start_s:g} s is past the end at "
                    f"{of.duration_s:.1f} s"
                )
    yield from _words(document.words, before.words, of)


def _passages(document: EditDocument, before: EditDocument, of: Recorded) -> Iterator[str]:
    for field in ("keep", "skip"):
        passages = getattr(document, field)
        for k, passage in enumerate(passages if passages != getattr(before, field) else ()):
            try:
                at = located(passage, of.words)
            except InputRejected as error:
                yield f"{field}.{k}: {error.message}"
                continue
            if at.start_s >= of.duration_s:
                yield f"{field}.{k}: {at.start_s:g} s is past the end at {of.duration_s:.1f} s"


def _of_clip(edit: ClipEdit, known: ClipEdit | None, of: Recorded) -> Iterator[str]:
    was = known or ClipEdit(clip=edit.clip)
    yield from _template(edit.template if edit.template != was.template else None, of)
    for name in (edit.platforms or ()) if edit.platforms != was.platforms else ():
        if name not in of.platforms:
            yield (
                f"platforms: the video is not made for {name!r}, but for "
                f"{', '.join(of.platforms)}; add it to `platforms` of the document first"
            )
    if edit.platforms == ():
        yield "platforms: name at least one, or drop the clip with kept: false"
    if edit.music != was.music and edit.music not in (None, "none"):
        name = str(edit.music).removeprefix("asset:")
        if name not in of.sounds:
            there = ", ".join(f"asset:{s}" for s in sorted(of.sounds)) or "none; upload one first"
            yield f"music: the channel has no sound {name!r}; there are: {there}"
    yield from _description(edit.description if edit.description != was.description else None)
    moment = of.moments.get(edit.clip)
    if moment is None and edit.moment is None and not edit.added:
        yield "clip: the video has no clip of this id; `added: true` makes a new one"
        return
    at = borders_of(edit, edit.moment or moment, of.duration_s)
    if at is None:
        yield f"start_s: the clip lies past the end of the recording at {of.duration_s:.1f} s"
        return
    if at.duration_s < LEAST_S:
        yield f"end_s: the clip lasts {at.duration_s:.2f} s; leave at least {LEAST_S:g} s"
    yield from _cuts(edit, was, at, of)
    yield from _words(edit.words, was.words, of)
    if edit.framing != was.framing:
        for k, framing in enumerate(edit.framing):
            for name in ("screen", "camera", "other", "screen_to", "camera_to"):
                yield from _box(f"framing.{k}.{name}", getattr(framing, name), of)


def _description(text: str | None) -> Iterator[str]:
    try:
        check_words("description", text or "", len(text or ""))
    except Refused as error:
        yield str(error)


def _cuts(edit: ClipEdit, was: ClipEdit, at: Interval, of: Recorded) -> Iterator[str]:
    """Cuts that mean nothing in the clip, or leave nothing of it."""
    low = bisect.bisect_left(of.words, at.start_s - _AROUND_S, key=_start_s)
    high = bisect.bisect_right(of.words, at.end_s + _AROUND_S, key=_start_s)
    near = of.words[low:high]
    inside = [w for w in near if w.start_s < at.end_s and w.end_s > at.start_s]
    taken = []
    for k, cut in enumerate(edit.cuts):
        try:
            asked = located(cut, inside)
        except InputRejected as error:
            if cut not in was.cuts:
                yield f"cuts.{k}.quote: {error.message}"
            continue
        gone = asked if cut.exact else by_words(asked, near)
        if gone.overlap_s(at) == 0 and cut not in was.cuts:
            yield (
                f"cuts.{k}: {asked.start_s:.2f} to {asked.end_s:.2f} s is not in the clip, which "
                f"is from {at.start_s:.2f} to {at.end_s:.2f} s"
            )
        taken.append(gone)
    left_s = sum(i.duration_s for i in complement(union(taken), at))
    if taken and left_s < LEAST_S:
        yield f"cuts: they leave {left_s:.2f} s of it; drop the clip with kept: false"


def _words(edits: Sequence[WordEdit], before: Sequence[WordEdit], of: Recorded) -> Iterator[str]:
    if edits == before:
        return
    known = frozenset(before)
    for k, edit in enumerate(edits):
        if edit in known:
            continue
        if word_at(of.words, edit) is None:
            at = bisect.bisect_left(of.words, edit.start_s, key=_start_s)
            around = of.words[max(0, at - 1) : at + 1]
            said = min(around, key=lambda w: abs(w.start_s - edit.start_s), default=None)
            instead = (
                f"the nearest is {said.text!r} at {said.start_s:.2f} s"
                if said
                else "nothing is said"
            )
            what = f"{edit.was!r} is not said" if edit.was else "no word begins"
            yield f"words.{k}: {what} at {edit.start_s:.2f} s; {instead}"


def _start_s(word: Word) -> float:
    return word.start_s


def _template(name: str | None, of: Recorded) -> Iterator[str]:
    if name is not None and name not in of.channel.looks:
        yield f"template: there is no {name!r}; there are: {', '.join(of.channel.looks)}"


def _box(where: str, box: Rect | None, of: Recorded) -> Iterator[str]:
    if box is None:
        return
    if of.frame is None:
        yield f"{where}: it is sound alone, there is no picture; leave the box out"
    elif box.intersect(of.frame) != box:
        yield (
            f"{where}: it reaches out of the picture of {of.frame.width}x{of.frame.height}; "
            "give a box inside it, in pixels of the source"
        )
