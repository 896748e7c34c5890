"""The segments of a recording: candidates, scores, a choice without overlap."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidpipe.content.model import Content, Unit
from vidpipe.orthography import joined
from vidpipe.segments.editor import Editor, Verdict
from vidpipe.segments.model import Chapter, EditorNote, Segment, SegmentOptions, Segments
from vidpipe.segments.quotes import located
from vidpipe.segments.score import reasons, score_run, topic_of, total
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, clock, shorten_pauses, span
from vidpipe.transcript.model import Transcript, Word

_TITLE_CHARACTERS = 70
_SHORTEST_TITLE = 16
#: What two keyphrases are worth as a title, next to `_worth_as_title`.
_ABOUT = 0.55
#: A topic so many times as long as the shortest clip has clips of its own.
_OWN_CLIP = 1.5
#: Points of score that a whole may be behind the better of its halves.
_NEARLY = 5.0
_OWN_THOUGHT = 0.9
#: Candidates that share so much are one passage to a reader.
_SAME_PASSAGE = 0.7
_CLAUSE_END = re.compile(r"[,;:](?=\s)")


@dataclass(frozen=True)
class Candidate:
    """Units `[first, last)` with the time they would take and their score."""

    first: int
    last: int
    start_s: float
    end_s: float
    kept_s: float
    parts: dict[str, float]
    score: float


def select_segments(
    content: Content,
    transcript: Transcript,
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
    name: str,
    editor: Editor | None = None,
    turns_s: Sequence[float] = (),
) -> Segments:
    """The best segments, ranked; fewer than asked for when fewer are good.

    `turns_s` are times of cuts and new slides: no segment begins or ends with a flash of
    another picture.

    No two overlap, none cuts a word, each is within the limits after its long
    pauses are taken out. Segments that the sidecar forces come first.
    """
    words = () if transcript.draft else transcript.words
    wanted = [(w, located(w, transcript.words)) for w in options.keep]
    forced = [
        _forced(i, at.start_s, at.end_s, w.title, words, speech, options, duration_s)
        for i, (w, at) in enumerate(wanted)
        if at.start_s < duration_s
    ]
    forced = _disjoint(forced)
    unwanted = [located(passage, transcript.words) for passage in options.skip]
    blocked = [*unwanted, *(span(s.start_s, s.end_s) for s in forced)]
    found = candidates(content, words, speech, options, duration_s, blocked, turns_s)
    judged, verdicts, note = _edited(found, words, options, editor)
    chosen = _choose(content, judged, max(0, options.count - len(forced)), options)
    ranked = sorted(chosen, key=lambda c: (-c.score, c.start_s))
    segments = [_described(s, content) for s in forced]
    titles: set[str] = {s.title for s in forced}
    for item in ranked:
        verdict = verdicts.get((item.first, item.last), Verdict(score=item.score))
        title = verdict.title if verdict.title not in ("", *titles) else ""
        title = title or _title(content, item, titles, name)
        titles.add(title)
        why = reasons(content, item.first, item.last, item.parts)
        topic = topic_of(content, item.first, item.last)
        segments.append(
            Segment(
                rank=len(segments) + 1,
                start_s=round(item.start_s, 3),
                end_s=min(round(item.end_s, 3), duration_s),
                score=item.score,
                parts={k: round(v, 3) for k, v in item.parts.items()},
                reasons=(verdict.reason, *why) if verdict.reason else tuple(why),
                title=title,
                hook=verdict.hook or _capital(_after_lead_in(content.units[item.first])),
                topic=topic.title,
                keyphrases=topic.keyphrases,
                chapters=_chapters(content, item.start_s, item.end_s),
                kept_s=round(item.kept_s, 3),
            )
        )
    return Segments(
        segments=tuple(segments),
        candidates=len(found),
        nothing=None if segments else _why_nothing(content, judged, speech, options, duration_s),
        editor=note,
    )


def _edited(
    found: list[Candidate], words: Sequence[Word], options: SegmentOptions, editor: Editor | None
) -> tuple[list[Candidate], dict[tuple[int, int], Verdict], EditorNote | None]:
    """The candidates with an editor's score in theirs; without one, or its word, as they are."""
    shortlist = _shortlist(found, options.min_score, editor.options.candidates) if editor else []
    if editor is None or not shortlist or not words:
        return found, {}, None
    passages = [[w for w in words if c.start_s <= w.start_s < c.end_s] for c in shortlist]
    given, note = editor.judge(passages)
    if not given:
        return found, {}, note
    weight = editor.options.weight
    judged = [
        dataclasses.replace(
            shortlist[k],
            score=round((1 - weight) * shortlist[k].score + weight * verdict.score, 2),
            parts={**shortlist[k].parts, "editor": verdict.score / 100},
        )
        for k, verdict in given.items()
    ]
    return judged, {(shortlist[k].first, shortlist[k].last): v for k, v in given.items()}, note


