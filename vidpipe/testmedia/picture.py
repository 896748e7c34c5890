"""Drawn slides and a drawn speaker: a face-like shape that moves and talks."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]


@functools.cache
def font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, `size` pixels per em."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def draw_slide(
    width: int, height: int, number: int, title: str, bullets: tuple[str, ...], hue: int
) -> Picture:
    """A slide as RGB, shape (height, width, 3)."""
    unit = height / 720
    image = Image.new("RGB", (width, height), (250, 250, 247))
    draw = ImageDraw.Draw(image)
    accent = _rgb(hue, 150, 150)
    draw.rectangle((0, 0, width, round(14 * unit)), fill=accent)
    draw.text((64 * unit, 70 * unit), title, font=font(round(54 * unit), True), fill=(28, 32, 40))
    for k, bullet in enumerate(bullets):
        y = (200 + 92 * k) * unit
        draw.ellipse((72 * unit, y + 14 * unit, 90 * unit, y + 32 * unit), fill=accent)
        draw.text((116 * unit, y), bullet, font=font(round(34 * unit), False), fill=(50, 54, 62))
    # A plot that is different on each slide.
    base, left = 640 * unit, 72 * unit
    points = [
        (
            left + x * unit,
            base - 46 * unit * math.sin(x * (0.02 + 0.012 * number)) * math.exp(-x / 700),
        )
        for x in range(0, 640, 4)
    ]
    draw.line(points, fill=accent, width=max(1, round(4 * unit)))
    draw.text(
        (width - 70 * unit, height - 48 * unit),
        str(number),
        font=font(round(22 * unit), False),
        fill=(140, 140, 140),
    )
    return np.asarray(image, np.uint8)


def _rgb(hue: int, saturation: int, value: int) -> tuple[int, int, int]:
    pixel = np.array([[[hue, saturation, value]]], np.uint8)
    r, g, b = (int(v) for v in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])
    return r, g, b


@dataclass(frozen=True)
class Pose:
    """Where the head is (shares of the camera picture) and how open the mouth (0 to 1)."""

    x: float
    y: float
    tilt: float
    mouth: float
    blink: bool


def pose_at(t_s: float, level: float) -> Pose:
    """A calm speaker: slow sway, small nods, the mouth follows the level (0 to 1)."""
    return Pose(
        x=0.5 + 0.045 * math.sin(t_s * 0.9) + 0.02 * math.sin(t_s * 2.3 + 1),
        y=0.47 + 0.012 * math.sin(t_s * 1.7),
        tilt=3.0 * math.sin(t_s * 0.7 + 0.5),
        mouth=level,
        blink=(t_s % 3.7) < 0.14,
    )


@functools.cache
def room(width: int, height: int) -> Picture:
    """A room behind the speaker: wall, shelf, lamp light."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.75 + 0.25 * np.exp(-(((x / width - 0.2) ** 2) + ((y / height - 0.15) ** 2)) * 3)
    wall = np.stack([light * 122, light * 134, light * 150], axis=-1)
    image = wall.astype(np.uint8)
    rng = np.random.default_rng(3)
    shelf = int(height * 0.3)
    left = int(width * 0.7)
    while left < width - 6:
        wide = int(rng.integers(5, 11) * width / 320)
        tall = int(rng.integers(30, 46) * height / 180)
        colour = tuple(int(c) for c in rng.integers(50, 170, 3))
        cv2.rectangle(image, (left, shelf - tall), (left + wide, shelf), colour, -1)
        left += wide + 1
    cv2.rectangle(image, (int(width * 0.68), shelf), (width, shelf + 4), (88, 66, 48), -1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), width / 320), np.uint8)


