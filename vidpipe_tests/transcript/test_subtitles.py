import io
import itertools
import re

import numpy as np
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.text import joined, split_words, width
from vidpipe.transcript.model import Word
from vidpipe.transcript.subtitle_files import read_cues
from vidpipe.transcript.subtitles import (
    CHARACTERS_PER_S,
    GAP_S,
    LINE_CHARACTERS,
    MAX_CUE_S,
    MIN_CUE_S,
    subtitles,
    to_srt,
    to_vtt,
)


def violations(cues, *, speed=True):
    """Rules of the Netflix guide that cues break, as `(rule, cue)`."""
    found = []
    for k, cue in enumerate(cues):
        length = cue.end_s - cue.start_s
        if not 1 <= len(cue.lines) <= 2:
            found.append(("lines", k))
        if any(width(line) > LINE_CHARACTERS for line in cue.lines):
            found.append(("characters", k))
        if length < MIN_CUE_S - 1e-6 or length > MAX_CUE_S + 1e-6:
            found.append(("duration", k))
        if speed and cue.characters / length > CHARACTERS_PER_S + 1e-6:
            found.append(("speed", k))
        if k and cue.start_s - cues[k - 1].end_s < GAP_S - 1e-6:
            found.append(("gap", k))
    return found


def talk(words_per_minute, seed=0):
    """The demo's script as people say it: pauses at stops, words as long as their letters."""
    rng = np.random.default_rng(seed)
    words, at = [], 0.3
    for page in DEMO_TALK:
        for sentence in page.sentences:
            for text in sentence.split():
                length = (0.1 + 0.055 * len(text)) * 165 / words_per_minute * rng.uniform(0.8, 1.2)
                words.append(Word(text=text, start_s=round(at, 3), end_s=round(at + length, 3)))
                at += length + (0.25 if text[-1] == "," else 0.03)
            at += rng.uniform(0.3, 0.9)
        at += page.pause_s
    return words


@pytest.mark.parametrize("pace", [110, 150, 180, 210])
def test_no_rule_is_broken_at_the_pace_at_which_people_talk(pace):
    words = talk(pace)
    cues = subtitles(words, "en")
    assert violations(cues) == []
    assert " ".join(line for c in cues for line in c.lines) == " ".join(w.text for w in words)


