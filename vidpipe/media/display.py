"""A decoded picture as it is displayed: upright, its pixels square, in the colours of BT.709."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, Size
from vidpipe.media.colour import SWS_MATRIX, Colours, grey_curve, to_bt709

Image = NDArray[np.uint8]

#: Formats whose first plane is luma alone, and how many bits too many it has.
_LUMA_PLANES = {
    "yuv420p": 0,
    "yuvj420p": 0,
    "yuv422p": 0,
    "yuvj422p": 0,
    "yuv444p": 0,
    "yuvj444p": 0,
    "nv12": 0,
    "gray": 0,
    "yuv420p10le": 2,
    "yuv422p10le": 2,
    "yuv444p10le": 2,
}
_FULL_RANGE = 2


def orientation(side_data: Iterable[Any]) -> tuple[int, bool]:
    """How a frame is turned for display: (degrees counterclockwise, mirrored before that).

    From the display matrix of ISO 14496-12, 6.2.2: a front camera's mirrors, and whoever only
    asks by how much it turns is told half a circle.
    """
    for data in side_data:
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = struct.unpack_from("<5i", bytes(data))
            mirrored = a * d - b * c < 0
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return (0 if (a > 0) != mirrored else 180), mirrored
            return (90 if c > 0 else 270), mirrored
    return 0, False


@cache
def _curve(colours: Colours, full: bool) -> Image:
    """What a luma of 8 bits becomes, shape (256,)."""
    codes = np.arange(256, dtype=np.float32)
    coded = codes / 255 if full else np.clip((codes - 16) / 219, 0, 1)
    if colours.mapped:
        steps = np.linspace(0, 1, 1024)
        coded = np.interp(coded, steps, grey_curve(colours, 1024)).astype(np.float32)
    return np.asarray(np.clip(coded * 255 + 0.5, 0, 255), np.uint8)


class Frame:
    """A decoded picture at `t_s` seconds from the first frame; converted when asked for."""

    def __init__(
        self,
        t_s: float,
        raw: Any,
        size: Size,
        rotation: int = 0,
        *,
        mirrored: bool = False,
        colours: Colours,
    ) -> None:
        self.t_s = t_s
        self._raw = raw
        self._size = size
        self._rotation = rotation
        self._mirrored = mirrored
        self._colours = colours
        self._image: Image | None = None
        self._grey: Image | None = None

    @property
    def size(self) -> Size:
        """Of the displayed picture."""
        return self._size

    @property
    def image(self) -> Image:
        """BGR, shape (h, w, 3)."""
        if self._image is None:
            self._image = self._coloured()
        return self._image

    @property
    def grey(self) -> Image:
        """Luma from 0 to 255, shape (h, w): several times cheaper than the colours."""
        if self._grey is None:
            self._grey = self._luma()
        return self._grey

    def _coloured(self) -> Image:
        if not self._colours.mapped:
            return self._turned(self._scaled("bgr24"))
        rgb = np.asarray(self._scaled("rgb48le") / 65535, np.float32)
        shown = to_bt709(rgb, self._colours)[..., ::-1] * 255 + 0.5
        return self._turned(np.asarray(shown, np.uint8))

    def _luma(self) -> Image:
        width, height = self._coded_size
        surplus = _LUMA_PLANES.get(self._raw.format.name)
        if surplus is None:
            grey = self._scaled("gray")
            if self._colours.mapped:
                grey = np.asarray(cv2.LUT(grey, _curve(self._colours, True)), np.uint8)
            return self._turned(grey)
        plane = self._raw.planes[0]
        kind = np.uint16 if surplus else np.uint8
        rows: NDArray[Any] = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
        # Halves and a last step between: as good as the mean over areas and six times faster.
        while rows.shape[1] >= 2 * width and rows.shape[0] >= 2 * height:
            half = (rows.shape[1] // 2, rows.shape[0] // 2)
            rows = cv2.resize(rows, half, interpolation=cv2.INTER_AREA)
        small: NDArray[Any] = cv2.resize(rows, (width, height), interpolation=cv2.INTER_LINEAR)
        luma = np.asarray(small >> surplus, np.uint8) if surplus else np.asarray(small, np.uint8)
        full = "yuvj" in self._raw.format.name or self._raw.color_range == _FULL_RANGE
        if not full or self._colours.mapped:
            luma = np.asarray(cv2.LUT(luma, _curve(self._colours, full)), np.uint8)
        return self._turned(luma)

    @property
    def coded_luma(self) -> NDArray[np.float32]:
        """Luma as it is coded, 0 to 1, before anything is mapped; shape (h, w)."""
        return np.asarray(self._scaled("gray16le") / 65535, np.float32)

    def _scaled(self, format: str) -> NDArray[Any]:
        """Scaled as it is coded, with the matrix that the encoder is told too."""
        width, height = self._coded_size
        matrix = SWS_MATRIX[self._colours.matrix]
        scaled = self._raw.reformat(
            width=width,
            height=height,
            format=format,
            interpolation="AREA",
            src_colorspace=matrix,
            dst_colorspace=matrix,
        )
        return np.asarray(scaled.to_ndarray())

    @property
    def _coded_size(self) -> tuple[int, int]:
        width, height = self._size.width, self._size.height
        return (height, width) if self._rotation in (90, 270) else (width, height)

    def _turned(self, image: Image) -> Image:
        if self._mirrored:
            image = image[:, ::-1]
        # The display matrix turns the coded picture counterclockwise.
        return np.ascontiguousarray(np.rot90(image, k=self._rotation // 90))


class Beside(Frame):
    """Several pictures of one moment, laid beside each other on black."""

    def __init__(self, t_s: float, size: Size, pieces: Sequence[tuple[Rect, Frame | None]]) -> None:
        self.t_s = t_s
        self._size = size
        self._pieces = pieces
        self._image = self._grey = None

    def _coloured(self) -> Image:
        laid = np.zeros((self._size.height, self._size.width, 3), np.uint8)
        for rect, frame in self._pieces:
            if frame is not None:
                _lay(laid, rect, frame.image)
        return laid

    def _luma(self) -> Image:
        laid = np.zeros((self._size.height, self._size.width), np.uint8)
        for rect, frame in self._pieces:
            if frame is not None:
                _lay(laid, rect, frame.grey)
        return laid


def _lay(onto: Image, rect: Rect, image: Image) -> None:
    if image.shape[:2] != (rect.height, rect.width):
        size = (rect.width, rect.height)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    onto[rect.y : rect.bottom, rect.x : rect.right] = image
