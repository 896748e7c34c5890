"""Subtitle files, read tolerantly: SRT, WebVTT, SBV, ASS, TTML, and transcripts of meetings."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vidpipe.errors import InputRejected
from vidpipe.text import split_words, width
from vidpipe.transcript.bilingual import apart
from vidpipe.transcript.credits import without_credits
from vidpipe.transcript.cues import Cue
from vidpipe.transcript.documents import docx_text, meeting_cues
from vidpipe.transcript.encodings import decoded
from vidpipe.transcript.markup import SpokenText, said
from vidpipe.transcript.speakers import SpeakerTurn, turns

#: `1:02:03,456 --> 1:02:05`, with any of the separators that are seen, and without hours,
#: milliseconds or the blanks around the arrow.
_STAMP = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:([,.:;])(\d{1,3}))?"
_TIMES = re.compile(rf"^\s*{_STAMP}\s*-{{1,3}}>\s*{_STAMP}(?:\s|$)")
#: `0:00:01.000,0:00:04.000` of YouTube, `00:00:01:12 - 00:00:04:20` of Premiere, with semicolons
#: where its timecode drops frames.
_OTHER_TIMES = re.compile(
    r"^\s*(\d{1,2})[:;](\d{2})[:;](\d{2})([.:;])(\d{2,3})(?:,|\s[-–]\s)"
    r"(\d{1,2})[:;](\d{2})[:;](\d{2})([.:;])(\d{2,3})\s*$"
)
_VTT_LANGUAGE = re.compile(r"^Language:\s*([A-Za-z-]+)\s*$", re.MULTILINE)
#: Blocks of WebVTT that hold nothing said: `NOTE` with or without text, the others alone.
_COMMENT = re.compile(r"^NOTE(?:[ \t]|$)|^(?:STYLE|REGION)[ \t]*$")
#: A cue of more letters, or a word, is nothing that anybody shows: the longest that were seen
#: (whole paragraphs as one cue) have 2,000.
MOST_LETTERS = 8_000
MOST_WORD_LETTERS = 1_000
#: Said in a second at a common speed.
_CHARACTERS_PER_S = 15.0
#: The longest of any talk that is accepted, twelve hours, has at most so many.
MOST_CUES = 200_000


@dataclass
class _Raw:
    """A cue as it stands in the file."""

    start_s: float
    end_s: float
    lines: list[str] = field(default_factory=list)
    voice: str = ""


def read_cues(data: bytes, name: str) -> list[Cue]:
    """Cues of a subtitle file, in order of time; what it is, its name and text say.

    Numbers may be missing or wrong, blank lines too many or too few, cues unordered or
    overlapping; what has no times is no cue. Names of speakers are kept beside the text. Of two
    languages it is the upper one.

    Raises:
        InputRejected: it is no text, longer than anybody needs, or there is no cue in it.
    """
    return next(iter(read_languages(data, name).values()))


def read_languages(data: bytes, name: str) -> dict[str, list[Cue]]:
    """`read_cues` by language, where a file has two of them; else under an empty name.

    Raises:
        InputRejected: as `read_cues`.
    """
    raw, webvtt = _raw_cues(data, name)
    if len(raw) > MOST_CUES:
        raise InputRejected(
            "bad_transcript", f"it has {len(raw)} subtitles, the most is {MOST_CUES}", name=name
        )
    for item in raw:
        _check_length(item, name)
    paired = _of_one_time(raw)
    two = apart([item.lines for item in paired])
    if two is None:
        return {"": _cues(raw, name, webvtt=webvtt)}
    return {
        language: _cues(
            [
                _Raw(item.start_s, item.end_s, lines, item.voice)
                for item, lines in zip(paired, two.of(language), strict=True)
                if lines
            ],
            name,
            webvtt=webvtt,
        )
        for language in (two.first, two.second)
    }


def _of_one_time(raw: Sequence[_Raw]) -> Sequence[_Raw]:
    """Cues of the same times as one, where nearly all come in such pairs; else as they are."""
    whole: dict[tuple[float, float], _Raw] = {}
    for item in raw:
        known = whole.get((item.start_s, item.end_s))
        if known is None:
            whole[item.start_s, item.end_s] = _Raw(
                item.start_s, item.end_s, list(item.lines), item.voice
            )
        else:
            known.lines += item.lines
    return list(whole.values()) if len(raw) >= _IN_PAIRS * len(whole) else raw


#: Cues for each time, of which some may lack the other language.
_IN_PAIRS = 1.8


def _cues(raw: Sequence[_Raw], name: str, *, webvtt: bool) -> list[Cue]:
    cues: list[Cue] = []
    kept = _with_lengths(raw)
    texts = [_said(item, webvtt=webvtt) for item in kept]
    speaker: str | None = None
    for item, spoken in zip(kept, turns(texts), strict=True):
        for turn, start_s, end_s in _shared(spoken, item.start_s, item.end_s):
            speaker = turn.speaker if turn.fresh else speaker
            cues.append(Cue(start_s=start_s, end_s=end_s, text=turn.text, speaker=speaker or ""))
    if not cues:
        raise InputRejected(
            "bad_transcript",
            "there is no subtitle with times in it; known are SRT, WebVTT, SBV, ASS, TTML and the "
            "transcripts of Teams, Meet, Zoom and Premiere",
            name=name,
        )
    told = without_credits(sorted(cues, key=lambda c: (c.start_s, c.end_s)))
    return _unrolled(_together(told))


def told_language(data: bytes, name: str) -> str:
    """What a WebVTT header says of its language, or empty."""
    found = _VTT_LANGUAGE.search(decoded(data, name)[:1000])
    return found[1] if found else ""


def _raw_cues(data: bytes, name: str) -> tuple[list[_Raw], bool]:
    suffix = name.lower().rpartition(".")[2]
    text = docx_text(data, name) if suffix == "docx" else decoded(data, name)
    if suffix in ("ass", "ssa") or text.lstrip()[:200].startswith("[Script Info]"):
        return list(_parsed(text, "ass", name)), False
    if suffix in ("ttml", "dfxp", "xml") or "http://www.w3.org/ns/ttml" in text[:2000]:
        return list(_parsed(text, "ttml", name)), False
    found, webvtt = _timed(text)
    if suffix == "txt":
        # Anything may be in one: chapters, notes, what was said without times.
        return _with_speakers(found) if _is_premieres(text) else found, webvtt
    if not found:
        found = [_Raw(c.start_s, c.end_s, [c.text], c.speaker) for c in meeting_cues(text)]
    return found, webvtt


def _is_premieres(text: str) -> bool:
    """Whether it begins with times that count frames: a transcript as Premiere exports it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    times = _OTHER_TIMES.match(first)
    return times is not None and times[4] in (":", ";")


