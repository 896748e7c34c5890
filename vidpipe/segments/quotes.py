"""Where in a recording something is said, from a quote: for people who know it by its words."""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Sequence

from vidpipe.edits.passages import Passage
from vidpipe.errors import InputRejected
from vidpipe.text import joined
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Word

_GAP = re.compile(r"\.{3,}|…")


def located(passage: Passage, words: Sequence[Word]) -> Interval:
    """The time of a passage: as given, or of the words that it quotes.

    Raises:
        InputRejected: the quote is not said, or more than once; the message says what is.
    """
    if not passage.quote:
        assert passage.start_s is not None and passage.end_s is not None
        return span(passage.start_s, passage.end_s)
    said = QuoteIndex(words)
    parts = [part for part in map(plain, _GAP.split(passage.quote)) if part]
    if not parts:
        raise InputRejected("bad_sidecar", f"the quote {passage.quote!r} has no words in it")
    found = said.places(parts[0])
    if passage.start_s is not None:
        found = [p for p in found if words[p[0]].start_s >= passage.start_s - 0.5][:1]
    if not found:
        raise InputRejected("bad_sidecar", said.instead_of(passage.quote, parts[0]))
    if len(found) > 1:
        times = ", ".join(f"{words[first].start_s:.1f}" for first, _ in found[:5])
        raise InputRejected(
            "bad_sidecar",
            f"the quote {passage.quote!r} is said {len(found)} times (at {times} s): quote more "
            "words, or give the start_s of the one that is meant",
        )
    first, last = found[0]
    for part in parts[1:]:
        later = [p for p in said.places(part) if p[0] > last]
        if not later:
            raise InputRejected("bad_sidecar", said.instead_of(passage.quote, part))
        last = later[0][1]
    return span(words[first].start_s, words[last].end_s)


class QuoteIndex:
    """All that is said as one run of letters, for scripts with spaces and without."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.plain = [plain(w.text) for w in words]
        self.text = "".join(self.plain)
        ends = list(itertools.accumulate(map(len, self.plain)))
        starts = [end - len(word) for end, word in zip(ends, self.plain, strict=True)]
        self.starts = {at: k for k, at in reversed(list(enumerate(starts))) if self.plain[k]}
        self.ends = {at: k for k, at in enumerate(ends) if self.plain[k]}

    def places(self, wanted: str) -> list[tuple[int, int]]:
        """First and last word of each place where exactly these words are said."""
        found = []
        at = self.text.find(wanted)
        while at >= 0:
            if at in self.starts and at + len(wanted) in self.ends:
                found.append((self.starts[at], self.ends[at + len(wanted)]))
            at = self.text.find(wanted, at + 1)
        return found

    def instead_of(self, quote: str, wanted: str) -> str:
        """That it is not said, and what comes nearest."""
        if not self.words:
            return f"the quote {quote!r} cannot be found: there is no transcript to look in"
        matcher = difflib.SequenceMatcher(None, self.text, wanted, autojunk=False)
        match = matcher.find_longest_match()
        if match.size * 2 < len(wanted):
            return f"the quote {quote!r} is not said in this recording; give start_s and end_s"
        low = match.a - match.b
        first = self.starts[min(self.starts, key=lambda at: abs(at - low))]
        last = self.ends[min(self.ends, key=lambda at: abs(at - low - len(wanted)))]
        nearest = joined(w.text for w in self.words[first : max(first, last) + 1])
        at_s = self.words[first].start_s
        return f"the quote {quote!r} is not said; at {at_s:.1f} s is said: {nearest!r}"


def plain(text: str) -> str:
    """Letters and digits alone, whatever their case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum())
