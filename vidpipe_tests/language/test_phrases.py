"""What is known of each language."""

from importlib import resources

import pytest
import yaml

from vidpipe.language.phrases import cue_phrases
from vidpipe.language.signs import signs_of_text

DATA = resources.files("vidpipe.language") / "data"
LANGUAGES = sorted(f.name.removesuffix(".yaml") for f in DATA.iterdir() if f.name.endswith(".yaml"))
#: How a passage is told, and titles: a language without them is judged without them.
ENGLISH = {
    *("addressed", "ahead", "also", "asks_why", "chatter", "feeling", "imagined", "lesson"),
    *("linking", "long_ago", "money", "narration", "nobody", "open_end", "past", "people"),
    *("pointers", "programme", "quoting", "said", "scrap", "surprise", "trouble", "universal"),
    *("unresolved", "untagged", "vague_it", "explaining", "believing", "headed", "vague_verb"),
    *("numeral", "needs_more", "vague_subject", "telling", "fragment_start", "owning"),
    *("knows_of", "ordering", "compared", "referring", "result_start", "acts_on"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_kinds_that_signs_are_made_of(language):
    raw = yaml.safe_load((DATA / f"{language}.yaml").read_text("utf-8"))
    optional = {"common", "vivid", "halting", "wh_adverb"} | ENGLISH
    english = yaml.safe_load((DATA / "en.yaml").read_text("utf-8"))
    assert set(english) - optional <= set(raw) <= set(english)
    assert all(isinstance(p, str) and p.strip() == p for ps in raw.values() for p in ps)
    assert cue_phrases(language).stop_words


@pytest.mark.parametrize(
    ("language", "text", "signs"),
    [
        ("en", "The key is that it never fails.", {"claim"}),
        ("en", "Okay, so it’s what we call entropy.", {"definition", "dangling_start"}),
        ("en", "Can everyone hear me?", {"housekeeping", "question"}),
        ("en", "And the answer has 12 digits.", {"connective_start", "number"}),
        ("en", "Yes.", {"reply", "too_short"}),
        ("de", "Also, das nennt man Entropie.", {"definition", "dangling_start"}),
        ("fr", "Le point clé, c’est la mémoire.", {"claim"}),
        ("es", "Por ejemplo, imaginen un barco.", {"example"}),
        ("zh", "最重要的是，这个叫做熵。", {"claim", "definition"}),
        ("ja", "例えば、これはエントロピーと呼ばれます。", {"example", "definition"}),
        ("xx", "Qwerty 3 asdf?", {"number", "question"}),
    ],
)
def test_signs_of_sentences(language, text, signs):
    found = signs_of_text(text, cue_phrases(language))
    assert {name for name in signs if not found[name]} == set()


def test_what_is_no_sign():
    found = signs_of_text("Butter melts on the importantly warm plate.", cue_phrases("en"))
    assert found["contrast"] == found["claim"] == found["connective_start"] == 0
    assert signs_of_text("重要", cue_phrases("de"))["claim"] == 0


def test_a_lead_in_says_nothing():
    english = cue_phrases("en")
    assert english.lead_in("Okay, so, well the moon is far.") == "Okay, so, well "
    assert english.lead_in("Sofas are soft.") == ""
    assert cue_phrases("zh").lead_in("好的，那么月亮很远。") == "好的，那么"
    assert english.lead_in("So") == "So"


def test_terms_are_stems_or_pairs_of_characters():
    assert cue_phrases("en").terms("The measuring of measurements") == ["measur", "measur"]
    assert cue_phrases("zh").terms("熵增定律") == ["熵增", "增定", "定律"]
    assert cue_phrases("de").terms("und die Entropie") == ["entrop"]
    assert cue_phrases("hi").terms("ऊर्जा संरक्षण") == ["ऊर्जा", "संरक्ष"]
    assert cue_phrases("ar").terms("الطاقة المتجددة") == ["الطاقة", "المتجد"]


def test_only_question_marks_ask():
    greek, english = (
        "Τι είναι η εντροπία στα αλήθεια τελικά\u037e",
        "And so it went on and on and on;",
    )
    assert signs_of_text(greek, cue_phrases("el"))["question"] == 1
    assert signs_of_text(english, cue_phrases("en"))["question"] == 0
