"""How a passage is told, and which of those that stand out are offered."""

from types import SimpleNamespace

from vidpipe.segments.choose import choose
from vidpipe.segments.cuts import Candidate
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.told import told

STORY = (
    "Years ago I was told that nobody could build this fan.",
    "They said it was against the laws of nature.",
    "We built the fan, and people bought it.",
)


def test_a_story_is_seen_as_one() -> None:
    found = told(STORY, (), "", "en")
    assert found["begins_long_ago"] == found["begins_narration"] == found["begins_universal"] == 1
    assert found["tells_said"] > 0.5 and found["tells_nobody"] > 0.5 and found["tells_past"] > 0.5


def test_signs_lie_between_0_and_1() -> None:
    for texts in (STORY, ("So.",), ("Um, " * 40,), ("word " * 400,)):
        assert all(0 <= v <= 1 for v in told(texts, STORY, "Yeah, right?", "en").values())


def test_what_follows_counts() -> None:
    assert told(STORY, (), "Why would they?", "en")["then_asked"] == 1
    assert told(STORY, (), "Yeah, exactly.", "en")["then_reply"] == 1
    assert (
        told(STORY, STORY, "", "en")["goes_on_about"] > told(STORY, (), "", "en")["goes_on_about"]
    )


def test_a_language_without_the_phrases_says_nothing_of_them() -> None:
    found = told(("Vor Jahren war ich dabei.",), (), "", "de")
    assert "tells_people" not in found and "begins_trouble" not in found
    assert found["enough"] > 0


def test_beside_the_best_only_what_stands_out_is_offered() -> None:
    def found(*scores: int) -> list[Candidate]:
        return [
            Candidate(k, k + 1, 30.0 * k, 30.0 * k + 25, 25.0, {}, float(s))
            for k, s in enumerate(scores)
        ]

    said = [SimpleNamespace(text=text) for text in ("a b", "c d", "e f", "g h")]

    def scores(items, **options):
        chosen = choose(SimpleNamespace(units=said), items, 4, SegmentOptions(**options), True)
        return sorted(c.score for c in chosen)

    assert scores(found(55, 71, 60, 80)) == [71, 80]
    assert scores(found(55, 62, 60, 40)) == [62]
    assert scores(found(40, 30, 49, 12)) == []
    assert scores(found(55, 71, 60, 80), asked=True) == [55, 60, 71, 80]


def some(*items: tuple[int, int, float]) -> list[Candidate]:
    """Candidates by their sentences, each of ten seconds, and their score."""
    return [Candidate(a, b, 10.0 * a, 10.0 * b, 10.0 * (b - a), {}, score) for a, b, score in items]


def chosen(*items: tuple[int, int, float], stands_out: bool) -> list[float]:
    said = SimpleNamespace(units=[SimpleNamespace(text=f"{n} word{n}") for n in range(9)])
    found = choose(said, some(*items), 5, SegmentOptions(), stands_out)
    return sorted(c.score for c in found)


def test_a_whole_that_is_not_offered_takes_no_half_away() -> None:
    assert chosen((0, 3, 72), (3, 6, 71), (0, 6, 68), stands_out=True) == [71, 72]
    assert chosen((0, 3, 52), (3, 6, 51), (0, 6, 49), stands_out=False) == [51, 52]
    assert chosen((0, 3, 72), (3, 6, 71), (0, 6, 70.5), stands_out=True) == [70.5]


def test_a_short_one_is_lengthened_as_long_as_it_stands_out() -> None:
    assert chosen((0, 2, 73), (0, 6, 71.1), stands_out=True) == [71.1]
    assert chosen((0, 2, 70.5), (0, 6, 68.1), stands_out=True) == [70.5]
    assert chosen((0, 2, 51), (0, 6, 48.6), stands_out=False) == [51]


def test_words_are_not_counted_where_they_are_written_as_one() -> None:
    japanese = (
        "それは昔のことでした。",
        "誰も扇風機を作れないと言いました。",
        "私たちは作りました。",
    )
    found = told(japanese, japanese, "", "ja")
    assert not {"enough", "begins_long", "sentence_length", "varied", "taken_up"} & set(found)
    assert {"enough", "comes_round"} <= set(told(STORY, (), "", "en"))
