"""Which parts of a recording are cameras: what is alive within a border of its own, for long.

The same border in several states is one inset. It is a camera for what it does, not for a
face: it goes on while the page turns, or stays for long, or stands where recorders put
cameras; a film in a slide comes and goes with the slide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, iou
from vidpipe.layout.evidence import Evidence
from vidpipe.layout.face_samples import FaceLooks
from vidpipe.layout.fit import Fitted, fitted, overlap
from vidpipe.layout.insets import Inset, apart, fits_inset, gathered, life_of, shown
from vidpipe.layout.pages import content_rect, one_tone, page_rect
from vidpipe.layout.sampling import FrameSamples
from vidpipe.layout.slides import SlideChange, judge
from vidpipe.layout.states import LEAST_PAIRS, LayoutState

#: Pairs of looks that one state is judged by.
_PAIRS = 24
#: Looks of a state that a page is found by, and that show whether an inset is there.
_PAGE_LOOKS, _FEW = 40, 7
#: More of a rectangle in one tone than this is a page whatever moves on it, and what is
#: rather plain (a road, a green screen) a window unless a page turns beside it.
_PAPER, _PLAIN = 0.7, 0.5
#: An inset that stays so long is a camera, one in a corner or beside the page after less.
_FOR_LONG_S, _FOR_A_WHILE_S = 20.0, 7.0
#: It is there for so much of that without a break.
_AT_A_TIME = 0.6
#: One that fits less well is a window or furniture, unless there is a face that moves.
_FRAMED = 0.6
#: And one with a face that moves which takes so much of the recording, or a shot of its own:
#: so long, and begun and ended by a change of so much of the picture.
_OF_ALL, _SHOT_S, _CUT = 0.4, 3.0, 0.4
#: What lies so near to the ends of the picture, as a share of its size, is in a corner.
_CORNER = 0.06
_MOST_INSETS = 12
#: A border that fits by so much better, with so much of the smaller of both in it.
_MUCH_BETTER, _IN_ITS_PLACE = 0.15, 0.8


class CameraFinder:
    """Looks at each state once; every position is in analysis pixels.

    Attributes:
        cameras: the insets that are cameras, with the states in which they are there.
    """

    def __init__(
        self,
        samples: FrameSamples,
        states: Sequence[LayoutState],
        duration_s: float,
        people: FaceLooks,
    ) -> None:
        self.samples = samples
        self.states = states
        self.duration_s = duration_s
        self.people = people
        self._alive: list[NDArray[np.uint8] | None] = []
        self._insets = self._find()
        # A film under a camera keeps it from no place: only cameras are in each other's way.
        self.cameras = self._apart([i for i in self._insets if self._is_camera(i)])

    def alive(self, n: int) -> NDArray[np.bool_] | None:
        """What is alive in a state, shape (h, w); None where it is too short to say."""
        packed = self._alive[n]
        if packed is None:
            return None
        height, width = self.samples.grey.shape[1:]
        return np.unpackbits(packed, count=height * width).reshape(height, width).astype(bool)

    def life(self, n: int, rect: Rect) -> float:
        """Share of a rectangle that is alive in a state."""
        alive = self.alive(n)
        if alive is None:
            return 0.0
        return float(alive[rect.y : rect.bottom, rect.x : rect.right].mean())

    def some(self, looks: NDArray[np.int_], count: int = _PAGE_LOOKS) -> NDArray[np.uint8]:
        """At most so many pictures, spread over some looks, shape (n, h, w)."""
        return self.samples.grey[looks[:: max(1, -(-len(looks) // count))]]

    def times(self, state: LayoutState) -> tuple[float, float]:
        """From when to when a state lasts."""
        times = self.samples.times_s
        end_s = float(times[state.last]) if state.last < len(times) else self.duration_s
        return float(times[state.first]), end_s

    def _find(self) -> list[Inset]:
        found: list[list[tuple[Fitted, float]]] = []
        for state in self.states:
            evidence = self._evidence(state)
            self._alive.append(None if evidence is None else np.packbits(evidence.alive))
            fits = fitted(evidence) if evidence is not None else []
            found.append(
                [
                    (fit, life_of(fit.rect, evidence))
                    for fit in fits
                    if evidence is not None and fits_inset(fit, evidence.alive.size)
                ]
            )
        return self._followed(gathered(found)[:_MOST_INSETS])

    def _evidence(self, state: LayoutState) -> Evidence | None:
        if len(state.pairs) < LEAST_PAIRS:
            return None
        return Evidence(self.samples, state.pairs[:: max(1, -(-len(state.pairs) // _PAIRS))])

    def _followed(self, insets: Sequence[Inset]) -> list[Inset]:
        """The insets with all states in which they are there."""
        there: list[set[int]] = [set(i.states) for i in insets]
        for n, state in enumerate(self.states):
            if self._alive[n] is None:
                continue
            looks = self.some(state.looks, _FEW)
            for k, inset in enumerate(insets):
                if (
                    n not in there[k]
                    and not _is_another(inset, n, insets)
                    and shown(inset, looks, self.life(n, inset.rect))
                ):
                    there[k].add(n)
        return [replace(i, states=frozenset(t)) for i, t in zip(insets, there, strict=True)]

    def _apart(self, insets: Sequence[Inset]) -> list[Inset]:
        """The insets with each pixel of a state in one of them."""
        there: list[set[int]] = [set(i.states) for i in insets]
        seconds = [self._length_s(t) for t in there]
        order = sorted(range(len(insets)), key=lambda k: -insets[k].border * seconds[k])
        for n in range(len(self.states)):
            kept = apart([insets[k] for k in order if n in there[k]])
            for k in order:
                if n in there[k] and insets[k] not in kept:
                    there[k].discard(n)
        return [replace(i, states=frozenset(t)) for i, t in zip(insets, there, strict=True) if t]

    def _length_s(self, states: set[int] | frozenset[int]) -> float:
        times = self.samples.times_s
        ends = [*times.tolist(), self.duration_s]
        return float(sum(ends[self.states[n].last] - ends[self.states[n].first] for n in states))

    def _is_camera(self, inset: Inset) -> bool:
        """Whether an inset is a camera rather than a film in a slide or a busy window."""
        longest = max(inset.states, key=lambda n: self.states[n].last - self.states[n].first)
        state = self.states[longest]
        tone = self._tone(inset)
        if tone > _PAPER:
            return False
        if tone > _PLAIN and not self._outlasts_a_page(inset):
            return self._moving_face(inset, longest)
        if inset.framed >= _FRAMED and self._lasts(inset, longest):
            return True
        # A face that moves: of a camera that fills a shot or the recording, not of a film.
        length_s = self._length_s(inset.states)
        after = self.states[longest + 1].amount if longest + 1 < len(self.states) else 1.0
        shot = length_s >= _SHOT_S and min(state.amount, after) >= _CUT
        if not shot and length_s < _OF_ALL * self.duration_s:
            return False
        return self._moving_face(inset, longest)

    def _moving_face(self, inset: Inset, n: int) -> bool:
        """Whether there is a face that moves in an inset in one of its states."""
        start_s, end_s = self.times(self.states[n])
        count, moving = self.people.at(start_s, end_s, inset.rect)
        return bool(count and moving)

    def _tone(self, inset: Inset) -> float:
        """How much of an inset is of one tone, as a median over its states."""
        states = [self.states[n] for n in sorted(inset.states)]
        looks = [(s.first + s.last) // 2 for s in states[:: max(1, len(states) // _FEW)]]
        return float(np.median([one_tone(self.samples.grey[k], inset.rect) for k in looks]))

    def _lasts(self, inset: Inset, longest: int) -> bool:
        """Whether an inset stays as only cameras do: for long, or where recorders put them."""
        if self._outlasts_a_page(inset):
            return True
        length_s = self._length_s(inset.states)
        # A film on one slide after another is there for long, but never at a time.
        if length_s >= _FOR_LONG_S and self._at_a_time_s(inset) >= _AT_A_TIME * length_s:
            return True
        if length_s < _FOR_A_WHILE_S:
            return False
        return self._in_a_corner(inset) or self._beside(inset, longest)

    def _at_a_time_s(self, inset: Inset) -> float:
        """The longest that an inset is there without a break."""
        runs: list[list[int]] = []
        for n in sorted(inset.states):
            if runs and n == runs[-1][-1] + 1:
                runs[-1].append(n)
            else:
                runs.append([n])
        return max(self._length_s(set(run)) for run in runs)

    def _outlasts_a_page(self, inset: Inset) -> bool:
        """Whether the page around the inset turns while it stays: no film in a slide does."""
        around = np.ones(self.samples.grey.shape[1:], bool)
        rect = inset.rect
        around[max(0, rect.y - 4) : rect.bottom + 4, max(0, rect.x - 4) : rect.right + 4] = False
        no_template = np.zeros_like(around)
        for n in sorted(inset.states):
            if n + 1 not in inset.states:
                continue
            before, after = self.states[n], self.states[n + 1]
            grey = self.samples.grey
            first, last = max(before.first, before.last - 1), min(after.last - 1, after.first + 1)
            if judge(grey[first], grey[last], around, no_template) is SlideChange.TURN:
                return True
        return False

    def _in_a_corner(self, inset: Inset) -> bool:
        height, width = self.samples.grey.shape[1:]
        rect = inset.rect
        across = min(rect.x, width - rect.right) / width
        down = min(rect.y, height - rect.bottom) / height
        return across <= _CORNER and down <= _CORNER

    def _beside(self, inset: Inset, n: int) -> bool:
        """Whether an inset and the page of a state stand beside each other."""
        stack = self.some(self.states[n].looks)
        there = [i.rect for i in self._insets if n in i.states]
        others = [r for r in there if r != inset.rect]
        # Not told of the inset, or a page would always end beside it: a film is on its page.
        page = page_rect(stack, content_rect(stack, there), others, still=[inset.rect])
        both = page.intersect(inset.rect)
        return both is None or both.area < 0.1 * inset.rect.area


def _is_another(inset: Inset, n: int, insets: Sequence[Inset]) -> bool:
    """Whether what fits much better in a state is in the place of an inset."""
    return any(
        n in other.states
        and other.border > inset.border + _MUCH_BETTER
        and overlap(inset.rect, other.rect) > _IN_ITS_PLACE
        and iou(inset.rect, other.rect) < _IN_ITS_PLACE
        for other in insets
    )
