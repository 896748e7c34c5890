"""How a passage is worded: what is learnt of words, by language."""

from vidpipe.segments.model import FactorName
from vidpipe.segments.wording import COLUMNS, PhraseWording, terms_of, wording_of


def test_terms_are_words_and_neighbours_in_small_letters():
    assert terms_of("It Doesn't work, it\u2019s") == {
        "it",
        "doesn't",
        "work",
        "it's",
        "it doesn't",
        "doesn't work",
        "work it's",
    }


def test_a_value_is_of_what_a_text_has_at_length_one_around_the_mean():
    words = PhraseWording(
        {"": (0, 0.5, 0, 0, 0), "river": (3.0, 2.0, 0, 0, 1.0), "sand": (4.0, -1.0, 0, 0, 0)}
    )
    found = words.of("The river, the sand; the river again.")
    assert round(found["wording_hook"], 3) == round((3 * 2 - 4) / 5 - 0.5, 3)
    assert found["wording_closure"] == 3 / 5
    assert words.of("Nothing of it.") == dict.fromkeys(found, 0.0)


def test_english_has_a_table_for_every_factor_and_others_say_nothing():
    table = wording_of("en").table
    assert len(table) > 1000
    assert all(len(row) == len(COLUMNS) for row in table.values())
    assert set(COLUMNS[1:]) == set(FactorName.__args__)
    for language in ("xx", "", "../en"):
        assert set(wording_of(language).of("You think so.").values()) == {0.0}


def test_a_turn_is_better_worded_than_a_welcome():
    words = wording_of("en")
    turn = words.of("You would think that it works. It turns out that it doesn't, and nobody knew.")
    welcome = words.of("Welcome to this episode, I'm glad you are listening, I'm really curious.")
    assert turn["wording_payoff"] > welcome["wording_payoff"] + 1.0
