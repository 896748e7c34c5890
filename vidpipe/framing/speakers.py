"""Who of several people speaks, from how their mouths move while a voice is heard."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.framing.model import FaceTrack, FramingOptions, Speaking
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval

Values = NDArray[np.float64]

#: Side that a face is brought to, and where in it lie the mouth and what moves with the head.
_SIDE = 48
_MOUTH = np.s_[32:46, 14:34]
_UPPER = np.s_[8:25, 10:38]
#: A mouth opens and closes a few times a second: its movement is a mean over this.
_WINDOW_S = 0.8
#: How long somebody speaks, about: turns change so rarely.
_TURN_S = 5.0
#: How much surer the livelier mouth makes it, per spread of the difference.
_TRUST = 1.5


def who_speaks(
    reader: FrameReader,
    tracks: Sequence[FaceTrack],
    speech: Sequence[Interval],
    within: Interval,
    options: FramingOptions,
) -> Speaking:
    """The probability that each of the faces speaks, at `lip_samples_per_s`.

    Args:
        reader: of the video; its frames should show a face in 40 pixels or more.
        tracks: faces of one shot or of several.
        speech: where a voice is heard.
        within: the time to look at.
        options: of framing.
    """
    times, moves = _mouths(reader, tracks, within, 1.0 / options.lip_samples_per_s)
    if len(times) == 0:
        return Speaking(times_s=(), probabilities=tuple(() for _ in tracks))
    there = np.array([[t.start_s - 0.3 <= s <= t.end_s + 0.3 for s in times] for t in tracks])
    voiced = np.zeros(len(times), bool)
    for item in speech:
        voiced |= (times >= item.start_s) & (times < item.end_s)
    sure = _smoothed_states(_evidence(moves, there, voiced), there, np.diff(times)) * voiced
    return Speaking(
        times_s=tuple(round(float(t), 3) for t in times),
        probabilities=tuple(tuple(round(float(p), 3) for p in row) for row in sure),
    )


def turns(speaking: Speaking, within: Interval, options: FramingOptions) -> list[tuple[float, int]]:
    """From when on the picture belongs to which track: `(source time, track)`, in order.

    It turns to somebody who surely speaks for `min_turn_s`, and stays with them in silence.
    """
    if not speaking.times_s:
        return [(within.start_s, 0)]
    times = np.array(speaking.times_s)
    rows = np.array(speaking.probabilities)
    best = np.where(rows.max(axis=0) > 0.6, rows.argmax(axis=0), -1)
    found: list[tuple[float, int]] = []
    start = 0
    for k in range(1, len(best) + 1):
        if k < len(best) and best[k] == best[start]:
            continue
        end_s = times[k] if k < len(best) else within.end_s
        who = int(best[start])
        if who >= 0 and end_s - times[start] >= options.min_turn_s:
            if not found:
                found.append((within.start_s, who))
            elif found[-1][1] != who:
                found.append((float(times[start]), who))
        start = k
    return found or [(within.start_s, int(rows.sum(axis=1).argmax()))]


def _mouths(
    reader: FrameReader, tracks: Sequence[FaceTrack], within: Interval, step_s: float
) -> tuple[Values, Values]:
    """Times, shape (n,), and how much each mouth moved since the last look, (tracks, n).

    In grey levels, less what the upper face moved: a nod moves both.
    """
    scale = reader.scale
    times: list[float] = []
    rows: list[list[float]] = []
    last: list[NDArray[np.float32] | None] = [None] * len(tracks)
    for frame in reader.every(step_s, within.start_s, within.end_s):
        row = []
        for k, track in enumerate(tracks):
            face = _face_at(frame.grey, track, frame.t_s, scale)
            before, last[k] = last[k], face
            row.append(_mouth_movement(before, face))
        times.append(frame.t_s)
        rows.append(row)
    return np.array(times), np.array(rows, np.float64).reshape(-1, len(tracks)).T


def _face_at(
    grey: NDArray[np.uint8], track: FaceTrack, t_s: float, scale: float
) -> NDArray[np.float32] | None:
    if not track.start_s - 0.3 <= t_s <= track.end_s + 0.3:
        return None
    at = [p.t_s for p in track.points]
    x, y, height = (
        float(np.interp(t_s, at, [getattr(p, name) for p in track.points])) * scale
        for name in ("x", "y", "height")
    )
    size = max(8, round(height))
    patch = cv2.getRectSubPix(grey, (size, size), (x, y))
    small = cv2.resize(patch, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _mouth_movement(before: NDArray[np.float32] | None, now: NDArray[np.float32] | None) -> float:
    if before is None or now is None:
        return 0.0
    # The track's place is a guess between looks: the upper face says where the head went.
    (dx, dy), _ = cv2.phaseCorrelate(
        np.ascontiguousarray(before[_UPPER]), np.ascontiguousarray(now[_UPPER])
    )
    if abs(dx) < 6 and abs(dy) < 6:
        move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        before = np.asarray(
            cv2.warpAffine(before, move, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )
    moved = np.abs(now - before)
    return float(moved[_MOUTH].mean() - moved[_UPPER].mean())


def _evidence(moves: Values, there: NDArray[np.bool_], voiced: NDArray[np.bool_]) -> Values:
    """Log likelihood that each face speaks, by how lively its mouth is next to the others'."""
    width = max(1, round(_WINDOW_S * 10))
    kernel = np.ones(width) / width
    calm = np.stack([np.convolve(row, kernel, mode="same") for row in moves])
    # Each mouth against its own rest: light and size differ from face to face.
    rest = [
        np.percentile(r[seen], 20) if seen.any() else 0.0
        for r, seen in zip(calm, there, strict=True)
    ]
    calm -= np.array(rest)[:, None]
    spread = np.median(calm[there & voiced[None, :]]) if (there & voiced[None, :]).any() else 1.0
    lively = calm / max(float(spread), 0.3)
    return np.asarray(_TRUST * (lively - lively.mean(axis=0)), np.float64)


def _smoothed_states(evidence: Values, there: NDArray[np.bool_], gaps_s: Values) -> Values:
    """Probabilities by the forward-backward algorithm: speakers rarely change."""
    tracks, looks = evidence.shape
    emission = np.exp(np.clip(evidence, -8, 8)) * there + 1e-9
    forward = np.zeros((looks, tracks))
    backward = np.ones((looks, tracks))
    now = emission[:, 0] / emission[:, 0].sum()
    forward[0] = now
    for k in range(1, looks):
        change = 1.0 - np.exp(-gaps_s[k - 1] / _TURN_S)
        now = emission[:, k] * ((1 - change) * now + change / tracks)
        now /= now.sum()
        forward[k] = now
    for k in range(looks - 2, -1, -1):
        change = 1.0 - np.exp(-gaps_s[k] / _TURN_S)
        ahead = emission[:, k + 1] * backward[k + 1]
        backward[k] = (1 - change) * ahead + change * ahead.mean()
        backward[k] /= backward[k].sum()
    both = forward * backward
    return np.asarray((both / both.sum(axis=1, keepdims=True)).T, np.float64)
