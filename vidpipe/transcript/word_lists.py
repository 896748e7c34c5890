"""Transcripts as JSON, in the forms that the common tools write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidpipe.errors import InputRejected
from vidpipe.transcript.cues import Cue
from vidpipe.transcript.encodings import decoded
from vidpipe.transcript.languages import iso_language
from vidpipe.transcript.model import Word
from vidpipe.transcript.speakers import shown_name
from vidpipe.transcript.subtitle_files import MOST_LETTERS, MOST_WORD_LETTERS
from vidpipe.untrusted import Unreadable, read_json

#: Times this much longer than the recording are not seconds.
_NOT_SECONDS = 20.0
#: Twelve hours, the longest talk that is accepted, at five words a second.
_MOST_WORDS = 216_000


@dataclass
class Item:
    """A word as a tool wrote it; what it did not say is None."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None = None
    speaker: str = ""


@dataclass
class WordList:
    """What a file holds: words with times, or cues where words have none."""

    words: list[Word] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    language: str = ""


def read_word_list(data: bytes, name: str, duration_s: float) -> WordList:
    """Read the JSON of Whisper, WhisperX and their kin, whisper.cpp, OpenAI, AssemblyAI,
    Deepgram, Google, Amazon, Azure, Vosk, YouTube (json3), or a plain list of words.

    Raises:
        InputRejected: not JSON, no words with times are found in it, or longer ones than
            anybody says.
    """
    try:
        raw = read_json(decoded(data, name))
    except Unreadable as error:
        raise InputRejected("bad_transcript", str(error), name=name) from error
    try:
        found = _read(raw)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise InputRejected(
            "bad_transcript", f"its words are written in no known way ({error!r})", name=name
        ) from error
    if found is None or not (found[0] or found[1]):
        raise InputRejected(
            "bad_transcript",
            "there are no words with times in it; known are the forms of Whisper, WhisperX, "
            "whisper.cpp, OpenAI, AssemblyAI, Deepgram, Google, Amazon, Azure, Vosk and YouTube",
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


Found = tuple[list[Item], list[Item], str]


def _read(raw: Any) -> Found | None:
    """Words, segments and language of whatever form this is."""
    if isinstance(raw, list):
        if raw and all(isinstance(r, Mapping) for r in raw):
            if any("result" in r for r in raw):
                return [i for r in raw for i in _items(r.get("result") or ())], [], ""
            if any("words" in r for r in raw):
                return _segments(raw), _plain_segments(raw), ""
            return _items(raw), [], ""
        return None
    if not isinstance(raw, Mapping):
        return None
    for key, reader in _FORMS.items():
        if key in raw:
            found = reader(raw)
            if found is not None and (found[0] or found[1]):
                return found
    return None


def _number(value: Any) -> float | None:
    """Seconds from a number, `"1.3"`, `"1.300s"` or protobuf's `{"seconds", "nanos"}`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Mapping):
        whole, rest = _number(value.get("seconds", 0)), _number(value.get("nanos", 0))
        return None if whole is None or rest is None else whole + rest / 1e9
    if isinstance(value, str):
        value = float(value[:40].rstrip("s"))
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if math.isfinite(number) else None


_TEXT = ("punctuated_word", "word", "text", "value", "content")
_START = ("start", "start_time", "startTime", "start_s", "from", "ts")
_END = ("end", "end_time", "endTime", "end_s", "to", "end_ts")
_CHANCE = ("probability", "score", "confidence", "conf", "p")
_SPEAKER = ("speaker", "speaker_label", "speakerTag", "speakerLabel", "speaker_id", "speaker_name")


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[n] for n in names if entry.get(n) is not None), None)


def _items(entries: Any, speaker: str = "") -> list[Item]:
    return [
        Item(
            str(text).strip(),
            _number(_first(e, _START)),
            _number(_first(e, _END)),
            _number(_first(e, _CHANCE)),
            _speaker(e) or speaker,
        )
        for e in entries
        if isinstance(e, Mapping) and (text := _first(e, _TEXT)) is not None and str(text).strip()
    ]


def _speaker(entry: Mapping[str, Any]) -> str:
    """Who says it: a name, or what numbers people (`0`, `A`, `spk_1`, `SPEAKER_00`)."""
    named = _first(entry, _SPEAKER)
    if isinstance(named, Mapping):
        named = named.get("name")
    if named is None or isinstance(named, bool) or not isinstance(named, str | int | float):
        return ""
    plain = " ".join(str(named).split())[:60]
    if plain.isdigit():
        return f"Speaker {int(plain[:3]) + 1}"
    return f"Speaker {plain}" if len(plain) == 1 else shown_name(plain)


def _segments(segments: Any) -> list[Item]:
    return [i for s in segments for i in _items(s.get("words") or (), _speaker(s))]


def _plain_segments(segments: Any) -> list[Item]:
    return [
        Item(
            str(s.get("text") or ""),
            _number(_first(s, _START)),
            _number(_first(s, _END)),
            speaker=_speaker(s),
        )
        for s in segments
    ]


def _whisper(raw: Mapping[str, Any]) -> Found:
    segments = raw["segments"] or ()
    words = _segments(segments) or _items(raw.get("words") or raw.get("word_segments") or ())
    return words, _plain_segments(segments), str(raw.get("language") or "")


def _bare_words(raw: Mapping[str, Any]) -> Found:
    language = raw.get("language_code") or raw.get("language") or ""
    return _items(raw["words"] or ()), [], str(language)


def _whisper_cpp(raw: Mapping[str, Any]) -> Found:
    segments = [
        Item(
            str(s.get("text") or ""),
            _milliseconds(s["offsets"]["from"]),
            _milliseconds(s["offsets"]["to"]),
        )
        for s in raw["transcription"]
    ]
    return [], segments, str((raw.get("result") or {}).get("language") or "")


def _milliseconds(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def _youtube(raw: Mapping[str, Any]) -> Found:
    words: list[Item] = []
    segments: list[Item] = []
    for event in raw["events"]:
        start = _number(event.get("tStartMs"))
        pieces = [s for s in event.get("segs") or () if str(s.get("utf8") or "").strip()]
        if start is None or not pieces:
            continue
        end = start + (_number(event.get("dDurationMs", 0)) or 0)
        segments.append(
            Item(" ".join(str(p["utf8"]).strip() for p in pieces), start / 1000, end / 1000)
        )
        if any("tOffsetMs" in p for p in pieces):
            for piece in pieces:
                at = (start + (_number(piece.get("tOffsetMs", 0)) or 0)) / 1000
                words.append(Item(str(piece["utf8"]).strip(), at, None))
    return words, segments, ""


def _results(raw: Mapping[str, Any]) -> Found | None:
    """Deepgram, Amazon and Google all say `results`."""
    results = raw["results"]
    if isinstance(results, Mapping):
        if "channels" in results:
            best = results["channels"][0]
            language = str(best.get("detected_language") or "")
            return _items(best["alternatives"][0].get("words") or ()), [], language
        if "items" in results:
            language = str(results.get("language_code") or raw.get("language_code") or "")
            return list(_amazon(results["items"])), [], language
        return None
    words = [
        i for r in results for i in _items((r.get("alternatives") or [{}])[0].get("words") or ())
    ]
    language = next((str(r["languageCode"]) for r in results if r.get("languageCode")), "")
    return words, [], language


def _amazon(entries: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
    held: Item | None = None
    for entry in entries:
        best = entry["alternatives"][0]
        if entry.get("type") == "punctuation":
            if held is not None:
                held.text += str(best["content"])
            continue
        if held is not None:
            yield held
        held = Item(
            str(best["content"]),
            _number(entry.get("start_time")),
            _number(entry.get("end_time")),
            _number(best.get("confidence")),
            _speaker(entry),
        )
    if held is not None:
        yield held


def _azure(raw: Mapping[str, Any]) -> Found:
    words: list[Item] = []
    segments: list[Item] = []
    for phrase in raw["recognizedPhrases"]:
        best = phrase["nBest"][0]
        start = _ticks(phrase["offsetInTicks"])
        end = start + _ticks(phrase["durationInTicks"])
        who = _speaker(phrase)
        segments.append(Item(str(best.get("display") or ""), start, end, speaker=who))
        for entry in best.get("displayWords") or best.get("words") or ():
            at = _ticks(entry["offsetInTicks"])
            text = str(entry.get("displayText") or entry.get("word"))
            words.append(Item(text, at, at + _ticks(entry["durationInTicks"]), speaker=who))
    locale = next((str(p["locale"]) for p in raw["recognizedPhrases"] if p.get("locale")), "")
    return words, segments, locale


def _ticks(value: Any) -> float:
    """Seconds of ticks of 100 ns.

    Raises:
        ValueError: it is no number.
    """
    number = _number(value)
    if number is None:
        raise ValueError(f"{value!r:.40} counts no ticks")
    return number * 1e-7


_FORMS: dict[str, Callable[[Mapping[str, Any]], Found | None]] = {
    "segments": _whisper,
    "word_segments": lambda raw: _whisper({"segments": (), **raw}),
    "words": _bare_words,
    "transcription": _whisper_cpp,
    "events": _youtube,
    "results": _results,
    "recognizedPhrases": _azure,
    "result": lambda raw: (_items(raw["result"]), [], ""),
}


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
