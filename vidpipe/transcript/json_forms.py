"""The forms of JSON that recognisers and services write words in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidpipe.transcript.speakers import shown_name


@dataclass
class Item:
    """A word as a tool wrote it; what it did not say is None."""

    text: str
    start: float | None
    end: float | None
    confidence: float | None = None
    speaker: str = ""


Found = tuple[list[Item], list[Item], str]


def read_forms(raw: Any) -> Found | None:
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


_TEXT = ("punctuated_word", "word", "text", "value", "content", "body")
_START = ("start", "start_time", "startTime", "start_s", "from", "ts")
_END = ("end", "end_time", "endTime", "end_s", "to", "end_ts")
_CHANCE = ("probability", "score", "confidence", "conf", "p")
_SPEAKER = ("speaker", "speaker_label", "speakerTag", "speakerLabel", "speaker_id", "speaker_name")


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[n] for n in names if entry.get(n) is not None), None)


#: Entries among words that nobody says: ElevenLabs has a kind for each.
_NOT_SAID = ("spacing", "audio_event")


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
        if isinstance(e, Mapping)
        and e.get("type") not in _NOT_SAID
        and (text := _first(e, _TEXT)) is not None
        and str(text).strip()
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
    if re.fullmatch(r"S\d{1,3}", plain):
        return f"Speaker {plain[1:]}"
    return f"Speaker {plain}" if len(plain) == 1 else shown_name(plain)


def _segments(segments: Any) -> list[Item]:
    return [i for s in segments for i in _items(s.get("words") or (), _speaker(s))]


def _plain_segments(segments: Any) -> list[Item]:
    return [
        Item(
            str(s.get("text") or s.get("body") or ""),
            _number(_first(s, _START)),
            _number(_first(s, _END)),
            speaker=_speaker(s),
        )
        for s in segments
    ]


def _whisper(raw: Mapping[str, Any]) -> Found:
    segments = _with_names(raw["segments"] or (), raw.get("speakers"))
    words = _segments(segments) or _items(raw.get("words") or raw.get("word_segments") or ())
    plain = _plain_segments(segments)
    return words or _if_words(plain), plain, str(raw.get("language") or "")


def _with_names(segments: Any, speakers: Any) -> Any:
    """Segments with the names of who speaks, where a list of people has them by id (Premiere)."""
    if not isinstance(speakers, Sequence) or isinstance(speakers, str):
        return segments
    people = [p for p in speakers if isinstance(p, Mapping)]
    names = {str(p.get("id")): p.get("name") for p in people if p.get("id") is not None}
    return [
        {**s, "speaker": names.get(str(s.get("speaker"))) or s.get("speaker")} for s in segments
    ]


def _if_words(parts: list[Item]) -> list[Item]:
    """The parts themselves where each is a word: podcasts' transcripts may have either."""
    words = sum(len(p.text.split()) for p in parts)
    return (
        [Item(p.text.strip(), p.start, p.end, p.confidence, p.speaker) for p in parts]
        if (len(parts) > 1 and words <= _WORDS_EACH * len(parts))
        else []
    )


#: Words in a part that is one: some services leave two together.
_WORDS_EACH = 1.3


def _pipeline(raw: Mapping[str, Any]) -> Found:
    """Of transformers' pipeline: `chunks` of words or sentences, with two times each."""
    parts = []
    for chunk in raw["chunks"]:
        start, end = (*(chunk.get("timestamp") or ()), None, None)[:2]
        parts.append(Item(str(chunk.get("text") or "").strip(), _number(start), _number(end)))
    return _if_words(parts), parts, str(raw.get("language") or "")


def _pieces(raw: Mapping[str, Any]) -> Found:
    """Of Parakeet: sentences of pieces, of which a leading blank begins a word."""
    words: list[Item] = []
    for sentence in raw["sentences"]:
        begun = False
        for piece in sentence.get("tokens") or ():
            text, end = str(piece.get("text") or ""), _number(piece.get("end"))
            if begun and text[:1].strip():
                words[-1].text += text
                words[-1].end = end
            elif text.strip():
                words.append(Item(text.strip(), _number(piece.get("start")), end))
                begun = True
    return words, _plain_segments(raw["sentences"]), str(raw.get("language") or "")


def _rev(raw: Mapping[str, Any]) -> Found:
    """Of Rev: what each says in a row, words and marks apart."""
    words: list[Item] = []
    for turn in raw["monologues"]:
        who = _speaker(turn)
        for entry in turn.get("elements") or ():
            text = str(entry.get("value") or "").strip()
            if entry.get("type") == "punct":
                if words and text:
                    words[-1].text += text
            elif entry.get("type") == "text":
                words += _items([entry], who)
    return words, [], str(raw.get("language") or "")


def _speechmatics(results: Sequence[Mapping[str, Any]]) -> Found:
    words: list[Item] = []
    language = ""
    for entry in results:
        best = (entry.get("alternatives") or [{}])[0]
        if entry.get("type") == "punctuation":
            if words and entry.get("attaches_to", "previous") == "previous":
                words[-1].text += str(best.get("content") or "")
            continue
        words += _items([{**entry, "type": "", **best}])
        language = language or str(best.get("language") or "")
    return words, [], language


def _azure_fast(raw: Mapping[str, Any]) -> Found:
    words: list[Item] = []
    segments: list[Item] = []
    for phrase in raw["phrases"]:
        who = _speaker(phrase)
        segments += _milliseconds_long(phrase, who)
        for entry in phrase.get("words") or ():
            words += _milliseconds_long(entry, who)
    locale = next((str(p["locale"]) for p in raw["phrases"] if p.get("locale")), "")
    return words, segments, locale


def _milliseconds_long(entry: Mapping[str, Any], speaker: str) -> list[Item]:
    start = _milliseconds(entry.get("offsetMilliseconds"))
    long_s = _milliseconds(entry.get("durationMilliseconds"))
    if start is None or long_s is None:
        return []
    return [Item(str(entry.get("text") or ""), start, start + long_s, speaker=speaker)]


def _utterances(raw: Mapping[str, Any]) -> Found:
    told = raw["utterances"]
    return _segments(told), _plain_segments(told), ""


def _result(raw: Mapping[str, Any]) -> Found:
    """Vosk's words, or what Gladia heard."""
    result = raw["result"]
    if isinstance(result, Mapping):
        heard = result.get("transcription") or {}
        languages = heard.get("languages") or [""]
        return *_utterances({"utterances": heard.get("utterances") or ()})[:2], str(languages[0])
    return _items(result), [], ""


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
    """Deepgram, Amazon, Google and Speechmatics all say `results`."""
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
    if any("type" in r for r in results):
        return _speechmatics(results)
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
    "result": _result,
    "chunks": _pipeline,
    "sentences": _pieces,
    "monologues": _rev,
    "phrases": _azure_fast,
    "utterances": _utterances,
}