def _with_speakers(found: Sequence[_Raw]) -> list[_Raw]:
    """Premiere's export of a transcript: times, a line with who speaks, then what is said."""
    return [
        _Raw(r.start_s, r.end_s, r.lines[1:], r.lines[0].strip()[:60]) if len(r.lines) > 1 else r
        for r in found
    ]


def _with_lengths(raw: Sequence[_Raw]) -> list[_Raw]:
    """Cues that end before or when they begin last as long as it takes to say them.

    Files that a program has cut to a reading speed have them: of 3,972 subtitles of one
    channel's talks 300 and more, with up to a third of their text in such cues.
    """
    starts = sorted({r.start_s for r in raw})
    for item in raw:
        if item.end_s > item.start_s:
            continue
        k = bisect.bisect_right(starts, item.start_s)
        until_s = starts[k] if k < len(starts) else float("inf")
        most_s = 0.5 + sum(map(width, item.lines)) / _CHARACTERS_PER_S
        item.end_s = min(max(until_s, item.start_s + 0.05), item.start_s + most_s)
    return list(raw)


def _check_length(item: _Raw, name: str) -> None:
    letters = sum(map(len, item.lines))
    longest = max((len(w) for line in item.lines for w in line.split()), default=0)
    if letters > MOST_LETTERS or (
        longest > MOST_WORD_LETTERS
        and max(map(len, split_words(" ".join(item.lines)))) > MOST_WORD_LETTERS
    ):
        raise InputRejected(
            "bad_transcript",
            f"at {item.start_s:.0f} s it has {letters} letters in one subtitle, the longest word "
            f"of {longest}; the most is {MOST_LETTERS}, of a word {MOST_WORD_LETTERS}",
            name=name,
        )


def _said(item: _Raw, *, webvtt: bool) -> list[SpokenText]:
    parts = said(item.lines, webvtt=webvtt)
    return [SpokenText(p.voice or item.voice, p.text) for p in parts] if item.voice else parts


def _timed(text: str) -> tuple[list[_Raw], bool]:
    """Cues of SRT, WebVTT and their kin: a line of times, lines of text."""
    webvtt = text.lstrip().startswith("WEBVTT")
    found: list[_Raw] = []
    frames = _FrameTimes()
    blank, comment = True, False
    for line in text.splitlines():
        if not line.strip():
            # In WebVTT a blank line ends a cue; elsewhere there may be too many of them.
            blank, comment = True, False
            continue
        times = _TIMES.match(line) or _OTHER_TIMES.match(line)
        if times is not None:
            if found:
                _take_id_away(found[-1].lines, webvtt=webvtt)
            start_s, end_s = frames.read(times.groups())
            found.append(_Raw(start_s, end_s))
            comment = False
        elif webvtt and blank and _COMMENT.match(line):
            comment = True
        elif found and not comment:
            found[-1].lines.append(("\n" if blank and found[-1].lines else "") + line)
        blank = False
    if webvtt:
        for item in found:
            _up_to_blank(item.lines)
    frames.settle(found)
    return [r for r in found if r.lines], webvtt


def _take_id_away(lines: list[str], *, webvtt: bool) -> None:
    """What stands right above times, after a blank line, is their id; a number always is."""
    if not lines:
        return
    last = lines[-1]
    is_id = last.startswith("\n") and (webvtt or len(last.split()) <= _MOST_ID_WORDS)
    if is_id or last.strip().isdigit():
        lines.pop()


