import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.text import joined, split_words, width
from vidpipe.transcript.model import Word
from vidpipe.transcript.sentences import punctuated, split_sentences


def timed(texts, pauses=()):
    words, at = [], 0.0
    for k, text in enumerate(texts):
        words.append(Word(text=text, start_s=at, end_s=at + 0.3))
        at += 0.35 + (0.8 if k in pauses else 0.0)
    return words


def test_sentences_end_at_stops_not_at_initials_or_abbreviations():
    text = (
        "We saw St. Gallen, e.g. with J. Bach. He chose the key K. "
        "And then it was 3.5 volts! Right?"
    )
    assert [s.text for s in split_sentences(timed(text.split()))] == [
        "We saw St. Gallen, e.g. with J. Bach.",
        "He chose the key K.",
        "And then it was 3.5 volts!",
        "Right?",
    ]


@given(st.integers(1, 200), st.floats(0.0, 3.0))
def test_every_word_is_in_exactly_one_sentence(count, gap):
    words = [
        Word(text="w", start_s=k * (0.3 + gap * (k % 7 == 0)), end_s=k * 0.3 + 0.2 + 1000)
        for k in range(count)
    ]
    sentences = split_sentences(words)
    assert [k for s in sentences for k in range(s.first_word, s.last_word)] == list(range(count))
    assert all(s.last_word - s.first_word <= 45 for s in sentences)


def test_stops_and_capitals_come_back_at_pauses():
    words = timed("so i begin here and then i'm done".split(), pauses=(3,))
    restored = punctuated(words, "en")
    assert joined(w.text for w in restored) == "So I begin here. And then I'm done."
    assert [w.start_s for w in restored] == [w.start_s for w in words]
    assert [s.text for s in split_sentences(restored)] == ["So I begin here.", "And then I'm done."]
    written = timed("It has stops. And more.".split())
    assert punctuated(written, "en") == written


@pytest.mark.parametrize(
    ("first", "pause_s", "count"),
    [("college,", 1.7, 2), ("college,", 4.1, 3), ("college", 1.4, 2), ("college", 1.7, 3)],
)
def test_who_pauses_after_a_comma_goes_on(first, pause_s, count):
    """As written down of a real talk, whose speaker lets the audience wait."""
    words = timed(f"So in {first} I was a government major. And more.".split())
    later = [
        w.model_copy(update={"start_s": w.start_s + pause_s, "end_s": w.end_s + pause_s})
        for w in words[3:]
    ]
    sentences = split_sentences([*words[:3], *later], "en")
    assert len(sentences) == count
    assert sentences[0].text.endswith("major." if count == 2 else first)


def test_scripts_without_spaces():
    text = "今天我们来谈谈声音。它怎样变成数字？"
    words = timed(split_words(text))
    assert joined(w.text for w in words) == text
    assert [s.text for s in split_sentences(words)] == ["今天我们来谈谈声音。", "它怎样变成数字？"]
    bare = timed(list("今天我们来谈谈声音它怎样变成数字"), pauses=(8,))
    assert [s.text for s in split_sentences(punctuated(bare, "zh"))] == [
        "今天我们来谈谈声音。",
        "它怎样变成数字。",
    ]


def test_mixed_scripts_marks_and_brackets():
    assert split_words("Python を使う「例」です。") == [
        "Python",
        "を",
        "使",
        "う",
        "「例」",
        "で",
        "す。",
    ]
    assert joined(split_words("Python を使う「例」です。")) == "Python を使う「例」です。"
    assert split_words("שלום, עולם!") == ["שלום,", "עולם!"]
    assert split_words("สวัสดีเธอ") == ["ส", "วั", "ส", "ดี", "เธ", "อ"]
    assert width("日本 ab") == 7 and width("e\u0301") == 1


@given(st.text("ab 日本。「」กเา́", max_size=30))
def test_joining_undoes_splitting(text):
    plain = " ".join(text.split())
    words = split_words(plain)
    assert "".join(words) == plain.replace(" ", "")


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("de", "Dr. Müller sagte am 3. Mai, dass die Prüfung gut war. Das war es.", 2),
        (
            "de",
            "Das ist z. B. Holz, d. h. ein Stoff, bzw. Stahl usw. Es waren 30. Das war viel.",
            3,
        ),
        ("de", "Im 19. Jahrhundert, Nr. 5, sagte Prof. J. Meier, vgl. Abb. 3. Und dann nichts.", 2),
        ("de", "Im Jahr 2020. Herr Schmidt kam.", 2),
        ("en", "At 5 p.m. we met Dr. J. Smith, e.g. in Fig. 3. The key is K. And then?", 3),
        ("en", "We waited until 3. Then it came.", 2),
        ("fr", "M. Dupont, p.ex. en art. Trois, est là. Il part.", 2),
        ("es", "El Sr. García vive en EE.UU. con la Dra. López. Es así.", 2),
        ("pl", "To jest np. Kraków, tzn. miasto w XIX. Wieku. To wszystko.", 2),
        ("da", "Den 3. Juni kom dr. Hansen. Det var godt.", 2),
        ("ru", "Это было в г. Москве, т. е. там. Вот так.", 2),
        ("xx", "One here. Two here.", 2),
    ],
)
def test_stops_that_end_no_sentence_in_the_language(language, text, count):
    found = [s.text for s in split_sentences(timed(text.split()), language)]
    assert len(found) == count, found
