"""A transcript that exists already, beside the video: is it this video's, and its words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vidpipe.errors import InputRejected
from vidpipe.media.pcm import AudioSamples
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, intersection, span, union
from vidpipe.transcript.align import align
from vidpipe.transcript.assemble import assembled
from vidpipe.transcript.cues import Cue, spread
from vidpipe.transcript.languages import iso_language, language_of
from vidpipe.transcript.model import SkippedSource, Transcript, Word
from vidpipe.transcript.shift import rightness_is_told, shift_s
from vidpipe.transcript.subtitle_files import read_languages, told_language
from vidpipe.transcript.timecode import hours_off_s
from vidpipe.transcript.word_lists import WordList, read_word_list

_Timed = TypeVar("_Timed", Word, Cue)
#: Letters a second that nobody says: auctioneers have 25.
_CHARACTERS_PER_S = 40.0
#: What a short recording may have more, with its title and credits.
_SPARE_CHARACTERS = 1_000
#: Cues so long do not tell when their words are said.
_COARSE_S = 45.0


@dataclass(frozen=True)
class SidecarTranscript:
    """A sidecar that belongs to its video: what it holds, and the language it is in.

    `heard` is what the file says of its language, else what its letters look like; `moved_s`
    by how much its subtitles were moved to where somebody speaks; `timing_told` whether that
    they are right is told by it; `left` what of it is not read.
    """

    name: str
    found: WordList
    heard: str
    moved_s: float = 0.0
    timing_told: bool = True
    left: SkippedSource | None = None


def read_sidecar(
    path: Path, name: str, speech: SpeechMap, named: str = "", expected: str | None = None
) -> SidecarTranscript | SkippedSource:
    """Read a sidecar, or say why it cannot be used.

    `named` is the language that its name tells; it is not read where another is `expected`.
    """
    if named and expected and iso_language(named) != expected:
        why = f"{name}: by its name it is in {named}, the talk is in {expected}"
        return SkippedSource(source="sidecar", reason=why)
    data = path.read_bytes()
    left = None
    try:
        if name.lower().endswith(".json"):
            found = read_word_list(data, name, speech.duration_s)
        else:
            told = told_language(data, name) if name.lower().endswith(".vtt") else ""
            by = read_languages(data, name)
            found = WordList(cues=next(iter(by.values())), language=iso_language(told))
            if len(by) > 1:
                spoken, left = _spoken(by, name, expected or iso_language(named))
                found = WordList(cues=by[spoken], language=spoken)
    except InputRejected as error:
        return SkippedSource(source="sidecar", reason=f"{name}: {error.message}")
    hours_s = hours_off_s(_parts(found), speech.duration_s)
    if hours_s:
        found = _by(found, hours_s)
    shifted_s = 0.0 if found.words else shift_s(found.cues, speech)
    if shifted_s:
        found = _by(found, shifted_s)
    moved_s = hours_s + shifted_s
    reason = why_it_does_not_fit(_parts(found), speech) or _too_dense(found, speech)
    if reason is not None:
        return SkippedSource(source="sidecar", reason=f"{name}: {reason}")
    timing_told = bool(shifted_s or found.words) or rightness_is_told(found.cues, speech)
    text = " ".join([w.text for w in found.words] or [c.text for c in found.cues])
    heard = found.language or language_of(text) or iso_language(named)
    return SidecarTranscript(name, found, heard, moved_s, timing_told, left)


def from_sidecar(
    reading: SidecarTranscript,
    samples: AudioSamples | None,
    speech: SpeechMap,
    language: str | None,
    passed: Sequence[SkippedSource] = (),
    *,
    may_align: bool = True,
) -> Transcript:
    """The sidecar's transcript; the words of English subtitles are aligned to the sound."""
    if reading.found.words:
        return assembled(
            "sidecar",
            reading.name,
            reading.found.words,
            speech,
            heard=reading.heard,
            expected=language,
            word_times="provided",
            repair=True,
            passed=passed,
        ).model_copy(update={"moved_s": reading.moved_s})
    shared = spread(reading.found.cues, speech)
    aligned = None
    if may_align and samples is not None and (reading.heard or language) == "en":
        aligned = align(shared, samples)
    return assembled(
        "sidecar",
        reading.name,
        aligned or [w for _, words in shared for w in words],
        speech,
        heard=reading.heard,
        expected=language,
        word_times="aligned" if aligned else "interpolated",
        passed=passed,
    ).model_copy(update={"moved_s": reading.moved_s, "timing_told": reading.timing_told})


def _spoken(by: Collection[str], name: str, expected: str) -> tuple[str, SkippedSource]:
    """Which of a file's languages is read, and what is said of the other.

    Where nobody says which one is spoken it is English, of the two that files with translations
    have most often, and whose words are found in the sound; else the upper one.
    """
    spoken = next((one for one in (expected, "en") if one in by), next(iter(by)))
    others = ", ".join(one for one in by if one != spoken)
    hint = "" if spoken == expected else "; set the language that is spoken, if it is another"
    why = f"{name}: it is in {' and '.join(by)}; {spoken} is read, {others} is not{hint}"
    return spoken, SkippedSource(source="sidecar", reason=why)


def _parts(found: WordList) -> list[Interval]:
    return [span(w.start_s, w.end_s) for w in found.words] or list(found.cues)


def _by(found: WordList, by_s: float) -> WordList:
    """Words and cues later by so much; what would end before the recording begins is left out."""
    return WordList(_moved(found.words, by_s), _moved(found.cues, by_s), found.language)


def _moved(parts: Sequence[_Timed], by_s: float) -> list[_Timed]:
    return [
        c.model_copy(update={"start_s": max(0.0, c.start_s + by_s), "end_s": c.end_s + by_s})
        for c in parts
        if c.end_s + by_s > 0
    ]


def _too_dense(found: WordList, speech: SpeechMap) -> str | None:
    """Why these are more words than anybody says, or known at too few times; None if not."""
    texts = [w.text for w in found.words] or [c.text for c in found.cues]
    letters = sum(map(len, texts))
    if letters > _CHARACTERS_PER_S * speech.duration_s + _SPARE_CHARACTERS:
        return f"it has {letters} letters for {speech.duration_s:.0f} s: nobody speaks so fast"
    if not found.words:
        coarse = sum(len(c.text) for c in found.cues if c.duration_s > _COARSE_S)
        if coarse > letters / 2 and speech.duration_s > 2 * _COARSE_S:
            return (
                f"most of its text has a time only every {_COARSE_S:.0f} s and more, which is too "
                "little for captions"
            )
    return None


def why_it_does_not_fit(parts: Sequence[Interval], speech: SpeechMap) -> str | None:
    """Why these subtitles (or words) belong to another recording, or None."""
    last = max(p.end_s for p in parts)
    if last > speech.duration_s * 1.1 + 5.0:
        return f"its last words end at {last:.0f} s, the recording at {speech.duration_s:.0f} s"
    if not speech.speech:
        return None
    covered = union([span(p.start_s, p.end_s) for p in parts])
    shared = sum(i.duration_s for i in intersection(covered, list(speech.speech)))
    within = sum(i.duration_s for i in covered)
    if shared < 0.3 * min(within, speech.speech_s):
        return (
            f"only {shared:.0f} s of its {within:.0f} s of subtitles lie where somebody speaks "
            f"({speech.speech_s:.0f} s of speech)"
        )
    if within < 0.1 * speech.speech_s and speech.speech_s > 60:
        return (
            f"its subtitles cover {within:.0f} s, but somebody speaks for "
            f"{speech.speech_s:.0f} s: it is not the whole transcript"
        )
    return None
