"""The network that reads the borders of clips: its windows, what it reads, when there is none."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import Misconfigured
from vidpipe.models import ModelStore
from vidpipe.segments.borders.network import (
    BASE,
    WINDOW,
    BorderNetwork,
    border_network,
    said_to,
    windows_of,
)
from vidpipe_tests.conftest import MODELS
from vidpipe_tests.segments.talks import STORY, content_of

LENGTHS = st.lists(st.integers(0, 300), min_size=1, max_size=60)


@given(lengths=LENGTHS, second=st.integers(0, 3))
def test_each_sentence_is_read_once_where_it_stands(lengths, second):
    sentences = [[1000 + k] * n for k, n in enumerate(lengths)]
    windows = windows_of(sentences, second)
    read = sorted(k for w in windows for k in w.best)
    assert read == list(range(len(sentences)))
    for window in windows:
        assert len(window.tokens) <= WINDOW
        assert window.best <= {p.sentence for p in window.places}
        for place in window.places:
            said = set(window.tokens[place.first : place.last])
            assert said == ({1000 + place.sentence} if lengths[place.sentence] else {100})
            assert window.tokens[place.last] == 102


def test_a_sentence_is_read_with_what_is_around_it():
    windows = windows_of([[1000 + k] * 20 for k in range(40)])
    for window in windows:
        for place in window.places:
            if place.sentence in window.best and 6 <= place.sentence < 34:
                assert place.first >= 40 and len(window.tokens) - place.last >= 40


def test_of_a_long_sentence_beginning_and_end_are_read():
    (window,) = windows_of([list(range(1000, 1300))])
    assert window.tokens[1:65] == tuple(range(1000, 1064))
    assert window.tokens[65:97] == tuple(range(1268, 1300))
    assert window.tokens[window.places[0].last] == 102


def test_nothing_said_has_no_windows():
    assert windows_of([]) == []


def test_a_turn_is_marked():
    unit = content_of("Rivers carry sand.").units[0]
    turned = unit.model_copy(update={"signs": {"turn": 1.0}})
    assert (said_to(unit), said_to(turned)) == ("Rivers carry sand.", ">> Rivers carry sand.")


@pytest.fixture(scope="module")
def network(model):
    model(BASE)
    found, why = border_network("en", ModelStore(MODELS, may_fetch=False))
    assert found is not None, why
    return found


def test_a_story_opens_and_its_lesson_ends(network):
    units = content_of(STORY).units
    borders = network.of(units)
    assert len(borders) == len(units)
    opens, ends = [b.opens for b in borders], [b.ends for b in borders]
    assert units[opens.index(max(opens))].text.startswith("When I was ten")
    assert units[ends.index(max(ends))].text.startswith("That's how I learned")
    assert borders == network.of(units)


def test_the_end_of_a_long_sentence_tells_how_it_ends(network):
    long = "When I was ten years old my father gave me a broken radio" + " and I looked inside" * 30
    good = f"{long} and that is how I learned that most problems are small."
    bad = f"{long} and then the other one was because of the"
    ends = [network.of(content_of(text).units)[0].ends for text in (good, bad)]
    assert ends[0] > ends[1]


def test_what_was_learnt_is_part_of_what_results_depend_on(network):
    assert network.identity.startswith(network.weights.identity)
    assert network.identity != network.weights.identity


@pytest.mark.parametrize(
    ("language", "said"), [("de", "English only"), ("", "English only"), ("en", "vidpipe models")]
)
def test_without_a_network_it_is_said_why(tmp_path, language, said):
    found, why = border_network(language, ModelStore(tmp_path, may_fetch=False))
    assert found is None
    assert said in why


def test_what_would_be_fetched_counts_as_there(tmp_path):
    found, why = border_network("en", ModelStore(tmp_path, may_fetch=True), fetch=False)
    assert found is not None and why == ""
    assert found.weights.to_fetch()


def test_a_file_that_is_cut_off_is_named(tmp_path, model):
    folder = tmp_path / "minilm"
    shutil.copytree(model(BASE), folder)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    store = ModelStore(MODELS, may_fetch=False)
    broken = BorderNetwork("en", store.needed(BASE, folder))
    with pytest.raises(Misconfigured, match="minilm"):
        broken.of(content_of(STORY).units)
