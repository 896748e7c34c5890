"""The segments of a recording: candidates, scores, a choice without overlap, names."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from vidpipe.content.model import Content
from vidpipe.language.headline import MOST
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.borders.model import BorderReader
from vidpipe.segments.choose import choose
from vidpipe.segments.cuts import Candidate, FoundCuts, candidates
from vidpipe.segments.edited import Edited, edited, factors_with
from vidpipe.segments.editor.answers import Judgement
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.model import (
    Chapter,
    Segment,
    SegmentOptions,
    Segments,
    ShownTitle,
)
from vidpipe.segments.quotes import located
from vidpipe.segments.score import reasons, topic_of
from vidpipe.segments.ties import KINDS
from vidpipe.segments.titles.namer import Namer
from vidpipe.segments.vetoes import VETOES
from vidpipe.segments.wording import wording_of
from vidpipe.silence.model import SpeechMap
from vidpipe.text import joined
from vidpipe.timeline import shorten_pauses, span
from vidpipe.transcript.model import Transcript, Word

#: Two forced segments that share no more than this were meant to follow each other.
_TOUCH_S = 1.0
#: A recording of so long has enough to choose from to offer only what stands out.
_LONG_S = 600.0
#: So many vetoes are named where nothing was chosen.
_NAMED_VETOES = 3
#: Kinds of ties whose being held whole is a reason of its own.
_TOLD = ("answer", "reversal", "story", "reason")


def select_segments(
    content: Content,
    transcript: Transcript,
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
    name: str,
    llm: Editor | None = None,
    turns_s: Sequence[float] = (),
    slides: Sequence[ShownTitle] = (),
    borders: BorderReader | None = None,
) -> Segments:
    """The best segments, ranked; fewer than asked for when fewer are good.

    `turns_s` are times of cuts and new slides: no segment begins or ends with a flash of
    another picture. `slides` have titles that may say it better than what is said. `borders`
    reads where a clip may begin and end; None: by words alone.

    No two overlap, none cuts a word, each is within the limits after its long
    pauses are taken out. Segments that the sidecar forces come first. Of a recording that fits
    into one clip, and in which nothing stands out, that is all of it.
    """
    words = () if transcript.draft else transcript.words
    phrases = cue_phrases(transcript.language)
    wanted = [(w, located(w, transcript.words)) for w in options.keep]
    forced = [
        _forced(i, at.start_s, at.end_s, w.title, words, speech, options, duration_s).model_copy(
            update={"template": w.template}
        )
        for i, (w, at) in enumerate(wanted)
        if at.start_s < duration_s
    ]
    forced = _disjoint(forced)
    unwanted = [located(passage, transcript.words) for passage in options.skip]
    blocked = [*unwanted, *(span(s.start_s, s.end_s) for s in forced)]
    found = candidates(
        content, words, speech, options, duration_s, blocked, phrases, turns_s, borders
    )
    judged = edited(found, words, speech, options, llm)
    learnt = content.basis == "sentences" and bool(wording_of(phrases.language).table)
    # What an editor would post is all offered.
    strict = learnt and duration_s >= _LONG_S and not judged.verdicts
    count = max(0, options.count - len(forced))
    # Where borders are learnt, a score knows how long a passage should be.
    lengthened = not found.cutter.borders
    chosen = choose(content, judged.candidates, count, options, strict, lengthened)
    if not chosen and found.whole is not None and options.count > 0:
        chosen = [found.whole]
    chosen = [_whole(item, found) for item in chosen]
    ranked = sorted(chosen, key=lambda c: (-c.score, c.start_s))
    segments = [_described(s, content) for s in forced]
    namer = Namer(content, phrases, slides, name)
    for segment in forced:
        namer.take(segment.title)
    for item in ranked:
        verdict = judged.verdicts.get((item.first, item.last))
        if "llm" not in item.parts:
            # What was turned down, and is kept for want of others, is not told in its words.
            verdict = None
        segment = _segment(len(segments) + 1, item, found, namer, verdict, options, duration_s)
        if verdict is not None and llm is not None:
            factors = factors_with(segment.factors, verdict, llm.options.weight)
            segment = segment.model_copy(update={"factors": factors})
        segments.append(segment)
    return Segments(
        segments=tuple(segments),
        candidates=len(found.candidates),
        empty_reason=None if segments else _why_nothing(found, judged, speech, options, duration_s),
        llm=judged.note,
    )


def _segment(
    rank: int,
    item: Candidate,
    found: FoundCuts,
    namer: Namer,
    verdict: Judgement | None,
    options: SegmentOptions,
    duration_s: float,
) -> Segment:
    content = found.content
    verdict = verdict or Judgement(score=item.score)
    named = namer.named(found.run(item), item.first, item.last, verdict.title)
    why = [f"holds {KINDS[k]}" for k in found.held(item) if k in _TOLD][:2]
    why += reasons(content, item.first, item.last, item.parts)
    is_whole = _is_whole(item, found)
    weak = item.score <= options.min_score and not is_whole
    if is_whole:
        why.insert(0, "is the whole recording, which is short enough for one clip")
    if weak:
        why.insert(
            0,
            f"weak: scores {item.score:.0f}, and {options.min_score:.0f} is what it takes "
            "where no number is asked for",
        )
    topic = topic_of(content, item.first, item.last)
    return Segment(
        rank=rank,
        start_s=round(item.start_s, 3),
        end_s=min(round(item.end_s, 3), duration_s),
        score=item.score,
        parts={k: round(v, 3) for k, v in item.parts.items()},
        reasons=(verdict.reason, *why) if verdict.reason else tuple(why),
        factors=found.factors(item),
        weak=weak,
        title=named.title,
        untitled=named.untitled,
        hook=verdict.hook or named.hook,
        description=named.description,
        topic=topic.title,
        keyphrases=named.tags,
        chapters=_chapters(content, item.start_s, item.end_s),
        kept_s=round(item.kept_s, 3),
    )


def _is_whole(item: Candidate, found: FoundCuts) -> bool:
    whole = found.whole
    if whole is None or item.own:
        return False
    return (item.first, item.last) == (whole.first, whole.last)


def _whole(item: Candidate, found: FoundCuts) -> Candidate:
    """All that is said is kept with what comes before and after it, where that fits."""
    whole = found.whole
    if whole is None or not _is_whole(item, found):
        return item
    return dataclasses.replace(item, start_s=whole.start_s, end_s=whole.end_s, kept_s=whole.kept_s)


def _forced(
    index: int,
    start_s: float,
    end_s: float,
    title: str,
    words: Sequence[Word],
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
) -> Segment:
    """A segment from the sidecar, its borders moved out of words."""
    end_s = min(end_s, duration_s)
    for word in words:
        if word.start_s < start_s < word.end_s:
            start_s = word.start_s
        if word.start_s < end_s < word.end_s:
            end_s = word.end_s
    within = span(start_s, end_s)
    kept = shorten_pauses(within, speech.silences, options.max_pause_s, options.pause_target_s)
    said = joined(w.text for w in words if start_s <= w.start_s < end_s)
    return Segment(
        rank=index + 1,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        score=100.0,
        parts={},
        reasons=("asked for in the sidecar",),
        title=title.strip() or _clip_text(said, MOST) or f"Part {index + 1}",
        hook=_clip_text(said, 120),
        kept_s=round(sum(i.duration_s for i in kept), 3),
        forced=True,
    )


def _disjoint(forced: Sequence[Segment]) -> list[Segment]:
    """Without those that lie on one before them; by part of a word they only touch."""
    kept: list[Segment] = []
    for wanted in forced:
        item = wanted
        for k in kept:
            item = _beside(item, k)
        if all(k.overlap_s(item) == 0 for k in kept):
            kept.append(item.model_copy(update={"rank": len(kept) + 1}))
    return kept


def _beside(item: Segment, other: Segment) -> Segment:
    """A segment without the little that it shares with another one."""
    if not 0 < other.overlap_s(item) <= _TOUCH_S < item.duration_s:
        return item
    if other.start_s < item.start_s:
        return item.model_copy(update={"start_s": other.end_s})
    return item.model_copy(update={"end_s": other.start_s})


def _chapters(content: Content, start_s: float, end_s: float) -> tuple[Chapter, ...]:
    """Where topics begin in a passage that spans several."""
    shared = [t for t in content.topics if t.start_s < end_s and t.end_s > start_s]
    if len(shared) < 2:
        return ()
    return tuple(Chapter(start_s=round(max(start_s, t.start_s), 3), title=t.title) for t in shared)


def _described(forced: Segment, content: Content) -> Segment:
    """A forced segment with what is talked about in it: most of the time, and in turn."""
    shared = {
        t: min(t.end_s, forced.end_s) - max(t.start_s, forced.start_s) for t in content.topics
    }
    topic = max(shared, key=lambda t: shared[t], default=None)
    if topic is None:
        return forced
    return forced.model_copy(
        update={
            "topic": forced.topic or topic.title,
            "keyphrases": topic.keyphrases,
            "chapters": _chapters(content, forced.start_s, forced.end_s),
        }
    )


def _clip_text(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text.rstrip(".,;: ")
    return text[: limit + 1].rpartition(" ")[0].rstrip(".,;: ") or text[:limit]


def _why_nothing(
    found: FoundCuts,
    judged: Edited,
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
) -> str:
    if duration_s < options.min_s:
        return (
            f"the video lasts {duration_s:.1f} s, the channel's shortest clip is "
            f"{options.min_s:.0f} s"
        )
    if found.content.basis == "none":
        return "nothing is said and the picture does not change: there is nothing to cut"
    if judged.note is not None and judged.verdicts and not judged.candidates:
        return (
            f"the language model would post none of the {judged.note.judged} passages that it "
            "judged; ask for a number of clips to get the best of them"
        )
    if not judged.candidates and not found.ruled_out:
        return (
            f"no stretch between {options.min_s:.0f} and {options.max_s:.0f} s starts and ends "
            f"at a sentence ({speech.speech_s:.0f} s of speech in {duration_s:.0f} s)"
        )
    against = ", ".join(
        f"{VETOES[veto]} ({count} of {found.ruled_out})"
        for veto, count in found.vetoed.most_common(_NAMED_VETOES)
    )
    if not judged.candidates:
        return f"each of {found.ruled_out} stretches is ruled out: {against}"
    best = max(c.score for c in judged.candidates)
    count = len(judged.candidates)
    said = f"nothing stands out: the best of {count} candidates scores {best:.0f} of 100"
    return f"{said}; {found.ruled_out} more are ruled out: {against}" if against else said