#: An id outside of WebVTT has no more words: what has is text after a blank line too many.
_MOST_ID_WORDS = 3


def _up_to_blank(lines: list[str]) -> None:
    cut = next((k for k, line in enumerate(lines) if line.startswith("\n")), len(lines))
    del lines[cut:]


class _FrameTimes:
    """Times whose last part counts frames: how many make a second is told by the largest."""

    def __init__(self) -> None:
        self._counted: list[tuple[int, int, int]] = []
        self._at = 0

    def read(self, groups: Sequence[str | None]) -> tuple[float, float]:
        start_s, start_f = self._seconds(groups[:5])
        end_s, end_f = self._seconds(groups[5:])
        self._counted.append((self._at, start_f, end_f))
        self._at += 1
        return start_s, end_s

    @staticmethod
    def _seconds(parts: Sequence[str | None]) -> tuple[float, int]:
        hours, minutes, seconds, point, fraction = parts
        whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        if fraction and point in (":", ";") and len(fraction) == 2:
            return float(whole), int(fraction)
        # ",5" is half a second, ",050" fifty milliseconds.
        return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0), 0

    def settle(self, found: Sequence[_Raw]) -> None:
        most = max((max(a, b) for _, a, b in self._counted), default=0)
        rate = next((r for r in (25, 30, 50, 60) if most < r), 100)
        for k, start_f, end_f in self._counted:
            found[k].start_s += start_f / rate
            found[k].end_s += end_f / rate


def _parsed(text: str, form: str, name: str) -> Iterator[_Raw]:
    """Cues of a form that pysubs2 reads; an actor of ASS is who speaks."""
    import pysubs2

    try:
        file = pysubs2.SSAFile.from_string(text, format_=form)
    except Exception as error:  # its readers raise whatever they come upon
        raise InputRejected(
            "bad_transcript", f"it cannot be read as {form.upper()} ({error!r:.120})", name=name
        ) from error
    for event in file:
        if not event.is_comment and not event.is_drawing:
            lines = event.plaintext.replace("\xa0", " ").split("\n")
            voice = event.name.strip() if len(event.name) <= 60 else ""
            yield _Raw(event.start / 1000, event.end / 1000, lines, voice)


def _shared(
    spoken: Sequence[SpeakerTurn], start_s: float, end_s: float
) -> Iterator[tuple[SpeakerTurn, float, float]]:
    """The turns of one cue, each with its share of the time by the length of its text."""
    letters = [width(t.text) + 2 for t in spoken]
    done = 0
    for turn, count in zip(spoken, letters, strict=True):
        begin = start_s + (end_s - start_s) * done / sum(letters)
        done += count
        until = start_s + (end_s - start_s) * done / sum(letters)
        if until > begin:
            yield turn, begin, until


def _together(cues: list[Cue]) -> list[Cue]:
    """Cues that begin as good as together (two people, two lines) one after the other."""
    out: list[Cue] = []
    for cue in cues:
        before = out[-1] if out else None
        if before is None or (
            cue.start_s - before.start_s >= 0.3 * min(before.duration_s, cue.duration_s)
        ):
            out.append(cue)
            continue
        end_s = max(before.end_s, cue.end_s)
        if cue.speaker != before.speaker and cue.text != before.text:
            share = width(before.text) / (width(before.text) + width(cue.text) + 1)
            middle_s = before.start_s + (end_s - before.start_s) * min(0.95, max(0.05, share))
            out[-1] = before.model_copy(update={"end_s": middle_s})
            out.append(cue.model_copy(update={"start_s": middle_s, "end_s": end_s}))
            continue
        text = cue.text if cue.text == before.text else f"{before.text} {cue.text}"
        if len(text) > MOST_LETTERS:
            out.append(cue)
            continue
        out[-1] = before.model_copy(update={"end_s": end_s, "text": text})
    return out


def _unrolled(cues: list[Cue]) -> list[Cue]:
    """Captions that roll up show each line twice; here each is kept once.

    YouTube's automatic captions repeat the line before in every cue. A cue that begins
    with the words of the one before it, while that is still on screen or just gone,
    keeps only what is new.
    """
    out: list[Cue] = []
    shown: list[str] = []
    rolling = 0
    for cue in cues:
        words = split_words(cue.text)
        near = bool(out) and cue.start_s - out[-1].end_s < 0.2
        again = _overlap(shown, words) if near else 0
        # One or two words in common happen; a whole line does not.
        if again >= 3 or (again and again == len(words)):
            rolling += 1
            fresh = words[again:]
        else:
            fresh = words
        shown = words
        if fresh:
            text = cue.text if fresh is words else " ".join(fresh)
            out.append(cue.model_copy(update={"text": text}))
    return out if rolling > len(cues) / 5 else cues


def _overlap(before: Sequence[str], after: Sequence[str]) -> int:
    """Words at the end of `before` that begin `after`."""
    for count in range(min(len(before), len(after)), 0, -1):
        if before[-count] == after[0] and list(before[-count:]) == list(after[:count]):
            return count
    return 0
