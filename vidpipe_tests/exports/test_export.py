"""Copied where it can be, encoded again to meet a limit, refused with what to do."""

import pytest

from vidpipe.errors import InputRejected
from vidpipe.exports.conformance import check
from vidpipe.exports.export import bitrate, choose_method, make_export, make_thumbnail, shorten
from vidpipe.exports.facts import measure_file
from vidpipe.exports.model import ExportOptions, Method
from vidpipe.platforms import load_presets, load_tiers
from vidpipe_tests.exports.shared import made

PRESETS = load_presets()


def options_for(preset, tier="draft", lufs=-14.0):
    return ExportOptions(preset=preset, tier=load_tiers()[tier], loudness_lufs=lufs)


def limited(name="tiktok", **file):
    preset = PRESETS[name]
    return preset.model_copy(update={"file": preset.file.model_copy(update=file)})


def exported(tmp_path, clip, preset):
    facts = measure_file(clip)
    options = options_for(preset, lufs=facts.integrated_lufs)
    method = choose_method(facts, options)
    target = tmp_path / f"export.{preset.file.container}"
    make_export(method, clip, facts, options, "A title", target)
    found = measure_file(target)
    problems = [r for r in check(found, preset, options.loudness_lufs) if not r.ok]
    return method, found, problems


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds of a moving pattern."""
    return made(tmp_path_factory.mktemp("clip"), length_s=6, crf=20, audio_bitrate="128k")


def test_what_fits_is_copied(tmp_path, clip):
    method, facts, problems = exported(tmp_path, clip, PRESETS["tiktok"])
    assert method is Method.COPY and problems == []
    assert facts.video_kbps == measure_file(clip).video_kbps


def test_what_is_too_large_is_encoded_again_down_to_the_limit(tmp_path, clip):
    size = clip.stat().st_size
    method, facts, problems = exported(tmp_path, clip, limited(max_size_bytes=round(0.6 * size)))
    assert method is Method.TRANSCODE and problems == []
    assert 0.25 * size < facts.size_bytes <= 0.6 * size
    assert facts.duration_s == pytest.approx(6.0, abs=0.05)


def test_a_ceiling_of_the_bitrate_is_met(tmp_path, clip):
    preset = PRESETS["tiktok"]
    picture = preset.video.model_copy(update={"max_kbps": 3000})
    method, facts, problems = exported(tmp_path, clip, preset.model_copy(update={"video": picture}))
    assert method is Method.TRANSCODE and problems == []
    assert facts.video_kbps <= 1.05 * 3000


def test_what_no_fair_bitrate_makes_fit_is_refused_with_what_to_do(clip):
    facts = measure_file(clip)
    preset = limited(max_size_bytes=400_000)
    with pytest.raises(InputRejected, match=r"0 MiB.*clips\.max_s") as caught:
        choose_method(facts, options_for(preset))
    assert caught.value.reason == "too_large"
    # What draft may still do, high may not.
    tight = limited(max_size_bytes=2_000_000)
    assert bitrate(facts, tight, load_tiers()["draft"]) < 3000
    with pytest.raises(InputRejected):
        choose_method(facts, options_for(tight, "high"))


@pytest.mark.parametrize(
    ("rules", "reason", "said"),
    [
        ({"max_duration_s": 5.0}, "too_long", "clips.max_s"),
        ({"min_duration_s": 7.0}, "too_short", "clips.min_s"),
    ],
)
def test_a_length_that_is_not_taken_is_refused(clip, rules, reason, said):
    with pytest.raises(InputRejected) as caught:
        choose_method(measure_file(clip), options_for(limited(**rules)))
    assert caught.value.reason == reason and said in caught.value.message


def test_sound_alone_is_at_the_platforms_loudness(tmp_path, clip):
    method, facts, problems = exported(tmp_path, clip, PRESETS["podcast_audio"])
    assert method is Method.SOUND and problems == []
    assert facts.width is None and facts.integrated_lufs == pytest.approx(-16.0, abs=0.3)


def test_a_thumbnail_keeps_to_its_size(tmp_path):
    import cv2
    import numpy as np

    poster = tmp_path / "poster.jpg"
    noise = np.random.default_rng(2).integers(0, 255, (1920, 1080, 3), np.uint8)
    cv2.imwrite(str(poster), noise, [cv2.IMWRITE_JPEG_QUALITY, 95])
    for name in ("podcast_audio", "tiktok"):
        target = tmp_path / f"{name}.jpg"
        make_thumbnail(poster, PRESETS[name], target)
        assert target.stat().st_size <= PRESETS[name].thumbnail.max_size_bytes
        assert cv2.imread(str(target)) is not None
    assert (tmp_path / "tiktok.jpg").read_bytes() == poster.read_bytes()


def test_a_title_is_cut_between_words():
    assert shorten("one two three", 20) == "one two three"
    assert shorten("one two three", 9) == "one two…"
    assert len(shorten("x" * 50, 10)) == 10
