"""A natural voice: a Piper model in ONNX Runtime, and exactly when it says each word.

Piper (github.com/rhasspy/piper) trains VITS (Kim et al., arXiv:2106.06103) on the phonemes
that espeak-ng writes. Such a model decides first for how many frames of its spectrogram
every phoneme sounds, then makes these frames: the times of the words need not be heard,
they are read from that decision, which the exported graph has but does not hand out. It is
made an output here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from vidpipe.errors import Misconfigured
from vidpipe.media.onnx_file import field, fields
from vidpipe.testmedia.espeak import pronounced
from vidpipe.testmedia.speech import Spoken, SpokenWord

#: Samples of one frame, in every Piper voice (`hop_length` of its training configuration).
HOP = 256
#: Nobody speaks between two sentences of one text for so long.
_SENTENCE_PAUSE_S = 0.35
#: What stands before and after a sentence, between two of its phonemes and between words.
_BEGIN, _END, _BETWEEN, _SPACE = "^", "$", "_", " "
#: Marks that a voice has learned to hear; of others it knows nothing.
_MARK = re.compile(r"[.,:;?!]")
#: Fields of onnx.proto3: of ModelProto, GraphProto, NodeProto, ValueInfoProto.
_GRAPH, _NODE, _NODE_OUTPUT, _NODE_KIND, _GRAPH_OUTPUT, _NAME = 7, 1, 2, 4, 12, 1


class _Audio(BaseModel):
    sample_rate: int


class _Inference(BaseModel):
    """How much chance there is in sounds (`noise_scale`) and lengths (`noise_w`)."""

    noise_scale: float
    length_scale: float
    noise_w: float


class _Config(BaseModel):
    """What of a voice's JSON is used."""

    dataset: str
    audio: _Audio
    inference: _Inference
    phoneme_id_map: dict[str, tuple[int, ...]]


class _Said(NamedTuple):
    """A written word, its phonemes one letter each, the mark after it.

    `joined`: English runs it together with the word before.
    """

    text: str
    letters: str
    mark: str
    joined: bool


