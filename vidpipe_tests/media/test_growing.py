"""What a file says small at first and large in its middle takes no more memory than it may."""

import resource
import subprocess
import sys
from pathlib import Path

import av
import pytest

from vidpipe.media import ffmpeg
from vidpipe.media.containers import MOST_PIXELS, MOST_SAMPLES
from vidpipe.media.frames import FrameReader
from vidpipe.media.opening import open_media
from vidpipe.media.pcm import SAMPLE_RATE, decode_samples
from vidpipe.media.probe import probe

SIDE = 8320  # a little over the largest picture that is decoded


def made(target: Path, *args: str) -> Path:
    command = [ffmpeg.executable(), "-v", "error", "-y", *args, str(target)]
    subprocess.run(command, check=True, timeout=120)
    return target


@pytest.fixture(scope="module")
def grows(tmp_path_factory) -> Path:
    """4 s of 320x240, two pictures of 8320x8320, 4 s of 320x240."""
    folder = tmp_path_factory.mktemp("grows")
    code = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-bf", "0"]
    source = ["-f", "lavfi", "-i"]
    small = made(folder / "small.h264", *source, "testsrc=s=320x240:r=10:d=4", *code)
    large = made(folder / "large.h264", *source, f"color=red:s={SIDE}x{SIDE}:r=10:d=0.2", *code)
    mixed = folder / "mixed.h264"
    mixed.write_bytes(small.read_bytes() + large.read_bytes() + small.read_bytes())
    return made(folder / "grows.ts", "-f", "h264", "-r", "10", "-i", str(mixed), "-c", "copy")


def test_a_picture_that_grows_over_the_limit_is_not_decoded(grows):
    assert SIDE * SIDE > MOST_PIXELS
    info = probe(grows)
    with FrameReader(grows, info, max_width=320) as reader:
        sizes = {(f._raw.width, f._raw.height) for f in reader.every(0.1)}
        late = reader.at(info.duration_s - 1.0)
    assert sizes == {(320, 240)}
    assert late.t_s > 6.0, "what comes after it is read"


def test_it_takes_no_more_memory_than_its_small_pictures(grows):
    read = (
        "import resource, sys; from pathlib import Path\n"
        "from vidpipe.media.frames import FrameReader; from vidpipe.media.probe import probe\n"
        "path = Path(sys.argv[1]); info = probe(path)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with FrameReader(path, info) as reader: n = sum(1 for _ in reader.every(0.1))\n"
        "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", read, str(grows)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    frames, more_kib = map(int, done.stdout.split())
    assert frames > 70
    # One of its large pictures alone takes 99 MiB.
    assert more_kib < 60 * 1024


def test_ffmpeg_does_not_decode_it_either(grows, tmp_path):
    info = probe(grows)
    stream = ffmpeg.source_input(grows, info.known_container, codec="h264")
    out = tmp_path / "out.mkv"
    import ffmpeg as graph

    said = ffmpeg.render(
        graph.output(stream["v:0"].filter("scale", 160, 120), str(out), vcodec="ffv1"),
        timeout_s=60,
    )
    assert "dimensions not set" in said or "picture size" in said.lower() or "invalid" in said
    with av.open(str(out)) as media:
        assert sum(1 for _ in media.decode(video=0)) >= 70


def crc(data: bytes, polynomial: int, bits: int) -> int:
    """FLAC's checks: no reflection, nothing at the beginning or the end."""
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
    return value


def flac_frame(number: int, samples: int, rate_hz: int) -> bytes:
    """Mono of 16 bits that stands at one value, with a rate of its own (RFC 9639, 9.1)."""
    head = bytes([0xFF, 0xF8, 0x7D, 0x08, number])
    head += (samples - 1).to_bytes(2, "big") + rate_hz.to_bytes(2, "big")
    head += bytes([crc(head, 0x07, 8)])
    body = head + b"\x00" + (500).to_bytes(2, "big")
    return body + crc(body, 0x8005, 16).to_bytes(2, "big")


def flac(path: Path, frames: list[bytes], rate_hz: int, samples: int) -> Path:
    info = (65535).to_bytes(2, "big") * 2 + bytes(6)
    info += ((rate_hz << 44) | (15 << 36) | samples).to_bytes(8, "big") + bytes(16)
    path.write_bytes(b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"".join(frames))
    return path


@pytest.mark.parametrize("rate_hz", [1, 50])
def test_sound_whose_rate_falls_to_a_hertz_is_passed_over(tmp_path, rate_hz):
    sound = [flac_frame(k, 65535, 48_000) for k in range(8)]
    odd = flac_frame(8, 65535, rate_hz)
    path = flac(tmp_path / "a.flac", [*sound, odd, *sound], 48_000, 16 * 65535)
    info = probe(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    samples = decode_samples(path, info, tmp_path / "a.wav")
    more_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert samples is not None
    assert samples.duration_s == pytest.approx(info.duration_s, abs=0.6)
    heard = samples.read(0.5, 10.0)
    assert len(heard) == 9.5 * SAMPLE_RATE and heard.min() > 0.01, "what comes before is there"
    assert more_kib < 100 * 1024


def test_decoders_have_their_limits_and_keep_them_in_drafts(grows):
    with open_media(grows) as media:
        options = media.streams.video[0].codec_context.options
    assert options == {"max_pixels": str(MOST_PIXELS), "max_samples": str(MOST_SAMPLES)}
    with FrameReader(grows, probe(grows), draft=True) as reader:
        options = reader._stream.codec_context.options
        assert options["max_pixels"] == str(MOST_PIXELS)
        assert options["skip_loop_filter"] == "nokey"
