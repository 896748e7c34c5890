"""The picture that stands for a clip: sharp, something to see, eyes open."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe

#: Moments that are looked at, evenly over the clip, and the width at which.
_MOMENTS, _WIDTH = 12, 400
#: A picture whose luma deviates less, and by less than so much of the clip's most, shows nothing:
#: black, a plain page, a fade. A dark page has letters, a night little contrast all the time.
_FLAT, _FLAT_BESIDE = 12.0, 0.5
#: What sharpness, a face and open eyes are worth.
_SHARP, _FACE, _EYES = 0.3, 0.3, 0.4
_QUALITY = 88


def write_poster(
    clip: Path,
    detector: FaceDetector,
    target: Path,
    *,
    not_before_s: float = 0.0,
    not_after_s: float = float("inf"),
) -> float:
    """A JPEG of the best moment of a finished clip; returns when it is.

    `not_before_s` leaves out what a card or a film covers, `not_after_s` what comes
    behind the clip. Deterministic.
    """
    info = probe(clip)
    assert info.video is not None
    last_s = min(not_after_s, info.duration_s)
    first_s = min(not_before_s, 0.5 * (last_s + min(not_before_s, last_s)))
    step_s = (last_s - first_s) / _MOMENTS
    times, sharp, faces, eyes = [], [], [], []
    with FrameReader(clip, info, max_width=_WIDTH) as reader:
        keys = [t_s for t_s in reader.keyframe_times if first_s <= t_s < last_s]
        if len(keys) >= _MOMENTS:
            # Enough of those that can be decoded alone, which are the sharpest, too.
            chosen = {round((k + 0.5) * len(keys) / _MOMENTS - 0.5) for k in range(_MOMENTS)}
            frames = list(reader.keyframes([keys[k] for k in sorted(chosen)]))
        else:
            frames = list(reader.every(step_s, first_s + step_s / 2, last_s, roughly=True))
    contrast = [float(frame.grey.std()) for frame in frames]
    least = min(_FLAT, _FLAT_BESIDE * max(contrast, default=0.0))
    for frame, deviation in zip(frames, contrast, strict=True):
        if deviation <= least:
            continue
        found = detector.detect(frame.image)
        times.append(frame.t_s)
        sharp.append(float(cv2.Laplacian(frame.grey, cv2.CV_32F).std()))
        faces.append(bool(found))
        eyes.append(eyes_open(frame.grey, found[0].rect) if found else 0.0)
    best_s = (first_s + last_s) / 2
    if times:
        scores = _SHARP * _share(sharp) + _FACE * np.array(faces) + _EYES * _share(eyes)
        best_s = times[int(np.argmax(scores))]
    with FrameReader(clip, info, max_width=info.video.width) as reader:
        image = reader.at(best_s).image
    cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return best_s


def eyes_open(grey: NDArray[np.uint8], face: Rect) -> float:
    """How much stands out where a face's eyes are: pupils and whites, and not lids.

    To compare moments of one clip by; a figure of one face says nothing of another.
    """
    inside = face.intersect(Rect(x=0, y=0, width=grey.shape[1], height=grey.shape[0]))
    if inside is None or min(inside.width, inside.height) < 16:
        return 0.0
    part = grey[inside.y : inside.bottom, inside.x : inside.right].astype(np.float32)
    height, width = part.shape
    band = part[
        round(0.25 * height) : round(0.55 * height), round(0.05 * width) : round(0.95 * width)
    ]
    fine = band - cv2.GaussianBlur(band, (0, 0), width / 12)
    return float(fine.std())


def _share(values: list[float]) -> NDArray[np.float64]:
    """Of the most there is, 0 to 1."""
    most = max(values)
    return np.array(values) / most if most > 0 else np.zeros(len(values))
