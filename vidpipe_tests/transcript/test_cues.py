import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import InputRejected
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.cues import Cue, spread
from vidpipe.transcript.encodings import decoded
from vidpipe.transcript.languages import iso_language, language_of
from vidpipe.transcript.model import SkippedSource
from vidpipe.transcript.sidecar import read_sidecar, why_it_does_not_fit
from vidpipe.transcript.subtitle_files import read_cues, told_language


def texts(data, name="talk.srt"):
    return [c.text for c in read_cues(data if isinstance(data, bytes) else data.encode(), name)]


def test_subtitles_in_the_wild():
    data = (
        "\ufeff2\r\n00:00:05,000 --> 00:00:07,500\r\n<i>SPEAKER ONE: second</i> cue\r\n\r\n"
        "1\r\n00:00:01,000 --> 00:00:05,500\r\n>> first &amp; {\\an8}only\r\nhere\r\n\r\n"
        "3\r\n00:00:08,000 --> 00:00:09,000\r\n[applause]\r\n"
    ).encode()
    assert [(c.start_s, c.text) for c in read_cues(data, "talk.srt")] == [
        (1.0, "first & only here"),
        (5.0, "second cue"),
    ]


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("00:00:01,500 --> 00:00:02,750", (1.5, 2.75)),
        ("00:00:01 --> 00:00:03", (1.0, 3.0)),
        ("0:01.5-->0:02", (1.5, 2.0)),
        ("00:00:01.500 --> 00:00:02.750 align:start position:0%", (1.5, 2.75)),
        ("1:02:03,04 -> 1:02:04,5", (3723.04, 3724.5)),
        ("01:00,000 --> 02:00,000", (60.0, 120.0)),
    ],
)
def test_times_as_people_write_them(line, times):
    (cue,) = read_cues(f"1\n{line}\nhello\n".encode(), "x")
    assert (cue.start_s, cue.end_s) == pytest.approx(times)


def test_blank_lines_too_many_or_missing_and_no_numbers():
    assert texts(
        "00:00:01,000 --> 00:00:02,000\n\n\none\n7\n00:00:03,000 --> 00:00:04,000\ntwo\n"
        "00:00:05,000 --> 00:00:06,000\nthree\n\n\n\n"
    ) == ["one", "two", "three"]


def test_a_colon_in_a_sentence_is_no_speaker():
    data = "1\n00:00:01,000 --> 00:00:02,000\nRemember one figure: six decibels.\n"
    assert texts(data) == ["Remember one figure: six decibels."]


def test_comments_and_styles_of_webvtt_are_not_said():
    data = (
        "WEBVTT - made by hand\nKind: captions\nLanguage: de-DE\n\nSTYLE\n::cue {color: red}\n\n"
        "NOTE nothing\n\nfirst\n00:01.000 --> 00:02.000\n<v Speaker>Größe <c.red>rot</c>\n\n"
        "NOTE\nlast\n"
    )
    assert texts(data, "t.vtt") == ["Größe rot"]
    assert iso_language(told_language(data.encode(), "t.vtt")) == "de"


def test_captions_that_roll_up_are_read_once():
    """As YouTube writes its automatic ones: every line comes twice."""
    lines = [
        "we begin with the sampling theorem",
        "which says that twice the highest",
        "frequency is always enough for us",
        "and that is all you need to know",
    ]
    data = "WEBVTT\n\n"
    at = 0
    for before, line in itertools.pairwise(["", *lines]):
        data += f"00:{at:02d}.000 --> 00:{at + 2:02d}.000\n{before}\n{line}\n\n"
        at += 2
    assert " ".join(texts(data, "t.vtt")) == " ".join(lines)


def test_a_word_said_twice_is_no_roll_up():
    said = ["no", "no no", "and so on", "on we go"]
    data = "".join(
        f"00:00:{k:02d},000 --> 00:00:{k + 1:02d},000\n{t}\n\n" for k, t in enumerate(said)
    )
    assert texts(data) == said


def test_two_people_at_once_lose_no_words():
    data = (
        "1\n00:00:01,000 --> 00:00:04,000\nwhat do you\n\n"
        "2\n00:00:01,200 --> 00:00:04,000\nnever mind\n\n"
    )
    assert texts(data) == ["what do you never mind"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe, naïve, 日本語"),
        ("utf-8-sig", "Größe"),
        ("utf-16", "Größe 日本語"),
        ("utf-16-le", "plain words in wide letters"),
        ("cp1252", "Größe und Übermaß, naïve façade, “quoted”"),
        (
            "cp1250",
            "Dziś opowiem o tym, jak dźwięk zamienia się w ciąg liczb i dlaczego",
        ),
        ("cp1251", "Сегодня мы говорим о том, как звук становится числами, и почему"),
        ("shift_jis", "今日は音がどうやって数字になるかをお話しします。とても簡単です。"),
        ("gb18030", "今天我们来谈谈声音是怎样变成数字的。这其实很简单。"),
    ],
)
def test_other_encodings(encoding, text):
    data = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode(encoding)
    assert texts(data) == [text]


@pytest.mark.parametrize(
    "data", [b"", b"nothing here", b"\x00\x01\x02", b"WEBVTT\n\n", b"\xff\xfe", bytes(5000)]
)
def test_what_is_no_subtitle_is_refused(data):
    with pytest.raises(InputRejected):
        read_cues(data, "talk.srt")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_another_way(data):
    try:
        assert decoded(data, "x").strip()
        assert read_cues(data, "x")
    except InputRejected:
        pass


def test_subtitles_of_another_recording_are_refused_with_a_reason(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:50:00,000 --> 00:50:02,000\nlate\n")
    speech = SpeechMap(duration_s=60, speech=(span(1, 50),))
    refused = read_sidecar(path, "talk.srt", speech)
    assert isinstance(refused, SkippedSource)
    assert "end at 3002 s" in refused.reason
    assert "where somebody speaks" in why_it_does_not_fit([span(52, 59)], speech)
    long = SpeechMap(duration_s=1000, speech=(span(0, 1000),))
    assert "not the whole" in why_it_does_not_fit([span(0, 20)], long)
    assert why_it_does_not_fit([span(0, 800)], long) is None


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=20),
    st.floats(0, 5),
    st.floats(0.5, 8),
)
def test_words_of_a_cue_are_in_order_and_inside_it(texts, start, length):
    cue = Cue(start_s=start, end_s=start + length, text=" ".join(texts))
    speech = SpeechMap(duration_s=60, speech=(span(start + 0.1 * length, start + 0.6 * length),))
    ((same, words),) = spread([cue], speech)
    assert same == cue and [w.text for w in words] == texts
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(words))
    assert all(start - 1e-3 <= w.start_s < w.end_s <= start + length + 0.05 for w in words)


def test_languages_by_name_code_and_letters():
    assert iso_language("English") == "en" and iso_language("pt_BR") == "pt"
    assert iso_language("klingon (auto)") == ""
    german = (
        "Heute geht es darum, wie aus einem Ton in der Luft eine Reihe von Zahlen wird, "
        "Satz für Satz."
    )
    assert language_of(german) == "de"
    assert language_of("short") == ""
