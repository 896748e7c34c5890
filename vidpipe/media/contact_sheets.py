"""Pictures for people: contact sheets, waveforms, thumbnails."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Size, fit
from vidpipe.media.frames import FrameReader, Image
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import Interval, clock


def grid(tiles: Sequence[Image], columns: int) -> Image:
    """Pictures of one size in rows of `columns`; the last row is filled with black."""
    columns = min(columns, len(tiles))
    filled = [*tiles, *[np.zeros_like(tiles[0])] * (-len(tiles) % columns)]
    rows = [np.hstack(filled[k : k + columns]) for k in range(0, len(filled), columns)]
    return np.vstack(rows)


_BAND_PX = 20


def label(image: Image, text: str) -> Image:
    """The picture with a line of text over it, on a band of its own."""
    band = np.full((_BAND_PX, image.shape[1], 3), 24, np.uint8)
    cv2.putText(band, text, (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (235,) * 3, 1, cv2.LINE_AA)
    return np.vstack([band, image])


def fit_into(image: Image, size: Size) -> Image:
    """The picture as large as it fits, in the middle of a dark one of that size."""
    where = fit(Size(width=image.shape[1], height=image.shape[0]), size.rect)
    out = np.full((size.height, size.width, 3), 24, np.uint8)
    small = cv2.resize(image, (where.width, where.height), interpolation=cv2.INTER_AREA)
    out[where.y : where.bottom, where.x : where.right] = small
    return out


def contact_sheet(path: Path, info: MediaInfo, sheet: Path, poster: Path, tiles: int = 12) -> None:
    """Write a sheet of evenly spaced frames with their times, and the poster frame."""
    times = [info.duration_s * (k + 0.5) / tiles for k in range(tiles)]
    with FrameReader(path, info, max_width=320) as reader:
        pictures = [label(reader.at(t).image, clock(t)) for t in times]
    save_jpeg(grid(pictures, 4), sheet)
    with FrameReader(path, info, max_width=1280) as reader:
        save_jpeg(reader.at(info.duration_s * 0.1).image, poster)


def cover_sheet(cover: Path | None, duration_s: float, sheet: Path, poster: Path) -> None:
    """Write what stands for sound in lists: its cover, or a plain tile without one."""
    tile = Size(width=640, height=360)
    if cover is None:
        plain = np.full((tile.height, tile.width, 3), 40, np.uint8)
        save_jpeg(plain, poster)
        shown = plain
    else:
        shutil.copyfile(cover, poster)
        image = cv2.imread(str(cover))
        if image is None:
            raise FileNotFoundError(cover)
        shown = fit_into(np.asarray(image, np.uint8), tile)
    save_jpeg(label(shown, f"sound, {clock(duration_s)}"), sheet)


def strip(path: Path, info: MediaInfo, target: Path, *, tiles: int = 8, width: int = 135) -> None:
    """Write evenly spaced frames side by side, with their times."""
    step_s = info.duration_s / tiles
    with FrameReader(path, info, max_width=width, draft=True) as reader:
        frames = list(reader.every(step_s, step_s / 2, roughly=True))[:tiles]
        save_jpeg(np.hstack([label(f.image, clock(f.t_s)) for f in frames]), target)


def waveform(
    level_db: NDArray[np.float32],
    hop_s: float,
    speech: Sequence[Interval],
    silences: Sequence[Interval],
    target: Path,
    width: int = 900,
    height: int = 140,
) -> None:
    """Draw the level over time, speech in green, silence shaded; -70 to 0 dBFS."""
    image = np.full((height, width, 3), 250, np.uint8)
    duration_s = max(len(level_db) * hop_s, 1e-6)

    def column(t_s: float) -> int:
        return int(min(width - 1, max(0, t_s / duration_s * width)))

    for item in silences:
        image[:, column(item.start_s) : column(item.end_s) + 1] = (225, 215, 205)
    voiced = np.zeros(width, bool)
    for item in speech:
        voiced[column(item.start_s) : column(item.end_s) + 1] = True
    edges = np.linspace(0, len(level_db), width + 1).astype(int)
    for x in range(width):
        part = level_db[edges[x] : max(edges[x] + 1, edges[x + 1])]
        if len(part) == 0:
            continue
        tall = int(np.clip((float(part.max()) + 70) / 70, 0, 1) * (height - 18) / 2)
        colour = (90, 150, 60) if voiced[x] else (150, 150, 150)
        middle = (height - 14) // 2
        cv2.line(image, (x, middle - tall), (x, middle + tall), colour, 1)
    for k in range(9):
        t_s = duration_s * k / 8
        at = (min(column(t_s), width - 40), height - 3)
        cv2.putText(
            image, clock(t_s), at, cv2.FONT_HERSHEY_SIMPLEX, 0.34, (60, 60, 60), 1, cv2.LINE_AA
        )
    cv2.imwrite(str(target), image)


def save_jpeg(image: Image, target: Path, quality: int = 82) -> None:
    """Write a BGR picture."""
    cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def thumbnail(path: Path, *, max_bytes: int = 30_000, max_width: int = 900) -> bytes:
    """A picture file as JPEG bytes of at most `max_bytes`: smaller first, then coarser."""
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(path)
    data = b""
    for width in (max_width, 720, 560, 420, 320, 200):
        scale = min(1.0, width / image.shape[1])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        for quality in (75, 55, 40):
            data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(data) <= max_bytes:
                return data
    return data


def narrowed(data: bytes, width: int) -> bytes:
    """A picture file as JPEG of at most this width.

    Raises:
        ValueError: it is no picture.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise ValueError("no picture that can be read")
    if image.shape[1] > width:
        height = max(1, round(image.shape[0] * width / image.shape[1]))
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


def poster_sheet(posters: Sequence[Path], titles: Sequence[str], target: Path) -> None:
    """Posters of clips side by side, each with its label."""
    tiles = []
    for path, title in zip(posters, titles, strict=True):
        image = cv2.imread(str(path))
        if image is None:
            raise FileNotFoundError(path)
        height = 480
        width = max(2, round(image.shape[1] * height / image.shape[0]))
        tiles.append(label(np.asarray(cv2.resize(image, (width, height)), np.uint8), title))
    widest = max(t.shape[1] for t in tiles)
    same = [np.pad(t, ((0, 0), (0, widest - t.shape[1]), (0, 0))) for t in tiles]
    save_jpeg(grid(same, 5), target)
