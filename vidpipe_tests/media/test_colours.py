"""The same colours in looks and in encodes, whatever the recording has."""

import av
import ffmpeg
import numpy as np
import pytest

from vidpipe.media.colour import (
    WHITE_NITS,
    Colours,
    _below_the_knee,
    _coded,
    _nits,
    settled_peak,
)
from vidpipe.media.examine import examine
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import coded, made

_TO_LIGHT = (
    "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,"
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020"
)


def hdr(transfer):
    """x265 told that its pictures are HDR, with the peak of a display that encoders write."""
    said = f"log-level=1:lossless=1:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    filters = f"{_TO_LIGHT},zscale=t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    return ["-vf", filters, "-c:v", "libx265", "-x265-params", f"{said}:max-cll=1000,400"]


#: How the bars are coded, and the matrix that a player takes them to have.
CODINGS = {
    "sdr.mp4": ["-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p"],
    "full.mp4": ["-vf", "scale=out_range=pc", "-c:v", "libx264", "-qp", "0", "-color_range", "pc"],
    "rgb.mkv": ["-c:v", "libx264rgb", "-qp", "0"],
    "prores.mov": ["-c:v", "prores_ks", "-profile:v", "4"],
    "pq.mp4": hdr("smpte2084"),
    "hlg.mov": hdr("arib-std-b67"),
}


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """Seven bars of 75 % and a white page under them, as wide as blocks of chroma allow."""
    target = tmp_path_factory.mktemp("bars") / "bars.mkv"
    picture = "smptebars=s=1280x720:r=5:d=2,drawbox=y=540:h=180:color=white:t=fill,format=gbrp"
    return made(target, "-f", "lavfi", "-i", picture, "-c:v", "ffv1")


PLACES = [(k * 1280 // 7 + 90, 200) for k in range(7)] + [(640, 640)]


def wanted(bars):
    frame = next(av.open(str(bars)).decode(video=0)).to_ndarray(format="bgr24").astype(int)
    return [frame[y, x] for x, y in PLACES]


@pytest.mark.parametrize("name", CODINGS)
def test_bars_have_their_colours_in_looks_and_in_encodes(bars, tmp_path, name):
    tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    matrix = [] if "-vf" in CODINGS[name] else ["-vf", "scale=out_color_matrix=bt709"]
    if name == "full.mp4":
        matrix = ["-vf", "scale=out_color_matrix=bt709:out_range=pc,format=yuv420p"]
    if name in ("pq.mp4", "hlg.mov"):
        tags, matrix = [], []
    if name == "rgb.mkv":
        matrix = tags = []
    path = coded(bars, tmp_path / name, *CODINGS[name], *matrix, *tags)
    info, notes = examine(path, probe(path))
    assert any("HDR" in note for note in notes) == (name in ("pq.mp4", "hlg.mov"))
    with FrameReader(path, info, max_width=1280) as reader:
        look, grey = reader.at(0.5).image.astype(int), reader.at(0.5).grey.astype(int)
    stream, _ = steady(path, info, 5, 5, tmp_path / "piece.cube")
    drawn = coloured(stream, info, tmp_path / "knee.cube").filter(
        "scale", in_color_matrix=info.video.matrix_shown, out_color_matrix="bt709", out_range="tv"
    )
    raw = tmp_path / "raw.yuv"
    output = ffmpeg.output(
        drawn.filter("format", "yuv420p"), str(raw), format="rawvideo", **{"frames:v": 1}
    )
    render(output, timeout_s=60)
    planes = np.fromfile(raw, np.uint8).reshape(-1, 1280)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    clip = frame.reformat(format="bgr24", src_colorspace=1, dst_colorspace=1).to_ndarray()
    for (x, y), colour in zip(PLACES, wanted(bars), strict=True):
        # What BT.2020 has nearly black is, by one step of ten bits, up to 14 of 255 in BT.709.
        near = np.where(colour < 16, 26 if info.video.colours.hdr else 3, 3)
        assert (np.abs(look[y, x] - colour) <= near).all(), (name, x, look[y, x], colour)
        assert (np.abs(clip[y, x].astype(int) - colour) <= near).all(), (name, x, clip[y, x])
    assert grey[640, 640] >= 252


def test_the_knee_leaves_faces_alone_and_brings_the_brightest_to_white():
    light = np.array([10.0, 90.0, 203.0, 1000.0], np.float32)
    bent = _below_the_knee(light, 1000.0)
    assert bent[:2] == pytest.approx(light[:2], rel=0.02)
    assert 150 < bent[2] < WHITE_NITS and bent[3] == pytest.approx(WHITE_NITS, rel=0.02)
    assert _below_the_knee(light, WHITE_NITS)[:3] == pytest.approx(light[:3], rel=1e-3)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_coded_light_and_back(transfer):
    signal = np.linspace(0.05, 0.95, 50, dtype=np.float32)
    assert _coded(_nits(signal, transfer), transfer) == pytest.approx(signal, abs=2e-3)


def test_the_peak_is_the_contents_own_but_papers_where_all_is_paper():
    assert settled_peak(1000.0, 205.0) == WHITE_NITS
    assert settled_peak(1000.0, 600.0) == 1000.0
    assert settled_peak(400.0, 390.0) == 400.0


def test_greys_follow_the_same_curve_as_colours():
    from vidpipe.media.colour import grey_curve, to_bt709

    colours = Colours(matrix="bt2020", primaries="bt2020", transfer="hlg", peak_nits=1000.0)
    steps = np.linspace(0, 1, 64, dtype=np.float32)
    assert grey_curve(colours, 64) == pytest.approx(
        to_bt709(np.repeat(steps[:, None], 3, axis=1), colours)[:, 1], abs=1e-3
    )
