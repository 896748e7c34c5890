"""MPEG-TS whose clock begins anew is refused with what to do; one that goes round is not."""

import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.transport import begins_anew
from vidpipe_tests.media.coding import coded, made

TS = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"]


@pytest.fixture(scope="module")
def pieces(talk, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pieces")
    return [
        coded(talk.path, folder / f"{k}.ts", *TS, before=("-ss", str(10 * k), "-t", "10"))
        for k in range(3)
    ]


def test_pieces_with_a_clock_each_are_refused_with_what_to_do(pieces, tmp_path):
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    assert begins_anew(path)
    with pytest.raises(InputRejected, match="-c copy") as refused:
        check_media(path, path.name, Rules())
    assert refused.value.reason == "times_begin_anew"
    mended = made(tmp_path / "joined.mp4", "-i", str(path), "-c", "copy")
    assert check_media(mended, mended.name, Rules()).duration_s == pytest.approx(30, abs=1.5)


@pytest.mark.parametrize("ending", ["ts", "m2ts"])
@pytest.mark.parametrize("offset_s", ["0", "95430"])
def test_a_clock_that_goes_on_or_round_is_taken(talk, tmp_path, ending, offset_s):
    path = coded(talk.path, tmp_path / f"whole.{ending}", *TS, "-output_ts_offset", offset_s)
    assert not begins_anew(path)
    whole_s = check_media(talk.path, talk.path.name, Rules()).duration_s
    assert check_media(path, path.name, Rules()).duration_s == pytest.approx(whole_s, abs=0.3)


def test_what_is_no_transport_stream_has_no_clock(tmp_path):
    path = tmp_path / "noise.ts"
    path.write_bytes(b"G" * 10_000)
    assert not begins_anew(path)
    path.write_bytes(b"")
    assert not begins_anew(path)
