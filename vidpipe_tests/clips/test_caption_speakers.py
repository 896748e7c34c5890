"""Captions of several people, of long words, of scripts without blanks."""

import pysubs2
import pytest

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.text.captions import groups_of
from vidpipe.clips.text.lettering import text_width
from vidpipe.clips.text.overlay import TextOverlay, ass_file, lettering
from vidpipe.clips.text.speakers import tones_of, with_names
from vidpipe.geometry import Rect, Size
from vidpipe.templates.model import CaptionAnimation
from vidpipe.text import joined, split_words
from vidpipe.transcript.model import Word


def spoken(*turns):
    words, at_s = [], 0.0
    for speaker, text in turns:
        for word in split_words(text):
            words.append(Word(text=word, start_s=at_s, end_s=at_s + 0.3, speaker=speaker))
            at_s += 0.32
    return words


TALK = spoken(("Anna Schmidt", "So how does it work?"), ("Bob O'Neil", "It listens to you."))


def test_who_speaks_is_named_where_several_do():
    tones = tones_of(TALK, CaptionStyle(), Brand())
    assert list(tones) == ["Anna Schmidt", "Bob O'Neil"] and len(set(tones.values())) == 2
    assert with_names(TALK)[0].text == "Anna:" and "Bob:" in [w.text for w in with_names(TALK)]
    twins = spoken(("Anna Schmidt", "a b"), ("Anna Meier", "c"), ("Speaker 1", "d"), ("", "e"))
    assert [w.text for w in with_names(twins) if w.text.endswith(":")] == [
        "Anna Schmidt:",
        "Anna Meier:",
        "Speaker 1:",
    ]
    assert tones_of(TALK[:5], CaptionStyle(), Brand()) == {}
    assert tones_of(TALK, CaptionStyle(speakers=False), Brand()) == {}


@pytest.mark.parametrize("animation", list(CaptionAnimation))
def test_names_and_colours_are_in_every_animation(tmp_path, animation):
    target = tmp_path / "c.ass"
    where = CanvasLayout(caption=Rect(x=60, y=900, width=900, height=200))
    letters = lettering(TALK, "", CaptionStyle())
    overlay = TextOverlay(
        TALK,
        [(0.0, 9.0, where)],
        CaptionStyle(),
        Brand(),
        Size(width=1080, height=1920),
        font=letters,
        animation=animation,
    )
    ass_file(overlay).save(str(target), format_="ass")
    events = pysubs2.load(str(target)).events
    bob = [e for e in events if "c&H" in e.text and "listens" in e.text]
    assert bob
    if animation is not CaptionAnimation.ONE_WORD:
        assert any("Bob:" in e.text for e in events)
        assert not any("work" in e.text and "listens" in e.text for e in events)


def test_a_word_wider_than_the_picture_is_broken_and_an_address_too():
    words = spoken(
        ("", "Die Kraftfahrzeughaftpflichtversicherung zahlt"),
        ("", "https://example.com/a/very/long/path/that/never/ends?with=parameters ja"),
    )
    groups = groups_of(words, CaptionStyle(), 64, 900, None, "de")
    lines = [joined(w.text for w in line) for group in groups for line in group]
    assert all(text_width(line, 64) <= 900 for line in lines)
    assert "Kraftfahrzeughaft-" in lines and "pflichtversicherung" in lines
    assert "".join(lines).replace("-", "").count("parameters") == 1
    assert all(len(group) <= 2 for group in groups)
    times = [(w.start_s, w.end_s) for group in groups for line in group for w in line]
    assert times == sorted(times) and all(a < b for a, b in times)


def test_captions_without_blanks_hold_phrases():
    words = spoken(("", "请点击测试的名字打开详细页面，你就能看到两个模型的错误率。"))
    groups = groups_of(words, CaptionStyle(), 64, 900, None, "zh")
    shown = ["".join(w.text for line in group for w in line) for group in groups]
    assert "".join(shown) == joined(w.text for w in words)
    assert not any(text.endswith("错误") or text.startswith("率") for text in shown)
    assert len(shown) <= 4
