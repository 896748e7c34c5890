"""The borders of clips as a network reads them: MiniLM, and what was learnt on top of it.

A transcript is read in windows of some ten sentences, so that a sentence is seen with what was
said before it and after it. The file `borders_en.onnx` holds the graph and what was learnt
(`benchmarks/border_network.py` has how, and the figures): low-rank changes of MiniLM's matrices
and three outputs. The matrices are MiniLM's own and stay where the registry of models put them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.model import Unit
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.models import ModelStore, Needed, entry
from vidpipe.segments.borders.model import Border
from vidpipe.stuck import silent

#: The model whose matrices the graph changes.
BASE = "minilm"
#: Tokens of a window, and those of a long sentence's beginning and end: speech without stops is
#: read where it begins and where it ends. (What is kept was learnt from the first 96 of such.)
WINDOW, _FIRST, _LAST = 256, 64, 32
#: The same number everywhere, so that sums are split alike.
_THREADS = 2
#: Of BERT's vocabulary: what a text begins with, what parts sentences, what is in no vocabulary.
_BEGIN, _PART, _UNKNOWN = 101, 102, 100
_TURN = ">> "
#: What a window may take on the slowest machine, and the loading before the first.
_WINDOW_TAKES_S, _LOAD_S = 5.0, 120.0

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """Where a sentence is in a window: its first token, and the mark behind its last."""

    sentence: int
    first: int
    last: int


@dataclass(frozen=True)
class SentenceWindow:
    """Sentences that are read together, and those that are read nowhere with more around them."""

    tokens: tuple[int, ...]
    places: tuple[Place, ...]
    best: frozenset[int]


def said_to(unit: Unit) -> str:
    """A sentence as the network reads it: marked where another voice or subject begins."""
    return f"{_TURN}{unit.text}" if unit.signs.get("turn") else unit.text


def windows_of(sentences: Sequence[Sequence[int]], second: int = 0) -> list[SentenceWindow]:
    """The tokens of a recording's sentences in windows that overlap by half.

    `second` is the sentence that the second window begins with, at the latest where the first
    ends; 0: the one in the middle of the first, as with all others.
    """
    found: list[tuple[tuple[int, ...], tuple[Place, ...]]] = []
    begin, following = 0, second
    while begin < len(sentences):
        tokens, places = [_BEGIN], []
        for k in range(begin, len(sentences)):
            said = _shortened(sentences[k]) or [_UNKNOWN]
            if len(tokens) + len(said) + 1 > WINDOW:
                break
            places.append(Place(k, len(tokens), len(tokens) + len(said)))
            tokens += [*said, _PART]
        found.append((tuple(tokens), tuple(places)))
        end = places[-1].sentence + 1
        if end >= len(sentences):
            break
        middle = next((p.sentence for p in places if p.first >= WINDOW // 2), end - 1)
        begin, following = min(following or max(begin + 1, middle), end), 0
    best: dict[int, tuple[int, int]] = {}
    for number, (read, there) in enumerate(found):
        for place in there:
            around = _around(read, there, place, len(sentences))
            best[place.sentence] = max(best.get(place.sentence, (-1, 0)), (around, number))
    return [
        SentenceWindow(read, there, frozenset(k for k, (_, at) in best.items() if at == number))
        for number, (read, there) in enumerate(found)
    ]


def _shortened(tokens: Sequence[int]) -> list[int]:
    if len(tokens) <= _FIRST + _LAST:
        return list(tokens)
    return [*tokens[:_FIRST], *tokens[-_LAST:]]


def _around(tokens: Sequence[int], places: Sequence[Place], place: Place, count: int) -> int:
    """Tokens on the side of a sentence that has fewer; where the recording begins or ends,
    nothing is lacking."""
    before = place.first if places[0].sentence else WINDOW
    after = len(tokens) - place.last if places[-1].sentence < count - 1 else WINDOW
    return min(before, after)


class BorderNetwork:
    """Reads English sentences for the borders of clips.

    Raises:
        Misconfigured: MiniLM's file is not the one that was learnt from.
        Unavailable: it is not here and cannot be had.
    """

    def __init__(self, language: str, weights: Needed, graph: bytes = b"") -> None:
        self.weights = weights
        self._graph = graph or _graph_of(language).read_bytes()

    @property
    def identity(self) -> str:
        """What results depend on, for fingerprints."""
        return f"{self.weights.identity}+{hashlib.sha256(self._graph).hexdigest()[:12]}"

    def of(self, units: Sequence[Unit]) -> list[Border]:
        """Each sentence as the first, as the last, and as a part of a clip."""
        windows = windows_of([self._tokens(said_to(u)) for u in units])
        with silent(_LOAD_S + _WINDOW_TAKES_S * len(windows)):
            values = self._read(windows, len(units))
        return [Border(*(round(float(v), 3) for v in row)) for row in values]

    def _read(self, windows: Sequence[SentenceWindow], count: int) -> Values:
        """Shape (sentences, 3)."""
        session = self._session()
        values = np.zeros((count, 3), np.float32)
        for window in windows:
            ids = np.array([window.tokens], np.int64)
            first, last = session.run(["first", "last"], {"ids": ids})
            for place in window.places:
                if place.sentence in window.best:
                    values[place.sentence] = first[0, place.first] + last[0, place.last]
        return values

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _tokenizer(self) -> Any:
        return tokenizer_in(self.weights.folder())

    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads, options.inter_op_num_threads = _THREADS, 1
        folder = self.weights.folder()
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(folder)
        )
        try:
            return onnxruntime.InferenceSession(
                self._graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime raises a different type per cause
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise Misconfigured(
                f"MiniLM in {folder}: {reason}; remove that folder, and it is fetched once more"
            ) from error


def tokenizer_in(folder: Path) -> Any:
    """MiniLM's, which neither shortens nor fills up."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def border_network(
    language: str, store: ModelStore, *, fetch: bool = True
) -> tuple[BorderNetwork | None, str]:
    """The network of a language (ISO 639) if it can be used; else why words alone have to do.

    MiniLM is fetched if it is not here and the store may; with `fetch` False nothing is: what
    would be fetched counts as there.
    """
    if not language.isalpha() or not _graph_of(language).is_file():
        return None, "learnt of English only"
    # No setting names another one: the graph refers to the places of this one's numbers.
    weights = store.needed(entry(BASE).model_copy(update={"setting": ""}))
    network = BorderNetwork(language, weights)
    why = network.weights.missing() or ""
    try:
        if fetch or why:
            network.weights.located()
    except Unavailable as error:
        return None, str(error)
    return network, ""


def _graph_of(language: str) -> Path:
    return Path(str(files("vidpipe.segments.borders").joinpath(f"borders_{language}.onnx")))
