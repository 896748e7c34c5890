"""What a picture's numbers mean, and the same picture in the colours of SDR: BT.709.

Phones film in HLG or PQ (ITU-R BT.2100), and newer screen recorders write PQ as well. Clips are
SDR: their light is mapped to what a display of SDR shows, after ITU-R BT.2408 (white is
203 cd/m2) and BT.2390 (the knee). `to_bt709` does it for looks and thumbnails, `mapping` has
ffmpeg (zimg) do the same for encodes.
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float32]

#: Light of white paper in HDR, cd/m2: ITU-R BT.2408, table 1.
WHITE_NITS = 203.0
#: What is no brighter is paper and what codecs add to its edges.
_PAPER_NITS = 250.0
#: Of content that does not say: what BT.2100 reckons HLG to, and most PQ is graded for.
USUAL_PEAK_NITS = 1000.0
#: The most that PQ can say.
_MOST_NITS = 10_000.0
#: Gamma of an SDR display: ITU-R BT.1886.
_SDR_GAMMA = 2.4
#: Of HLG's displays at 1000 cd/m2 (BT.2100, table 5), on each channel, as zimg in ffmpeg does.
_HLG_GAMMA, _HLG_PEAK_NITS = 1.2, 1000.0
#: Steps of the table that ffmpeg reads the knee from: as many as ten bits have.
_TABLE = 1024

#: ITU-T H.273: matrices, by ffmpeg's names.
_MATRICES = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
#: swscale's numbers for the same.
SWS_MATRIX = {"bt709": 1, "bt601": 5, "smpte240m": 7, "bt2020": 9}
_TRANSFERS = {16: "pq", 18: "hlg"}
_PRIMARIES = {9: "bt2020", 11: "p3", 12: "p3"}
#: zimg's names for matrices and transfers, and for primaries.
_ZIMG = {
    "bt709": "bt709",
    "bt601": "smpte170m",
    "smpte240m": "smpte240m",
    "bt2020": "bt2020nc",
    "sdr": "bt709",
    "pq": "smpte2084",
    "hlg": "arib-std-b67",
}
_ZIMG_PRIMARIES = {"bt709": "bt709", "bt2020": "bt2020", "p3": "smpte432"}
#: x, y of red, green and blue (BT.709, BT.2020, SMPTE EG 432); the white of all is D65.
_CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_D65 = (0.3127, 0.3290)


class Colours(BaseModel):
    """Matrix, primaries and transfer of a picture.

    `matrix` by ffmpeg's names; where a file does not say, what players assume. `peak_nits` is
    the brightest light in it, of HDR alone.
    """

    model_config = ConfigDict(frozen=True)

    matrix: str = "bt709"
    primaries: str = Field(default="bt709", description="bt709, bt2020 or p3")
    transfer: str = Field(default="sdr", description="sdr, pq or hlg")
    peak_nits: float = 0.0

    @property
    def hdr(self) -> bool:
        return self.transfer != "sdr"

    @property
    def mapped(self) -> bool:
        """Whether more than the matrix lies between these colours and BT.709."""
        return self.hdr or self.primaries != "bt709"


def colours_of(frame: Any) -> Colours:
    """What a decoded frame says of its colours; unsaid, HD is BT.709 and SD BT.601."""
    matrix = _MATRICES.get(int(frame.colorspace))
    if matrix is None:
        large = frame.height >= 720 or frame.width >= 1280
        matrix = "bt709" if large else "bt601"
    transfer = _TRANSFERS.get(int(frame.color_trc), "sdr")
    primaries = _PRIMARIES.get(int(frame.color_primaries))
    if primaries is None:
        # Whoever says that it is HDR and no more means BT.2100.
        primaries = "bt2020" if transfer != "sdr" else "bt709"
    if transfer == "sdr":
        return Colours(matrix=matrix, primaries=primaries)
    if int(frame.colorspace) not in _MATRICES:
        matrix = "bt2020"
    return Colours(
        matrix=matrix, primaries=primaries, transfer=transfer, peak_nits=_said_peak(frame)
    )


def _said_peak(frame: Any) -> float:
    """The brightest light that a frame says its content has, else what is usual.

    MaxCLL of CTA-861.3 where it is given, else the peak of the display it was graded on.
    """
    content = mastering = 0.0
    for data in frame.side_data:
        kind, raw = data.type.name, bytes(data)
        if kind == "CONTENT_LIGHT_LEVEL" and len(raw) >= 4:
            content = float(struct.unpack_from("<I", raw)[0])
        elif kind == "MASTERING_DISPLAY_METADATA" and len(raw) >= 88:
            # libavutil's structure: primaries, white point, least and most light as fractions.
            top, bottom = struct.unpack_from("<ii", raw, 72)
            mastering = top / bottom if bottom > 0 else 0.0
    said = content or mastering or USUAL_PEAK_NITS
    return float(np.clip(said, WHITE_NITS, _MOST_NITS))


def luma_peak(luma: Floats, colours: Colours) -> float:
    """The brightest light in coded luma, 0 to 1: all but its last 0.5 %, in cd/m2."""
    brightest = np.full(1, np.percentile(luma, 99.5), np.float32)
    return float(_nits(brightest, colours.transfer)[0])


def settled_peak(said_nits: float, measured_nits: float) -> float:
    """The peak to map from: what is said; paper's where nothing is brighter than paper.

    Screen recorders and encoders write the peak of a display, whatever is on it; mapped from
    there, the white of a page would be grey.
    """
    return WHITE_NITS if measured_nits <= _PAPER_NITS else max(said_nits, WHITE_NITS)


def _pq_to_nits(signal: Floats) -> Floats:
    """SMPTE ST 2084, equation 4.1."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.power(np.clip(signal, 0, 1), 1 / m2)
    return np.asarray(
        _MOST_NITS * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1), np.float32
    )


