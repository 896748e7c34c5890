"""Who speaks, shown in captions: a name before what one begins to say, a colour for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.colours import rgb
from vidpipe.transcript.model import Word

#: The colours that subtitles of broadcasts give to the second, third and fourth speaker
#: (BBC subtitle guidelines: white, yellow, cyan, green), lighter; a rose for a fifth.
_TONES = ("#8fe8ff", "#a8f58c", "#fff08a", "#ffc0dd")
#: So near to each other two colours are hard to tell (Euclidean, of 441 at most).
_NEAR = 90.0


def tones_of(words: Sequence[Word], style: CaptionStyle, brand: Brand) -> dict[str, str]:
    """The colour of each speaker's words; nothing where fewer than two are known."""
    names = list(dict.fromkeys(w.speaker for w in words if w.speaker))
    if not style.speakers or len(names) < 2:
        return {}
    free = [t for t in _TONES if not _near(t, brand.accent) and not _near(t, brand.text)]
    tones = [brand.text, *(free or _TONES)]
    return {name: tones[min(k, len(tones) - 1)] for k, name in enumerate(names)}


def _near(one: str, other: str) -> bool:
    apart = sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True))
    return bool(apart < _NEAR**2)


def with_names(words: Sequence[Word]) -> list[Word]:
    """The words, with a name and a colon before what each of them begins to say."""
    names = _short({w.speaker for w in words if w.speaker})
    out: list[Word] = []
    before = ""
    for word in words:
        if word.speaker and word.speaker != before:
            label = f"{names[word.speaker]}:"
            out.append(word.model_copy(update={"text": label, "end_s": word.start_s}))
        before = word.speaker or before
        out.append(word)
    return out


def _short(names: set[str]) -> Mapping[str, str]:
    """First names, where they tell the speakers apart; `Speaker 1` and `Dr. Lee` stay whole."""
    first = {n: n.split()[0] for n in names}
    counts = list(first.values())
    return {
        n: f if counts.count(f) == 1 and f.isalpha() and not _numbered(n) else n
        for n, f in first.items()
    }


def _numbered(name: str) -> bool:
    last = name.rsplit(maxsplit=1)[-1]
    return last.isdigit() or len(last) == 1
