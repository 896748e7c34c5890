"""Sheets to check by eye: a frame per stretch with its regions drawn on it, and the slides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import cv2

from vidpipe.geometry import Size
from vidpipe.layout.model import Layout, RegionRole
from vidpipe.media.contact_sheets import fit_into, grid, label, save_jpeg
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import clock

_MAX_TILES = 24
_TILE = Size(width=320, height=180)

T = TypeVar("T")
_COLOURS = {RegionRole.SCREEN: (80, 200, 80), RegionRole.CAMERA: (60, 120, 255)}


def layout_sheet(path: Path, info: MediaInfo, layout: Layout, target: Path) -> None:
    """Write a JPEG of at most 24 tiles; longer videos show evenly chosen stretches."""
    stretches = _evenly(layout.stretches)
    tiles = []
    with FrameReader(path, info, max_width=320) as reader:
        for item in stretches:
            image = reader.at((item.start_s + item.end_s) / 2).image.copy()
            for region in item.regions:
                r = region.rect.scaled(reader.scale)
                corners = (r.x + 1, r.y + 1), (r.right - 2, r.bottom - 2)
                cv2.rectangle(image, *corners, _COLOURS[region.role], 2)
            text = f"{clock(item.start_s)}-{clock(item.end_s)} {item.kind.value}"
            tiles.append(label(image, f"{text} {item.confidence:.2f}"))
    save_jpeg(grid(tiles, 4), target)


def slide_sheet(path: Path, info: MediaInfo, layout: Layout, target: Path) -> None:
    """Write a JPEG of at most 24 slides, each as it is when it holds most."""
    tiles = []
    with FrameReader(path, info, max_width=320) as reader:
        for slide in _evenly(layout.slides):
            region = layout.at(slide.frame_s).region(RegionRole.SCREEN)
            rect = (region.rect if region else reader.video.size.rect).scaled(reader.scale)
            rect = rect.clamp(reader.size.rect)
            image = reader.at(slide.frame_s).image
            page = fit_into(image[rect.y : rect.bottom, rect.x : rect.right], _TILE)
            tiles.append(label(page, f"{clock(slide.start_s)} {slide.title}".strip()))
    save_jpeg(grid(tiles, 4), target)


def _evenly(items: Sequence[T]) -> list[T]:
    """All of them, or as many as a sheet has room for."""
    if len(items) <= _MAX_TILES:
        return list(items)
    last = len(items) - 1
    return [items[round(k * last / (_MAX_TILES - 1))] for k in range(_MAX_TILES)]