def _shortlist(found: Sequence[Candidate], min_score: float, count: int) -> list[Candidate]:
    """The best candidates that are not nearly the same passage."""
    kept: list[Candidate] = []
    for item in sorted(found, key=lambda c: (-c.score, c.start_s)):
        if item.score <= min_score or len(kept) == count:
            break
        if all(_shared(item, other) < _SAME_PASSAGE for other in kept):
            kept.append(item)
    return kept


def _shared(a: Candidate, b: Candidate) -> float:
    """Overlap of two candidates over what they cover together."""
    both = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return max(0.0, both) / (max(a.end_s, b.end_s) - min(a.start_s, b.start_s))


def candidates(
    content: Content,
    words: Sequence[Word],
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
    blocked: Sequence[Interval],
    turns_s: Sequence[float] = (),
) -> list[Candidate]:
    """Every run of units that keeps to the limits and to one topic.

    A topic too short for a clip of its own may share one with what comes after it.
    """
    found = []
    units = content.units
    ends_topic = _ends_of_topics(content, options.min_s)
    starts = [w.start_s for w in words]
    ends = [w.end_s for w in words]
    turns = sorted(turns_s)
    for first in range(len(units)):
        for last in range(first + 1, ends_topic[first] + 1):
            if last - first > 1:
                gap = units[last - 1].start_s - units[last - 2].end_s
                if gap > options.long_break_s:
                    break
            start_s, end_s = _bounds(
                units[first].start_s,
                units[last - 1].end_s,
                starts,
                ends,
                options,
                duration_s,
                turns,
            )
            within = span(start_s, end_s)
            if within.duration_s < options.min_s:
                continue
            kept = sum(
                i.duration_s
                for i in shorten_pauses(
                    within, speech.silences, options.max_pause_s, options.kept_pause_s
                )
            )
            if kept > options.max_s:
                break
            if kept < options.min_s or any(b.overlap_s(within) > 0 for b in blocked):
                continue
            parts = score_run(content, first, last, kept, options)
            found.append(Candidate(first, last, start_s, end_s, kept, parts, total(parts)))
    return found


def _ends_of_topics(content: Content, min_s: float) -> list[int]:
    """For each unit the last one, exclusive, with which a run from it may end."""
    ends = []
    for topic in content.topics:
        end = topic.last_unit if topic.duration_s >= _OWN_CLIP * min_s else len(content.units)
        ends += [end] * (topic.last_unit - topic.first_unit)
    return ends


def _bounds(
    start_s: float,
    end_s: float,
    word_starts: Sequence[float],
    word_ends: Sequence[float],
    options: SegmentOptions,
    duration_s: float,
    turns: Sequence[float],
) -> tuple[float, float]:
    """Lead-in and lead-out, never past half the gap to a neighbouring word, nor past a turn."""
    before = bisect.bisect_right(word_ends, start_s + 1e-6) - 1
    lead = options.lead_in_s
    if before >= 0:
        lead = min(lead, max(0.0, start_s - word_ends[before]) / 2)
    after = bisect.bisect_left(word_starts, end_s - 1e-6)
    tail = options.lead_out_s
    if after < len(word_starts):
        tail = min(tail, max(0.0, word_starts[after] - end_s) / 2)
    turn = bisect.bisect_right(turns, start_s) - 1
    if turn >= 0:
        lead = min(lead, start_s - turns[turn])
    turn = bisect.bisect_left(turns, end_s)
    if turn < len(turns):
        tail = min(tail, turns[turn] - end_s)
    return max(0.0, start_s - lead), min(duration_s, end_s + tail)


