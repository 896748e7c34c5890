"""Where topics begin, and what they are called."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.content.cohesion import LONGEST, breaks_of, cost, costs_of
from vidpipe.content.model import TopicOptions, Unit
from vidpipe.content.topics import WORDS_AND_VECTORS, find_topics
from vidpipe.language.phrases import cue_phrases

SUBJECTS = {
    "en": (
        "bread oven flour dough yeast baker crust kneading water salt loaf grain",
        "planet orbit gravity telescope moon comet star rocket crater eclipse mass light",
        "violin string bow orchestra melody rhythm concert tuning wood sound tempo hall",
    ),
    "zh": (
        "面包 烤箱 面粉 酵母 面团 发酵 烘焙 麦子 厨师 盐水 温度 表皮",
        "行星 轨道 引力 望远镜 月亮 彗星 恒星 火箭 陨石 日食 质量 光线",
        "小提琴 琴弦 乐团 旋律 节奏 音乐会 调音 木材 声音 速度 大厅 乐谱",
    ),
}
OPTIONS = TopicOptions(min_topic_s=20)


def spoken(language, lengths, seed=1, each_s=5.0):
    """Sentences of five words drawn from one subject after the other."""
    rng = np.random.default_rng(seed)
    between = " " if language == "en" else ""
    texts = [
        between.join(rng.choice(pool.split(), 5)) + "."
        for pool, count in zip(SUBJECTS[language], lengths, strict=False)
        for _ in range(count)
    ]
    return [
        Unit(start_s=k * each_s, end_s=(k + 1) * each_s - 0.3, text=t) for k, t in enumerate(texts)
    ]


def topics_of(units, language="en", options=OPTIONS, **kwargs):
    phrases = cue_phrases(language)
    return find_topics(
        units, costs_of([phrases.terms(u.text) for u in units]), phrases, options, **kwargs
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_subjects_are_told_apart_in_any_script(language, seed):
    lengths = (14, 22, 17)
    found = topics_of(spoken(language, lengths, seed), language)
    assert [t.first_unit for t in found] == pytest.approx([0, 14, 36], abs=1)
    for topic, pool in zip(found, SUBJECTS[language], strict=True):
        parts = [p for key in topic.keyphrases[:3] for p in key.lower().split()]
        assert all(part in pool for part in parts)
        assert topic.title.lower().startswith(topic.keyphrases[0].lower())


def test_one_subject_is_one_topic_however_long():
    assert len(topics_of(spoken("en", (60,)))) == 1


def test_a_longer_topic_than_can_be_weighed_is_parted():
    found = topics_of(spoken("en", (LONGEST + 50,)))
    assert max(t.last_unit - t.first_unit for t in found) <= LONGEST


def test_a_new_slide_and_a_long_pause_make_a_border_cheaper():
    """The words of one subject, faintly parted: half of it speaks of half the pool."""
    rng = np.random.default_rng(4)
    pool = SUBJECTS["en"][0].split()
    halves = [pool[:10], pool[2:]]
    texts = [" ".join(rng.choice(halves[k // 12], 5)) for k in range(24)]
    units = [Unit(start_s=k * 5, end_s=k * 5 + 4.7, text=t) for k, t in enumerate(texts)]
    options = TopicOptions(min_topic_s=20, slide_change_discount=0.1, pause_discount=0.1)
    assert len(topics_of(units, options=options)) == 1
    (_, second) = topics_of(units, options=options, turns_s=[60.0])
    assert second.first_unit == 12
    later = [u.model_copy(update={"start_s": u.start_s + 6, "end_s": u.end_s + 6}) for u in units]
    (_, second) = topics_of([*units[:12], *later[12:]], options=options)
    assert second.first_unit == 12


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*" ".join(SUBJECTS["en"]).split(), "", "the", "?"]), st.floats(0.1, 40)
        ),
        min_size=1,
        max_size=60,
    ),
    st.floats(0, 120),
)
def test_topics_cover_everything_once(said, min_topic_s):
    times = np.cumsum([0.0, *(length for _, length in said)])
    units = [
        Unit(start_s=a, end_s=b, text=text)
        for (a, b), (text, _) in zip(itertools.pairwise(times.tolist()), said, strict=True)
    ]
    found = topics_of(units, options=TopicOptions(min_topic_s=min_topic_s))
    assert found[0].first_unit == 0 and found[-1].last_unit == len(units)
    assert all(a.last_unit == b.first_unit for a, b in itertools.pairwise(found))
    assert all(t.title for t in found)
    if len(found) > 1:
        assert all(t.duration_s >= min_topic_s - 1e-6 for t in found)


def test_costs_are_those_of_the_formula():
    """Against counting each run of units for itself."""
    terms = [["a", "b"], ["a"], [], ["c", "c", "b"]]
    costs = costs_of(terms)
    prior, number = 0.4, 3
    for first, last in itertools.combinations(range(len(terms) + 1), 2):
        seen, total = dict.fromkeys("abc", 0), 0.0
        for size, term in enumerate(itertools.chain(*terms[first:last])):
            total -= np.log((seen[term] + prior) / (size + prior * number))
            seen[term] += 1
        assert cost(costs, first, last) == pytest.approx(total, rel=1e-5)


def test_breaks_stand_where_the_subject_changes():
    units = spoken("en", (10, 10))
    saved = breaks_of(costs_of([cue_phrases("en").terms(u.text) for u in units]))
    assert int(np.argmax(saved)) in (9, 10, 11)
    assert saved[0] == 0


def test_vectors_part_what_words_do_not():
    """Every sentence has words of its own; only the vectors know the subject."""
    rng = np.random.default_rng(5)
    directions = rng.normal(size=(2, 32))
    vectors = np.vstack([directions[k // 15] + 0.5 * rng.normal(size=32) for k in range(30)])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    units = [Unit(start_s=k * 5, end_s=k * 5 + 4.7, text=f"word{k}") for k in range(30)]
    terms = [[u.text] for u in units]
    phrases = cue_phrases("en")
    assert len(find_topics(units, costs_of(terms), phrases, OPTIONS)) == 1
    found = find_topics(
        units, costs_of(terms, vectors), phrases, OPTIONS, strictness=WORDS_AND_VECTORS
    )
    assert [t.first_unit for t in found] == [0, 15]
