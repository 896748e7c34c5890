"""What cannot be decided of a video, told soon however much is decided of it."""

import pytest

from vidpipe.edits.model import ClipEdit, CutEdit, EditDocument, WordEdit
from vidpipe.library import edit_checks
from vidpipe.library.edit_checks import MOST_PROBLEMS, Recorded, problems
from vidpipe.timeline import span
from vidpipe.transcript.model import Word


class Channel:
    presets = looks = ()


class Words(tuple):
    """Counts how often all of it is gone through."""

    walks = 0

    def __iter__(self):
        Words.walks += 1
        return super().__iter__()


def recorded(count=2000):
    words = Words(Word(text=f"w{k}", start_s=k * 0.5, end_s=k * 0.5 + 0.4) for k in range(count))
    at = {"a": span(10, 40)}
    return Recorded(count * 0.5, None, words, at, Channel(), (), frozenset())


@pytest.fixture(autouse=True)
def counted():
    Words.walks = 0


def test_no_word_is_looked_for_among_all(monkeypatch):
    of = recorded()
    edits = tuple(WordEdit(start_s=w.start_s, was=w.text, text="x") for w in of.words)
    Words.walks = 0
    assert problems(EditDocument(words=edits), EditDocument(), of) == []
    odd = EditDocument(words=(WordEdit(start_s=900.2, was="zzz", text="x"),))
    (said,) = problems(odd, EditDocument(), of)
    assert said == "words.0: 'zzz' is not said at 900.20 s; the nearest is 'w1800' at 900.00 s"

    # What was saved once is not looked at again.
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(edit_checks, "word_at", never)
    before = EditDocument(words=edits)
    more = EditDocument(words=(*edits, *odd.words))
    assert problems(EditDocument(words=edits[::-1]), before, of) == []
    assert problems(before, more, of) == [] and Words.walks == 0


def test_the_first_problems_are_told_and_that_there_are_more():
    of = recorded()
    odd = tuple(WordEdit(start_s=k * 0.5, was="zzz", text="x") for k in range(1000))
    found = problems(EditDocument(words=odd), EditDocument(), of)
    assert len(found) == MOST_PROBLEMS + 1 and found[-1] == "and more: these are the first"
    assert problems(EditDocument(words=odd[:1]), EditDocument(), recorded(0)) == [
        "words.0: 'zzz' is not said at 0.00 s; nothing is said"
    ]


def test_a_cut_is_checked_by_the_words_around_its_clip():
    of = recorded()
    cuts = (CutEdit(start_s=12.1, end_s=13.1), CutEdit(start_s=300.0, end_s=301.0))
    (said,) = problems(
        EditDocument(clip_edits=(ClipEdit(clip="a", cuts=cuts),)), EditDocument(), of
    )
    assert said.startswith("clip_edits[a].cuts.1: 300.00 to 301.00 s is not in the clip")
    all_of_it = ClipEdit(clip="a", cuts=(CutEdit(start_s=9.0, end_s=41.0),))
    (said,) = problems(EditDocument(clip_edits=(all_of_it,)), EditDocument(), of)
    assert "they leave 0.00 s" in said and Words.walks == 0


def test_a_description_holds_no_control_characters():
    edit = ClipEdit(clip="a", description="one\ntwo\tthree")
    document = EditDocument(clip_edits=(edit,))
    assert problems(document, EditDocument(), recorded()) == []
    odd = edit.model_copy(update={"description": "a\x00b"})
    odd = EditDocument(clip_edits=(odd,))
    (said,) = problems(odd, document, recorded())
    assert said == "clip_edits[a].description: it holds control characters"
    assert problems(odd, odd, recorded()) == []