def schedule(found: Sequence[Candidate], count: int, min_score: float) -> list[Candidate]:
    """At most `count` candidates that do not overlap, of the greatest total gain.

    Weighted interval scheduling by dynamic programming: exact. A candidate's gain
    is its score over `min_score`; what lies under it is never chosen.
    """
    items = sorted((c for c in found if c.score > min_score), key=lambda c: c.end_s)
    ends = [c.end_s for c in items]
    free = [bisect.bisect_right(ends, c.start_s + 1e-9) for c in items]
    n = len(items)
    best = [[0.0] * (n + 1) for _ in range(count + 1)]
    for k in range(1, count + 1):
        row, below = best[k], best[k - 1]
        for i in range(1, n + 1):
            gain = items[i - 1].score - min_score
            row[i] = max(row[i - 1], below[free[i - 1]] + gain)
    chosen: list[Candidate] = []
    k, i = count, n
    while k > 0 and i > 0:
        if best[k][i] == best[k][i - 1]:
            i -= 1
            continue
        chosen.append(items[i - 1])
        i = free[i - 1]
        k -= 1
    return chosen[::-1]


def _choose(
    content: Content, found: Sequence[Candidate], count: int, options: SegmentOptions
) -> list[Candidate]:
    """Scheduled segments of which no two say the same or are halves of one."""
    left = list(found)
    whole = {(c.first, c.last): c for c in found}
    while True:
        chosen = schedule(left, count, options.min_score)
        both = _halves(chosen, whole)
        if both is not None:
            left = [c for c in left if c == both or not (both.first <= c.first < both.last)]
            continue
        twin = _repetition(content, chosen, options.same_words)
        if twin is None:
            return chosen
        left = [c for c in left if min(c.end_s, twin.end_s) <= max(c.start_s, twin.start_s)]


def _halves(
    chosen: Sequence[Candidate], whole: Mapping[tuple[int, int], Candidate]
) -> Candidate | None:
    """What two chosen neighbours are together, when that is nearly as good.

    Unless the second begins a thought of its own.
    """
    for a, b in itertools.pairwise(chosen):
        both = whole.get((a.first, b.last)) if a.last == b.first else None
        if b.parts.get("self_contained", 0.0) >= _OWN_THOUGHT:
            continue
        if both is not None and both.score >= max(a.score, b.score) - _NEARLY:
            return both
    return None


def _repetition(content: Content, chosen: Sequence[Candidate], limit: float) -> Candidate | None:
    """The weaker of two chosen ones that share most of their words."""
    bags = [
        {w.lower().strip(".,;:?!") for u in content.units[c.first : c.last] for w in u.text.split()}
        for c in chosen
    ]
    for i in range(len(chosen)):
        for j in range(i + 1, len(chosen)):
            if not bags[i] or not bags[j]:
                continue
            shared = len(bags[i] & bags[j]) / min(len(bags[i]), len(bags[j]))
            if shared > limit:
                return min(chosen[i], chosen[j], key=lambda c: c.score)
    return None


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
    kept = shorten_pauses(within, speech.silences, options.max_pause_s, options.kept_pause_s)
    said = joined(w.text for w in words if start_s <= w.start_s < end_s)
    return Segment(
        rank=index + 1,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        score=100.0,
        parts={},
        reasons=("asked for in the sidecar",),
        title=title or _clip_text(said, _TITLE_CHARACTERS) or f"Part {index + 1}",
        hook=_clip_text(said, 120),
        kept_s=round(sum(i.duration_s for i in kept), 3),
        forced=True,
    )


