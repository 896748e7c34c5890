"""Transcripts as JSON, in the forms that the common tools write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidpipe.errors import InputRejected
from vidpipe.transcript.cues import Cue, decoded
from vidpipe.transcript.languages import iso_language
from vidpipe.transcript.model import Word

#: Times this much longer than the recording are not seconds.
_NOT_SECONDS = 20.0


@dataclass
class Item:
    """A word as a tool wrote it; what it did not say is None."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None = None


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
        InputRejected: not JSON, or no words with times are found in it.
    """
    try:
        raw = json.loads(decoded(data, name))
    except json.JSONDecodeError as error:
        raise InputRejected("bad_transcript", f"it is not JSON ({error})", name=name) from error
    try:
        found = _read(raw)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
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
    scale = _scale(items, segments, duration_s)
    cues = [
        Cue(start_s=s.start * scale, end_s=s.end * scale, text=" ".join(s.text.split()))
        for s in segments
        if s.start is not None and s.end is not None and s.end > s.start and s.text.strip()
    ]
    timed = sum(i.start is not None for i in items)
    if items and timed >= 0.5 * len(items):
        return WordList(_filled_in(items, scale), cues, iso_language(language))
    if not cues:
        raise InputRejected("bad_transcript", "most of its words have no times", name=name)
    return WordList([], cues, iso_language(language))


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
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        return float(value.rstrip("s"))
    if isinstance(value, Mapping):
        return float(value.get("seconds", 0)) + float(value.get("nanos", 0)) / 1e9
    return None


_TEXT = ("punctuated_word", "word", "text", "value", "content")
_START = ("start", "start_time", "startTime", "start_s", "from", "ts")
_END = ("end", "end_time", "endTime", "end_s", "to", "end_ts")
_CHANCE = ("probability", "score", "confidence", "conf", "p")


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[n] for n in names if entry.get(n) is not None), None)


def _items(entries: Any) -> list[Item]:
    return [
        Item(
            str(text).strip(),
            _number(_first(e, _START)),
            _number(_first(e, _END)),
            _number(_first(e, _CHANCE)),
        )
        for e in entries
        if isinstance(e, Mapping) and (text := _first(e, _TEXT)) is not None and str(text).strip()
    ]


def _segments(segments: Any) -> list[Item]:
    return [i for s in segments for i in _items(s.get("words") or ())]


def _plain_segments(segments: Any) -> list[Item]:
    return [
        Item(str(s.get("text") or ""), _number(_first(s, _START)), _number(_first(s, _END)))
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
        Item(str(s.get("text") or ""), s["offsets"]["from"] / 1000, s["offsets"]["to"] / 1000)
        for s in raw["transcription"]
    ]
    return [], segments, str((raw.get("result") or {}).get("language") or "")


def _youtube(raw: Mapping[str, Any]) -> Found:
    words: list[Item] = []
    segments: list[Item] = []
    for event in raw["events"]:
        start = event.get("tStartMs")
        pieces = [s for s in event.get("segs") or () if str(s.get("utf8") or "").strip()]
        if start is None or not pieces:
            continue
        end = start + event.get("dDurationMs", 0)
        segments.append(
            Item(" ".join(str(p["utf8"]).strip() for p in pieces), start / 1000, end / 1000)
        )
        if any("tOffsetMs" in p for p in pieces):
            for piece in pieces:
                at = (start + piece.get("tOffsetMs", 0)) / 1000
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
        )
    if held is not None:
        yield held


def _azure(raw: Mapping[str, Any]) -> Found:
    tick = 1e-7
    words: list[Item] = []
    segments: list[Item] = []
    for phrase in raw["recognizedPhrases"]:
        best = phrase["nBest"][0]
        start = float(phrase["offsetInTicks"]) * tick
        end = start + float(phrase["durationInTicks"]) * tick
        segments.append(Item(str(best.get("display") or ""), start, end))
        for entry in best.get("displayWords") or best.get("words") or ():
            at = float(entry["offsetInTicks"]) * tick
            text = str(entry.get("displayText") or entry.get("word"))
            words.append(Item(text, at, at + float(entry["durationInTicks"]) * tick))
    locale = next((str(p["locale"]) for p in raw["recognizedPhrases"] if p.get("locale")), "")
    return words, segments, locale


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
    words: list[Word] = []
    for k, item in enumerate(items):
        start, end = starts[k], ends[k]
        if start is None:
            before = next((j for j in range(k - 1, -1, -1) if starts[j] is not None), None)
            after = next((j for j in range(k + 1, len(items)) if starts[j] is not None), None)
            low = words[before].end_s if before is not None else None
            high = starts[after] if after is not None else None
            if low is None and high is None:
                continue
            low = low if low is not None else max(0.0, (high or 0.0) - 0.3 * (k + 1))
            gap = (before if before is not None else -1, after if after is not None else len(items))
            high = high if high is not None else low + 0.3 * (gap[1] - gap[0])
            share = (high - low) / (gap[1] - gap[0] - 1)
            start = low + share * (k - gap[0] - 1)
            end = start + share
        if end is None or end <= start:
            following = next((s for s in starts[k + 1 :] if s is not None), None)
            reach = start + 0.08 * len(item.text) + 0.1
            end = min(reach, following) if following is not None else reach
        words.append(
            Word(
                text=item.text,
                start_s=round(start, 3),
                end_s=round(max(end, start + 0.02), 3),
                confidence=_chance(item.confidence),
            )
        )
    return words


def _chance(value: float | None) -> float | None:
    return round(min(1.0, max(0.0, value)), 3) if value is not None else None
