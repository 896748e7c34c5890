"""A finished audiogram: whether its cover is there, and its bars move with the voice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.audiogram.waveform import Floats, bar_heights
from vidpipe.clips.audiogram.zones import bar_width, pitch, zones
from vidpipe.clips.beside import Compared
from vidpipe.clips.model import ClipPlan, Variant
from vidpipe.clips.paired import STEP_S
from vidpipe.geometry import Rect
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe

#: Pictures are looked at this wide.
_WIDTH = 360
#: Bars are seen where the brightest and the darkest of their zone differ by so many greys.
_SEEN = 24.0
#: Bars that should change so much of their zone's height, in the mean over them, and by which
#: it changes by less than so much of that, stand still.
_MOVES, _STILL = 0.05, 0.35
#: A cover is another picture under this correlation, and is black under so much of its luma.
_ALIKE, _GONE = 0.8, 0.35
#: Both are as soft as this, in pixels, before they are compared.
_SOFT = 2.0
#: Stretches shorter than this are nothing (as in `clips.beside`).
_LASTS_S = 1.0


@dataclass(frozen=True)
class _Look:
    """One small picture of the clip: what is in the zones of bars and cover."""

    frame: int
    wave: Floats
    cover: Floats | None


def look_at_audiogram(
    clip: Path,
    plan: ClipPlan,
    variant: Variant,
    loud: Floats,
    cover: Path | None,
    *,
    captions: bool,
) -> Compared:
    """Look at it twice a second.

    It is black where neither bars nor cover are to be seen, frozen where the bars stand
    still though the voice goes on, and elsewhere where the cover is another picture.

    Args:
        clip: the finished file.
        plan: of the clip.
        variant: the canvas.
        loud: how loud each frame is (`waveform.envelope`).
        cover: what was drawn, if any.
        captions: whether there was room left for captions.
    """
    where = zones(plan.parts[0].screen, variant, captions=captions, titled=plan.parts[0].titled)
    looks = _looks(clip, plan, variant, where.wave, where.cover)
    step, bar = pitch(variant.size), bar_width(variant.size)
    shown = bar_heights(loud, where.wave.width // step, plan.edit.fps)
    # Of the zone's area a bar has so much for each of its height.
    share = bar / step
    wanted = None if cover is None or where.cover is None else _small_cover(cover, looks)
    black = [_is_black(look, wanted) for look in looks]
    away = [not dark and _is_another(look, wanted) for look, dark in zip(looks, black, strict=True)]
    still = [False] * min(1, len(looks))
    moves = [False] * min(1, len(looks))
    for before, look in itertools.pairwise(looks):
        a, b = (shown[min(x.frame, len(shown) - 1)] for x in (before, look))
        expected = float(np.abs(a - b).mean())
        contrast = max(_SEEN, float(np.ptp(look.wave)), float(np.ptp(before.wave)))
        changed = float(np.abs(before.wave - look.wave).mean()) / (contrast * share)
        moves.append(expected > _MOVES)
        still.append(expected > _MOVES and changed < _STILL * expected)
    return Compared(
        black_s=_longest_s(black),
        frozen_s=_longest_s(_standing(still, moves)),
        elsewhere_s=_longest_s(away),
    )


def _looks(
    clip: Path, plan: ClipPlan, variant: Variant, wave: Rect, cover: Rect | None
) -> list[_Look]:
    found = []
    lead_s, length_s = plan.lead_s, plan.edit.duration_s
    with FrameReader(clip, probe(clip), max_width=_WIDTH, draft=True) as reader:
        scale = reader.size.width / variant.size.width
        for frame in reader.every(STEP_S, lead_s, lead_s + length_s):
            grey = frame.grey
            number = round((frame.t_s - lead_s) * float(plan.edit.fps))
            shown = None if cover is None else _part(grey, cover.scaled(scale))
            found.append(_Look(number, _part(grey, wave.scaled(scale)), shown))
    return found


def _part(grey: NDArray[np.uint8], where: Rect) -> Floats:
    return np.asarray(grey[where.y : where.bottom, where.x : where.right], np.float32)


def _small_cover(cover: Path, looks: Sequence[_Look]) -> Floats | None:
    """The cover as it should be in a small picture of the clip."""
    first = next((look.cover for look in looks if look.cover is not None), None)
    image = cv2.imread(str(cover), cv2.IMREAD_GRAYSCALE)
    if first is None or image is None:
        return None
    small = cv2.resize(image, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _is_black(look: _Look, wanted: Floats | None) -> bool:
    """No bars to be seen, or no cover where there should be a bright one."""
    if float(np.ptp(look.wave)) < _SEEN:
        return True
    if wanted is None or look.cover is None:
        return False
    return bool(wanted.mean() > _SEEN and look.cover.mean() < _GONE * wanted.mean())


def _is_another(look: _Look, wanted: Floats | None) -> bool:
    if wanted is None or look.cover is None or float(wanted.std()) < _SEEN / 4:
        return False
    # In a picture a third as large the cover lies between pixels.
    shown, meant = (cv2.GaussianBlur(picture, (0, 0), _SOFT) for picture in (look.cover, wanted))
    ours, theirs = shown - shown.mean(), meant - meant.mean()
    likeness = float((ours * theirs).mean() / max(1e-6, ours.std() * theirs.std()))
    return likeness < _ALIKE


def _standing(still: Sequence[bool], moves: Sequence[bool]) -> list[bool]:
    """Stretches that begin and end with bars that stand still, and in which none move."""
    flags = list(still)
    last: int | None = None
    for k, stands in enumerate(still):
        if stands:
            if last is not None:
                flags[last + 1 : k] = [True] * (k - last - 1)
            last = k
        elif moves[k]:
            last = None
    return flags


def _longest_s(flags: Sequence[bool]) -> float:
    """0 if no run of them is long enough to be seen."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    seconds = longest * STEP_S
    return round(seconds, 2) if seconds > _LASTS_S - 1e-6 else 0.0
