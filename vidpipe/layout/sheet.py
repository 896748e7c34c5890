"""Sheets to check by eye: a frame per stretch with its regions drawn on it, and the slides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import cv2
import numpy as np

from vidpipe.geometry import Size
from vidpipe.layout.model import Layout, RegionRole
from vidpipe.layout.sampling import KeptLooks
from vidpipe.media.contact_sheets import fit_into, grid, label, save_jpeg
from vidpipe.media.frames import FrameReader, Image
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import Interval, clock

_MAX_TILES = 24
_TILE = Size(width=320, height=180)
_WIDTH = 320

T = TypeVar("T")
_COLOURS = {RegionRole.SCREEN: (80, 200, 80), RegionRole.CAMERA: (60, 120, 255)}


def layout_sheet(
    path: Path, info: MediaInfo, layout: Layout, target: Path, kept: KeptLooks | None = None
) -> None:
    """Write a JPEG of at most 24 tiles; longer videos show evenly chosen stretches.

    Of pictures that are `kept` none is decoded again.
    """
    tiles = []
    with _Small(path, info, kept) as pictures:
        for item in _evenly(layout.stretches):
            image = pictures.at((item.start_s + item.end_s) / 2, item).copy()
            for region in item.regions:
                r = region.rect.scaled(image.shape[1] / layout.width)
                corners = (r.x + 1, r.y + 1), (r.right - 2, r.bottom - 2)
                cv2.rectangle(image, *corners, _COLOURS[region.role], 2)
            text = f"{clock(item.start_s)}-{clock(item.end_s)} {item.kind.value}"
            tiles.append(label(image, f"{text} {item.confidence:.2f}"))
    save_jpeg(grid(tiles, 4), target)


def slide_sheet(
    path: Path, info: MediaInfo, layout: Layout, target: Path, kept: KeptLooks | None = None
) -> None:
    """Write a JPEG of at most 24 slides, each as it is when it holds most.

    Of pictures that are `kept` none is decoded again.
    """
    tiles = []
    with _Small(path, info, kept) as pictures:
        for slide in _evenly(layout.slides):
            image = pictures.at(slide.frame_s, slide)
            whole = Size(width=image.shape[1], height=image.shape[0]).rect
            region = layout.at(slide.frame_s).region(RegionRole.SCREEN)
            rect = region.rect.scaled(whole.width / layout.width).clamp(whole) if region else whole
            page = fit_into(image[rect.y : rect.bottom, rect.x : rect.right], _TILE)
            tiles.append(label(page, f"{clock(slide.start_s)} {slide.title}".strip()))
    save_jpeg(grid(tiles, 4), target)


class _Small:
    """Small pictures of a recording; it is opened when one is asked for that was not kept."""

    def __init__(self, path: Path, info: MediaInfo, kept: KeptLooks | None) -> None:
        self._path, self._info, self._kept = path, info, kept
        self._reader: FrameReader | None = None

    def at(self, t_s: float, within: Interval) -> Image:
        """What is shown about `t_s`, which lies within a stretch that shows one thing."""
        if self._kept is not None:
            large = self._kept.near(t_s, within.start_s, within.end_s)
            if large is not None:
                scale = min(1.0, _WIDTH / large.shape[1])
                size = round(large.shape[1] * scale), round(large.shape[0] * scale)
                return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
        if self._reader is None:
            self._reader = FrameReader(self._path, self._info, max_width=_WIDTH)
        return self._reader.at(t_s).image

    def __enter__(self) -> _Small:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader is not None:
            self._reader.__exit__(kind, error, trace)


def _evenly(items: Sequence[T]) -> list[T]:
    """All of them, or as many as a sheet has room for."""
    if len(items) <= _MAX_TILES:
        return list(items)
    last = len(items) - 1
    return [items[round(k * last / (_MAX_TILES - 1))] for k in range(_MAX_TILES)]
