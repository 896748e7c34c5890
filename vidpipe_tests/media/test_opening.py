"""Opening somebody's file: only that file, never another one or an address."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.containers import MP4, identify


@pytest.fixture
def listener():
    """A server that remembers whether anybody came."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    visits = []
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, peer = server.accept()
            except TimeoutError:
                continue
            visits.append(peer)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1], visits
    stop.set()
    thread.join()
    server.close()


@pytest.mark.parametrize(
    "body",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n",
        "#EXTM3U\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{secret}'\n",
        "<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>",
    ],
)
def test_a_playlist_named_mp4_is_rejected_and_nothing_else_is_opened(tmp_path, listener, body):
    port, visits = listener
    # Whoever opens a pipe that nobody writes to never comes back: the limit would tell.
    secret = tmp_path / "secret.ts"
    os.mkfifo(secret)
    path = tmp_path / "talk.mp4"
    path.write_text(body.format(port=port, secret=secret))
    script = (
        "import sys, pathlib\n"
        "from vidpipe.intake.rules import Rules, check_media\n"
        "from vidpipe.errors import InputRejected\n"
        "try:\n"
        "    check_media(pathlib.Path(sys.argv[1]), 'talk.mp4', Rules())\n"
        "except InputRejected as error:\n"
        "    print(error.reason)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    assert said == ["playlist"]
    assert visits == []


def test_the_libraries_themselves_refuse_a_playlist_inside_a_known_container(tmp_path, listener):
    """Even with our look at the first bytes passed, the demuxer and protocols are pinned."""
    from vidpipe.media.opening import open_media

    port, visits = listener
    secret = tmp_path / "secret.ts"
    os.mkfifo(secret)
    path = tmp_path / "talk.mp4"
    path.write_text(f"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n{secret}\n")
    with pytest.raises(InputRejected):
        open_media(path, MP4)
    assert visits == []


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x20ftypisom", "MP4/MOV"),
        (b"\x1a\x45\xdf\xa3", "Matroska/WebM"),
        (b"FLV\x01", "FLV"),
        (b"OggS", "Ogg"),
        (b"RIFF\0\0\0\0AVI ", "AVI"),
        (b"RIFF\0\0\0\0WAVE", "WAV"),
        ((b"\x47" + b"\0" * 187) * 3, "MPEG-TS"),
    ],
)
def test_containers_are_told_by_their_first_bytes(head, name):
    found = identify(head)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("zero_length.mp4", "empty"),
        ("git_lfs_pointer.mp4", "unknown_container"),
        ("mp4_truncated_512b_no_moov.mp4", "unreadable"),
        ("mp4_fragment_without_moov.mp4", "unreadable"),
        ("mp4_silent_audio_only.mp4", None),
        ("mov_audio_only.mov", None),
        ("mkv_subtitle_only.mkv", "no_video"),
        ("mp4_no_streams.mp4", "no_video"),
        ("mp3_huge_id3_cover.mp3", None),
        ("mp3_truncated_512b.mp3", "unreadable"),
        ("m4a_6ch_16k.m4a", "too_short"),
        ("wav_bad_list_chunk.wav", "unreadable"),
        ("wav_crlf_damaged.wav", "unknown_container"),
        ("wav_rf64.wav", "too_short"),
        ("wav_sphinx_bad.wav", "unreadable"),
        ("wav_truncated.wav", None),
        ("mp4_encrypted_22ch_header.mp4", "does_not_decode"),
        ("webm_vp9_invalid_bitstream.webm", "does_not_decode"),
        ("ogv_corrupt_extradata.ogv", "does_not_decode"),
        ("mp4_tiny_32x18.mp4", "too_short"),
        ("mp4_cover_art_stream.mp4", None),
        ("mp4_multi_track_2v2a2s.mp4", None),
        ("mp4_fragmented_33s.mp4", None),
        ("mkv_negative_start_opus.mkv", None),
        ("mp4_sar_2by3.mp4", None),
    ],
)
def test_odd_and_hostile_files(real_media, file, reason):
    path = real_media(f"malformed/{file}")
    started = time.monotonic()
    if reason is None:
        info = check_media(path, file, Rules())
        heard = path.suffix in (".mp3", ".wav") or "audio_only" in file
        assert info.sound_only == heard and (info.video is None) == heard
    else:
        with pytest.raises(InputRejected) as caught:
            check_media(path, file, Rules())
        assert caught.value.reason == reason
        assert caught.value.message.endswith((".", "it again."))
    assert time.monotonic() - started < 20


def test_every_malformed_file_is_accepted_or_rejected_never_a_bug(real_media):
    folder = real_media("malformed")
    for path in sorted(folder.iterdir()):
        try:
            check_media(path, path.name, Rules())
        except InputRejected as error:
            assert error.message
