"""Forced alignment: where in the sound each word of a known text begins (English).

The carried recogniser makes little of a real talk by itself, yet it finds a text that
it is told: over made-up speech with known word times its starts are 9 to 13 ms off in
the median, where spreading words by their length is off by 60 to 70 (`benchmarks`,
`python -m benchmarks.words`).
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.pcm import AudioSamples
from vidpipe.stuck import further
from vidpipe.timeline import Interval, span
from vidpipe.transcript.cues import Cue
from vidpipe.transcript.model import Word

_FRAMES_PER_S = 100
#: Cues are aligned together up to this length: their own borders are not exact.
_TOGETHER_S = 20.0
#: A longer gap between cues ends what is aligned together.
_APART_S = 1.0
#: How far speech may lie outside its cue.
_SLACK_S = 1.0
#: A word found farther from its cue than this was not found.
_ASTRAY_S = 2.0
#: The search must not give up in digital silence: a little noise is laid over it, and
#: it keeps unlikely paths that the recogniser by default drops.
_DITHER = 4.0
_BEAM = 1e-80

_TOKEN = re.compile(
    r"\d[\d,]*(?:\.\d+)?(?:(?:st|nd|rd|th|(?<=0)'?s)\b)?|[a-z][a-z']*|[%&]", re.IGNORECASE
)
_MARKS = {"%": "percent", "&": "and"}
#: Phones (of the CMU dictionary) for letters of words that it does not have.
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "AE B K D EH F G HH IH JH K L M N AA P K R S T AH V W K Y Z".split(),
        strict=True,
    )
)


def identity() -> str:
    """What aligned times rest on: part of the fingerprint."""
    from importlib.metadata import version

    return f"pocketsphinx-{version('pocketsphinx')}:num2words-{version('num2words')}"


#: There is one decoder, and it hears one thing at a time.
_ONE = threading.Lock()

CueWords = tuple[Cue, Sequence[Word]]


def align(cues: Sequence[CueWords], samples: AudioSamples) -> list[Word] | None:
    """Words of cues with the times at which they are heard, or None when most are not found.

    Where a cue's words are not found (another language, words that nobody says, noise),
    they keep the times they came with.
    """
    aligned: list[Word] = []
    found = 0
    for run in _together(cues):
        heard = _heard(run, samples)
        if heard is None and len(run) > 1:
            alone = [_heard([part], samples) for part in run]
            heard = [times[0] if times is not None else None for times in alone]
        for (cue, words), times in zip(run, heard or [None] * len(run), strict=True):
            if times is None or not _near(cue, times):
                aligned += words
                continue
            found += len(words)
            aligned += [
                w.model_copy(update={"start_s": t.start_s, "end_s": t.end_s})
                for w, t in zip(words, times, strict=True)
            ]
    return _in_order(aligned) if found > len(aligned) / 2 else None


def _together(cues: Sequence[CueWords]) -> Iterator[list[CueWords]]:
    """Neighbouring cues that are aligned at once."""
    run: list[CueWords] = []
    for part in cues:
        if run and (
            part[0].end_s - run[0][0].start_s > _TOGETHER_S
            or part[0].start_s - run[-1][0].end_s > _APART_S
        ):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def _heard(run: Sequence[CueWords], samples: AudioSamples) -> list[list[Interval] | None] | None:
    """When each word of each cue is heard, or None."""
    within = span(max(0.0, run[0][0].start_s - _SLACK_S), run[-1][0].end_s + _SLACK_S)
    times = located([w.text for _, words in run for w in words], samples, within)
    if times is None:
        return None
    left = iter(times)
    return [[next(left) for _ in words] for _, words in run]


def located(texts: Sequence[str], samples: AudioSamples, within: Interval) -> list[Interval] | None:
    """When each of these written words is heard in a stretch of sound.

    None where the search finds no way through, or nothing of it is said aloud. All of the
    words have to be in the stretch; what else is said in it is taken for noise, or for a
    part of them.
    """
    spoken = [spoken_words(t) for t in texts]
    line = [token for word in spoken for token in word]
    if not line:
        return None
    start_s = within.start_s
    sound = samples.read(start_s, within.end_s)
    if len(sound) < _FRAMES_PER_S:
        return None
    further("words", round(within.start_s), len(line))
    with _ONE:
        frames = _aligned(_decoder(), line, sound)
    if frames is None:
        return None
    times: list[Interval] = []
    at = 0
    last_s = start_s
    for word in spoken:
        if word:
            first, last = frames[at][0], frames[at + len(word) - 1][1]
            at += len(word)
            times.append(
                span(
                    round(start_s + first / _FRAMES_PER_S, 3),
                    round(start_s + (last + 1) / _FRAMES_PER_S, 3),
                )
            )
        else:  # a dash, a note: nothing that is said
            times.append(span(last_s, last_s + 0.02))
        last_s = times[-1].end_s
    return times


def _aligned(
    decoder: Any, line: Sequence[str], sound: NDArray[np.float32]
) -> list[tuple[int, int]] | None:
    """First and last frame of each word, or None when the search finds no way through."""
    for token in set(line):
        if decoder.lookup_word(token) is None:
            # Not updated: that builds its searches anew, and the text makes its own below.
            decoder.add_word(token, _pronounced(decoder, token), False)
    noise = np.random.default_rng(0).normal(0, _DITHER, len(sound))
    data = np.clip(sound * 32767 + noise, -32768, 32767).astype(np.int16).tobytes()
    try:
        decoder.set_align_text(" ".join(line))
        # Forget the noise and the mean of what was heard before: the same sound gives
        # the same times whatever came before it.
        decoder.start_stream()
        decoder.start_utt()
        decoder.process_raw(data, full_utt=True)
        decoder.end_utt()
        segments = decoder.seg()
    except RuntimeError:
        return None
    if segments is None:
        return None
    frames = [(s.start_frame, s.end_frame) for s in segments if s.word[0] not in "<[("]
    return frames if len(frames) == len(line) else None


def _near(cue: Cue, times: Sequence[Interval]) -> bool:
    return all(
        cue.start_s - _ASTRAY_S <= t.start_s and t.end_s <= cue.end_s + _ASTRAY_S for t in times
    )


def _in_order(words: Sequence[Word]) -> list[Word]:
    """No word begins before the one that it follows."""
    out: list[Word] = []
    for word in words:
        start = word.start_s
        if out and start < out[-1].start_s:
            start = out[-1].end_s
        end = max(word.end_s, start + 0.02)
        out.append(word.model_copy(update={"start_s": start, "end_s": end}))
    return out


def spoken_words(text: str) -> list[str]:
    """A written word as the words that are said: numbers in full, no punctuation."""
    plain = text.lower().replace("\u2019", "'")
    words: list[str] = []
    for token in _TOKEN.findall(plain):
        if token[0].isdigit():
            words += _number(token)
        elif token in _MARKS:
            words.append(_MARKS[token])
        else:
            stripped = token.strip("'")
            words += [stripped] if stripped else []
    return words


def _number(token: str) -> list[str]:
    """A number as it is said; `1990s` in the plural."""
    plural = token.endswith("s")
    said = re.findall(r"[a-z]+", _in_full(token.rstrip("'s") if plural else token))
    if plural:
        last = said[-1]
        said[-1] = f"{last[:-1]}ies" if last.endswith("y") else f"{last}s"
    return said


def _in_full(token: str) -> str:
    from num2words import num2words

    digits = token.replace(",", "")
    ordinal = digits[-2:] in ("st", "nd", "rd", "th")
    value = float(digits[:-2] if ordinal else digits)
    try:
        if ordinal:
            return str(num2words(int(value), to="ordinal"))
        if "," not in token and value.is_integer() and 1100 <= value < 2100:
            return str(num2words(int(value), to="year"))
        return str(num2words(int(value) if value.is_integer() else value))
    except (OverflowError, ValueError):
        return " ".join(num2words(int(c)) for c in digits if c.isdigit())


def _pronounced(decoder: Any, word: str) -> str:
    """Phones of a word that the dictionary lacks: of the longest words in it, else by letter."""
    phones: list[str] = []
    at = 0
    while at < len(word):
        for end in range(len(word), at + 2, -1):
            known = decoder.lookup_word(word[at:end])
            if known is not None:
                phones.append(known)
                at = end
                break
        else:
            if word[at] in _LETTERS:
                phones.append(_LETTERS[word[at]])
            at += 1
    return " ".join(phones) or "AH"


@functools.cache
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(
        lm=None,
        cmn="batch",
        loglevel="FATAL",
        bestpath=False,
        beam=_BEAM,
        pbeam=_BEAM,
        wbeam=1e-60,
        dither=False,
    )
