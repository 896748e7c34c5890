"""Names that were heard wrong are put right, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.channels.wording import Term
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.text import split_words
from vidpipe.transcript.model import Word
from vidpipe.transcript.terms import letters_of, sound_of, with_terms

NAMES = "Dagster PyTorch PostgreSQL Grafana GitHub Node.js Rust Iran Jenson Nyquist".split()
TERMS = [
    *(Term(name=name) for name in (*NAMES, "Alan Turing", "São Paulo")),
    Term(name="Kubernetes", sounds_like=("cooper netties", "communities")),
]


def words_of(text, each_s=0.4):
    return [
        Word(text=t, start_s=round(k * each_s, 3), end_s=round(k * each_s + 0.3, 3))
        for k, t in enumerate(split_words(text))
    ]


def put_right(text, terms=TERMS, language="en"):
    words, corrections = with_terms(words_of(text), terms, language)
    return " ".join(w.text for w in words), [(c.heard, c.written) for c in corrections]


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("we run dagstar every night", "we run Dagster every night"),
        ("in Graphana.", "in Grafana."),
        ("to GITHUB", "to GitHub"),
        ("clone it from git hub, then", "clone it from GitHub, then"),
        ("in node JS", "in Node.js"),
        ("with Allen Touring", "with Alan Turing"),
        ("what Alan touring said", "what Alan Turing said"),
        ("a model in pie torch", "a model in PyTorch"),
        ("postgress QL is", "PostgreSQL is"),
        ("the naiquist rate", "the Nyquist rate"),
        ("in Sao Paulo", "in São Paulo"),
        ("Jensen won", "Jenson won"),
    ],
)
def test_what_is_nearly_a_term_becomes_it(heard, written):
    text, corrections = put_right(heard)
    assert text == written and len(corrections) == 1


def test_endings_and_what_stands_around_stay():
    text, _ = put_right("\"dagstar's\" (dagstars) and Graphana's, dagstars' graphana!")
    assert text == "\"Dagster's\" (Dagsters) and Grafana's, Dagsters' Grafana!"


def test_a_term_in_small_letters_begins_a_sentence_with_a_capital():
    terms = [Term(name="eigenvector")]
    text, corrections = put_right("Igenvector, it is. Igen vectors and Eigenvectors", terms)
    assert text == "Eigenvector, it is. Eigenvectors and eigenvectors" and len(corrections) == 3


def test_how_it_is_misheard_is_put_right_even_where_everybody_says_it():
    text, _ = put_right("Cooper netties runs in communities, and communities' nodes")
    assert text == "Kubernetes runs in Kubernetes, and Kubernetes' nodes"
    # Without being told so nobody would: it is a word.
    assert put_right("in communities", [Term(name="Kubernetes")])[1] == []


@pytest.mark.parametrize(
    "said",
    [
        "a dagger in the rust",  # words that everybody says
        "I ran home",  # put together they are the letters of Iran
        "a gift from the hub",
        "and Jason won",  # another name
        "it goes to the north. Just in time",
    ],
)
def test_other_words_are_left_alone(said):
    assert put_right(said) == (said, [])


def test_words_are_not_put_together_over_a_stop_or_a_pause():
    assert put_right("on git. Hub of all")[1] == []
    words = words_of("on git hub")
    later = [*words[:2], words[2].model_copy(update={"start_s": 2.0, "end_s": 2.3})]
    assert with_terms(later, TERMS, "en")[1] == []


def test_what_is_right_is_not_touched_and_keeps_its_neighbours():
    text = "the Dagster team, Alan Turing and a PostgreSQL database on GitHub"
    assert put_right(text) == (text, [])


def test_a_common_word_before_a_name_is_not_swallowed():
    assert put_right("the dagstar a graphana")[0] == "the Dagster a Grafana"


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("vitamin C and plan c", "vitamin C and plan c"),
        ("she wrote c++, then C#.", "she wrote C++, then C#."),
        ("C plus plus, C sharp", "C++, C#"),
        ("ask kahoot! or kahoot, now", "ask Kahoot! or Kahoot!, now"),
        ("50 % of $3.5M", "50 % of $3.5m"),
        ("3.5M and 50", "3.5M and 50"),
        ("in .net core", "in .NET Core"),
    ],
)
def test_marks_of_a_name_are_part_of_it_and_come_once(heard, written):
    terms = [
        Term(name="C#", sounds_like=("C sharp",)),
        Term(name="C++", sounds_like=("C plus plus",)),
        *(Term(name=name) for name in ("Kahoot!", "50 %", "$3.5m", ".NET Core")),
    ]
    assert put_right(heard, terms)[0] == written


@pytest.mark.parametrize(
    "said",
    [
        "the iron rusts, swifts fly south, the oracle's word and a python's skin",
        "see dagster.io and info@dagster.io",
        "kubernetes is free",
        "3.5 and v20",
        "React JS",
    ],
)
def test_what_has_more_or_less_than_a_name_is_left_alone(said):
    names = "Rust Swift Oracle Python Dagster kubernetes.io 35 v2.0".split()
    terms = [Term(name="React", sounds_like=("react js",)), Term(name="React JS")]
    assert put_right(said, [*terms, *(Term(name=name) for name in names)]) == (said, [])


def test_a_name_that_looks_like_a_plural_is_a_name():
    assert put_right("with Llamas' flasks", [Term(name="LLamas")])[0] == "with LLamas' flasks"
    assert put_right("in flasks", [Term(name="Flasks")])[0] == "in Flasks"


def test_a_common_word_becomes_the_name_that_the_channel_says_it_is():
    assert put_right("an iphone", [Term(name="iPhone")])[0] == "an iphone"
    told = [Term(name="iPhone", sounds_like=("iphone",))]
    assert put_right("an iphone", told)[0] == "an iPhone"


def test_times_and_confidence():
    words = [
        Word(text="use", start_s=0.0, end_s=0.2, confidence=0.9),
        Word(text="pie", start_s=0.3, end_s=0.5, confidence=0.4),
        Word(text="torch,", start_s=0.5, end_s=0.9, confidence=0.6),
        Word(text="alanturing", start_s=1.0, end_s=2.0, confidence=0.5),
    ]
    fixed, corrections = with_terms(words, TERMS, "en")
    assert [w.text for w in fixed] == ["use", "PyTorch,", "Alan", "Turing"]
    assert fixed[0] is words[0]
    assert (fixed[1].start_s, fixed[1].end_s, fixed[1].confidence) == (0.3, 0.9, 0.4)
    # One word that becomes two is shared out by letters: 4 and 6 of 10.
    assert [(w.start_s, w.end_s, w.confidence) for w in fixed[2:]] == [
        (1.0, 1.4, 0.5),
        (1.4, 2.0, 0.5),
    ]
    assert [c.at_s for c in corrections] == [0.3, 1.0]


def test_short_terms_only_letter_by_letter():
    terms = [Term(name="AWS"), Term(name="Lviv")]
    assert put_right("in aws, in leviv", terms)[0] == "in AWS, in leviv"


def test_scripts_without_spaces_take_what_they_are_told():
    terms = [Term(name="東京大学", sounds_like=("東京代学",)), Term(name="Кубернетес")]
    words, corrections = with_terms(words_of("私は東京代学で学ぶ"), terms, "ja")
    assert "".join(w.text for w in words) == "私は東京大学で学ぶ" and len(corrections) == 1
    assert put_right("это кубернетес", terms, "ru")[0] == "это Кубернетес"


def test_without_a_list_of_common_words_only_the_same_sound_will_do():
    terms = [Term(name="Kaffa")]
    assert put_right("Kafa", terms, "sv")[0] == "Kaffa"
    assert put_right("Kavva", terms, "sv")[1] == []


@pytest.mark.parametrize(
    ("language", "said", "name"),
    [
        ("fr", "le théorème", "Theorema"),
        ("de", "eine Prüfung", "Pruvung"),
        ("es", "la canción", "Kancion"),
        ("en", "it's state-of-the-art", "Stateofthart"),
    ],
)
def test_common_words_keep_their_accents_and_joints(language, said, name):
    """Without its accents it is no word of the list, and near enough to the name."""
    assert put_right(said, [Term(name=name)], language) == (said, [])
    # Where nobody knows the language's words, it is the name.
    assert put_right(said, [Term(name=name)], "xx")[1] != []


def test_unrelated_terms_change_nothing_of_a_talk():
    text = " ".join(s for page in DEMO_TALK for s in page.sentences)
    assert put_right(text, [t for t in TERMS if t.name != "Kubernetes"])[1] == []


def test_keys():
    assert letters_of("Crème-Brûlée’s ß") == "cremebruleesss"
    assert sound_of("pytorch") == sound_of("pietorch") and sound_of("кубер") == ""


@given(st.lists(st.sampled_from("dagstar the git hub I ran pie torch. Node, js! 'tis".split())))
def test_it_is_done_at_once(texts):
    """What was put right is right: a second pass changes nothing, and time runs forwards."""
    words, _ = with_terms(words_of(" ".join(texts)), TERMS, "en")
    again, corrections = with_terms(words, TERMS, "en")
    assert corrections == [] and again == words
    starts = [w.start_s for w in words]
    assert starts == sorted(starts)
