"""Subtitles in two languages: one is read, the other is said."""

import pytest

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.sidecar import SidecarTranscript, read_sidecar
from vidpipe.transcript.subtitle_files import read_cues, read_languages

ENGLISH = [
    "Here I show you three different kinds of critical points.",
    "There can be a minimum where the function curves upward.",
    "There can also be a maximum where it curves downward.",
    "Or you can have saddle points, which are neither of the two.",
    "They make more sense when there are two dimensions to look at.",
    "Along one of the axes the point is lower than all the others.",
]
GERMAN = [
    "Hier zeige ich Ihnen drei verschiedene Arten kritischer Punkte.",
    "Es kann ein Minimum geben, wo sich die Funktion nach oben krümmt.",
    "Es kann auch ein Maximum geben, wo sie sich nach unten krümmt.",
    "Oder es gibt Sattelpunkte, die weder das eine noch das andere sind.",
    "Sie sind leichter zu verstehen, wenn man zwei Dimensionen betrachtet.",
    "Entlang einer der Achsen liegt der Punkt tiefer als alle anderen.",
]
CHINESE = [
    "今天我给大家看三种不同的临界点。",
    "函数向上弯曲的地方可能有一个最小值。",
    "函数向下弯曲的地方也可能有一个最大值。",
    "或者有鞍点，它们两者都不是。",
    "在二维空间里它们更容易理解。",
    "沿着其中一条轴，这个点比其他点都低。",
]
TALK = SpeechMap(duration_s=60.0, speech=tuple(span(5 * k, 5 * k + 4) for k in range(12)))


def stacked(*texts):
    return file([[line for line in lines if line] for lines in zip(*texts, strict=True)])


def file(cues):
    return "\n".join(
        f"{k}\n00:00:{5 * k:02d},000 --> 00:00:{5 * k + 4:02d},000\n" + "\n".join(lines) + "\n"
        for k, lines in enumerate(cues, 1)
    ).encode()


@pytest.mark.parametrize(
    ("upper", "lower", "languages"),
    [
        (CHINESE, ENGLISH, ("zh", "en")),
        (ENGLISH, CHINESE, ("en", "zh")),
        (GERMAN, ENGLISH, ("de", "en")),
        (ENGLISH, GERMAN, ("en", "de")),
        (GERMAN, CHINESE, ("de", "zh")),
    ],
)
def test_each_language_is_read_alone(upper, lower, languages):
    found = read_languages(stacked(upper, lower), "talk.srt")
    assert tuple(found) == languages
    assert [[c.text for c in cues] for cues in found.values()] == [upper, lower]
    assert [c.text for c in read_cues(stacked(upper, lower), "talk.srt")] == upper


def test_cues_of_one_time_are_two_languages_too():
    own = stacked(ENGLISH).decode()
    found = read_languages(f"{own}\n{stacked(CHINESE).decode()}".encode(), "talk.srt")
    assert [[c.text for c in cues] for cues in found.values()] == [ENGLISH, CHINESE]


def test_a_cue_without_a_translation_and_names_in_latin_letters():
    chinese = [*CHINESE[:3], "", "Hessian 矩阵可以告诉我们更多。", CHINESE[5]]
    found = read_languages(stacked(chinese, ENGLISH), "talk.srt")
    assert [c.text for c in found["en"]] == ENGLISH
    assert [c.text for c in found["zh"]] == [c for c in chinese if c]


@pytest.mark.parametrize("talk", [ENGLISH, GERMAN, CHINESE])
def test_two_lines_of_one_language_stay_together(talk):
    halves = [[text[: len(text) // 2], text[len(text) // 2 :]] for text in talk]
    assert list(read_languages(file(halves), "talk.srt")) == [""]


@pytest.mark.parametrize(
    ("expected", "named", "read"), [(None, "", "en"), ("de", "", "de"), (None, "de", "de")]
)
def test_the_language_that_is_spoken_is_read_and_the_other_said(tmp_path, expected, named, read):
    path = tmp_path / "talk.srt"
    path.write_bytes(stacked(GERMAN, ENGLISH))
    reading = read_sidecar(path, path.name, TALK, named, expected)
    assert isinstance(reading, SidecarTranscript) and reading.heard == read
    assert reading.found.cues[0].text == (ENGLISH if read == "en" else GERMAN)[0]
    assert f"it is in de and en; {read} is read" in reading.left.reason
    assert ("set the language" in reading.left.reason) is (read == "en")


def test_of_one_language_nothing_is_left(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_bytes(stacked(ENGLISH))
    assert read_sidecar(path, path.name, TALK).left is None
