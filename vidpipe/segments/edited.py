"""The candidates as a language model sees them: what it proposes, with its marks in the scores."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vidpipe.segments.choose import shortlist
from vidpipe.segments.cuts import Candidate, FoundCuts
from vidpipe.segments.editor.answers import Judgement
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.editor.questions import (
    COMPARED,
    ShownCandidate,
    judged_at_most,
    lengths,
)
from vidpipe.segments.model import Factor, LlmNote, SegmentOptions
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Word

#: So many words before and after a candidate are shown at most.
_AROUND_WORDS = 120
#: Where borders are learnt, what scores so much of what it takes to be offered is worth an editor's
#: judgement, who may move them.
_WORTH_JUDGING = 0.5
#: Of the judged candidates at least such a share are those that were found without the model.
_LOCAL_SHARE = 0.25
#: What a model marks lower is not offered unasked: it is told that 70 could be posted.
_POSTABLE = 70.0
#: Points above what it takes to be offered.
_OFFERED = 0.01
#: Points that the best of those that were compared gains.
_COMPARED_POINTS = 10.0


@dataclass(frozen=True)
class Edited:
    """The candidates to choose from, and what was said of them by the units `(first, last)`."""

    candidates: list[Candidate]
    verdicts: Mapping[tuple[int, int], Judgement] = field(default_factory=dict)
    note: LlmNote | None = None


def edited(
    found: FoundCuts,
    words: Sequence[Word],
    speech: SpeechMap,
    options: SegmentOptions,
    editor: Editor | None,
) -> Edited:
    """The candidates with an editor's score in theirs; without one, or its word, as they are.

    It proposes passages of its own, and judges them beside the best that were found without it,
    with borders where it wants them. What it would not post is only there where so many are asked
    for. The best are compared in pairs.
    """
    local = list(found.candidates)
    if editor is None or not words:
        return Edited(local)
    limits = lengths(words, speech.speech_s, options)
    proposed: list[Candidate] = []
    if editor.options.proposes:
        runs = editor.propose(words, limits)
        cut = [found.cutter.between(words[a].start_s, words[b - 1].end_s) for a, b in runs]
        proposed = [c for c in cut if c is not None]
    dropped = editor.note.proposed - len(proposed)
    floor = options.min_score * (_WORTH_JUDGING if found.cutter.borders else 1.0)
    listed = _listed(proposed, local, floor, judged_at_most(editor.options, len(words)))
    shown = [_shown(words, item, found, options) for item in listed]
    given = editor.judge(shown, limits) if shown else {}
    note = editor.note.model_copy(update={"unusable": editor.note.unusable + dropped})
    if not given:
        return Edited(local, note=note if editor.asked else None)
    judged, verdicts = _judged(listed, given, found, words, editor.options.weight)
    postable = [
        # It is offered, however little the local score makes of it.
        replace(c, score=max(c.score, options.min_score + _OFFERED))
        for c in judged
        if _postable(verdicts[c.first, c.last])
    ]
    candidates = _compared(postable, words, options, editor)
    if options.asked:
        candidates += _to_make_up_the_number(judged, verdicts, local, options)
    note = editor.note.model_copy(
        update={"unusable": note.unusable, "declined": len(judged) - len(postable)}
    )
    return Edited(candidates, verdicts, note)


def factors_with(
    factors: Sequence[Factor], verdict: Judgement, weight: float
) -> tuple[Factor, ...]:
    """The factors with an editor's marks in theirs, and what a stranger would ask."""
    found = []
    for factor in factors:
        mark = verdict.factors.get(factor.name)
        value = factor.value if mark is None else (1 - weight) * factor.value + weight * mark
        asks = verdict.asks if factor.name == "self_contained" else ()
        evidence = (*(f"a stranger would ask: {a}" for a in asks), *factor.evidence)
        found.append(factor.model_copy(update={"value": round(value, 1), "evidence": evidence}))
    return tuple(found)