class Piper:
    """A voice of the Piper project, US English.

    A new one says the same texts in the same order alike, to the sample.

    Args:
        path: its ONNX file; the JSON lies beside it as `{path}.json`.

    Raises:
        Misconfigured: the files are not there, or are no Piper voice.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        try:
            config = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
            self._config = _Config.model_validate(config)
            model, self._durations = _with_durations(path.read_bytes())
        except (OSError, ValueError, ValidationError) as error:
            raise Misconfigured(f"voice {path}: {error}") from error
        self.name = f"Piper voice {self._config.dataset}"
        # Chance in the graph takes its seed when a session is made.
        onnxruntime.set_seed(0)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def say(self, text: str) -> Spoken:
        """Sentences, each said for itself, and when every written word is said.

        A word begins with the first frame of its first phoneme and ends with the last of
        its last one. Where English runs words together (`of the`) the frames are shared
        out by the phonemes that each has when it is said alone.

        Raises:
            Misconfigured: the extra `demo` is not installed.
            ValueError: there is nothing to say in the text.
        """
        rate = self._config.audio.sample_rate
        parts: list[NDArray[np.float32]] = []
        words: list[SpokenWord] = []
        at = 0
        for sentence in _sentences(text):
            if parts:
                parts.append(np.zeros(round(_SENTENCE_PAUSE_S * rate), np.float32))
                at += len(parts[-1])
            samples, frames = self._sound(sentence)
            for said, (first, last) in zip(sentence, frames, strict=True):
                start, end = at + first * HOP, at + last * HOP
                words.append(SpokenWord(said.text, round(start / rate, 4), round(end / rate, 4)))
            parts.append(samples)
            at += len(samples)
        if not parts:
            raise ValueError(f"there is nothing to say in {text!r}")
        return Spoken(np.concatenate(parts), rate, tuple(words))

    def _sound(
        self, sentence: Sequence[_Said]
    ) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
        """Samples of a sentence, and of every word the frames `[first, last)`."""
        ids = self._ids(_BEGIN)
        spans: list[tuple[int, int]] = []
        for k, word in enumerate(sentence):
            if k and not word.joined:
                ids += self._ids(_SPACE)
            first = len(ids)
            for letter in word.letters:
                ids += self._ids(letter)
            # The id between the last phoneme and what follows is the word's ending.
            spans.append((first, len(ids)))
            ids += self._ids(word.mark) if word.mark else []
        ids += self._config.phoneme_id_map[_END]
        chance = self._config.inference
        scales = [chance.noise_scale, chance.length_scale, chance.noise_w]
        samples, durations = self._session.run(
            [self._session.get_outputs()[0].name, self._durations],
            {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array(scales, np.float32),
            },
        )
        at = np.concatenate(([0], np.cumsum(durations.ravel()))).astype(int)
        sound = np.clip(samples.ravel(), -1, 1).astype(np.float32)
        return sound, [(int(at[first]), int(at[last])) for first, last in spans]

    def _ids(self, letter: str) -> list[int]:
        """A phoneme as the voice counts it, and what stands between two; none it never heard."""
        known = self._config.phoneme_id_map
        return [*known[letter], *known[_BETWEEN]] if letter in known else []


def _with_durations(model: bytes) -> tuple[bytes, str]:
    """The model with one output more, the frames of every phoneme, and its name.

    VITS rounds the durations it has chosen up to whole frames: the only `Ceil` of its graph.

    Raises:
        ValueError: no ONNX model, or none that does this once.
    """
    nodes = [
        {number: value for number, value, _ in fields(node)}
        for part, graph, _ in fields(model)
        if part == _GRAPH
        for number, node, _ in fields(graph)
        if number == _NODE
    ]
    names = [node[_NODE_OUTPUT] for node in nodes if node.get(_NODE_KIND) == b"Ceil"]
    if len(names) != 1:
        raise ValueError(f"it rounds durations {len(names)} times, not once")
    # A message that comes twice is one: what the second holds is added to the first.
    more = field(_GRAPH, field(_GRAPH_OUTPUT, field(_NAME, names[0])))
    return model + more, names[0].decode()


def _sentences(text: str) -> list[list[_Said]]:
    """The written words of each sentence, with their sounds and the mark after them."""
    written = list(re.finditer(r"\S*\w\S*", text))
    if not written:  # espeak-ng reads marks and emoji out, which are no words
        return []
    sounds: list[list[str]] = [[] for _ in written]
    sentence_of = [0] * len(written)
    for item in pronounced(text):
        # A number is one written word and several spoken ones, which begin within it.
        k = max((k for k, w in enumerate(written) if w.start() <= item.first), default=0)
        sounds[k].append("".join(item.phonemes))
        sentence_of[k] = item.sentence
    # Words that run together are all at the first of them.
    groups: list[list[int]] = []
    for k, heard in enumerate(sounds):
        if heard or not groups:
            groups.append([k])
        else:
            groups[-1].append(k)
    found: dict[int, list[_Said]] = {}
    for group in groups:
        letters = unicodedata.normalize("NFD", _SPACE.join(sounds[group[0]]))
        texts = [written[k].group() for k in group]
        sentence = found.setdefault(sentence_of[group[0]], [])
        for n, part in enumerate(_shared(letters, texts)):
            mark = _MARK.search(texts[n][-2:])
            sentence.append(_Said(texts[n], part, mark.group() if mark else "", n > 0))
    return [[*map(_continued, words[:-1]), words[-1]] for words in found.values()]


def _continued(word: _Said) -> _Said:
    """Within a sentence a full stop is an abbreviation's, and nobody pauses at it."""
    return word if word.mark in ",:;" else word._replace(mark="")


def _shared(letters: str, words: Sequence[str]) -> list[str]:
    """The phonemes of words that run together, for each its own."""
    if len(words) == 1:
        return [letters]
    alone = [sum(_weight("".join(item.phonemes)) for item in pronounced(w)) for w in words]
    ends = np.cumsum(alone) / max(1, sum(alone)) * _weight(letters)
    parts = [""] * len(words)
    passed = 0
    for letter in letters:
        passed += _weight(letter)
        k = int(np.searchsorted(ends, passed - 0.5))
        parts[min(k, len(words) - 1)] += letter
    return parts


def _weight(letters: str) -> int:
    """How many sounds: letters of the IPA without marks of stress and length."""
    return sum(unicodedata.category(c) in ("Ll", "Lo") for c in letters)
