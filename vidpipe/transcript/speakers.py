"""Who speaks, from how subtitles write it: a name before a colon is one, or is said."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml

from vidpipe.transcript.common_words import common_words
from vidpipe.transcript.languages import language_of
from vidpipe.transcript.markup import SpokenText, is_remark, without_remarks

#: A name with a colon, in brackets or not: `Anna Schmidt: `, `[SPEAKER_00]: `, `张三：`.
_LABEL = re.compile(
    r"(?:[\[(（]([^\[\](){}（）:：<>]{1,40})[\])）]|([^\W_][^\[\](){}:：<>!?;/\\\"“”]{0,39}?))"
    r"\s?(?::(?=\s|$)|：)\s*"
)
#: A name in brackets alone: `[Anna] Hello`, `(Narrator) Once upon a time`.
_BRACKETED = re.compile(
    r"(?:\[([^\[\](){}<>:]{1,40})\]|\(([^\[\](){}<>:]{1,40})\))\s+(?=\w|[\"“'¿¡])"
)
#: Somebody else begins: a dash at the head of a line, or `>>` where one speaks.
_DASH = re.compile(r"(?:[-‐‑–—]\s+|[-‐‑–—](?=[^\W\d_][^\W\d_]))(?=\S)")
_ARROWS = re.compile(r">{2,3}\s*")
_LATER_ARROWS = re.compile(r"\s>{2,3}\s+(?=[^\W\d_])")
_NUMBERED = re.compile(
    r"(.+?)[ _-]?(?:\d{1,3}|[A-Z]|one|two|three|four|five|six|eins|zwei|drei)", re.IGNORECASE
)
_PARTICLES = frozenset(
    "van von de der den del della di da do dos das du bin al el la le y e zu zum ter ten und and "
    "of the".split()
)
_MOST_NAME_WORDS = 5
#: Share of lines with a name from which on a file is one that names everybody.
_NAMES_ALL = 0.4
#: The same of subtitles whose first line is one.
_NAMES_ALONE = 0.6
#: Somebody who is named alone is named so often.
_OFTEN = 5


@dataclass(frozen=True)
class SpeakerTurn:
    """What one speaks in a cue; `speaker` None where nothing says who, or that it is another.

    `fresh` says that somebody begins to speak here.
    """

    speaker: str | None
    text: str
    fresh: bool = False


@dataclass(frozen=True)
class _Part:
    """Of a line: what stood before it that may be a name, and what is left of it."""

    label: str
    sure: bool
    fresh: bool
    text: str
    whole: str


def turns(cues: Sequence[Sequence[SpokenText]]) -> list[list[SpeakerTurn]]:
    """Who says what in each cue of a file, without the names and without sound remarks."""
    parted = [[(s.voice, list(_parts(s.text))) for s in cue] for cue in cues]
    # A name on a line of its own belongs to the next line, where many cues begin so.
    parts = [p for cue in parted for _, line in cue for p in line]
    names = _names(parts)
    own_line = _names_on_lines(cues, names)
    out: list[list[SpeakerTurn]] = []
    for cue in parted:
        found: list[SpeakerTurn] = []
        named = ""
        for at, (voice, line) in enumerate(cue):
            whole = line[0].whole if line else ""
            if at == 0 and len(cue) > 1 and not voice and whole.casefold() in own_line:
                named = whole
                continue
            for part in line:
                turn = _turn(part, voice or named, names)
                if turn is not None:
                    found.append(turn)
                named = ""
        out.append(_joined(found))
    return out


def _turn(part: _Part, voice: str, names: frozenset[str]) -> SpeakerTurn | None:
    is_name = bool(part.label) and (part.sure or part.label.casefold() in names)
    text = without_remarks(part.text if is_name or not part.label else part.whole)
    speaker = voice or (part.label if is_name else "")
    if not text and not (is_name and part.label):
        return None
    return SpeakerTurn(shown_name(speaker) or None, text, fresh=part.fresh or bool(speaker))


def _joined(found: Sequence[SpeakerTurn]) -> list[SpeakerTurn]:
    """Neighbours of one speaker as one; a name without text goes to what follows it."""
    out: list[SpeakerTurn] = []
    for turn in found:
        before = out[-1] if out else None
        same = before is not None and (turn.speaker == before.speaker or not turn.fresh)
        if before is not None and (same or (not before.text and turn.speaker is None)):
            text = f"{before.text} {turn.text}".strip()
            out[-1] = SpeakerTurn(before.speaker, text, before.fresh)
        else:
            out.append(turn)
    return [t for t in out if t.text]


def _parts(text: str) -> Iterable[_Part]:
    """A line where it says that somebody else goes on: `>> JOHN: hi. >> MARY: hello.`"""
    pieces = [text]
    if text.startswith(">>"):
        pieces = _LATER_ARROWS.split(text)
    for k, piece in enumerate(pieces):
        arrows, dash = _ARROWS.match(piece), _DASH.match(piece)
        begun = arrows or dash
        rest = piece[begun.end() :] if begun else piece
        certain = arrows is not None or k > 0
        found = _LABEL.match(rest)
        if found is not None and _like_a_name(found[1] or found[2]):
            label = " ".join((found[1] or found[2]).split())
            sure = certain or _is_part(label) or (found[1] is not None and not _is_no_name(label))
            yield _Part(label, sure, True, rest[found.end() :], rest)
            continue
        bracketed = _BRACKETED.match(rest)
        if bracketed is not None:
            label = " ".join((bracketed[1] or bracketed[2]).split())
            if not is_remark(label) and _like_a_name(label) and len(label) > 2:
                yield _Part(label, _is_part(label), True, rest[bracketed.end() :], rest)
                continue
        yield _Part("", False, certain or dash is not None, rest, rest)


def _names(parts: Sequence[_Part]) -> frozenset[str]:
    """Which of the words before colons (or in brackets) are names, in small letters.

    Where many lines have one, all that look like names are. Else there have to be two of them
    that come back, or one that does often; none of its words may be one that everybody uses
    ("Zum Vergleich:"), and it may not be said ("NASA"). Scripts without capitals tell nothing.
    """
    sure = {p.label.casefold() for p in parts if p.label and p.sure}
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for part in parts:
        if part.label and not part.sure and not _is_no_name(part.label):
            counts[part.label.casefold()] += 1
            written.setdefault(part.label.casefold(), part.label)
    named = sum(counts.values()) + sum(p.sure and bool(p.label) for p in parts)
    if named >= max(2, _NAMES_ALL * len(parts)):
        return frozenset(sure | set(counts))
    often = {
        label: count
        for label, count in counts.items()
        if count > 1 and written[label][:1].isupper()
    }
    if not often or (len(often) + len(sure) < 2 and max(often.values()) < _OFTEN):
        return frozenset(sure)
    text = [p.text if p.label else p.whole for p in parts]
    said = Counter(word for line in text for word in re.findall(r"[^\W\d_]+", line))
    common = common_words(language_of(" ".join(text[:200]))[:2] or "en")
    for label in often:
        words = re.findall(r"[^\W\d_]+", label)
        everyday = common is not None and any(w in common.known for w in words)
        token = written[label]
        if not everyday and not (len(words) == 1 and said[token] >= counts[label]):
            sure.add(label)
    return frozenset(sure)


def _names_on_lines(cues: Sequence[Sequence[SpokenText]], names: frozenset[str]) -> frozenset[str]:
    """Names that stand alone on the first line of cues, as Premiere writes them."""
    first = Counter(
        cue[0].text.casefold()
        for cue in cues
        if len(cue) > 1
        and len(cue[0].text) <= 40
        and _like_a_name(cue[0].text)
        # A broadcast in capitals has lines that look like names.
        and (cue[1].text.upper() != cue[1].text or not cue[1].text.isascii())
        and not _is_no_name(cue[0].text)
    )
    known = {name for name in first if _is_part(name) or name in names}
    if sum(first.values()) >= max(3, _NAMES_ALONE * len(cues)) and max(first.values()) > 1:
        known = set(first)
    return frozenset(known) if sum(first[n] for n in known) > 1 else frozenset()


def _like_a_name(text: str) -> bool:
    words = text.replace(".", " ").split()
    if not words or len(words) > _MOST_NAME_WORDS or text.endswith((",", "-")) or "," in text:
        return False
    if all(w.casefold() in _PARTICLES or w.isdigit() for w in words):
        return False
    return all(
        w.casefold() in _PARTICLES or w[0].isdigit() or not w[0].islower() for w in words
    ) or _is_part(text)


def _is_part(label: str) -> bool:
    """Whether it names a part in a conversation: `Speaker 2`, `SPEAKER_00`, `Interviewer`."""
    plain = label.casefold().strip(" #.")
    parts, _ = _listed()
    if plain in parts:
        return True
    numbered = _NUMBERED.fullmatch(plain)
    return numbered is not None and numbered[1].strip(" _-#.") in parts


def _is_no_name(label: str) -> bool:
    _, no_names = _listed()
    words = label.casefold().split()
    return (
        bool(words)
        and words[0].strip(".") in no_names
        and (len(words) == 1 or all(w.isdigit() or len(w) == 1 for w in words[1:]))
    )


def shown_name(label: str) -> str:
    """A name as people are shown it: `SPEAKER_00` as `Speaker 1`, `JOHN` as `John`."""
    machine = re.fullmatch(r"(?:speaker|spk)[_ -]?(\d{1,3})", label, re.IGNORECASE)
    if machine is not None:
        # Machines count from 0, with leading zeros; people from 1.
        number = int(machine[1]) + (len(machine[1]) > 1 or machine[1] == "0")
        return f"Speaker {number}"
    plain = label.strip()
    return plain.title() if plain.isupper() and len(plain) > 2 else plain


@functools.cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    """Parts in a conversation, and words before a colon that are nobody's name."""
    raw = yaml.safe_load((files(__package__) / "data" / "speakers.yaml").read_text("utf-8"))
    return frozenset(str(raw["parts"]).split()), frozenset(str(raw["no_names"]).split())
