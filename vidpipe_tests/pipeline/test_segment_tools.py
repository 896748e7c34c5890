"""Who chooses passages: what the stage prepares, and what of it results depend on."""

from types import SimpleNamespace

import pytest

from vidpipe.models import ModelStore
from vidpipe.pipeline.steps.segments import identity, prepare
from vidpipe.segments.borders.network import BASE
from vidpipe.settings import load_settings
from vidpipe.transcript.model import Transcript
from vidpipe_tests.conftest import MODELS
from vidpipe_tests.segments.talks import spoken

TEXT = "Rivers carry sand to the sea. That is how a delta grows."


def tools(transcript, store, home, **settings):
    order = SimpleNamespace(settings=load_settings(home=home, **settings))
    run = SimpleNamespace(
        document=lambda name, _: {"transcript": transcript}[name],
        context=SimpleNamespace(models=store),
    )
    return prepare(order, run)


@pytest.fixture
def unasked(tmp_path, monkeypatch):
    """A store that may fetch, and in which it would be a mistake."""

    def fetch(self, item, *, again):
        raise AssertionError(f"{item.name} was fetched")

    monkeypatch.setattr(ModelStore, "_fetch", fetch)
    return ModelStore(tmp_path, may_fetch=True)


@pytest.mark.parametrize("language", ["en", ""])
def test_english_is_read_by_the_network_and_the_fingerprint_tells(model, tmp_path, language):
    model(BASE)
    found = tools(spoken(TEXT, language)[0], ModelStore(MODELS, may_fetch=False), tmp_path)
    assert found.borders is not None
    assert identity(None, found) == {"borders": found.borders.identity}


def test_other_languages_fetch_nothing(unasked, tmp_path):
    found = tools(spoken(TEXT, "de")[0], unasked, tmp_path)
    assert found.borders is None and identity(None, found) == {}


def test_where_nothing_is_said_nothing_is_fetched(unasked, tmp_path):
    assert tools(Transcript(source="none"), unasked, tmp_path).borders is None
    draft = spoken(TEXT)[0].model_copy(update={"draft": True})
    assert tools(draft, unasked, tmp_path).borders is None


def test_it_can_be_switched_off(unasked, tmp_path):
    off = {"border_network": False}
    assert tools(spoken(TEXT)[0], unasked, tmp_path, segments=off).borders is None


def test_where_it_cannot_be_had_words_alone_tell(tmp_path):
    found = tools(spoken(TEXT)[0], ModelStore(tmp_path, may_fetch=False), tmp_path)
    assert found.borders is None and identity(None, found) == {}
