"""Files are measured and held against a platform's rules."""

import ffmpeg
import pytest

from vidpipe.errors import InputRejected
from vidpipe.exports.conformance import check
from vidpipe.exports.facts import check_decodes, measure_file
from vidpipe.media.ffmpeg import render
from vidpipe.platforms import load_presets
from vidpipe_tests.exports.shared import made

PRESETS = load_presets()


def broken(path, platform="tiktok", loudness=-14.0):
    rules = check(measure_file(path), PRESETS[platform], loudness)
    return {r.rule: (r.measured, r.wanted) for r in rules if not r.ok}


def test_a_good_file_keeps_to_every_rule(tmp_path):
    path = made(tmp_path)
    facts = measure_file(path)
    assert (facts.container, facts.width, facts.height, facts.fps) == ("mp4", 1080, 1920, 30)
    assert (facts.video_codec, facts.profile, facts.colour) == ("h264", "High", "bt709")
    assert facts.level >= 4.0 and facts.moov_first and not facts.edit_lists
    assert (facts.audio_codec, facts.audio_rate, facts.audio_channels) == ("aac", 48_000, 2)
    assert facts.duration_s == pytest.approx(4.0, abs=0.05)
    size_kbps = facts.size_bytes * 8 / 4 / 1000
    assert facts.video_kbps + facts.audio_kbps == pytest.approx(size_kbps, rel=0.03)
    for platform in ("tiktok", "instagram_reels", "youtube_shorts", "facebook"):
        assert broken(path, platform, facts.integrated_lufs) == {}
    assert check_decodes(path).ok


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"size": "1920x1080"}, {"picture size"}),
        ({"rate": 15}, {"frame rate"}),
        ({"length_s": 2}, {"duration"}),
        ({"movflags": "+empty_moov+frag_keyframe"}, set()),
        ({"movflags": "0"}, {"moov first"}),
        ({"pix_fmt": "yuv444p", "profile:v": "high444"}, {"pixel format", "profile"}),
        ({"ar": 44_100}, {"audio rate"}),
        ({"vcodec": "mpeg4", "profile:v": "0"}, {"video codec"}),
        ({"sound": False}, {"sound"}),
    ],
)
def test_each_rule_is_broken_by_a_file_that_breaks_it(tmp_path, change, rules):
    path = made(tmp_path, **change)
    loudness = measure_file(path).integrated_lufs or -14.0
    assert broken(path, "tiktok", loudness).keys() == rules


def test_bitrates_are_held_against_their_ceilings(tmp_path):
    path = made(tmp_path, audio_bitrate="256k", crf=1)
    assert {"audio bitrate", "video bitrate"} <= broken(path, "instagram_reels").keys()


def test_loudness_and_peak_are_held_against_the_channels_target(tmp_path):
    path = made(tmp_path)
    heard = measure_file(path).integrated_lufs
    assert "loudness" in broken(path, loudness=heard + 1.5)
    assert "loudness" not in broken(path, loudness=heard + 0.5)
    # A platform's own target goes before the channel's.
    assert "loudness" in broken(path, "podcast_audio", loudness=heard)


def test_a_start_that_an_edit_list_moves_is_seen(tmp_path):
    path = tmp_path / "late.mp4"
    source = ffmpeg.input(str(made(tmp_path)))
    late = ffmpeg.input(str(tmp_path / "made.mp4"), itsoffset=0.7)
    render(ffmpeg.output(source.video, late.audio, str(path), c="copy"), timeout_s=60)
    assert measure_file(path).edit_lists
    assert "edit lists" in broken(path, "instagram_reels")
    assert "edit lists" not in broken(path, "tiktok")


def test_a_damaged_file_does_not_play(tmp_path):
    path = made(tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    rule = check_decodes(path)
    assert not rule.ok and rule.measured != "yes"


def test_a_file_that_is_none_is_said(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("notes")
    with pytest.raises(InputRejected, match=r"notes\.mp4"):
        measure_file(path)


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
def test_a_sound_for_a_phones_own_player_is_passed_by(talk, tmp_path, which):
    """Spatial sound (`apac`) beside AAC: nothing here decodes it, and nobody needs it."""
    from vidpipe_tests.media.coding import coded

    maps = ["-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"]
    path = coded(talk.path, tmp_path / "phone.mp4", *maps, before=("-t", "4"))
    data = bytearray(path.read_bytes())
    first = data.index(b"mp4a")
    at = first if which == 0 else data.index(b"mp4a", first + 4)
    data[at : at + 4] = b"apac"
    path.write_bytes(data)
    assert measure_file(path).audio_codec == "aac"
    assert check_decodes(path).ok
