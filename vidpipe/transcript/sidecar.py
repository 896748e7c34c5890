"""A transcript that exists already: SRT or VTT beside the video.

Cue times are spread over words by length and laid onto speech activity, so
that word times are useful for captions and cuts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

import pysubs2

from vidpipe.errors import InputRejected
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, intersection, span, union
from vidpipe.transcript.model import Word

_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_SPEAKER = re.compile(
    r"^\s*(?:-\s+|>>+\s*|\[[^\]]{1,40}\]:?\s*|[A-Z][A-Z .'-]{1,30}:\s+(?=\S)|Speaker \w+:\s+)"
)
_NOT_SPOKEN = re.compile(r"^[\[(♪][^\])♪]*[\])♪]$")


class Cue(Interval):
    """One subtitle: text on one line, tags and speaker names removed."""

    text: str


def read_cues(path: Path, name: str) -> list[Cue]:
    """Cues of an SRT or VTT file, in order of time.

    Raises:
        InputRejected: no text encoding fits, or there is no cue in it.
    """
    data = path.read_bytes()
    text = None
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise InputRejected("bad_transcript", "its text encoding is unknown", name=name)
    cues: list[Cue] = []
    try:
        events = pysubs2.SSAFile.from_string(
            text, format_="vtt" if text.lstrip().startswith("WEBVTT") else "srt"
        )
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise InputRejected(
            "bad_transcript", f"it is not SRT or VTT ({error})", name=name
        ) from error
    for event in events:
        plain = html.unescape(_TAG.sub("", event.text.replace("\\N", " ").replace("\\h", " ")))
        plain = " ".join(plain.split())
        plain = _SPEAKER.sub("", plain)
        if plain and not _NOT_SPOKEN.match(plain) and event.end > event.start:
            cues.append(Cue(start_s=event.start / 1000, end_s=event.end / 1000, text=plain))
    if not cues:
        raise InputRejected("bad_transcript", "there is no subtitle in it", name=name)
    return sorted(cues, key=lambda c: (c.start_s, c.end_s))


def why_it_does_not_fit(cues: Sequence[Cue], speech: SpeechMap) -> str | None:
    """Why these cues belong to another recording, or None."""
    last = max(c.end_s for c in cues)
    if last > speech.duration_s * 1.1 + 5.0:
        return f"its last subtitle ends at {last:.0f} s, the recording at {speech.duration_s:.0f} s"
    if not speech.speech:
        return None
    covered = union([span(c.start_s, c.end_s) for c in cues])
    shared = sum(i.duration_s for i in intersection(covered, list(speech.speech)))
    within = sum(i.duration_s for i in covered)
    if shared < 0.3 * min(within, speech.speech_s):
        return (
            f"only {shared:.0f} s of its {within:.0f} s of subtitles lie where somebody speaks "
            f"({speech.speech_s:.0f} s of speech)"
        )
    return None


def words_from_cues(cues: Sequence[Cue], speech: SpeechMap) -> list[Word]:
    """Words with times: each cue's time shared out by word length over the speech in it."""
    words: list[Word] = []
    activity = list(speech.speech)
    for k, cue in enumerate(cues):
        end_s = cue.end_s
        if k + 1 < len(cues):
            end_s = min(end_s, max(cues[k + 1].start_s, cue.start_s + 0.1))
        start_s = max(cue.start_s, words[-1].end_s if words else 0.0)
        end_s = min(end_s, speech.duration_s)
        if end_s - start_s < 0.05:
            continue
        within = span(start_s, end_s)
        voiced = intersection(activity, [within])
        if sum(v.duration_s for v in voiced) < 0.25 * within.duration_s:
            voiced = [within]
        words += _spread(cue.text.split(), voiced)
    return words


def _spread(texts: Sequence[str], voiced: Sequence[Interval]) -> list[Word]:
    """`texts` over the time in `voiced`, by length; a word never spans a gap's far side."""
    # A word costs its letters and a little for being a word; a stop costs breath.
    weights = [len(t) + 1.5 + (1.5 if t[-1] in ".?!,;:" else 0.0) for t in texts]
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