@functools.cache
def head(size: int) -> tuple[Picture, NDArray[np.float32]]:
    """A shaded head without mouth and lids, RGB and alpha, `size` pixels high."""
    scale = 4
    s = size * scale
    image = np.zeros((s, s, 3), np.float32)
    alpha = np.zeros((s, s), np.uint8)
    center = (s // 2, int(s * 0.52))
    axes = (int(s * 0.30), int(s * 0.40))
    cv2.ellipse(alpha, center, axes, 0, 0, 360, 255, -1)
    y, x = np.mgrid[0:s, 0:s].astype(np.float32)
    shade = 1.05 - 0.5 * (
        ((x - s * 0.44) / axes[0]) ** 2 * 0.35 + ((y - s * 0.42) / axes[1]) ** 2 * 0.3
    )
    image[:] = np.array([224, 178, 150], np.float32)
    image *= np.clip(shade, 0.45, 1.1)[..., None]

    def dark(
        center: tuple[float, float],
        axes: tuple[float, float],
        tone: tuple[int, int, int],
        blur: float,
        angle: float = 0,
    ) -> None:
        mask = np.zeros((s, s), np.uint8)
        at = (int(center[0] * s), int(center[1] * s))
        radii = (max(1, int(axes[0] * s)), max(1, int(axes[1] * s)))
        cv2.ellipse(mask, at, radii, angle, 0, 360, 255, -1)
        # Beyond three sigma of the ellipse nothing changes: the kernel ends there.
        reach = max(radii) + 2 * math.ceil(3 * blur * s) + 4
        rows = slice(max(0, at[1] - reach), min(s, at[1] + reach))
        columns = slice(max(0, at[0] - reach), min(s, at[0] + reach))
        near = cv2.GaussianBlur(mask[rows, columns].copy(), (0, 0), blur * s)
        soft = near.astype(np.float32)[..., None] / 255
        part = image[rows, columns]
        part[:] = part * (1 - soft) + np.array(tone, np.float32) * soft

    for side in (-1, 1):
        dark((0.5 + side * 0.125, 0.455), (0.075, 0.05), (150, 108, 90), 0.02)
        dark((0.5 + side * 0.125, 0.46), (0.05, 0.022), (240, 238, 232), 0.004)
        dark((0.5 + side * 0.125, 0.46), (0.021, 0.023), (48, 34, 26), 0.003)
        dark((0.5 + side * 0.13, 0.385), (0.075, 0.014), (66, 46, 36), 0.006, side * -4)
        dark((0.5 + side * 0.03, 0.625), (0.018, 0.01), (110, 66, 54), 0.006)
    dark((0.53, 0.55), (0.016, 0.075), (188, 136, 112), 0.012)
    dark((0.5, 0.605), (0.05, 0.02), (200, 148, 124), 0.014)
    hair = np.zeros((s, s), np.uint8)
    cv2.ellipse(
        hair, (s // 2, int(s * 0.36)), (int(s * 0.315), int(s * 0.27)), 0, 180, 360, 255, -1
    )
    cv2.ellipse(hair, (s // 2, int(s * 0.40)), (int(s * 0.25), int(s * 0.14)), 0, 180, 360, 0, -1)
    soft = cv2.GaussianBlur(hair, (0, 0), 0.006 * s).astype(np.float32)[..., None] / 255
    image[:] = image * (1 - soft) + np.array([52, 38, 30], np.float32) * soft
    alpha = np.maximum(alpha, hair)
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    grey = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
    mask = np.asarray(grey, np.float32) / np.float32(255)
    return np.clip(small, 0, 255).astype(np.uint8), mask


def draw_speaker(width: int, height: int, pose: Pose) -> Picture:
    """The camera picture as RGB, shape (height, width, 3)."""
    image = room(width, height).copy()
    cx, cy = pose.x * width, pose.y * height
    shoulders = (int(cx), int(height * 1.12))
    cv2.ellipse(
        image,
        shoulders,
        (int(width * 0.27), int(height * 0.38)),
        0,
        180,
        360,
        (44, 66, 96),
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        image,
        (int(cx), int(height * 0.76)),
        (int(width * 0.055), int(height * 0.12)),
        0,
        0,
        360,
        (186, 142, 118),
        -1,
        cv2.LINE_AA,
    )
    size = int(height * 0.78)
    bare, mask = head(size)
    face = bare.copy()
    opening = 0.008 + 0.045 * pose.mouth
    cv2.ellipse(
        face,
        (size // 2, int(size * 0.735)),
        (int(size * 0.085), max(1, int(size * (opening + 0.014)))),
        0,
        0,
        360,
        (168, 86, 80),
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        face,
        (size // 2, int(size * 0.735)),
        (int(size * 0.066), max(1, int(size * opening))),
        0,
        0,
        360,
        (70, 26, 28),
        -1,
        cv2.LINE_AA,
    )
    if pose.blink:
        for side in (-1, 1):
            at = (int(size * (0.5 + side * 0.125)), int(size * 0.46))
            cv2.ellipse(
                face,
                at,
                (int(size * 0.054), int(size * 0.026)),
                0,
                0,
                360,
                (206, 160, 134),
                -1,
                cv2.LINE_AA,
            )
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), pose.tilt, 1.0)
    turn[0, 2] += cx - size / 2
    turn[1, 2] += cy - size * 0.52
    placed = cv2.warpAffine(face, turn, (width, height))
    cover = cv2.warpAffine(mask, turn, (width, height))
    # Where the head does not reach the room is as it was.
    x, y, w, h = cv2.boundingRect((cover > 0).view(np.uint8))
    under, over = image[y : y + h, x : x + w], placed[y : y + h, x : x + w]
    share = cover[y : y + h, x : x + w, None]
    image[y : y + h, x : x + w] = (under * (1 - share) + over * share).astype(np.uint8)
    return image
