"""What a passage is called: a whole thought of its own, and nouns for hashtags."""

import pytest

from vidpipe.language.frequency import commonest
from vidpipe.language.headline import MOST, headlines, stands_alone
from vidpipe.language.nouns import Nouns, full_names
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.model import ShownTitle
from vidpipe.segments.titles.namer import Namer, sayable
from vidpipe_tests.segments.talks import chosen, content_of

EN = cue_phrases("en")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("So why would we be interested in image derivatives?", "Why would we be interested in"),
        ("It turns out that banks lend money they do not have.", "Banks lend money they do not"),
        ("And the ocean becomes more acidic and creatures die.", "The ocean becomes more acidic"),
        (
            "Actions taken today will affect your grandchildren, as I said in the last lecture.",
            "Actions taken today will affect your grandchildren",
        ),
        ("What is a saddle point, really?", "What is a saddle point?"),
        ("Saddle points are, actually, basically traps.", "Saddle points are traps"),
        ("The banks are not really lending money.", "The banks are not really lending money"),
        ("And iPhones are better than the old phones.", "iPhones are better than the old"),
        ("It turns out that eBay is the largest market.", "eBay is the largest market"),
    ],
)
def test_the_question_or_the_claim_of_a_sentence(text, title):
    found = headlines(text, EN)
    assert found and found[0].text.startswith(title)
    assert all(len(h.text) <= MOST and stands_alone(h.text, EN) for h in found)


@pytest.mark.parametrize(
    "text",
    [
        "This is how it works in practice.",
        "They said that it would never happen.",
        "He never came back to the university.",
        "Today we will talk about saddle points.",
        "Um, you know, saddle points are kind of hard.",
        "In the second part of the building.",
        "If you look at the numbers of last year.",
        "Saddle points, local minima, gradients.",
        "Down the stairs to go get their laundry.",
        "A few years ago, when the data was about to be released.",
        "They know it, whoever reads your saddle points?",
    ],
)
def test_what_is_no_title(text):
    assert headlines(text, EN) == []


def test_somebody_who_is_only_he_gets_a_name():
    (best, *_) = headlines("She proved that the earth is old.", EN, "Marie Tharp")
    assert best.text.startswith("Marie Tharp proved")


def test_titles_of_other_languages():
    for language, text in (
        ("de", "Warum frieren Seen von oben zu?"),
        ("fr", "Pourquoi la mer est plus salée que le lac?"),
        ("es", "¿Por qué el mar es más salado que el lago?"),
        ("ru", "Почему море солёнее озера и реки?"),
        ("zh", "为什么大海的水比湖水更咸呢？"),
    ):
        found = headlines(text, cue_phrases(language))
        assert found and found[0].text.strip("¿").endswith(("?", "？"))


SAID = (
    "The easier method is easier than the harder way. Henry Chui built a sensor at Mass General. "
    "The sensor measures the heart rate. It is easier to build a sensor than to sell one. "
    "Henry Chui sold the sensor of the hospital."
)


def test_nouns_and_names_are_told_from_where_they_stand():
    nouns = Nouns([SAID], EN)
    assert nouns.noun("sensor") and nouns.noun("heart rate")
    assert not nouns.noun("easier") and not nouns.noun("build")
    assert nouns.name("Chui") and not nouns.name("sensor")
    assert "Mass General" in full_names(SAID, EN)
    german = Nouns(["Der Sensor ist einfacher als das Lineal."], cue_phrases("de"))
    assert german.noun("Sensor") and not german.noun("einfacher")


TALK = """
Why does a lake freeze from above? The water of a lake is heaviest at four degrees. Colder water
rises, and ice is lighter than water, so the ice swims. That is why the fish of a lake live through
the winter. A lake that froze from below would kill every fish in it. Anna Weber measured the ice
of the lake at Davos for thirty winters.
"""


def test_a_passage_is_called_by_its_question_and_described_in_two_sentences():
    found, said = chosen(TALK, count=1, asked=True)
    (only,) = found.segments
    assert only.title == "Why does a lake freeze from above?"
    assert only.hook == "Why does a lake freeze from above?"
    sentences = [s for s in only.description.split(". ") if s]
    assert len(sentences) == 2 and all(s.rstrip(".")[:20] in said[0] for s in sentences)
    assert only.description != only.title
    assert 0 < len(only.keyphrases) <= 6
    assert not {"heaviest", "colder", "lighter"} & {k.lower() for k in only.keyphrases}


