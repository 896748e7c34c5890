"""Transcripts as JSON, in the forms that the common tools write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vidpipe.errors import InputRejected
from vidpipe.transcript.cues import Cue
from vidpipe.transcript.encodings import decoded
from vidpipe.transcript.json_forms import Item, read_forms
from vidpipe.transcript.languages import iso_language
from vidpipe.transcript.model import Word
from vidpipe.transcript.subtitle_files import MOST_LETTERS, MOST_WORD_LETTERS
from vidpipe.untrusted import Unreadable, read_json

#: Times this much longer than the recording are not seconds.
_NOT_SECONDS = 20.0
#: Twelve hours, the longest talk that is accepted, at five words a second.
_MOST_WORDS = 216_000


@dataclass
class WordList:
    """What a file holds: words with times, or cues where words have none."""

    words: list[Word] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    language: str = ""


def read_word_list(data: bytes, name: str, duration_s: float) -> WordList:
    """Read the JSON of Whisper, WhisperX and their kin, whisper.cpp, OpenAI, AssemblyAI,
    Deepgram, Google, Amazon, Azure, Vosk, YouTube (json3), transformers, Parakeet, Premiere,
    ElevenLabs, Gladia, Rev, Speechmatics, of podcasts (Podcasting 2.0), or a list of words.

    Raises:
        InputRejected: not JSON, no words with times are found in it, or longer ones than
            anybody says.
    """
    try:
        raw = read_json(decoded(data, name))
    except Unreadable as error:
        raise InputRejected("bad_transcript", str(error), name=name) from error
    try:
        found = read_forms(raw)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise InputRejected(
            "bad_transcript", f"its words are written in no known way ({error!r})", name=name
        ) from error
    if found is None or not (found[0] or found[1]):
        raise InputRejected(
            "bad_transcript",
            "there are no words with times in it; known are the forms of Whisper, WhisperX, "
            "whisper.cpp, OpenAI, AssemblyAI, Deepgram, Google, Amazon, Azure, Vosk, YouTube, Rev, "
            "Speechmatics, ElevenLabs, Gladia, Parakeet, Premiere, transformers and podcasts",
            name=name,
        )
    items, segments, language = found
    _check_lengths(items, segments, name)
    scale = _scale(items, segments, duration_s)
    cues = [
        Cue(
            start_s=s.start * scale,
            end_s=s.end * scale,
            text=" ".join(s.text.split()),
            speaker=s.speaker,
        )
        for s in segments
        if s.start is not None and s.end is not None and s.end > s.start and s.text.strip()
    ]
    timed = sum(i.start is not None for i in items)
    if items and timed >= 0.5 * len(items):
        return WordList(_filled_in(items, scale), cues, iso_language(language))
    if not cues:
        raise InputRejected("bad_transcript", "most of its words have no times", name=name)
    return WordList([], cues, iso_language(language))


def _check_lengths(items: Sequence[Item], segments: Sequence[Item], name: str) -> None:
    """Refuse what nobody says in one breath; it would take hours to set in lines."""
    for listed, most in ((items, MOST_WORD_LETTERS), (segments, MOST_LETTERS)):
        longest = max((len(i.text) for i in listed), default=0)
        if longest > most or len(listed) > _MOST_WORDS:
            raise InputRejected(
                "bad_transcript",
                f"it has {len(listed)} words or passages, the longest of {longest} letters; the "
                f"most is {_MOST_WORDS} of {most}",
                name=name,
            )


def _scale(items: Sequence[Item], segments: Sequence[Item], duration_s: float) -> float:
    """Milliseconds where times as seconds could not be: AssemblyAI and others count them so."""
    last = max((i.start for i in [*items, *segments] if i.start is not None), default=0.0)
    whole = all(i.start is None or i.start == int(i.start) for i in items or segments)
    return 0.001 if whole and last > _NOT_SECONDS * max(duration_s, 1.0) else 1.0


def _filled_in(items: Sequence[Item], scale: float) -> list[Word]:
    """Words with times; those that a tool could not time lie between their neighbours.

    WhisperX leaves numbers without times; YouTube's words have no ends.
    """
    starts = [i.start * scale if i.start is not None else None for i in items]
    ends = [i.end * scale if i.end is not None else None for i in items]
    after = _next_timed(starts)
    words: list[Word] = []
    before = -1  # the last word that came with a time
    low: float | None = None
    for k, item in enumerate(items):
        start, end = starts[k], ends[k]
        if start is None:
            following = starts[after[k]] if after[k] < len(items) else None
            if low is None and following is None:
                continue
            at_s = low if low is not None else max(0.0, (following or 0.0) - 0.3 * (after[k]))
            gap = after[k] - before
            until_s = following if following is not None else at_s + 0.3 * gap
            share = max(0.0, until_s - at_s) / max(1, gap - 1)
            start = at_s + share * (k - before - 1)
            end = start + share
        following = starts[after[k]] if after[k] < len(items) else None
        if end is None or end <= start:
            reach = start + 0.08 * min(len(item.text), 40) + 0.1
            end = min(reach, following) if following is not None else reach
        words.append(
            Word(
                text=item.text,
                start_s=round(start, 3),
                end_s=round(max(end, start + 0.02), 3),
                confidence=_chance(item.confidence),
                speaker=item.speaker,
            )
        )
        if starts[k] is not None:
            before, low = k, words[-1].end_s
    return words


def _next_timed(starts: Sequence[float | None]) -> list[int]:
    """For each word the next one after it that has a time; their number where none has."""
    after = [len(starts)] * len(starts)
    for k in range(len(starts) - 2, -1, -1):
        after[k] = k + 1 if starts[k + 1] is not None else after[k + 1]
    return after


def _chance(value: float | None) -> float | None:
    return round(min(1.0, max(0.0, value)), 3) if value is not None else None
