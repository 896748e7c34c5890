"""Whether a border of a clip within a word is told from one in a pause, on labelled speech.

Pauses and words of recordings whose times other people wrote down: a border in the middle of
a pause cuts nobody off, one in the middle of a word does. The map of speech that a border is
held against is the one that vidpipe makes of the sound.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.real.figure import Column
from vidpipe.clips.quality import is_cut
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import probe
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions

#: A pause is as long as this, a word too; both are looked at in their middle.
_PAUSE_S, _WORD_S = 0.12, 0.2
#: Within a labelled stretch of speech there is a word every so often, off its ends.
_EVERY_S, _OFF_S = 0.45, 0.3

Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Heard:
    """Moments of one recording, and those of them that were judged wrongly, in seconds."""

    file: str
    column: Column
    pauses: int
    words: int
    cut_in_pauses: tuple[float, ...]
    uncut_in_words: tuple[float, ...]


def _stretches(truth: Path) -> tuple[Spans, Spans]:
    """Pauses, and a word's length every so often, of lines `start end speech|nonspeech`."""
    rows = [line.split() for line in truth.read_text("utf-8").splitlines()]
    pauses: Spans = []
    words: Spans = []
    for start, end, kind in rows:
        start_s, end_s = float(start), float(end)
        if kind == "nonspeech":
            pauses.append((start_s, end_s))
        else:
            for k in range(int((end_s - start_s - 2 * _OFF_S) / _EVERY_S) + 1):
                at_s = start_s + _OFF_S + k * _EVERY_S
                if at_s + _OFF_S <= end_s:
                    words.append((at_s - _WORD_S / 2, at_s + _WORD_S / 2))
    return pauses, words


def _aligned(truth: Path) -> tuple[Spans, Spans]:
    """Pauses and words of an aligner's lines of JSON; what it could not place is left out."""
    pauses: Spans = []
    words: Spans = []
    for line in filter(str.strip, truth.read_text("utf-8").splitlines()):
        for item in json.loads(line)["w"]:
            span = (item["b"], item["b"] + item["d"])
            if item["t"] == "<sil>":
                pauses.append(span)
            elif item["t"][0] not in "<[+":
                words.append(span)
    return pauses, words


_LABELLED: tuple[tuple[Column, str, str, Callable[[Path], tuple[Spans, Spans]]], ...] = (
    ("build", "speech/sonnet1_53s.mp3", "gt/sonnet1.vad.tsv", _stretches),
    ("held_out", "speech/librivox_0870.wav", "gt/librivox_0870.align.json", _aligned),
    ("held_out", "speech/librivox_0880.wav", "gt/librivox_0880.align.json", _aligned),
    ("held_out", "speech/librivox_0890.wav", "gt/librivox_0890.align.json", _aligned),
)


def listen(media: Path, columns: Sequence[Column]) -> list[Heard]:
    """Judge the borders of each labelled recording that is there."""
    found = []
    for column, name, truth, read in _LABELLED:
        source = media / name
        if column not in columns or not source.exists() or not (media / truth).exists():
            continue
        pauses, words = read(media / truth)
        pauses = [p for p in pauses if p[1] - p[0] >= _PAUSE_S - 1e-6]
        words = [w for w in words if w[1] - w[0] >= _WORD_S - 1e-6]
        info = probe(source)
        with tempfile.TemporaryDirectory() as folder:
            samples = decode_samples(source, info, Path(folder) / "sound.wav")
            assert samples is not None
            speech, _ = find_silence(samples, SilenceOptions())
        cut = [t for t in map(_middle, pauses) if is_cut(t, source, info, speech)]
        uncut = [t for t in map(_middle, words) if not is_cut(t, source, info, speech)]
        found.append(Heard(name, column, len(pauses), len(words), tuple(cut), tuple(uncut)))
    return found


def _middle(span: tuple[float, float]) -> float:
    return round((span[0] + span[1]) / 2, 3)
