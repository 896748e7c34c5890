"""Subtitles as meetings, tools and people write them: what is said stays, what is not goes."""

import io
import itertools
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.errors import InputRejected
from vidpipe.silence.model import SpeechMap
from vidpipe.text import split_words
from vidpipe.timeline import span
from vidpipe.transcript.model import SkippedSource
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.subtitle_files import MOST_LETTERS, read_cues
from vidpipe_tests.transcript.shared import srt

FIELD = (
    Path(os.environ.get("VIDPIPE_TEST_MEDIA", Path(__file__).parents[2] / "../shared/media"))
    / "field"
)


def vtt(*blocks):
    return ("WEBVTT\n\n" + "\n\n".join(blocks) + "\n").encode("utf-8", "surrogatepass")


def said(data, name="talk.srt"):
    return [(c.speaker, c.text) for c in read_cues(data, name)]


def texts(data, name="talk.srt"):
    return [c.text for c in read_cues(data, name)]


@pytest.mark.parametrize(
    "ident", ["7f2b1c9e-4a51-4b8e-9d3f-2a6f0c1d5e77/12-0", "intro", "Speaker 1", "#SUBID-3", "a b"]
)
def test_what_stands_above_the_times_of_webvtt_is_an_id(ident):
    data = vtt(
        f"{ident}\n00:00:01.000 --> 00:00:04.000\n<v Anna Schmidt>Hello there.</v>",
        f"{ident}2\n00:00:05.000 --> 00:00:08.000\n<v.loud Bob>Hi.</v> <v Anna Schmidt>Yes.",
    )
    assert said(data, "t.vtt") == [
        ("Anna Schmidt", "Hello there."),
        ("Bob", "Hi."),
        ("Anna Schmidt", "Yes."),
    ]


def test_a_line_after_a_blank_one_too_many_is_text_in_srt():
    data = b"1\n00:00:01,000 --> 00:00:02,000\none\n\nand this is said as well\n" + (
        b"00:00:03,000 --> 00:00:04,000\ntwo\n\nid7\n00:00:05,000 --> 00:00:06,000\nthree\n"
    )
    assert texts(data) == ["one and this is said as well", "two", "three"]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["Bob O'Neil: Hello.", "Anna Schmidt: Hi.", "Bob O'Neil: Well."], "Bob O'Neil"),
        (["SPEAKER_00: Hello.", "SPEAKER_01: Hi.", "SPEAKER_00: Well."], "Speaker 1"),
        (["[SPEAKER_00]: Hello.", "[SPEAKER_01]: Hi.", "[SPEAKER_00]: Well."], "Speaker 1"),
        ([">> JOHN: Hello.", ">> MARY: Hi.", ">> JOHN: Well."], "John"),
        (["- JOHN: Hello.", "- MARY: Hi.", "- JOHN: Well."], "John"),
        (["Jürgen von Müller: Hello.", "Sprecherin 2: Hi.", "Jürgen von Müller: Well."], "Jürgen "),
        (["Interviewer: Hello.", "Dr. Lee: Hi.", "Interviewer: Well."], "Interviewer"),
        (["[Anna] Hello.", "[Bob] Hi.", "[Anna] Well."], "Anna"),
        (["张三：Hello.", "李四：Hi.", "张三：Well."], "张三"),
        (["Anna Schmidt\nHello.", "Bob\nHi.", "Anna Schmidt\nWell."], "Anna Schmidt"),
    ],
)
def test_names_before_what_is_said_are_speakers(lines, names):
    found = said(srt(*lines))
    assert [t for _, t in found] == ["Hello.", "Hi.", "Well."]
    assert found[0][0].startswith(names) and found[0][0] == found[2][0] != found[1][0] != ""


def test_a_speaker_goes_on_until_somebody_else_begins():
    found = said(srt(">> ANNA: Hello", "and on.", ">> Who is that?", ">> BOB: me. >> ANNA: no."))
    assert [name for name, _ in found] == ["Anna", "Anna", "", "Bob", "Anna"]


