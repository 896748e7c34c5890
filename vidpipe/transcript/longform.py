"""Long sound through a model that hears 30 s at once, as Whisper's makers do it.

A window begins where the text of the one before it was closed, and knows that text
(section 4.5 of the paper, "Strategies for reliable long-form transcription"): what a
window leaves after its last closed phrase is heard again by the next one, not lost.
That makes windows wait for each other; so several excerpts go side by side, the windows
of each step as one batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidpipe.stuck import silent
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.completeness import NEAR_S, UNHEARD_S
from vidpipe.transcript.excerpts import Excerpt
from vidpipe.transcript.model import Word

WINDOW_S = 30.0
#: Less speech than this after the last word is that word's own end. A model that is given
#: no more makes up a sentence, often an earlier one again.
_REST_S = 0.4
#: Less speech than this after a window is the end of the word that the window ends with.
_CUT_S = 0.1
#: The longest that a model may compute at a window: the largest Whisper on the slowest machine.
_WINDOW_TAKES_S = 300.0
#: A window that gets no further than this was not understood: the next one begins after it.
_STUCK_S = 0.1


@dataclass(frozen=True)
class Window:
    """What a model hears at once: from where in prepared sound, after which text.

    `text` are tokens, of which a model may take the last ones only; `last_word_s` is
    where they end. `last` says that the sound ends with this window.
    """

    prepared: Any
    start_s: float
    end_s: float
    text: tuple[int, ...] = ()
    last_word_s: float = 0.0
    last: bool = False


@dataclass(frozen=True)
class RecognisedChunk:
    """What a model made of a window; times count from where its sound begins.

    `next_s` is where the next window begins. `complete` says that the model holds the
    window to be done: nothing is said after its last word. `text` is what the next
    window may know.
    """

    words: tuple[Word, ...]
    text: tuple[int, ...]
    next_s: float
    complete: bool


class Ear(Protocol):
    """A loaded model."""

    def prepared(self, sound: NDArray[np.float32]) -> Any:
        """The sound in the form that windows are cut from."""
        ...

    def hear(self, windows: Sequence[Window]) -> Sequence[RecognisedChunk]:
        """The words of several windows at once."""
        ...


@dataclass
class _Chain:
    """One excerpt: how far it was heard, and what was."""

    excerpt: Excerpt
    prepared: Any
    at_s: float = 0.0
    words: list[Word] = field(default_factory=list)
    text: list[int] = field(default_factory=list)

    @property
    def last_word_s(self) -> float:
        return self.words[-1].end_s if self.words else 0.0

    @property
    def done(self) -> bool:
        return self._speech_s(max(self.at_s, self.last_word_s)) < _REST_S

    def window(self) -> Window:
        end_s = min(self.at_s + WINDOW_S, self.excerpt.duration_s)
        return Window(
            prepared=self.prepared,
            start_s=self.at_s,
            end_s=end_s,
            text=tuple(self.text),
            last_word_s=self.last_word_s,
            last=self._speech_s(end_s) < _CUT_S,
        )

    def take(self, window: Window, heard: RecognisedChunk) -> None:
        self.words += heard.words
        self.text += heard.text
        next_s = window.end_s if heard.complete else heard.next_s
        if heard.complete and heard.words:
            after_s = self.last_word_s + NEAR_S
            if self._speech_s(after_s, window.end_s) > UNHEARD_S:
                next_s = self.last_word_s
        self.at_s = next_s if next_s > window.start_s + _STUCK_S else window.end_s

    def _speech_s(self, start_s: float, end_s: float = math.inf) -> float:
        """How long somebody speaks from here to there."""
        if end_s <= start_s:
            return 0.0
        within = span(start_s, min(end_s, start_s + self.excerpt.duration_s + 1.0))
        return sum(i.duration_s for i in intersection(self.excerpt.speech, [within]))


def heard(
    excerpts: Sequence[Excerpt],
    sounds: Callable[[Excerpt], NDArray[np.float32]],
    ear: Ear,
    *,
    at_once: int,
    on_step: Callable[[float], None] = lambda _: None,
) -> list[tuple[Interval, list[Word]]]:
    """Each excerpt with its words, in order; at most `at_once` go side by side.

    `on_step` is told how many seconds of sound were heard, after each step.
    """
    found: dict[int, list[Word]] = {}
    done_s = 0.0
    # Those of a length go together: none is left to be heard by itself.
    order = sorted(range(len(excerpts)), key=lambda k: -excerpts[k].duration_s)
    for first in range(0, len(order), at_once):
        chains = {
            k: _Chain(excerpts[k], ear.prepared(sounds(excerpts[k])))
            for k in order[first : first + at_once]
        }
        going = [c for c in chains.values() if not c.done]
        while going:
            windows = [c.window() for c in going]
            with silent(len(windows) * _WINDOW_TAKES_S):
                heard_now = ear.hear(windows)
            for chain, window, words in zip(going, windows, heard_now, strict=True):
                chain.take(window, words)
            going = [c for c in going if not c.done]
            on_step(done_s + sum(min(c.at_s, c.excerpt.duration_s) for c in chains.values()))
        done_s += sum(c.excerpt.duration_s for c in chains.values())
        for k, chain in chains.items():
            found[k] = [chain.excerpt.in_recording(w) for w in chain.words]
    return [(excerpt.interval, found[k]) for k, excerpt in enumerate(excerpts)]
