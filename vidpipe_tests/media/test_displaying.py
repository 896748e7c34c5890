"""Mirrored, turned, of changing size, of two fields: as a player shows it."""

import itertools

import av
import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.media.examine import examine
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import coded, made

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "10"]


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """A picture that differs in each of its corners."""
    target = tmp_path_factory.mktemp("corner") / "corner.mp4"
    boxes = ",".join(
        f"drawbox=x={x}:y={y}:w=80:h=45:color={colour}:t=fill"
        for (x, y), colour in zip(
            itertools.product((0, 240), (0, 135)), ("red", "lime", "blue", "white"), strict=True
        )
    )
    return made(target, "-f", "lavfi", "-i", f"color=gray:s=320x180:r=10:d=3,{boxes}", *X264)


def in_a_graph(path, info, target, *, fps=10, first=0):
    """The picture that an encoder would get, in blue, green, red."""
    stream, before = steady(path, info, fps, 2, target.with_suffix(".piece"), first=first)
    shown = coloured(stream.filter("select", f"gte(n,{before})"), info, target.with_suffix(".cube"))
    render(ffmpeg.output(shown, str(target), **{"frames:v": 1}), timeout_s=60)
    return cv2.imread(str(target)).astype(int)


@pytest.mark.parametrize(
    "turned",
    [
        ["-display_hflip:v:0"],
        ["-display_vflip:v:0"],
        ["-display_rotation:v:0", "90"],
        ["-display_rotation:v:0", "-90"],
        ["-display_rotation:v:0", "180"],
        ["-display_rotation:v:0", "90", "-display_hflip:v:0"],
        ["-display_rotation:v:0", "-90", "-display_hflip:v:0"],
    ],
    ids=" ".join,
)
def test_looks_and_encodes_are_turned_as_a_player_turns_them(corner, tmp_path, turned):
    path = coded(corner, tmp_path / "turned.mp4", "-c", "copy", before=tuple(turned))
    shown = tmp_path / "player.png"
    made(shown, "-i", str(path), "-frames:v", "1")
    wanted = cv2.imread(str(shown)).astype(int)
    info = probe(path)
    with FrameReader(path, info, max_width=1000) as reader:
        frame = reader.at(0.0)
        assert frame.image.shape == wanted.shape
        assert np.abs(frame.image.astype(int) - wanted).mean() < 4
        grey = cv2.cvtColor(wanted.astype(np.uint8), cv2.COLOR_BGR2GRAY).astype(int)
        assert np.abs(frame.grey.astype(int) - grey).mean() < 4
    assert np.abs(in_a_graph(path, info, tmp_path / "graph.png") - wanted).mean() < 4


@pytest.mark.parametrize("ending", ["webm", "ts"])
def test_a_size_that_changes_is_scaled_to_the_first(talk, tmp_path, ending):
    """As browsers and meeting services record: the later half at half the size."""
    coding = (
        ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-an"]
        if ending == "webm"
        else [*X264, "-an"]
    )
    parts = []
    for k, size in enumerate(("640:360", "320:180")):
        more = [] if ending == "webm" else ["-output_ts_offset", str(3 * k)]
        cut = ("-ss", str(3 * k), "-t", "3")
        part = tmp_path / f"{k}.{ending}"
        parts.append(coded(talk.path, part, "-vf", f"scale={size}", *coding, *more, before=cut))
    path = tmp_path / f"both.{ending}"
    if ending == "ts":
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
    else:
        listed = tmp_path / "list.txt"
        listed.write_text("".join(f"file '{part}'\n" for part in parts))
        made(path, "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy")
    info = probe(path)
    assert (info.video.width, info.video.height) == (640, 360)
    before, after = (in_a_graph(path, info, tmp_path / f"{n}.png", first=n) for n in (10, 45))
    assert before.shape == after.shape == (360, 640, 3)
    with FrameReader(path, info, max_width=640) as reader:
        assert np.abs(reader.at(4.5).image.astype(int) - after).mean() < 4