def _nits_to_pq(nits: Floats) -> Floats:
    """SMPTE ST 2084, equation 5.1."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    light = np.power(np.clip(nits / _MOST_NITS, 0, 1), m1)
    return np.asarray(np.power((c1 + c2 * light) / (1 + c3 * light), m2), np.float32)


def _hlg_to_nits(signal: Floats) -> Floats:
    """BT.2100, table 5: the inverse OETF, then the display's gamma."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = np.clip(signal, 0, 1)
    scene = np.where(signal <= 0.5, signal * signal / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(_HLG_PEAK_NITS * np.power(scene, _HLG_GAMMA), np.float32)


def _nits(signal: Floats, transfer: str) -> Floats:
    """Light of coded values, in cd/m2; of SDR so that its white is that of HDR."""
    if transfer == "pq":
        return _pq_to_nits(signal)
    if transfer == "hlg":
        return _hlg_to_nits(signal)
    return np.asarray(WHITE_NITS * np.power(np.clip(signal, 0, 1), _SDR_GAMMA), np.float32)


def _coded(nits: Floats, transfer: str) -> Floats:
    """The inverse of `_nits`."""
    if transfer == "pq":
        return _nits_to_pq(nits)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.power(np.clip(nits / _HLG_PEAK_NITS, 0, 1), 1 / _HLG_GAMMA)
    bright = a * np.log(np.maximum(12 * scene - b, 1e-6)) + c
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright), np.float32)


def _below_the_knee(nits: Floats, peak_nits: float) -> Floats:
    """Light up to `peak_nits` brought under white: the EETF of BT.2390-10, section 5.4.1."""
    if peak_nits <= WHITE_NITS:
        return np.minimum(nits, WHITE_NITS)
    top, white = _nits_to_pq(np.array([peak_nits, WHITE_NITS], np.float32)).tolist()
    most = white / top
    knee = 1.5 * most - 0.5
    e = np.clip(_nits_to_pq(nits) / top, 0, 1)
    t = np.clip((e - knee) / (1 - knee), 0, 1)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    return _pq_to_nits(np.asarray(np.where(e < knee, e, bent) * top, np.float32))


@functools.cache
def _to_bt709(primaries: str) -> NDArray[np.float64]:
    """Linear light of one set of primaries to that of BT.709; shape (3, 3)."""
    return np.linalg.inv(_to_xyz("bt709")) @ _to_xyz(primaries)


def _to_xyz(primaries: str) -> NDArray[np.float64]:
    """SMPTE RP 177: red, green and blue as much as make D65's white."""

    def column(x: float, y: float) -> tuple[float, float, float]:
        return x / y, 1.0, (1 - x - y) / y

    columns = np.array([column(x, y) for x, y in _CHROMATICITIES[primaries]]).T
    return columns * np.linalg.solve(columns, np.array(column(*_D65)))


def to_bt709(coded: Floats, colours: Colours) -> Floats:
    """Coded red, green, blue as BT.709's; both 0 to 1, shape (..., 3)."""
    light = _nits(coded, colours.transfer)
    if colours.hdr:
        light = _below_the_knee(light, colours.peak_nits)
    if colours.primaries != "bt709":
        light = light @ _to_bt709(colours.primaries).T.astype(np.float32)
    shown = np.power(np.clip(light / WHITE_NITS, 0, 1), 1 / _SDR_GAMMA)
    return np.asarray(shown, np.float32)


def grey_curve(colours: Colours, size: int) -> Floats:
    """What greys become, shape (size,): evenly spaced coded values as BT.709's, 0 to 1."""
    steps = np.linspace(0, 1, size, dtype=np.float32)
    return to_bt709(np.repeat(steps[:, None], 3, axis=1), colours)[:, 0]


def mapping(stream: Any, colours: Colours, table: Path) -> Any:
    """The picture of an ffmpeg-python stream in BT.709; as it is where that is all it has.

    Args:
        stream: of pictures as they are coded.
        colours: theirs.
        table: where the knee is written for ffmpeg, where one is needed.
    """
    if not colours.mapped:
        return stream
    matrix = _ZIMG[colours.matrix]
    if colours.hdr and colours.peak_nits > WHITE_NITS:
        stream = (
            stream.filter("scale", in_color_matrix=colours.matrix, out_range="pc")
            .filter("format", "gbrp16le")
            .filter("lut1d", file=str(_write_knee(colours, table)))
        )
        matrix = "gbr"
    return stream.filter(
        "zscale",
        matrixin=matrix,
        transferin=_ZIMG[colours.transfer],
        primariesin=_ZIMG_PRIMARIES[colours.primaries],
        matrix="bt709",
        transfer="bt709",
        primaries="bt709",
        range="limited",
        npl=f"{WHITE_NITS:g}",
    ).filter("format", "yuv420p")


def _write_knee(colours: Colours, table: Path) -> Path:
    """What each coded value becomes below the knee, as ffmpeg's `lut1d` reads it."""
    steps = np.linspace(0, 1, _TABLE, dtype=np.float32)
    light = _below_the_knee(_nits(steps, colours.transfer), colours.peak_nits)
    lines = [f"LUT_1D_SIZE {_TABLE}"]
    lines += [f"{v:.6f} {v:.6f} {v:.6f}" for v in _coded(light, colours.transfer)]
    table.write_text("\n".join(lines) + "\n", "utf-8")
    return table
