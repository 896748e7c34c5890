"""Covers: taken from files of any kind, never decoded where they are too large."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from vidpipe.media.covers import COVER_SIDE, attached_picture, picture_size, write_cover
from vidpipe.media.probe import probe
from vidpipe.testmedia.podcast import make_podcast
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe_tests.media.coding import tag

SAID = (ScriptPage("", (), DEMO_TALK[1].sentences[:1], 0.2),)


def picture(size=(300, 300), mode="RGB", kind="PNG", colour="red"):
    made = io.BytesIO()
    Image.new(mode, size, colour).save(made, kind)
    return made.getvalue()


@pytest.mark.parametrize("ending", [".mp3", ".m4a", ".flac"])
def test_an_attached_picture_is_a_cover_and_no_video(tmp_path, ending):
    art = tmp_path / "art.png"
    art.write_bytes(picture())
    path = tmp_path / f"said{ending}"
    make_podcast(path, SAID, art)
    info = probe(path)
    assert info.sound_only and info.has_cover
    assert attached_picture(path, info) == art.read_bytes()


def test_what_has_no_picture_attached_has_none(tmp_path):
    path = tmp_path / "said.wav"
    make_podcast(path, SAID)
    assert attached_picture(path, probe(path)) is None


def test_a_cover_is_kept_no_larger_than_it_is_shown(tmp_path):
    target = tmp_path / "cover.jpg"
    size = write_cover(picture((3000, 1500)), target)
    assert (size.width, size.height) == (COVER_SIDE, COVER_SIDE // 2)
    assert picture_size(target) == size
    small = write_cover(picture((200, 300), kind="JPEG"), target)
    assert (small.width, small.height) == (200, 300)


@pytest.mark.parametrize(("ink", "ground"), [("black", 255), ("white", 0)])
def test_what_is_transparent_is_laid_on_what_it_stands_out_from(tmp_path, ink, ground):
    clear = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    clear.paste(Image.new("RGBA", (80, 80), ink), (60, 60))
    made = io.BytesIO()
    clear.save(made, "PNG")
    target = tmp_path / "cover.jpg"
    write_cover(made.getvalue(), target)
    with Image.open(target) as shown:
        pixels = np.asarray(shown)
    assert abs(int(pixels[5, 5, 0]) - ground) < 8
    assert abs(int(pixels[100, 100, 0]) - (255 - ground)) < 8


def test_a_picture_that_lies_on_its_side_is_set_up(tmp_path):
    made = io.BytesIO()
    turned = Image.new("RGB", (200, 100), "blue")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(made, "JPEG", exif=exif)
    size = write_cover(made.getvalue(), tmp_path / "cover.jpg")
    assert (size.width, size.height) == (100, 200)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read"),
        (picture()[:90], "cannot be read"),
        (picture((20, 20)), "least is 64"),
        (picture((900, 100)), "banner"),
        (picture((6400, 6000), mode="1", colour=1), "6400x6000 pixels, the limit is 6000x6000"),
        (b"\0" * ((48 << 20) + 1), "MiB"),
    ],
)
def test_what_is_no_cover_is_said_to_be_none(tmp_path, data, says):
    target = tmp_path / "cover.jpg"
    with pytest.raises(ValueError, match=says):
        write_cover(data, target)
    assert not target.exists()


def test_a_bomb_in_a_tag_takes_no_memory(tmp_path):
    """400 million pixels in an MP3's tag: 1.2 GB if anybody decoded them."""
    bomb = picture((20_000, 20_000), mode="L", colour=90)
    path = tmp_path / "said.mp3"
    make_podcast(path, SAID)
    frame = b"\0image/png\0\3\0" + bomb
    size = len(frame)
    head = b"APIC" + bytes(size >> 7 * k & 0x7F for k in (3, 2, 1, 0)) + b"\0\0"
    body = head + frame
    whole = tag(len(body))[: -len(body)] + body
    path.write_bytes(whole + path.read_bytes())
    script = (
        "import pathlib, sys\n"
        "from vidpipe.intake.covers import find_cover\n"
        "from vidpipe.intake.rules import Rules, check_media\n"
        # Of this process alone: what getrusage has begins with its parent's.
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "before = peak()\n"
        "info = check_media(path, path.name, Rules())\n"
        "cover = find_cover(path, info, {}, path.with_suffix('.jpg'))\n"
        "print(info.sound_only, info.has_cover, cover.origin == '', peak() - before)\n"
        "print(cover.words)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.splitlines()
    *told, grown_kib = said[0].split()
    assert told == ["True", "True", "True"]
    assert int(grown_kib) < 150_000
    assert "more pixels than the limit, 6000x6000" in said[1] and "left out" in said[1]
    assert not path.with_suffix(".jpg").exists()
