"""The bars of an audiogram: what is drawn is how loud it was."""

import itertools
from fractions import Fraction

import ffmpeg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.clips.audiogram.cover import clearer
from vidpipe.clips.audiogram.waveform import bar_heights, bars_over, loudness
from vidpipe.clips.audiogram.zones import bar_width, pitch, zones
from vidpipe.clips.colours import contrast
from vidpipe.clips.model import Variant
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.pcm import SAMPLE_RATE
from vidpipe.platforms import load_presets

FPS = Fraction(30)


def tone(*levels_db, each_s=1.0):
    """A tone that is so loud for a second each, None for silence; and its frames' middles."""
    t = np.arange(round(each_s * SAMPLE_RATE)) / SAMPLE_RATE
    parts = [
        np.zeros_like(t) if db is None else 10 ** (db / 20) * np.sin(2 * np.pi * 200 * t)
        for db in levels_db
    ]
    sound = np.concatenate(parts).astype(np.float32)
    return sound, (np.arange(round(len(levels_db) * each_s * float(FPS))) + 0.5) / float(FPS)


def test_bars_are_higher_the_louder_it_is_on_a_scale_of_decibels():
    loud = loudness(*tone(-10, -19, -28, -37, None), FPS).reshape(5, 30)
    settled = loud[:, 24]
    assert settled[0] == pytest.approx(1.0, abs=0.02)
    assert settled[4] < 0.02
    # 9 dB are a quarter of the scale, the step before its contrast.
    assert np.allclose(settled[:4] ** (1 / 1.8), [1.0, 0.75, 0.5, 0.25], atol=0.04)


def test_a_quiet_recording_moves_as_much_as_a_loud_one():
    assert np.allclose(
        loudness(*tone(-6, -20, None), FPS), loudness(*tone(-36, -50, None), FPS), atol=0.01
    )


def test_where_nothing_is_heard_nothing_moves():
    assert not loudness(*tone(None, None), FPS).any()
    assert not loudness(*tone(-75, -80), FPS).any()


def test_it_rises_within_a_tenth_of_a_second_and_falls_slower_without_flicker():
    loud = loudness(*tone(None, -10, None), FPS)
    assert loud[33] > 0.9 and loud[29] < 0.5
    falling = loud[60:90]
    assert falling[1] > 0.5 and falling[-1] < 0.05
    assert (np.diff(falling[1:]) <= 1e-6).all()
    rng = np.random.default_rng(5)
    sound = rng.standard_normal(3 * SAMPLE_RATE).astype(np.float32) * 0.1
    steady = loudness(sound, (np.arange(90) + 0.5) / 30, FPS)[10:]
    assert np.abs(np.diff(steady)).max() < 0.1