@pytest.mark.parametrize("key_s", [2, 5])
def test_a_clip_of_a_transport_stream_begins_with_its_own_picture(tmp_path, key_s):
    """A seek lands behind the keyframe there; the picture says which second it is."""
    path = tmp_path / "clock.ts"
    bars = "nullsrc=s=320x180:r=10:d=16,geq=lum='16+12*floor(T)':cb=128:cr=128"
    keys = ["-g", str(10 * key_s), "-keyint_min", str(10 * key_s), "-sc_threshold", "0"]
    made(path, "-f", "lavfi", "-i", bars, *X264, *keys, "-bf", "2")
    info = probe(path)
    with FrameReader(path, info, max_width=320) as reader:
        for second in (14, 3, 9, 7, 15):
            wanted = 12 * second * 255 / 219
            frame = reader.at(second + 0.5)
            assert frame.grey.mean() == pytest.approx(wanted, abs=3)
            shown = in_a_graph(path, info, tmp_path / f"{second}.png", first=10 * second + 5)
            assert shown.mean() == pytest.approx(wanted, abs=4)


def moving(fps):
    """A bar that moves sideways, so that two fields of a frame differ."""
    return f"testsrc2=s=720x576:r={fps}:d=6,scroll=horizontal=0.004"


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("flagged", [True, False])
def test_fields_are_told_by_the_picture(tmp_path, order, flagged):
    path = tmp_path / "fields.ts"
    marked = "" if flagged else ",setfield=prog"
    filters = f"{moving(50)},interlace=scan={order}:lowpass=off{marked}"
    flags = ["-flags", "+ildct+ilme"] if flagged else []
    made(path, "-f", "lavfi", "-i", filters, "-c:v", "mpeg2video", "-q:v", "2", *flags)
    info, notes = examine(path, probe(path))
    assert info.video.interlaced == order
    assert any("interlaced" in note for note in notes)
    # Combs are steps from each line to the next one and back.
    shown = in_a_graph(path, info, tmp_path / "whole.png", fps=25, first=50)[..., 1]
    raw = in_a_graph(
        path,
        info.model_copy(update={"video": info.video.model_copy(update={"interlaced": ""})}),
        tmp_path / "raw.png",
        fps=25,
        first=50,
    )[..., 1]

    def combs(picture):
        up, here, down = picture[:-2], picture[1:-1], picture[2:]
        return float(((here - up) * (here - down) > 400).mean())

    assert combs(shown) < 0.5 * combs(raw)


def test_pictures_of_one_field_stay_as_they_are(tmp_path):
    path = tmp_path / "whole.mp4"
    made(path, "-f", "lavfi", "-i", moving(25), *X264)
    info, _ = examine(path, probe(path))
    assert info.video.interlaced == ""


def test_a_cover_as_first_track_is_no_picture(talk, tmp_path):
    cover = made(
        tmp_path / "cover.jpg", "-f", "lavfi", "-i", "color=red:s=320x320", "-frames:v", "1"
    )
    path = tmp_path / "cover_first.mkv"
    both = ["-i", str(cover), "-t", "4", "-i", str(talk.path)]
    maps = ["-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy", "-disposition:v:0", "0"]
    made(path, *both, *maps)
    info = probe(path)
    assert info.video.codec == "h264" and info.duration_s == pytest.approx(4.0, abs=0.2)
    with av.open(str(path)) as media:
        assert media.streams[info.video.index].type == "video"


def test_the_same_picture_in_two_sizes_is_one(talk, tmp_path):
    path = tmp_path / "two.mkv"
    maps = ["-map", "0:v", "-map", "0:v", "-map", "0:a", "-c:v:0", "copy", "-c:a", "copy"]
    small = ["-c:v:1", "libx264", "-preset", "ultrafast", "-filter:v:1", "scale=320:180"]
    coded(talk.path, path, *maps, *small, before=("-t", "4"))
    info, notes = examine(path, probe(path))
    assert info.video.width == 640
    assert "not used: the same picture again (320x180)" in notes
