"""Captions in every script: drawn, or an error that says what is missing."""

import shutil
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.model import Variant
from vidpipe.clips.quality import captions_box, drawn_text
from vidpipe.clips.text import fonts
from vidpipe.clips.text.animations import shown
from vidpipe.clips.text.captions import groups_of
from vidpipe.clips.text.fonts import FontFallback, bundled_font, font_for, fonts_for, read_font
from vidpipe.clips.text.overlay import TextOverlay, ass_file, lettering
from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.transcript.model import Word

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))


def draw_font(path, family, characters):
    """A font of a few characters, each a box."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    def box(left, right):
        pen = TTGlyphPen(None)
        pen.moveTo((left, 0))
        for x, y in ((left, 800), (right, 800), (right, 0)):
            pen.lineTo((x, y))
        pen.closePath()
        return pen.glyph()

    named = {f"glyph{k}": character for k, character in enumerate(characters)}
    names = [".notdef", "space", *named]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "space", **{ord(c): name for name, c in named.items()}})
    builder.setupGlyf(
        {n: box(60, 940) if n != "space" else TTGlyphPen(None).glyph() for n in names}
    )
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 60)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": family, "styleName": "Bold"})
    builder.setupOS2(usWinAscent=880, usWinDescent=120, usWeightClass=700)
    builder.setupPost()
    builder.save(path)


@pytest.fixture(scope="session")
def han_font(tmp_path_factory):
    """A font of four Han characters."""
    path = tmp_path_factory.mktemp("fonts") / "boxes.ttf"
    draw_font(path, "Four Boxes", "中文字幕")
    return path


@pytest.mark.parametrize("text", ["Größe", "Привет", "שלום", "مرحبا", "Ελληνικά", "naïve — “so”…"])
def test_the_carried_font_has_the_letters_of_many_scripts(text):
    assert font_for(text, CaptionStyle()) == bundled_font()


def test_a_script_that_no_font_has_is_named(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: iter(()))
    with pytest.raises(Misconfigured, match=r"CJK.*中.*captions\.font_file"):
        font_for("这是中文", CaptionStyle())
    with pytest.raises(Misconfigured, match="THAI"):
        font_for("สวัสดี", CaptionStyle())


def test_an_installed_font_with_the_letters_is_found(monkeypatch, han_font, tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font at all")
    monkeypatch.setattr(fonts, "_installed", lambda: iter((broken, han_font)))
    assert font_for("中文", CaptionStyle()).family == "Four Boxes"


def test_what_a_given_font_lacks_is_drawn_in_another(han_font, monkeypatch, tmp_path):
    style = CaptionStyle(font_file=han_font)
    assert font_for("中文 字幕", style).path == han_font
    monkeypatch.setattr(fonts, "_installed", lambda: iter([bundled_font().path]))
    letters = fonts_for("中文 Model 3", style)
    assert [(f.family, run) for f, run in letters.runs("中文 Model 3")] == [
        ("Four Boxes", "中文 "),
        (bundled_font().family, "Model"),
        ("Four Boxes", " "),
        (bundled_font().family, "3"),
    ]
    with pytest.raises(Misconfigured, match=r"国.*Four Boxes lacks.*install one"):
        font_for("中国", style)


def test_scripts_have_a_font_each_where_none_has_all(han_font, monkeypatch, tmp_path):
    """One font must not be asked for the letters of all: Han from one, Latin from another."""
    thai = tmp_path / "thai.ttf"
    draw_font(thai, "Some Thai", "สวัดี")
    monkeypatch.setattr(fonts, "_installed", lambda: iter((han_font, thai)))
    text = "字幕 Größe สวัสดี é\u0301!"
    letters = fonts_for(text, CaptionStyle())
    assert {f.family for f, run in letters.runs(text) if "字" in run} == {"Four Boxes"}
    assert [run for f, run in letters.runs(text) if f.family == "Some Thai"] == ["สวัสดี"]
    assert {f.family for f in letters.fonts} == {
        bundled_font().family,
        "Four Boxes",
        "Some Thai",
    }


def test_letters_of_one_script_are_of_one_font(monkeypatch, tmp_path):
    """The font has some letters of a script, another all: joined letters must not be torn."""
    some, whole = tmp_path / "some.ttf", tmp_path / "all.ttf"
    draw_font(some, "Some", "abcส")
    draw_font(whole, "Whole", "สวัดี")
    monkeypatch.setattr(fonts, "_installed", lambda: iter((whole,)))
    letters = fonts_for("abc สวัดี", CaptionStyle(font_file=some))
    assert [(f.family, run.strip()) for f, run in letters.runs("abc สวัดี")] == [
        ("Some", "abc"),
        ("Whole", "สวัดี"),
    ]


def test_a_font_is_seen_the_moment_it_is_installed(monkeypatch, tmp_path):
    from matplotlib import font_manager

    path = tmp_path / "new.ttf"
    listed = [*font_manager.findSystemFonts(), str(path)]
    monkeypatch.setattr(
        font_manager, "findSystemFonts", lambda *_: [f for f in listed if Path(f).is_file()]
    )
    assert "New Runes" not in {name for _, name, _ in fonts._listed()}
    draw_font(path, "New Runes", "ᚠᚢᚦ")
    assert (path, "New Runes", 700) in fonts._listed()
    path.unlink()
    assert "New Runes" not in {name for _, name, _ in fonts._listed()}


def test_symbols_that_the_font_lacks_are_left_out():
    assert bundled_font().lacks("so 🦜 good") == []
    assert fonts_for("so 🦜 good", CaptionStyle()).shown("so🦜 good") == "so good"


@pytest.fixture
def parrot_font(tmp_path_factory, monkeypatch):
    """An installed font that has one symbol and nothing else."""
    path = tmp_path_factory.mktemp("symbols") / "Parrot.ttf"
    draw_font(path, "Parrot", "🦜")
    listed = fonts._listed()
    monkeypatch.setattr(fonts, "_listed", lambda: [*listed, (path, "Parrot", 400)])
    return path


def test_symbols_that_another_font_has_are_drawn_in_it(tmp_path, parrot_font):
    letters = fonts_for("so 🦜 good", CaptionStyle())
    assert [(f.family, run) for f, run in letters.runs("so 🦜 good")] == [
        (bundled_font().family, "so "),
        ("Parrot", "🦜"),
        (bundled_font().family, " good"),
    ]
    boxes = []
    for text in ("so", "so 🦜"):
        for font in letters.fonts:
            shutil.copy(font.path, tmp_path)
        target = tmp_path / "captions.ass"
        words = [Word(text=text, start_s=0.1, end_s=0.9)]
        place = CanvasLayout(caption=Rect(x=120, y=900, width=768, height=200))
        style, size = CaptionStyle(), VERTICAL.size
        overlay = TextOverlay(words, [(0.0, 2.0, place)], style, Brand(), size, font=letters)
        ass_file(overlay).save(str(target), format_="ass")
        drawn = drawn_text(target, VERTICAL, 2.0, tmp_path, fonts=tmp_path)
        boxes.append(captions_box(drawn, VERTICAL))
    # A space and a box of one em wider.
    assert boxes[1].width - boxes[0].width == pytest.approx(64 + 22, abs=14)


def test_what_shapes_letters_stays_when_a_symbol_goes():
    letters = fonts_for("میخواهم ✌", CaptionStyle())
    assert letters.shown("می\u200cخواهم") == "می\u200cخواهم"
    assert letters.shown("خ 🦜 ✌") == "خ  ✌"


def test_a_channel_may_put_emoji_behind_words():
    style = CaptionStyle(emoji={"Noise": "♫"})
    letters = lettering([Word(text="noise", start_s=0, end_s=1)], "", style)
    said = [Word(text=t, start_s=k, end_s=k + 0.9) for k, t in enumerate(["No", "Noise,", "no"])]
    (line,) = groups_of(said, style, 64, 800, letters)[0]
    assert [shown(w, style) for w in line] == ["No", "Noise, ♫", "no"]
    with pytest.raises(Misconfigured, match="🦜"):
        lettering([], "", CaptionStyle(emoji={"bird": "🦜"}))


def test_what_is_no_font_is_said(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a font")
    with pytest.raises(Misconfigured, match=r"notes\.txt is not a usable font"):
        read_font(path)


@pytest.mark.parametrize(
    ("text", "own"), [("字幕中文", True), ("مرحبا بالعالم", False), ("Grüße", False)]
)
def test_captions_are_drawn_in_the_script(tmp_path, han_font, text, own):
    style = CaptionStyle(font_file=han_font if own else None)
    font = font_for(text, style)
    shutil.copy(font.path, tmp_path)
    place = Rect(x=120, y=900, width=768, height=200)
    words = [
        Word(text=t, start_s=0.1 + k, end_s=0.9 + k) for k, t in enumerate(text.split() or [text])
    ]
    target = tmp_path / "captions.ass"
    overlay = TextOverlay(
        words,
        [(0.0, 5.0, CanvasLayout(caption=place))],
        style,
        Brand(),
        VERTICAL.size,
        font=FontFallback(font),
    )
    ass_file(overlay).save(str(target), format_="ass")
    box = captions_box(drawn_text(target, VERTICAL, 3.0, tmp_path, fonts=tmp_path), VERTICAL)
    assert box.intersect(place) == box
    assert 40 <= box.height <= 110 and box.width > 100
    if own:  # four boxes of 64 pixels, each with its outline
        assert box.width == pytest.approx(4 * 64, abs=24)


@pytest.mark.parametrize(
    ("text", "from_left"), [("one two three", True), ("اهلا وسهلا بكم", False)]
)
def test_words_light_up_in_the_direction_of_the_script(tmp_path, text, from_left):
    words = [Word(text=t, start_s=k, end_s=k + 0.95) for k, t in enumerate(text.split())]
    target, drawn = tmp_path / "captions.ass", tmp_path / "drawn.png"
    place = Rect(x=120, y=100, width=768, height=200)
    overlay = TextOverlay(
        words,
        [(0.0, 5.0, CanvasLayout(caption=place))],
        CaptionStyle(),
        Brand(),
        Size(width=1080, height=400),
    )
    ass_file(overlay).save(str(target), format_="ass")
    shutil.copy(bundled_font().path, tmp_path)
    middles = []
    for at_s in (0.5, 2.5):
        canvas = ffmpeg.input("color=c=black:s=1080x400:r=2", f="lavfi", t=4)
        lettered = canvas.filter("ass", str(target), fontsdir=str(tmp_path))
        shown = lettered.filter("select", f"gte(t,{at_s})")
        render(ffmpeg.output(shown, str(drawn), **{"frames:v": 1}), timeout_s=60)
        image = cv2.imread(str(drawn)).astype(int)
        accent = np.abs(image - np.array([0x3F, 0xD2, 0xFF])).max(axis=2) < 40
        middles.append(float(np.flatnonzero(accent.any(axis=0)).mean()))
    assert (middles[0] < middles[1]) == from_left