def _disjoint(forced: Sequence[Segment]) -> list[Segment]:
    kept: list[Segment] = []
    for item in forced:
        if all(k.overlap_s(item) == 0 for k in kept):
            kept.append(item.model_copy(update={"rank": len(kept) + 1}))
    return kept


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


def _title(content: Content, item: Candidate, taken: set[str], name: str) -> str:
    """A sentence that stands by itself, or what it is about; never the same twice."""
    units = content.units[item.first : item.last]
    keys = [k for k in topic_of(content, item.first, item.last).keyphrases if _said(k, units)]
    about = ", ".join(keys[:2])
    about = about[:1].upper() + about[1:]
    rated: list[tuple[float, str]] = [(_ABOUT, about)] if len(keys) > 1 else []
    for place, unit in enumerate(units):
        text = _bare(unit)
        for said in {text, _first_clauses(text, _TITLE_CHARACTERS)}:
            if _SHORTEST_TITLE <= len(said) <= _TITLE_CHARACTERS:
                worth = _worth_as_title(unit, keys, place)
                rated.append((worth - (0.3 if said != text else 0.0), said))
    options = [text for _, text in sorted(rated, key=lambda r: -r[0])]
    if content.basis == "sentences":
        options.append(topic_of(content, item.first, item.last).title)
        options.append(_clip_text(_bare(units[0]), _TITLE_CHARACTERS))
    options.append(f"{name} at {clock(item.start_s)}")
    return next((o for o in options if o and o not in taken), options[-1])


def _worth_as_title(unit: Unit, keys: Sequence[str], place: int) -> float:
    """A question, a definition or a claim that names what it is about, the earlier the better."""
    signs = unit.signs
    value = 0.2 + 0.1 / (1 + place)
    value += 0.35 * signs.get("question", 0.0)
    value += 0.3 * signs.get("definition", 0.0)
    value += 0.25 * signs.get("claim", 0.0)
    value += 0.2 * signs.get("vivid", 0.0)
    value += 0.3 * any(_said(key, [unit]) for key in keys)
    for sign in ("dangling_start", "halting", "elsewhere", "housekeeping", "reply", "backward"):
        value -= 0.5 * signs.get(sign, 0.0)
    return value - 0.25 * signs.get("connective_start", 0.0)


def _said(phrase: str, units: Sequence[Unit]) -> bool:
    return any(phrase.lower() in unit.text.lower() for unit in units)


def _first_clauses(text: str, limit: int) -> str:
    """As many whole clauses as fit; empty when not even the first does."""
    if len(text) <= limit:
        return text
    cut = max((m.start() for m in _CLAUSE_END.finditer(text[: limit + 1])), default=0)
    return text[:cut]


def _bare(unit: Unit) -> str:
    """What a unit says without its lead-in, capitalised, no full stop."""
    return _capital(_after_lead_in(unit).rstrip(". "))


def _after_lead_in(unit: Unit) -> str:
    return unit.text[len(unit.lead_in) :].strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clip_text(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text.rstrip(".,;: ")
    return text[: limit + 1].rpartition(" ")[0].rstrip(".,;: ") or text[:limit]


def _why_nothing(
    content: Content,
    found: Sequence[Candidate],
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
) -> str:
    if duration_s < options.min_s:
        return (
            f"the video lasts {duration_s:.1f} s, the channel's shortest clip is "
            f"{options.min_s:.0f} s"
        )
    if content.basis == "none":
        return "nothing is said and the picture does not change: there is nothing to cut"
    if not found:
        return (
            f"no stretch between {options.min_s:.0f} and {options.max_s:.0f} s starts and ends "
            f"at a sentence ({speech.speech_s:.0f} s of speech in {duration_s:.0f} s)"
        )
    best = max(c.score for c in found)
    return f"nothing stands out: the best of {len(found)} candidates scores {best:.0f} of 100"
