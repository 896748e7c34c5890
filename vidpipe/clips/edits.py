"""Which moments of the source a clip keeps: pauses shortened, fillers gone, on frame borders."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from vidpipe.clips.model import ClipOptions
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.text import bare
from vidpipe.timeline import EditList, Interval, complement, shorten_pauses, span, union
from vidpipe.transcript.model import Word

#: Output rates: what platforms take and encoders know.
_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
)
#: What of the silence around a filler goes with it, and a pause that is one with it.
_FILLER_EDGE_S, _FILLER_GAP_S = 0.04, 0.08
#: What would be left between two cuts and is shorter is cut, too.
_SHORTEST_S = 0.12


def output_fps(source_fps: float) -> Fraction:
    """The standard rate nearest to the source's, halved first when it is over 31.

    A source under 23 frames a second (slides at 5, screen recordings) gets 30.
    """
    fps = source_fps
    while fps > 31:
        fps /= 2
    if fps < 23:
        return Fraction(30)
    return min(_RATES, key=lambda r: abs(float(r) - fps))


def edit_list(
    segment: Segment,
    speech: SpeechMap,
    words: Sequence[Word],
    options: ClipOptions,
    fps: Fraction,
    duration_s: float,
    cuts: Sequence[Interval] = (),
) -> EditList:
    """What the clip keeps, on frame borders: the segment with its long pauses shortened.

    And without its fillers and what else is cut: a pause on each side of one is one pause with
    it. `words` are those whose times are known.

    Raises:
        ValueError: the cuts leave nothing.
    """
    within = span(segment.start_s, min(segment.end_s, duration_s))
    taken = [*_fillers(words, options.fillers, within), *cuts]
    pauses = union([*speech.silences, *taken], gap_s=_FILLER_GAP_S)
    kept = shorten_pauses(within, pauses, options.max_pause_s, options.pause_target_s)
    if taken:
        kept = complement(union([*complement(kept, within), *taken]), within)
        kept = [k for k in kept if k.duration_s >= _SHORTEST_S]
    return EditList.from_intervals(kept, fps)


def _fillers(words: Sequence[Word], fillers: Sequence[str], within: Interval) -> list[Interval]:
    """When filler words are said, each up to half of the gap to its neighbours.

    Not at the ends of a clip: there they are left to the borders.
    """
    unwanted = {f.lower() for f in fillers}
    found = []
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if bare(word.text) not in unwanted:
            continue
        if not (within.start_s < word.start_s and word.end_s < within.end_s):
            continue
        start_s = word.start_s - min(_FILLER_EDGE_S, max(0.0, word.start_s - before.end_s) / 2)
        end_s = word.end_s + min(_FILLER_EDGE_S, max(0.0, after.start_s - word.end_s) / 2)
        found.append(span(start_s, end_s))
    return union(found)
