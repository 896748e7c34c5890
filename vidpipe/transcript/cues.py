"""Subtitles: reading them tolerantly, and spreading their words over time."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from vidpipe.errors import InputRejected
from vidpipe.orthography import PAUSES, STOPS, split_words, width
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.model import Word

_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}|\{[yYcCfFsS]:[^}]*\}")
_SPEAKER = re.compile(
    r"^\s*(?:-\s+|>>+\s*|\[[^\]]{1,40}\]:?\s*|[A-Z][A-Z .'-]{1,30}:\s+(?=\S)|Speaker \w+:\s+)"
)
_NOT_SPOKEN = re.compile(r"^[\[(♪♫＊*][^\])♪♫＊*]*[\])♪♫＊*]$")
#: `1:02:03,456 --> 1:02:05`, with any of the separators that are seen, and without hours,
#: milliseconds or the blanks around the arrow.
_STAMP = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[,.:;](\d{1,3}))?"
_TIMES = re.compile(rf"^\s*{_STAMP}\s*-{{1,3}}>\s*{_STAMP}(?:\s|$)")
_WORD_TIME = re.compile(r"<(?:\d+:)?\d{1,2}:\d{2}\.\d{3}>")
_VTT_LANGUAGE = re.compile(r"^Language:\s*([A-Za-z-]+)\s*$", re.MULTILINE)


class Cue(Interval):
    """One subtitle: text on one line, tags and speaker names removed."""

    text: str


def decoded(data: bytes, name: str) -> str:
    """Text of a file whose encoding nobody told.

    UTF-8 and UTF-16 are told by their bytes; what is neither is Windows-1252, unless
    its letters say Cyrillic, Chinese, Japanese or Korean.

    Raises:
        InputRejected: it is no text.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif data[:200].count(0) > len(data[:200]) / 4:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        from charset_normalizer import from_bytes

        found = list(from_bytes(data, cp_isolation=list(_OLD_ENCODINGS)))
        western = [f for f in found if f.encoding == "cp1252" and f.chaos <= found[0].chaos]
        text = str((western or found)[0]) if found else ""
    if not text.strip() or text.count("\0") > 2:
        raise InputRejected("bad_transcript", "it is empty or no text", name=name)
    return text


_OLD_ENCODINGS = ("cp1252", "cp1250", "cp1251", "big5", "gb18030", "shift_jis", "euc_kr", "cp1256")


def read_cues(data: bytes, name: str) -> list[Cue]:
    """Cues of an SRT or WebVTT file, in order of time.

    Numbers may be missing or wrong, blank lines too many or too few, cues unordered or
    overlapping; what has no times is no cue.

    Raises:
        InputRejected: it is no text, or there is no cue in it.
    """
    cues: list[Cue] = []
    times: tuple[float, float] | None = None
    lines: list[str] = []

    def close() -> None:
        if times is not None:
            text = _plain(lines)
            if text and times[1] > times[0]:
                cues.append(Cue(start_s=times[0], end_s=times[1], text=text))

    for line in decoded(data, name).splitlines():
        found = _TIMES.match(line)
        if found is not None:
            # A number right above the times belongs to them, not to the cue before.
            if lines and lines[-1].strip().isdigit():
                lines.pop()
            close()
            groups = found.groups()
            times, lines = (_seconds(groups[:4]), _seconds(groups[4:])), []
        elif times is not None:
            if not line.strip() and not lines:
                continue
            lines.append(line)
    close()
    if not cues:
        raise InputRejected(
            "bad_transcript", "there is no subtitle with times (SRT or WebVTT) in it", name=name
        )
    return _unrolled(_together(sorted(cues, key=lambda c: (c.start_s, c.end_s))))


def told_language(data: bytes, name: str) -> str:
    """What a WebVTT header says of its language, or empty."""
    found = _VTT_LANGUAGE.search(decoded(data, name)[:1000])
    return found[1] if found else ""


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    # ",5" is half a second, ",050" fifty milliseconds.
    rest = int(fraction) / 10 ** len(fraction) if fraction else 0.0
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + rest


def _plain(lines: Sequence[str]) -> str:
    """One line of text; comments and what nobody says are left out."""
    kept = []
    for line in lines:
        if line.startswith(("NOTE", "STYLE", "REGION")):
            break
        text = html.unescape(_TAG.sub("", _WORD_TIME.sub("", line)))
        text = text.replace("\\N", " ").replace("\\h", " ").replace("\ufeff", "")
        text = _SPEAKER.sub("", " ".join(text.split()))
        if text and not _NOT_SPOKEN.match(text):
            kept.append(text)
    return " ".join(kept)


def _together(cues: list[Cue]) -> list[Cue]:
    """Cues that begin as good as together (two people, two lines) as one."""
    out: list[Cue] = []
    for cue in cues:
        if out and cue.start_s - out[-1].start_s < 0.3 * min(out[-1].duration_s, cue.duration_s):
            before = out.pop()
            text = cue.text if cue.text == before.text else f"{before.text} {cue.text}"
            end_s = max(before.end_s, cue.end_s)
            out.append(Cue(start_s=before.start_s, end_s=end_s, text=text))
        else:
            out.append(cue)
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
            out.append(Cue(start_s=cue.start_s, end_s=cue.end_s, text=text))
    return out if rolling > len(cues) / 5 else cues


def _overlap(before: Sequence[str], after: Sequence[str]) -> int:
    """Words at the end of `before` that begin `after`."""
    for count in range(min(len(before), len(after)), 0, -1):
        if list(before[-count:]) == list(after[:count]):
            return count
    return 0


def spread(cues: Sequence[Cue], speech: SpeechMap) -> list[tuple[Cue, list[Word]]]:
    """Words with times: each cue's time shared out by word length over the speech in it."""
    shared: list[tuple[Cue, list[Word]]] = []
    activity = list(speech.speech)
    reached_s = 0.0
    for k, cue in enumerate(cues):
        end_s = cue.end_s
        if k + 1 < len(cues):
            end_s = min(end_s, max(cues[k + 1].start_s, cue.start_s + 0.1))
        start_s = max(cue.start_s, reached_s)
        end_s = min(end_s, speech.duration_s)
        if end_s - start_s < 0.05:
            continue
        within = span(start_s, end_s)
        voiced = intersection(activity, [within])
        if sum(v.duration_s for v in voiced) < 0.25 * within.duration_s:
            voiced = [within]
        words = _shared_out(split_words(cue.text), voiced)
        reached_s = words[-1].end_s
        shared.append((cue, words))
    return shared


def _shared_out(texts: Sequence[str], voiced: Sequence[Interval]) -> list[Word]:
    """`texts` over the time in `voiced`, by length; a word never spans a gap's far side."""
    # A word costs its letters and a little for being a word; a stop costs breath.
    weights = [width(t) + 1.5 + (1.5 if t.endswith(STOPS + PAUSES) else 0.0) for t in texts]
    total = sum(weights)
    budget = sum(v.duration_s for v in voiced)

    def at(position_s: float, *, end: bool) -> float:
        for item in voiced:
            if position_s < item.duration_s or (end and position_s <= item.duration_s + 1e-9):
                return item.start_s + min(position_s, item.duration_s)
            position_s -= item.duration_s
        return voiced[-1].end_s

    words = []
    done = 0.0
    for text, weight in zip(texts, weights, strict=True):
        start = at(done / total * budget, end=False)
        done += weight
        end = at(done / total * budget, end=True)
        if end - start < 0.02:
            end = start + 0.02
        words.append(Word(text=text, start_s=round(start, 3), end_s=round(end, 3)))
    return words
