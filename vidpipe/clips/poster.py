"""The picture that stands for a clip: sharp, something to see, eyes open, and its title."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.graph.clip import Output, picture_file, still_graph, written_over
from vidpipe.clips.grounds import still
from vidpipe.clips.model import ClipOptions, Variant
from vidpipe.clips.text.overlay import TextOverlay, lettering
from vidpipe.geometry import Rect
from vidpipe.media.faces import FaceDetector
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe

#: Moments that are looked at, evenly over the clip, and the width at which.
_MOMENTS, _WIDTH = 12, 400
#: A picture whose luma deviates less, and by less than so much of the clip's most, shows nothing:
#: black, a plain page, a fade. A dark page has letters, a night little contrast all the time.
_FLAT, _FLAT_BESIDE = 12.0, 0.5
#: What sharpness, a face and open eyes are worth.
_SHARP, _FACE, _EYES = 0.3, 0.3, 0.4
_QUALITY = 88
#: The height of a title over a picture, next to the canvas's short side, and what its shade takes
#: of the light; it ends so much of that height away.
_TITLE, _SHADE, _SOFT = 0.3, 0.72, 0.6
#: A page that takes more of the canvas is covered wherever the title stands.
_MOST = 0.6
_LIMIT_S = 120.0


def write_poster(
    clip: Path,
    detector: FaceDetector,
    target: Path,
    *,
    not_before_s: float = 0.0,
    not_after_s: float = float("inf"),
) -> float:
    """A JPEG of the best moment of a finished clip; returns when it is.

    It has the captions of that moment: `write_titled` makes one without.
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


def write_titled(
    source: Path,
    info: MediaInfo,
    output: Output,
    at_s: float,
    options: ClipOptions,
    detector: FaceDetector,
    target: Path,
    cover: Path | None = None,
) -> None:
    """A JPEG of a moment of a clip without its captions, its title (or hook) set large.

    Where the picture shows the title above a page it is not written again. Else it stands in
    the safe box, over or under a face, on a shade.

    Args:
        source: the video on this machine.
        info: its probe.
        output: the clip's; its folder is for what the encoder reads.
        at_s: when, in seconds of the clip itself.
        options: look of the clip.
        detector: finds the face that the title keeps clear of.
        target: the file.
        cover: the picture of a recording without any of its own.
    """
    plan, work = output.plan, output.work
    drawn = work / "still.png"
    frame = min(max(0, round(at_s * plan.edit.fps)), plan.edit.frames - 1)
    graph, where = still_graph(source, info, output, frame, options, drawn, cover)
    render(graph, timeout_s=_LIMIT_S)
    image = np.asarray(cv2.imread(str(drawn)), np.uint8)
    text = plan.title or plan.hook
    letters = lettering((), text, options.captions)
    text = letters.shown(text)
    if text and where.title is None:
        variant = output.variant
        faces = [face.rect for face in detector.detect(_small(image))]
        scale = image.shape[1] / _WIDTH
        covered = [face.scaled(scale) for face in faces]
        if where.screen is not None and where.screen.area < _MOST * variant.size.rect.area:
            covered.append(where.screen)
        place = title_place(variant, covered)
        cv2.imwrite(str(drawn), shaded(image, place))
        overlay = TextOverlay(
            (),
            [(0.0, 1.0, CanvasLayout(caption=place, title=place))],
            options.captions,
            options.brand,
            variant.size,
            font=letters,
            title=text,
        )
        picture = still(drawn, plan.edit.fps)
        titled = work / "titled.png"
        render(picture_file(written_over(picture, overlay, work), titled), timeout_s=_LIMIT_S)
        image = np.asarray(cv2.imread(str(titled)), np.uint8)
    cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = round(image.shape[0] * _WIDTH / image.shape[1])
    return np.asarray(cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def title_place(variant: Variant, seen: Sequence[Rect]) -> Rect:
    """Where a title is written over a picture: low in the safe box, or at its top.

    Wherever it hides less of what is to be seen: faces, a page.
    """
    safe = variant.safe_box
    high = min(round(_TITLE * min(variant.size.width, variant.size.height)), safe.height // 2)
    low = Rect(x=safe.x, y=safe.bottom - high, width=safe.width, height=high)
    top = low.model_copy(update={"y": safe.y})

    def hidden(place: Rect) -> int:
        return sum(both.area for face in seen if (both := face.intersect(place)) is not None)

    return min((low, top), key=hidden)


def shaded(image: NDArray[np.uint8], place: Rect) -> NDArray[np.uint8]:
    """A picture, darker around a place of it: white letters are read on whatever is there."""
    rows = np.arange(image.shape[0])
    away = np.maximum(0, np.maximum(place.y - rows, rows - place.bottom)) / place.height
    light = 1 - _SHADE * np.clip(1 - away / _SOFT, 0, 1)
    return np.asarray(np.round(image * light[:, None, None]), np.uint8)


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