def test_a_syllable_rises_in_the_middle_and_runs_to_both_ends_getting_smaller():
    loud = np.zeros(90, np.float32)
    loud[30:34] = 1.0
    shown = bar_heights(loud, 21, FPS)
    assert shown.shape == (90, 21) and np.allclose(shown, shown[:, ::-1])
    peaks = [int(shown[:, bar].argmax()) for bar in range(10, 21)]
    heights = [float(shown[:, bar].max()) for bar in range(10, 21)]
    assert peaks == sorted(peaks) and peaks[0] == 30 and peaks[-1] > 45
    assert heights == sorted(heights, reverse=True) and heights[0] == 1.0 and heights[-1] > 0.2


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Bars over black, a full one, a half one, none: their greys, shape (frames, h, w)."""
    work = tmp_path_factory.mktemp("bars")
    loud = np.array([0.0, 0.0, 1.0, 1.0, 0.5, 0.5], np.float32)
    where = Rect(x=20, y=10, width=3 * 22, height=120)
    canvas = (
        ffmpeg.input("color=c=black:s=120x140:r=30,format=gbrp", f="lavfi")
        .filter("trim", end_frame=6)
        .filter("scale", out_color_matrix="bt709", out_range="tv")
        .filter("format", "yuv420p")
    )
    picture = bars_over(canvas, loud, where, 22, 14, "#ff0000", FPS, work)
    target = work / "drawn.rgb"
    shown = picture.filter("scale", in_color_matrix="bt709").filter("format", "rgb24")
    render(ffmpeg.output(shown, str(target), format="rawvideo"), timeout_s=60)
    return np.fromfile(target, np.uint8).reshape(-1, 140, 120, 3)


def test_a_clip_ends_with_its_picture_and_bars_stay_in_their_zone(drawn):
    assert len(drawn) == 6
    outside = drawn.astype(int).max(axis=3)
    outside[:, 10:130, 20:86] = 0
    assert outside.max() < 12


def test_a_bar_is_as_high_as_the_voice_is_loud_and_mirrored_about_its_line(drawn):
    def height(frame, bar=1):
        column = drawn[frame, 10:130, 20 + 22 * bar + 11, 0].astype(float)
        assert np.abs(column - column[::-1]).max() < 12
        return column.sum() / 255

    assert height(0) == pytest.approx(14, abs=1.5)  # A dot, as high as it is wide.
    assert height(2) == pytest.approx(120, abs=1.5)
    assert height(4) == pytest.approx(14 + 0.5 * (120 - 14), abs=2.5)
    # What the middle one is now its neighbours are not yet.
    assert height(2, bar=0) < 40


def test_its_ends_are_round_and_it_has_the_colour_asked_for(drawn):
    bar = drawn[2, 10:130, 42:64].astype(int)
    red = bar[..., 0]
    assert red[60, 11] > 240 and bar[60, 11, 1:].max() < 16
    assert red[60, :4].max() < 12 and red[60, -4:].max() < 12
    widths = (red > 128).sum(axis=1)
    assert widths[60] == 14 and 2 <= widths[0] <= 8 and list(widths[:7]) == sorted(widths[:7])


# Zones

VARIANTS = {
    v.name: v for v in (Variant.of(p) for p in load_presets().values() if p.video is not None)
} | {"square": Variant(name="square", size=Size(width=1080, height=1080), safe_box=Rect(
    x=54, y=54, width=972, height=972))}  # fmt: skip
COVERS = st.none() | st.builds(
    Rect, x=st.just(0), y=st.just(0), width=st.integers(400, 1440), height=st.integers(400, 1440)
)


@given(st.sampled_from(sorted(VARIANTS)), COVERS, st.booleans(), st.booleans())
def test_what_is_read_lies_in_the_safe_box_and_nothing_on_anything_else(
    name, cover, captions, titled
):
    variant = VARIANTS[name]
    where = zones(cover, variant, captions=captions, titled=titled)
    parts = [where.wave, *(r for r in (where.title, where.cover) if r)]
    parts += [where.caption] if captions else []
    for part in parts[1:]:
        assert part.intersect(variant.safe_box) == part
    assert where.wave.intersect(variant.size.rect) == where.wave
    assert where.wave.bottom <= variant.size.height - variant.safe_box.y
    for k, part in enumerate(parts):
        assert not any(part.intersect(other) for other in parts[k + 1 :])
    assert (where.title is not None) == titled and (where.cover is not None) == (cover is not None)
    if where.cover is not None and cover is not None:
        assert where.cover.aspect == pytest.approx(cover.aspect, rel=0.03)
        assert (where.cover.x % 2, where.cover.y % 2) == (0, 0)
        assert max(where.cover.width, where.cover.height) > 0.3 * variant.size.width
    step = pitch(variant.size)
    assert where.wave.width % step == 0 and where.wave.width // step % 2 == 1
    assert where.wave.height > 5 * bar_width(variant.size)
    assert where.wave.width > 0.5 * min(variant.size.width, variant.safe_box.width)


@pytest.mark.parametrize("cover", [None, Rect(x=0, y=0, width=900, height=900)])
def test_bars_fill_what_a_high_canvas_has_under_its_safe_box(cover):
    variant = VARIANTS["1080x1920"]
    where = zones(cover, variant, captions=True, titled=True)
    least, safe = 1920 - variant.safe_box.y, variant.safe_box
    assert where.wave.bottom > 0.9 * least and where.wave.bottom > safe.bottom
    assert where.title.y - safe.y < 0.02 * 1920
    boxes = sorted(
        (r for r in (where.title, where.cover, where.caption, where.wave) if r), key=lambda r: r.y
    )
    gaps = [b.y - a.bottom for a, b in itertools.pairwise(boxes)]
    # Nowhere is there more than an eighth of the canvas without anything.
    assert max(gaps) < 1920 / 8 and where.wave.width > 0.9 * 1080


# Colours


@pytest.mark.parametrize(
    ("accent", "text", "behind", "drawn_in"),
    [
        ("#ffd23f", "#ffffff", "#12161c", "#ffd23f"),
        ("#202060", "#ffffff", "#12161c", "#ffffff"),
        ("#ffd23f", "#101010", "#f4f4f4", "#101010"),
        ("#777777", "#787878", "#707070", "#787878"),
    ],
)
def test_bars_are_in_the_accent_unless_it_cannot_be_told_from_what_is_behind(
    accent, text, behind, drawn_in
):
    assert clearer(accent, text, behind) == drawn_in


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