@pytest.mark.parametrize(
    "line",
    [
        "NASA: the agency said no.",
        "Remember one figure: six decibels.",
        "Zum Beispiel: das hier.",
        "Note: this is said.",
        "HTTP: it is a protocol.",
        "if x < 5 and y > 3 then we stop",
        "a List<String> is not a Map<Key, Value>",
        "Use the <body> tag, and the <s> token",
        "The folder is C:\\Users\\Name and \\\\host\\New",
        "(x+1)(x-1)",
        "f(x) and a[i] and a[0] are fine",
        "{1, 2, 3} is a set",
        "-5 degrees",
        "NOTE THAT THE TEST IS COMPLETE",
        "REGIONAL SALES GREW AND",
        "STYLE MATTERS",
        "a foreign key (foreign key) is one",
        "He said (and he was right) that it works.",
        "x >> 2 shifts it",
        "at 10:30 we go to https://example.com/a?b=c",
        "5 * 3 * 2 is thirty",
    ],
)
def test_what_is_said_stays(line):
    assert texts(srt("First of all.", line, "That was it.", "And on."))[1] == line


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("-No space here", "No space here"),
        ("– En dash", "En dash"),
        ("so it was [laughter] fine.", "so it was fine."),
        ("(sighs) Well.", "Well."),
        ("That was it (applause).", "That was it."),
        ("[Musik] Guten Tag", "Guten Tag"),
        ("what the [ __ ] is this", "what the is this"),
        ("<i>slanted</i> and <font color='#fff'>coloured</font>", "slanted and coloured"),
        ("<i>goes on", "goes on"),
        ("{\\an8}above", "above"),
        ("{y:i}leaning", "leaning"),
        ("one\\Ntwo", "one two"),
        ("R&amp;D &lt;b&gt; &#39;s", "R&D <b> 's"),
        ("(笑) そうですね", "そうですね"),
    ],
)
def test_what_is_not_said_goes(line, left):
    assert texts(srt("First of all.", line, "That was it."))[1] == left


@pytest.mark.parametrize(
    "line",
    ["[door slams]", "(applause)", "♪ la la la ♪", "[MUSIC PLAYING]", "（拍手）", "*laughs*"],
)
def test_a_sound_alone_is_no_subtitle(line):
    assert texts(srt("First.", line, "Last.")) == ["First.", "Last."]


def test_comments_are_comments_in_webvtt_only():
    block = "00:00:01.000 --> 00:00:04.000\nNOTE THIS IS SAID\nSTYLE is too"
    data = vtt("STYLE\n::cue { color: red }", "NOTE\nnot said", block, "NOTE nor this")
    assert texts(data, "t.vtt") == ["NOTE THIS IS SAID STYLE is too"]


@pytest.mark.parametrize(
    "text",
    ["Café größer 你好 done", "Das Größte für die Schüler", "Привет всем, кто здесь"],
)
def test_one_bad_byte_spoils_no_file(text):
    data = srt(text, "end").replace(text.encode(), text.encode() + b" \xff")
    assert texts(data)[0] == text


def test_other_forms_of_subtitles():
    sbv = b"0:00:01.000,0:00:04.000\nHello\n\n0:00:05.000,0:00:06.000\nthere\n"
    premiere = b"00:00:01:00 - 00:00:04:15\nSpeaker 1\nHello\n\n00:00:05:29 - 00:00:06:00\nthere\n"
    ass = (
        b"[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        b"MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:04.00,Default,Anna,0,0,0,,"
        b"{\\i1}Hello{\\i0}\\Nthere\nComment: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,not said\n"
    )
    ttml = (
        b'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
        b'<p begin="00:00:01.000" end="00:00:04.000">Hello<br/>there</p></div></body></tt>'
    )
    assert texts(sbv, "a.sbv") == ["Hello", "there"]
    found = read_cues(premiere, "a.srt")
    assert [(c.start_s, c.end_s) for c in found] == [(1.0, 4.5), (pytest.approx(5 + 29 / 30), 6.0)]
    assert said(ass, "a.ass") == [("Anna", "Hello there")]
    assert texts(ttml, "a.ttml") == ["Hello there"]


def word_document(*lines):
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraphs = "".join(
        "<w:p><w:r><w:t>" + line.replace("\n", "</w:t><w:br/><w:t>") + "</w:t></w:r></w:p>"
        for line in lines
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}"><w:body>{paragraphs}</w:body></w:document>',
        )
    return made.getvalue()


def test_a_document_whose_entities_grow_without_bound_is_refused():
    """Nine entities, each ten times the one before: 10 GB of letters in 600 bytes."""
    names = "abcdefghi"
    grown = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr(
            "word/document.xml",
            f'<!DOCTYPE w [<!ENTITY a "{"x" * 100}">{grown}]><w><p>&i;</p></w>',
        )
    with pytest.raises(InputRejected, match="amplification"):
        read_cues(made.getvalue(), "t.docx")


def test_transcripts_of_meetings_as_word_documents():
    teams = word_document("Meeting", "Anna Schmidt   0:03\nHello.", "Bob   0:07\nHi.", "Yes.")
    older = word_document("0:0:3.0 --> 0:0:5.5\nAnna Schmidt\nHello.", "0:0:7.0 --> 0:0:9.0\nHi.")
    found = read_cues(teams, "t.docx")
    assert [(c.start_s, c.speaker, c.text) for c in found] == [
        (3.0, "Anna Schmidt", "Hello."),
        (7.0, "Bob", "Hi. Yes."),
    ]
    assert texts(older, "t.docx")[-1] == "Hi."
    for broken in (b"PK\x03\x04 no zip", word_document()[:-30], word_document("no times")):
        with pytest.raises(InputRejected):
            read_cues(broken, "t.docx")


