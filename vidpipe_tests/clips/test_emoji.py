"""Emoji in colour: which font has them, where they stand, and that they keep in time."""

from pathlib import Path

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.graph.clip import FONTS, written_over
from vidpipe.clips.model import Variant
from vidpipe.clips.quality import captions_box, drawn_text
from vidpipe.clips.text import emoji as emojis
from vidpipe.clips.text import fonts
from vidpipe.clips.text.captions import groups_of
from vidpipe.clips.text.cards import TitleCard
from vidpipe.clips.text.emoji import EmojiPicture, joined_pictures, parts
from vidpipe.clips.text.fonts import fonts_for
from vidpipe.clips.text.overlay import TextOverlay, drawn_overlay, lettering
from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.templates.model import CaptionAnimation
from vidpipe.transcript.model import Word

CANVAS = Variant(
    name="540x540",
    size=Size(width=540, height=540),
    safe_box=Rect(x=20, y=20, width=500, height=500),
)
PLACE = Rect(x=20, y=300, width=500, height=200)
GREEN = (0, 200, 0)


@pytest.fixture(scope="session")
def green_font(tmp_path_factory):
    """A font with layers: a parrot and a flag, each a green box with a red stripe."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    def box(bottom, top):
        pen = TTGlyphPen(None)
        pen.moveTo((0, bottom))
        for x, y in ((0, top), (1000, top), (1000, bottom)):
            pen.lineTo((x, y))
        pen.closePath()
        return pen.glyph()

    path = tmp_path_factory.mktemp("emoji") / "green.ttf"
    shown = {ord(c): f"e{k}" for k, c in enumerate("🦜🇩🇪")}
    names = [".notdef", *shown.values(), "green", "red"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(shown)
    builder.setupGlyf({n: box(400, 500) if n == "red" else box(0, 900) for n in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Green", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.setupCOLR({name: [("green", 0), ("red", 1)] for name in shown.values()}, version=0)
    builder.setupCPAL([[(0, 200 / 255, 0, 1), (1, 0, 0, 1)]])
    builder.save(path)
    return path


def said(*texts):
    return [Word(text=t, start_s=float(k), end_s=k + 0.9) for k, t in enumerate(texts)]


def overlay_of(green_font, words, **more):
    style = CaptionStyle(emoji_font=green_font, font_size=more.pop("font_size", 80))
    text = "".join(w.text for w in words) + more.get("title", "")
    letters = lettering(words, text, style)
    shown = [w.model_copy(update={"text": letters.shown(w.text)}) for w in words]
    where = CanvasLayout(caption=PLACE, title=Rect(x=20, y=40, width=500, height=120))
    arranged = [(0.0, 9.0, where)]
    return TextOverlay(shown, arranged, style, Brand(), CANVAS.size, font=letters, **more)


def frames(overlay, work, at_s):
    """Pictures (BGR) of an overlay on grey, at these seconds."""
    base = ffmpeg.input("color=c=gray:s=540x540:r=10:d=5", f="lavfi").filter("format", "yuv420p")
    written = written_over(base, overlay, work)
    render(ffmpeg.output(written, str(work / "%d.png")), timeout_s=60)
    return [cv2.imread(str(work / f"{round(t * 10) + 1}.png")) for t in at_s]


def green_boxes(picture):
    """Columns and rows of each green box, from the left; none where nothing is green."""
    blue, green, red = cv2.split(picture.astype(int))
    found = ((green > 120) & (red < 90) & (blue < 90)).astype(np.uint8)
    joined = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((25, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    boxes = [Rect(x=int(x), y=int(y), width=int(w), height=int(h)) for x, y, w, h, _ in stats[1:]]
    return sorted((b for b in boxes if b.width > 8), key=lambda b: b.x)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a 🦜b", ["a ", "🦜", "b"]),
        ("👩‍🚀🇩🇪🇫🇷", ["👩‍🚀", "🇩🇪", "🇫🇷"]),
        ("5️⃣ 5 ❤️ ❤", ["5️⃣", " 5 ", "❤️", " ❤"]),
        ("👍🏽⚡☎", ["👍🏽", "⚡", "☎"]),
        ("🏴\U000e0067\U000e0062\U000e007f!", ["🏴\U000e0067\U000e0062\U000e007f", "!"]),
        ("plain", ["plain"]),
    ],
)
def test_a_text_is_parted_at_its_emoji(text, pieces):
    assert [piece for piece, _ in parts(text)] == pieces


def test_an_emoji_takes_room_in_a_line_and_stands_in_its_gap(tmp_path, green_font):
    words = said("say", "🦜", "now")
    for animation in (CaptionAnimation.PLAIN, CaptionAnimation.KARAOKE, CaptionAnimation.BOX):
        work = tmp_path / animation.value
        work.mkdir()
        overlay = overlay_of(green_font, words, animation=animation)
        (line,) = groups_of(words, overlay.style, overlay.letters_px, 500, overlay.font)[0]
        assert len(line) == 3
        (picture,) = frames(overlay, work, [0.5])
        (box,) = green_boxes(picture)
        assert box.width == pytest.approx(1.12 * 40, abs=5)
        # Letters, white or yellow, stand on both sides of it, and none of them in it.
        lit = (picture[:, :, 1:].min(axis=2) > 200).any(axis=0)
        assert lit[: box.x].any() and lit[box.right :].any()
        assert not lit[box.x + 2 : box.right - 2].any()
        assert abs(box.center[1] - PLACE.center[1]) < 6


def test_an_emoji_that_is_not_spoken_yet_is_not_seen(tmp_path, green_font):
    words = said("one", "🦜", "two")
    seen = {}
    for animation in (CaptionAnimation.POP, CaptionAnimation.ONE_WORD, CaptionAnimation.HIGHLIGHT):
        work = tmp_path / animation.value
        work.mkdir()
        overlay = overlay_of(green_font, words, animation=animation)
        pictures = frames(overlay, work, [0.5, 0.9, 1.0, 1.5, 2.5])
        seen[animation] = [len(green_boxes(picture)) for picture in pictures]
    assert seen == {
        CaptionAnimation.POP: [0, 0, 1, 1, 1],
        CaptionAnimation.ONE_WORD: [0, 0, 1, 1, 0],
        CaptionAnimation.HIGHLIGHT: [1, 1, 1, 1, 1],
    }


def test_titles_and_cards_have_theirs(tmp_path, green_font):
    card = TitleCard("Birds 🦜", 2.0, CANVAS.safe_box)
    overlay = overlay_of(green_font, [], title="🦜 flies", opening=card)
    _, pictures = drawn_overlay(overlay)
    assert [(p.start_s, p.end_s) for p in pictures] == [(0.0, 9.0), (0.0, 2.0)]
    first, last = frames(overlay, tmp_path, [1.0, 3.0])
    assert len(green_boxes(first)) == 2 and len(green_boxes(last)) == 1
    assert green_boxes(last)[0].x < 90


def test_in_a_script_from_the_right_it_stands_on_the_other_side(tmp_path, green_font):
    boxes = []
    for k, texts in enumerate((("שלום", "🇩🇪"), ("hello", "🇩🇪"))):
        work = tmp_path / str(k)
        work.mkdir()
        (picture,) = frames(
            overlay_of(green_font, said(*texts), animation=CaptionAnimation.PLAIN), work, [0.5]
        )
        boxes.append(green_boxes(picture)[0])
    assert boxes[0].x < 270 < boxes[1].x


def test_what_it_covers_is_measured_with_the_letters(tmp_path, green_font):
    measured = []
    for text in ("so", "so 🦜"):
        work = tmp_path / str(len(text))
        work.mkdir()
        overlay = overlay_of(green_font, said(*text.split()), animation=CaptionAnimation.PLAIN)
        frames(overlay, work, [])
        drawn = drawn_text(work / "captions.ass", CANVAS, 2.0, work, fonts=work / FONTS)
        measured.append(captions_box(drawn, CANVAS))
    assert measured[1].width - measured[0].width == pytest.approx(1.24 * 40 + 12, abs=8)
    assert measured[1].intersect(CANVAS.safe_box) == measured[1]


def test_moments_that_follow_each_other_are_one_picture():
    one, other = EmojiPicture("🦜", 10, 10, 8), EmojiPicture("🦜", 90, 10, 8)
    shown = [one.during(0, 1), one.during(1, 2), other.during(0.5, 1), one.during(3, 4)]
    assert joined_pictures(shown) == [one.during(0, 2), other.during(0.5, 1), one.during(3, 4)]


def test_a_font_that_is_installed_is_found(green_font, monkeypatch):
    outlines = fonts.fonts_dir() / "DejaVuSans.ttf"
    monkeypatch.setattr(fonts, "_files", lambda: [outlines, green_font])
    letters = fonts_for("so 🦜 🐙", CaptionStyle())
    assert letters.emoji.path == green_font
    assert letters.shown("so 🦜 🐙") == "so 🦜"
    assert letters.emoji.digest in letters.digests
    assert fonts_for("no birds", CaptionStyle()).emoji is None


def test_without_one_emoji_are_left_out(monkeypatch):
    monkeypatch.setattr(fonts, "_files", list)
    monkeypatch.setattr(fonts, "_listed", list)
    letters = fonts_for("so 🦜", CaptionStyle())
    assert letters.emoji is None and letters.shown("so 🦜") == "so"
    with pytest.raises(Misconfigured, match="emoji_font"):
        lettering([], "", CaptionStyle(emoji={"bird": "🦜"}))


def test_a_file_without_pictures_is_refused():
    style = CaptionStyle(emoji_font=fonts.fonts_dir() / "DejaVuSans.ttf")
    with pytest.raises(Misconfigured, match="no emoji in colour"):
        fonts_for("so 🦜", style)


def test_a_sequence_that_the_font_does_not_know_is_its_first(tmp_path, green_font):
    font = emojis.emoji_font_for("🦜", green_font, list)
    font.write("🦜🦜", 40, tmp_path / "two.png")
    font.write("🦜", 40, tmp_path / "one.png")
    one, two = (cv2.imread(str(tmp_path / n), cv2.IMREAD_UNCHANGED) for n in ("one.png", "two.png"))
    assert one.shape == (40, 40, 4) and np.array_equal(one, two)
    assert tuple(one[5, 20, :3]) == GREEN and Path(font.path) == green_font