@given(
    st.lists(
        st.tuples(
            st.text("abcdefghij", min_size=1, max_size=11),
            st.sampled_from(["", "", "", ",", "."]),
            st.floats(0.0, 2.5),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_lines_and_times_are_right_for_any_words(items):
    words, at = [], 0.0
    for text, mark, gap in items:
        length = 0.08 * len(text) + 0.1
        words.append(Word(text=text + mark, start_s=at, end_s=at + length))
        at += length + gap
    cues = subtitles(words, "en")
    assert violations(cues) == []
    assert joined(line for c in cues for line in c.lines) == joined(w.text for w in words)
    for cue in cues:
        first = next(w for w in words if cue.lines[0].startswith(w.text))
        assert cue.start_s >= first.start_s - 1.001


def test_a_cue_ends_where_a_phrase_does():
    text = (
        "When you sample a sound you look at the voltage at fixed moments and write down the "
        "number of the step that is nearest to it"
    )
    words = [
        Word(text=t, start_s=k * 0.28, end_s=k * 0.28 + 0.25) for k, t in enumerate(text.split())
    ]
    for cue in subtitles(words, "en")[:-1]:
        assert cue.lines[-1].split()[-1] not in {"a", "the", "at", "of", "and", "is", "to", "that"}
        for line in cue.lines[:-1]:
            assert line.split()[-1] not in {"a", "the", "of", "to"}


def test_nothing_lasts_longer_than_the_clip():
    words = talk(190)[:40]
    until = words[-1].end_s + 0.05
    cues = subtitles(words, "en", until)
    assert cues[-1].end_s <= until and violations(cues, speed=False) == []


def test_where_people_talk_too_fast_for_the_clip_no_cue_is_gone_at_once():
    # 29 characters a second from the first picture to the last: nothing makes up for it.
    words = [Word(text="quick,", start_s=0.24 * k, end_s=0.24 * k + 0.22) for k in range(70)]
    cues = subtitles(words, "en", until_s=17.0)
    lasting = [cue.end_s - cue.start_s for cue in cues]
    assert min(lasting) > 0.8 and cues[-1].end_s <= 17.0
    fastest = max(cue.characters / s for cue, s in zip(cues, lasting, strict=True))
    assert fastest < 1.2 * sum(len(w.text) + 1 for w in words) / 17.0


def test_a_long_address_is_broken_rather_than_shown_over_the_edge():
    address = "https://example.org/" + "a" * 90
    cues = subtitles([Word(text=address, start_s=0, end_s=8)], "en")
    assert "".join(line for c in cues for line in c.lines).replace(" ", "") == address
    assert all(width(line) <= LINE_CHARACTERS for c in cues for line in c.lines)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("he", "היום נדבר על הדרך שבה צליל באוויר הופך לשורה של מספרים, וזה פשוט מאוד."),
        ("ar", "سنتحدث اليوم عن كيفية تحول الصوت في الهواء إلى صف من الأرقام، وهذا بسيط جدا؟"),
        ("ja", "今日は空気の中の音がどうやって数字の列になるのかをお話しします。とても簡単です。"),
        ("th", "วันนี้เราจะพูดถึงวิธีที่เสียงในอากาศกลายเป็นแถวของตัวเลข"),
        ("de", "Heute geht es darum, wie aus einem Ton in der Luft eine Reihe von Zahlen wird."),
    ],
)
def test_every_script_comes_through_the_usual_parsers(language, text):
    words = [
        Word(text=t, start_s=k * 0.3, end_s=k * 0.3 + 0.28) for k, t in enumerate(split_words(text))
    ]
    for form, written in (("srt", to_srt(words, language)), ("vtt", to_vtt(words, language))):
        parsed = pysubs2.SSAFile.from_string(written, format_=form)
        shown = [line for e in parsed for line in e.plaintext.split("\n")]
        assert joined(shown) == text
        assert joined(c.text for c in read_cues(written.encode(), "x")) == text
    assert violations(subtitles(words, language)) == []


def test_text_that_looks_like_markup_or_times_stays_text():
    texts = ["a<b>", "-->", "{\\an8}x", "&amp;", "1", "WEBVTT", "<i>"]
    words = [Word(text=t, start_s=k * 2.0, end_s=k * 2.0 + 1) for k, t in enumerate(texts)]
    srt, vtt = to_srt(words), to_vtt(words)
    assert len(re.findall(r"^\d\d:\d\d:\d\d,\d{3} --> ", srt, re.MULTILINE)) == len(
        subtitles(words)
    )
    assert "<" not in srt and "{\\an8}" not in srt and "an8}x" in srt
    assert "&lt;b&gt;" in vtt and "&amp;amp;" in vtt and vtt.count("-->") == len(subtitles(words))


def test_ffmpeg_reads_both(tmp_path):
    import av

    words = talk(150)[:60]
    for name, text in (("a.srt", to_srt(words, "en")), ("a.vtt", to_vtt(words, "en"))):
        with av.open(io.BytesIO(text.encode()), format=name[-3:].replace("vtt", "webvtt")) as media:
            packets = [p for p in media.demux() if p.size]
        assert len(packets) == len(subtitles(words, "en"))
        starts = [float(p.pts * p.time_base) for p in packets]
        assert starts == pytest.approx([c.start_s for c in subtitles(words, "en")], abs=0.002)


def test_cues_stay_close_to_what_is_said():
    """At an ordinary pace no cue is late, and none early by more than it takes to read it."""
    words = talk(160)
    cues = subtitles(words, "en")
    texts = itertools.accumulate((len(" ".join(c.lines).split()) for c in cues), initial=0)
    for cue, first in zip(cues, texts, strict=False):
        assert abs(cue.start_s - words[first].start_s) < 0.25


def test_who_speaks_is_said_in_webvtt_where_several_do():
    words = [
        Word(text=t, start_s=k, end_s=k + 0.8, speaker=s)
        for k, (t, s) in enumerate([("Hello", "Anna <x>"), ("you.", "Anna <x>"), ("Hi.", "Bob")])
    ]
    assert "<v Anna &lt;x&gt;>Hello you.\n" in to_vtt(words) and "<v Bob>Hi." in to_vtt(words)
    assert "<v" not in to_vtt(words[:2])
    assert len(subtitles(words)) == 2 and "Anna" not in to_srt(words)


def test_an_address_is_broken_without_blanks_and_a_word_with_a_hyphen():
    address = "https://example.com/a/very/long/path/that/never/ends?with=parameters&and=more#part"
    lines = [line for c in subtitles([Word(text=address, start_s=0, end_s=9)]) for line in c.lines]
    assert "".join(lines) == address and all(len(line) <= 42 for line in lines)
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenständer"
    shown = [
        line for c in subtitles([Word(text=long, start_s=0, end_s=5)], "de") for line in c.lines
    ]
    assert all(len(line) <= 42 for line in shown) and shown[0].endswith("-")
    assert "".join(shown).replace("-", "") == long


@pytest.mark.parametrize(
    "words",
    [
        [Word(text="a", start_s=1, end_s=1.02)] * 1000,
        [Word(text="\u200d", start_s=k / 1000, end_s=k / 1000 + 0.02) for k in range(1500)],
        [Word(text="\U0001f600\u200d" * 500, start_s=1, end_s=2)] * 3,
        [Word(text="x" * 1000, start_s=1, end_s=2)] * 10,
    ],
)
def test_no_words_take_minutes(words):
    """Two minutes for the first of them, when each cue was measured anew."""
    import time

    begun = time.process_time()
    assert to_srt(words)
    assert time.process_time() - begun < 10