def test_subtitles_that_end_before_they_begin_are_kept():
    data = (
        b"1\n00:00:05,000 --> 00:00:04,000\nBackwards\n\n2\n00:00:07,000 --> 00:00:07,000\nempty"
        b"\n\n3\n00:00:09,000 --> 00:00:10,000\nlast\n"
    )
    found = read_cues(data, "t.srt")
    assert [c.text for c in found] == ["Backwards", "empty", "last"]
    assert all(c.end_s <= 10.0 for c in found)


@pytest.mark.parametrize(
    "data",
    [
        srt("<" * 1_000_000),
        srt("{\\" * 500_000),
        srt("x" * 5_000_000),
        srt("word " * 20_000),
        srt("&" * 1_000_000),
        srt("&#" + "9" * 5000 + ";" + "a" * MOST_LETTERS),
        srt("[" * 1_000_000),
        srt("<v " * 300_000),
        b"\n" * 3_000_000 + srt("[a"),
        srt("😀\u200d" * 5000),
    ],
)
def test_no_subtitle_eats_time(data):
    """Patterns that backtrack take minutes for these; a second is plenty."""
    import time

    begun = time.process_time()
    try:
        assert read_cues(data, "t.srt")
    except InputRejected as refused:
        assert "letters" in refused.message or "no subtitle" in refused.message
    assert time.process_time() - begun < 5


def test_an_entity_of_endless_digits_is_no_bug():
    assert texts(srt("a &#" + "9" * 900 + "; b")) == ["a b"]


def test_more_than_anybody_says_is_refused_with_a_reason(tmp_path):
    speech = SpeechMap(duration_s=60, speech=(span(0, 60),))
    path = tmp_path / "talk.srt"
    times = (f"00:00:{k % 60:02d},{k:03d} --> 00:00:{k % 60 + 1:02d},900" for k in range(600))
    path.write_text("\n\n".join(f"{line}\n{'word ' * 40}" for line in times))
    refused = read_sidecar(path, "talk.srt", speech)
    assert isinstance(refused, SkippedSource) and "nobody speaks so fast" in refused.reason
    path.write_bytes(b"1\n00:00:00,000 --> 00:05:00,000\n" + b"word " * 800)
    long = SpeechMap(duration_s=300, speech=(span(0, 300),))
    refused = read_sidecar(path, "talk.srt", long)
    assert isinstance(refused, SkippedSource) and "too little for captions" in refused.reason


def test_speakers_reach_the_words(tmp_path):
    path = tmp_path / "talk.vtt"
    path.write_bytes(srt("Anna Schmidt: Hello you all.", "Bob: Hi there.", "Anna Schmidt: Well."))
    speech = SpeechMap(duration_s=20, speech=(span(3, 18),))
    reading = read_sidecar(path, "talk.vtt", speech)
    assert isinstance(reading, SidecarTranscript)
    words = from_sidecar(reading, None, speech, "en").words
    assert [(w.text, w.speaker) for w in words][2:5] == [
        ("all.", "Anna Schmidt"),
        ("Hi", "Bob"),
        ("there.", "Bob"),
    ]


_LINES = st.text(
    alphabet=st.sampled_from("ab A:-<>[](){}\\&#;/!.♪*_0123456789\n\t é字ع😀\u200d\ud800\x00"),
    max_size=60,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(_LINES, max_size=6), st.sampled_from(["t.srt", "t.vtt", "t.sbv", "t.ass", "t.ttml"])
)
def test_any_lines_are_read_or_refused(lines, name):
    data = srt(*lines) if lines else b""
    try:
        cues = read_cues(b"WEBVTT\n\n" * (name == "t.vtt") + data, name)
    except InputRejected:
        return
    for cue in cues:
        assert cue.text == " ".join(cue.text.split()) and cue.text
        assert cue.end_s > cue.start_s
        assert not any(ord(c) < 32 for c in cue.text)
        assert split_words(cue.text)


@pytest.mark.parametrize("name", ["teams.vtt", "zoom.vtt", "code_lecture.srt", "note.srt"])
def test_files_of_the_field(name):
    if not (FIELD / name).is_file():
        pytest.skip(f"{FIELD / name} is not here")
    found = said((FIELD / name).read_bytes(), name)
    text = " ".join(t for _, t in found)
    assert "7f2b1c9e" not in text and "O'Neil" not in text and "Schmidt" not in text
    if name == "zoom.vtt":
        assert {n for n, _ in found} == {"Bob O'Neil", "Anna Schmidt"}
    if name == "code_lecture.srt":
        assert "if x < 5 and y > 3" in text and "Map<Key, Value>" in text and "NASA:" in text