def test_the_title_of_the_slide_is_taken_where_what_is_said_gives_none():
    text = (
        "Winters with a lot of snow and days without wind, year after year, all over the country. "
        "Summers with a lot of rain and nights without wind, year after year, all over the country."
    )
    slide = ShownTitle(start_s=0.0, end_s=60.0, title="Weather since 1950")
    found, _ = chosen(text, count=1, asked=True, min_s=6, slides=(slide,), same_words=1.0)
    assert found.segments[0].title == "Weather since 1950"
    without, _ = chosen(text, count=1, asked=True, min_s=6, same_words=1.0)
    assert without.segments[0].title != "Weather since 1950"


@pytest.mark.parametrize(
    "title",
    [
        "And what we care about is best",
        "Here are some examples and this",
        "So the most basic pinhole",
    ],
)
def test_a_slide_that_is_headed_by_a_piece_of_a_sentence_gives_no_title(title):
    text = (
        "Winters with a lot of snow and days without wind, year after year, all over the country. "
        "Summers with a lot of rain and nights without wind, year after year, all over the country."
    )
    slide = ShownTitle(start_s=0.0, end_s=60.0, title=title)
    found, _ = chosen(text, count=1, asked=True, min_s=6, slides=(slide,), same_words=1.0)
    assert found.segments[0].title != title


def test_no_description_begins_in_the_middle_of_a_sentence():
    content = content_of(
        "But then came my senior thesis of ninety pages at college. "
        "Water is heaviest at four degrees, and ice is lighter than water. "
        "Colder water rises and a lake freezes from above every winter."
    )
    namer = Namer(content, EN, (), "talk")
    said = namer.description(content.units, "Thesis")
    assert "Came my" not in said and "water" in said
    heard = [u.model_copy(update={"text": u.text[:1].lower() + u.text[1:]}) for u in content.units]
    begun = [heard[1], content.units[2]]
    assert namer.description(begun, "Thesis") == content.units[2].text


@pytest.mark.parametrize("name", ["iPhones", "eBay", "Water"])
def test_a_name_with_a_capital_inside_begins_a_sentence(name):
    content = content_of(f"{name} changed how people shop in every small town. Nobody saw it.")
    said = Namer(content, EN, (), "talk").description(content.units, "Towns")
    assert said == content.units[0].text


def test_hashtags_are_terms_and_no_pieces_of_what_is_said():
    content = content_of(
        "We are comparing recognition results of two models. Supervised learning needs labels. "
        "Supervised learning is the best policy of them all, and the labels are a concept."
    )
    namer = Namer(content, EN, (), "talk")
    assert namer._term("comparing recognition results") == "recognition results"
    assert namer._term("supervised learning") == "supervised learning"
    assert namer._term("best policy") == "policy"
    assert namer._term("sampling theorem") == "sampling theorem"
    tags = namer.tags(content.units, 0, len(content.units))
    usual = [" " not in t and t.lower() in commonest("en") for t in tags]
    assert tags and usual == sorted(usual) and sum(usual) <= max(0, 3 - usual.count(False))


def test_a_passage_without_a_word_is_named_by_where_it_is_and_says_so():
    phrases = cue_phrases("en")
    content = content_of("A river carries sand. It builds an island over many years.")
    bare = [u.model_copy(update={"text": "", "signs": {}}) for u in content.units]
    silent = content.model_copy(update={"units": tuple(bare), "basis": "speech"})
    named = Namer(silent, phrases, (), "field_trip_2").named(bare, 0, len(bare))
    assert named.untitled and named.title.startswith("field trip 2 at 0:0")
    spoken = Namer(content, phrases, (), "field_trip_2").named(content.units, 0, 2, "Sand")
    assert not spoken.untitled and spoken.title == "Sand"


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("The big exchanges that have bank accounts", ""),
        ("A pure rate of time preference says, even", ""),
        ("If you just say, hey, I want to sell Dogecoins", ""),
        ("Sub Africa is even smaller", ""),
        ("Maybe? There's problems", ""),
        ("At which point that condition is dropped", ""),
        ("React is designed", ""),
        ("What if it needs a state?", "What if it needs a state to be met until it rains?"),
    ],
)
def test_scraps_are_no_titles(title: str, sentence: str) -> None:
    assert not sayable(title, sentence or title, EN)


@pytest.mark.parametrize(
    "title",
    [
        "Half the climate models say it's going to get drier",
        "The rogue employee is the only employee",
        "A 10% probability is the same as 1 to 9 odds",
        "Whoever reads your notes?",
        "BlueMap made a site called coingen",
        "Ein Zug, der nicht kommt, ist billiger",
    ],
)
def test_whole_thoughts_are(title: str) -> None:
    assert sayable(title, title, EN)


def test_a_question_may_end_at_an_and() -> None:
    said = "Why can a file be ten times smaller and still sound good?"
    assert sayable("Why can a file be ten times smaller?", said, EN)