def _listed(
    proposed: Sequence[Candidate],
    local: Sequence[Candidate],
    floor: float,
    most: int,
) -> list[Candidate]:
    """What is judged: what was proposed, and the best of what was found without it."""
    kept = list({(c.first, c.last): c for c in reversed(proposed)}.values())[::-1]
    kept = kept[: most - round(_LOCAL_SHARE * most)] if local else kept[:most]
    known = {(c.first, c.last) for c in kept}
    best = shortlist(local, floor, most)
    return kept + [c for c in best if (c.first, c.last) not in known][: most - len(kept)]


def _shown(
    words: Sequence[Word], item: Candidate, found: FoundCuts, options: SegmentOptions
) -> ShownCandidate:
    """A candidate with the sentences around it, as far as a cut may be moved."""
    units = found.content.units
    starts = [w.start_s for w in words]
    first, last = (bisect.bisect_left(starts, t - 1e-3) for t in (item.start_s, item.end_s))
    before = units[max(0, item.first - options.reach_sentences)].start_s
    behind = min(len(units), item.last + options.reach_sentences)
    after = units[behind - 1].end_s
    return ShownCandidate(
        words,
        first,
        last,
        before=min(first, max(bisect.bisect_left(starts, before - 1e-3), first - _AROUND_WORDS)),
        after=max(last, min(bisect.bisect_left(starts, after - 1e-3), last + _AROUND_WORDS)),
    )


def _judged(
    listed: Sequence[Candidate],
    given: Mapping[int, Judgement],
    found: FoundCuts,
    words: Sequence[Word],
    weight: float,
) -> tuple[list[Candidate], dict[tuple[int, int], Judgement]]:
    """The candidates where the editor wants their borders, each once, with its best verdict."""
    judged: dict[tuple[int, int], Candidate] = {}
    verdicts: dict[tuple[int, int], Judgement] = {}
    for index, said in sorted(given.items(), key=lambda g: (-g[1].score, g[0])):
        item, verdict = _moved(listed[index], said, found, words)
        key = (item.first, item.last)
        if key in judged:
            continue
        score = round((1 - weight) * item.score + weight * verdict.score, 2)
        judged[key] = replace(item, score=score, parts={**item.parts, "llm": verdict.score / 100})
        verdicts[key] = verdict
    return list(judged.values()), verdicts


def _to_make_up_the_number(
    judged: Sequence[Candidate],
    verdicts: Mapping[tuple[int, int], Judgement],
    local: Sequence[Candidate],
    options: SegmentOptions,
) -> list[Candidate]:
    """What is weak: first what was judged and declined, then what nobody judged, each in order."""
    half = options.min_score / 2
    declined = [
        replace(c, score=round(half + half * c.score / 100, 2))
        for c in judged
        if not _postable(verdicts[c.first, c.last])
    ]
    others = [
        replace(c, score=round(half * c.score / 100, 2))
        for c in local
        if (c.first, c.last) not in verdicts
    ]
    return declined + others


def _postable(verdict: Judgement) -> bool:
    return verdict.post and verdict.score >= _POSTABLE


def _moved(
    item: Candidate, verdict: Judgement, found: FoundCuts, words: Sequence[Word]
) -> tuple[Candidate, Judgement]:
    """A candidate with the borders that its verdict is about, where that is a clip."""
    starts = [w.start_s for w in words]
    own = tuple(bisect.bisect_left(starts, t - 1e-3) for t in (item.start_s, item.end_s))
    if verdict.run is None or verdict.run == own:
        return item, verdict
    first, last = verdict.run
    moved = found.cutter.between(words[first].start_s, words[last - 1].end_s)
    if moved is not None:
        return moved, verdict
    # What it says is said of another passage.
    return item, replace(verdict, post=False, title="", hook="")


def _compared(
    judged: Sequence[Candidate], words: Sequence[Word], options: SegmentOptions, editor: Editor
) -> list[Candidate]:
    """With points for those among the best that win their pairs."""
    best = shortlist(judged, options.min_score, COMPARED)
    passages = [[w for w in words if c.start_s <= w.start_s < c.end_s] for c in best]
    won = {(best[k].first, best[k].last): s for k, s in editor.compare(passages).items()}
    points = {run: _COMPARED_POINTS * share for run, share in won.items()}
    return [
        replace(c, score=min(100.0, round(c.score + points.get((c.first, c.last), 0.0), 2)))
        for c in judged
    ]
