"""The layout sheet: one picture with a frame per stretch and its regions drawn on it."""

from __future__ import annotations

from pathlib import Path

import cv2

from vidpipe.layout.model import Layout, Role
from vidpipe.media.frames import FrameReader
from vidpipe.media.pictures import clock, grid, label, save_jpeg
from vidpipe.media.probe import MediaInfo

_MAX_TILES = 24
_COLOURS = {Role.SCREEN: (80, 200, 80), Role.CAMERA: (60, 120, 255)}


def layout_sheet(path: Path, info: MediaInfo, layout: Layout, target: Path) -> None:
    """Write a JPEG of at most 24 tiles; longer videos show evenly chosen stretches."""
    stretches = list(layout.stretches)
    if len(stretches) > _MAX_TILES:
        last = len(stretches) - 1
        stretches = [stretches[round(k * last / (_MAX_TILES - 1))] for k in range(_MAX_TILES)]
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
