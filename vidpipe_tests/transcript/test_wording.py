"""A channel's wording: read from its files, done to a transcript."""

import unicodedata

import pytest
from pydantic import ValidationError

from vidpipe.channels import load_channels
from vidpipe.channels.wording import Term, Wording, joined_terms
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.intake.sidecars import read_instructions
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.profanity import languages, masked
from vidpipe.transcript.sentences import split_sentences
from vidpipe.transcript.worded import worded

SPEECH = SpeechMap(duration_s=20.0, speech=(span(0.0, 20.0),))


def words_of(text):
    return [
        Word(text=t, start_s=round(k * 0.4, 3), end_s=round(k * 0.4 + 0.3, 3))
        for k, t in enumerate(text.split())
    ]


def transcript(text, language="en"):
    words = words_of(text)
    return Transcript(
        source="faster-whisper",
        language=language,
        words=tuple(words),
        sentences=tuple(split_sentences(words)),
    )


def text_of(words):
    return " ".join(w.text for w in words)


def test_a_channel_names_its_terms(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(
        "channels:\n  lectures:\n    profanity: mask\n    terms:\n"
        "      - Dagster\n      - {name: Kubernetes, sounds_like: [cooper  netties]}\n"
    )
    channel = load_channels(path)["lectures"]
    assert channel.terms == (
        Term(name="Dagster"),
        Term(name="Kubernetes", sounds_like=("cooper netties",)),
    )
    assert channel.profanity == "mask" and load_channels(path)["default"].profanity == "keep"


def test_a_wrong_term_is_said_with_its_place(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text("channels:\n  a: {terms: [x, {nam: Dagster}], profanity: beep}\n")
    with pytest.raises(Misconfigured) as caught:
        load_channels(path)
    said = "\n".join(caught.value.problems)
    for part in ("a.terms.0.name", "a.terms.1.nam", "a.profanity"):
        assert part in said
    path.write_text("channels:\n  a: {terms: [1984, yes]}\n")
    with pytest.raises(Misconfigured, match=r"channels.yaml: channels.a.terms.0: .*in quotes"):
        load_channels(path)


def test_an_upload_has_terms_of_its_own(tmp_path):
    path = tmp_path / "talk.yaml"
    path.write_text("terms: [Nyquist, {name: Shannon, sounds_like: [shenanigan]}]\n")
    found = read_instructions(path, path.name, ["tiktok"])
    assert [t.name for t in found.terms] == ["Nyquist", "Shannon"] and found.profanity is None
    path.write_text("terms: [{name: Shannon, sounds_like: shenanigan}]\n")
    with pytest.raises(InputRejected, match=r"terms.0.sounds_like"):
        read_instructions(path, path.name, ["tiktok"])


def test_lists_are_joined_and_the_first_spelling_holds():
    own = [Term(name="GitHub", sounds_like=("get up",))]
    channel = [Term(name="Github", sounds_like=("kit hub",)), Term(name="Dagster")]
    assert joined_terms(own, channel) == (
        Term(name="GitHub", sounds_like=("get up", "kit hub")),
        Term(name="Dagster"),
    )


@pytest.mark.parametrize("name", ["", "x", "x ", "...", "two\nlines", "a" * 61])
def test_a_term_is_something_to_say(name):
    with pytest.raises(ValidationError):
        Term(name=name)


def test_nothing_asked_for_changes_nothing():
    said = transcript("We run dagstar. What the fuck.")
    assert worded(said, Wording(), SPEECH) is said


def test_terms_and_stars_are_done_to_words_and_sentences_and_flagged():
    said = transcript("We run dagstar. What the fuck is Graphana?")
    wording = Wording(terms=(Term(name="Dagster"), Term(name="Grafana")), profanity="mask")
    done = worded(said, wording, SPEECH)
    assert [s.text for s in done.sentences] == ["We run Dagster.", "What the f*** is Grafana?"]
    assert text_of(done.words) == "We run Dagster. What the f*** is Grafana?"
    assert [(f.kind, f.count, f.at_s) for f in done.flags] == [
        ("term", 2, 0.8),
        ("strong_language", 1, 2.0),
    ]
    assert [(w.start_s, w.end_s) for w in done.words] == [(w.start_s, w.end_s) for w in said.words]
    assert done.quality is not None


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("en", "Fucking 'bullshit', you MOTHERFUCKER!", "F****** 'b*******', you M***********!"),
        ("en", "bull-shit and a fuckin' mess", "bull-s*** and a f*****' mess"),
        ("de", "So eine Scheiße, verfickt.", "So eine S******, v*******."),
        ("fr", "Putain, c'est de la merde", "P*****, c'est de la m****"),
        ("ru", "Пиздец, блядь!", "П*****, б****!"),
    ],
)
def test_strong_language_keeps_its_first_letter(language, said, written):
    words, was = masked(words_of(said), language)
    assert text_of(words) == written and was and all("*" not in w.text for w in was)


def test_strong_language_is_covered_however_its_accents_are_written():
    said = unicodedata.normalize("NFD", "Ein Arschlöcher-Café")
    words, was = masked(words_of(said), "de")
    assert text_of(words) == "Ein A**********-Café" and len(was) == 1
    assert masked(words_of(unicodedata.normalize("NFD", "schön")), "de")[1] == []


def test_what_is_said_in_earnest_stays():
    said = (
        "Sex, breast cancer, the penis and the rectum, rape law, a shiitake, Scunthorpe, "
        "a cocktail, an assassin's class, Dickens, damn it to hell, a pin prick"
    )
    assert masked(words_of(said), "en") == (words_of(said), [])


def test_a_language_without_a_list_is_left_as_it_is():
    assert "ja" not in languages() and "en" in languages()
    assert masked(words_of("fuck"), "ja") == (words_of("fuck"), [])
