import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.language.breaks import bound, parts_of
from vidpipe.text import split_words


def within(most):
    return lambda text: len(text) <= most


@pytest.mark.parametrize(
    ("word", "language", "most", "parts"),
    [
        (
            "Kraftfahrzeughaftpflichtversicherung",
            "de",
            22,
            ["Kraftfahrzeughaft-", "pflichtversicherung"],
        ),
        ("short", "en", 22, ["short"]),
        ("mother-in-law-of-mine", "en", 14, ["mother-in-", "law-of-mine"]),
        (
            "https://example.com/a/long/path?with=more",
            "en",
            20,
            ["https://example.com/", "a/long/path?with=", "more"],
        ),
        ("person@example.org", "", 12, ["person@", "example.org"]),
    ],
)
def test_long_words_break_where_their_language_lets_them(word, language, most, parts):
    assert parts_of(word, language, within(most)) == parts


def test_a_word_of_no_known_language_breaks_anywhere():
    assert "".join(parts_of("ა" * 40, "ka", within(12))).replace("-", "") == "ა" * 40


def test_phrases_of_scripts_without_blanks_stay_together():
    for text, language, whole in (
        ("你就能看到两个模型的错误率。", "zh", "模型"),
        ("今日は音がどうやって数字になるかをお話しします。", "ja", "数字に"),
        ("วันนี้เราจะพูดถึงเสียง", "th", "เสียง"),
    ):
        words = split_words(text)
        units, goes_on = [], False
        for word, stays in zip(words, bound(words, language), strict=True):
            units = [*units[:-1], units[-1] + word] if goes_on else [*units, word]
            goes_on = stays
        assert "".join(units) == text and len(units) < len(words)
        assert any(whole in unit for unit in units)
    assert not any(bound("the quick brown fox".split(), "en"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.sampled_from(["de", "en", "zh", "ja", "xx", ""]))
def test_nothing_of_a_text_is_lost_by_breaking_it(text, language):
    words = split_words(text)
    assert len(bound(words, language)) == len(words)
    for word in words:
        parts = parts_of(word, language, within(7))
        kept = "".join(parts)
        assert all(parts) and kept.replace("-", "") == word.replace("-", "")
