import itertools

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import Word
from vidpipe.transcript.repair import repair


def said(text, start_s=0.0, each_s=0.4):
    return [
        Word(
            text=t,
            start_s=round(start_s + k * each_s, 3),
            end_s=round(start_s + k * each_s + 0.3, 3),
        )
        for k, t in enumerate(text.split())
    ]


def speech(*parts, duration_s=100.0):
    return SpeechMap(duration_s=duration_s, speech=tuple(span(a, b) for a, b in parts))


def kinds(flags):
    return {f.kind: f.count for f in flags}


def test_a_phrase_that_loops_is_kept_once():
    words = said("so we begin. " + "Thank you very much. " * 9 + "And then it goes on.")
    kept, flags = repair(words, speech((0, 60)))
    assert (
        " ".join(w.text for w in kept) == "so we begin. Thank you very much. And then it goes on."
    )
    assert kinds(flags) == {"loop": 32} and flags[0].at_s == kept[3].start_s + 4 * 0.4


def test_what_people_do_repeat_stays():
    text = "no no no, it is very very good, it is it is what it is, what it is"
    kept, flags = repair(said(text), speech((0, 60)))
    assert " ".join(w.text for w in kept) == text and flags == []


def test_text_over_silence_is_dropped():
    words = said("real words") + said("Thanks for watching!", 30.0) + said("and more", 50.0)
    kept, flags = repair(words, speech((0, 1.5), (49.5, 52)))
    assert [w.text for w in kept] == ["real", "words", "and", "more"]
    assert kinds(flags) == {"over_silence": 3} and flags[0].at_s == 30.0


def test_a_word_as_long_as_a_pause_is_put_where_the_voice_is():
    words = [Word(text="begin", start_s=2.0, end_s=9.0), Word(text="now", start_s=9.1, end_s=9.4)]
    kept, flags = repair(words, speech((0, 1), (8.2, 10)))
    assert kept[0].start_s == 8.2 and kept[0].end_s <= 9.0
    assert kinds(flags) == {"long_word": 1}


def test_time_that_runs_backwards_and_beyond_the_end():
    words = [
        Word(text="a", start_s=1.0, end_s=1.5),
        Word(text="b", start_s=0.2, end_s=0.4),
        Word(text="c", start_s=2.0, end_s=2.5),
        Word(text="d", start_s=11.0, end_s=12.0),
    ]
    kept, flags = repair(words, speech((0, 10), duration_s=10.0))
    assert [w.text for w in kept] == ["a", "b", "c"]
    assert kinds(flags) == {"beyond_end": 1, "backwards": 1}


def test_words_that_are_unsure_are_kept_and_counted():
    words = [Word(text="hm", start_s=1, end_s=1.2, confidence=0.1)]
    kept, flags = repair(words, speech((0, 10)))
    assert len(kept) == 1 and kinds(flags) == {"unsure": 1}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 120), st.floats(-1, 8)), max_size=60),
    st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 9)), max_size=6),
)
def test_what_comes_out_is_in_order_whatever_goes_in(items, parts):
    from vidpipe.timeline import union

    words = [Word(text=t, start_s=a, end_s=a + d) for t, a, d in items]
    heard = SpeechMap(duration_s=100, speech=tuple(union(span(a, a + d) for a, d in parts)))
    kept, flags = repair(words, heard)
    assert all(w.end_s > w.start_s >= 0 for w in kept)
    assert all(b.start_s >= a.start_s for a, b in itertools.pairwise(kept))
    dropped = sum(f.count for f in flags if f.kind in ("loop", "over_silence", "beyond_end"))
    assert len(kept) == len(words) - dropped
