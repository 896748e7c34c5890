"""What a small file may make of memory and time, bounded before anything is decoded."""

import struct
import subprocess
import sys
import zlib

import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.boxes import MOST_SAMPLES, overstated
from vidpipe.media.opening import open_media
from vidpipe.media.probe import probe
from vidpipe.programs import ProgramFailed, run_program
from vidpipe_tests.media.coding import coded, made

#: What looking at a file may take over the libraries themselves.
MOST_MIB = 120


def png(path, side):
    """A black picture, however large, in a few kilobytes."""

    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    row = zlib.compressobj(1)
    data = b"".join(row.compress(bytes(1 + 3 * side)) for _ in range(side)) + row.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    return path


@pytest.fixture(scope="module")
def short(talk, tmp_path_factory):
    target = tmp_path_factory.mktemp("short") / "short.mp4"
    return coded(talk.path, target, "-c", "copy", before=("-t", "6"))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return png(tmp_path_factory.mktemp("large") / "large.png", 6000)


def looked_at(path):
    """What comes of a file in a process of its own, and the MiB that it took there."""
    script = (
        "import sys, resource, pathlib\n"
        "from vidpipe.intake.rules import Rules, check_media\n"
        "from vidpipe.errors import InputRejected\n"
        "def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = used()\n"
        "try:\n"
        "    check_media(pathlib.Path(sys.argv[1]), 'talk', Rules())\n"
        "    word = 'accepted'\n"
        "except InputRejected as error:\n"
        "    word = error.reason\n"
        "print(word, used() - before)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    return said[0], int(said[1])


def test_covers_and_attachments_are_not_decoded(short, large, tmp_path):
    attached = ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic"]
    cover = made(tmp_path / "cover.mp4", "-i", str(short), "-i", str(large), *attached)
    attach = ["-attach", str(large), "-metadata:s:t", "mimetype=image/png", "-c", "copy"]
    beside = made(tmp_path / "attachment.mkv", "-i", str(short), *attach)
    for path in (cover, beside):
        word, mib = looked_at(path)
        assert word == "accepted" and mib < MOST_MIB


def test_a_picture_too_large_as_the_only_one_is_a_cover_that_is_left_out(short, large, tmp_path):
    maps = ["-map", "1:v", "-map", "0:a", "-c", "copy"]
    path = made(tmp_path / "still.mov", "-i", str(short), "-i", str(large), *maps)
    word, mib = looked_at(path)
    assert word == "accepted" and mib < MOST_MIB
    assert probe(path).sound_only and probe(path).has_cover


def test_videos_made_of_pictures_are_decoded(short, tmp_path):
    path = coded(short, tmp_path / "mjpeg.avi", "-c:v", "mjpeg", "-c:a", "pcm_s16le")
    assert check_media(path, path.name, Rules()).video.codec == "mjpeg"


def test_a_decoder_that_nobody_needs_is_not_used(short, tmp_path):
    path = coded(short, tmp_path / "roq.mov", "-c:v", "cljr", "-pix_fmt", "yuv411p", "-an")
    with pytest.raises(InputRejected) as caught:
        check_media(path, path.name, Rules())
    assert caught.value.reason == "no_video"


def patched(short, tmp_path, **changes):
    data = bytearray(short.read_bytes())
    for box, (offset, value) in changes.items():
        at = data.index(box.encode()) + offset
        data[at : at + 4] = struct.pack(">I", value)
    path = tmp_path / "patched.mp4"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"stsz": (12, 60_000_000)},
        {"stts": (8, 400_000_000)},
        {"stco": (8, 4_000_000_000)},
        {"stsc": (8, 4_000_000_000)},
    ],
    ids=lambda c: next(iter(c)),
)
def test_tables_that_declare_more_than_they_hold_are_not_opened(short, tmp_path, changes):
    path = patched(short, tmp_path, **changes)
    with pytest.raises(InputRejected) as caught:
        open_media(path)
    assert caught.value.reason == "unreadable" and "structure is damaged" in caught.value.message


def test_sixty_million_samples_of_a_byte_are_not_opened(short, tmp_path):
    path = patched(short, tmp_path, stsz=(8, 1))
    path = patched(path, tmp_path, stsz=(12, 60_000_000))
    assert str(MOST_SAMPLES) in (overstated(path) or "")


def test_honest_files_are_none_of_these(short, tmp_path, real_media):
    fragments = coded(short, tmp_path / "f.mp4", "-c", "copy", "-movflags", "frag_keyframe")
    pcm = coded(short, tmp_path / "pcm.mov", "-c:v", "copy", "-c:a", "pcm_s16le")
    for path in (short, fragments, pcm, real_media("malformed/mp4_fragmented_33s.mp4")):
        assert overstated(path) is None


def test_a_recording_whose_time_stamps_jump_is_refused(short, tmp_path):
    path = tmp_path / "jump.mkv"
    jump = "PTS+if(gt(T,3),20000/TB,0)"
    filters = ["-vf", f"setpts='{jump}'", "-af", f"asetpts='{jump}'", "-fps_mode", "passthrough"]
    coded(short, path, *filters, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    with pytest.raises(InputRejected) as caught:
        check_media(path, path.name, Rules())
    assert caught.value.reason == "hole_in_time"


def test_a_program_gets_no_more_address_space_than_it_may(tmp_path):
    import shutil

    if shutil.which("prlimit") is None:
        pytest.skip("prlimit of util-linux is not here")
    greedy = [sys.executable, "-c", "bytearray(600 << 20)"]
    run_program(greedy, timeout_s=30)
    with pytest.raises(ProgramFailed, match="MemoryError"):
        run_program(greedy, timeout_s=30, memory_bytes=400 << 20)
