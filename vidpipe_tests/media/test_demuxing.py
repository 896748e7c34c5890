"""Streams that begin in the middle of a file: found by mutants of small recordings."""

import av
import pytest

from vidpipe.media.demuxing import demuxed, to_beginning
from vidpipe.media.ffmpeg import executable
from vidpipe.media.probe import probe
from vidpipe.programs import run_program


class Reader:
    """As PyAV reads a file in which streams begin that it did not know when it opened it."""

    def __init__(self, packets):
        self.left = list(packets)

    def demux(self, *_):
        while self.left:
            packet = self.left.pop(0)
            if packet is None:
                raise IndexError("list index out of range")
            yield packet


def test_packets_of_a_stream_that_nobody_knows_are_passed_over():
    assert list(demuxed(Reader([1, None, 2, None, None, 3]))) == [1, 2, 3]
    assert list(demuxed(Reader([None]))) == [] and list(demuxed(Reader([]))) == []


@pytest.fixture
def later(tmp_path):
    """FLV whose second half has sound as well."""
    parts = []
    for name, more in (("silent", ()), ("heard", ("-f", "lavfi", "-i", "sine=d=2"))):
        parts.append(tmp_path / f"{name}.flv")
        command = [executable(), "-v", "error", "-f", "lavfi"]
        command += ["-i", "testsrc2=s=320x240:r=25:d=2", *more, "-c:v", "libx264", "-c:a", "aac"]
        run_program([*command, "-shortest", str(parts[-1])], timeout_s=60)
    path = tmp_path / "later.flv"
    # A header of 13 bytes, of which the fifth says that there is a picture and nothing else.
    path.write_bytes(parts[0].read_bytes() + parts[1].read_bytes()[13:])
    return path


def test_sound_that_begins_in_the_middle_ends_nothing(later):
    data = bytearray(later.read_bytes())
    data[4] = 1
    later.write_bytes(data)
    info = probe(later, later.name)
    assert info.video is not None and info.duration_s > 1.5
    with av.open(str(later), format="flv", options={"probesize": "2048"}) as media:
        known = len(media.streams)
        packets = list(demuxed(media, media.streams.video[0]))
    assert known >= 1 and sum(p.pts is not None for p in packets) >= 50


def test_a_file_in_which_nothing_seeks_is_read_from_where_it_stands():
    class Unseekable:
        def seek(self, *_, **__):
            raise av.error.PermissionError(1, "Operation not permitted")

    assert to_beginning(Unseekable()) is None
