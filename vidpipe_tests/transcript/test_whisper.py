"""Both Whispers on a checkpoint that the tests make: real files, real loading, random weights."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from vidpipe.errors import Unavailable
from vidpipe.models import ModelStore
from vidpipe.transcript.dtw import warp
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.hints import PROMPT_TOKENS
from vidpipe.transcript.model import (
    FasterWhisperOptions,
    TranscriptOptions,
    TransformersOptions,
)
from vidpipe.transcript.recogniser import choose
from vidpipe.transcript.transcribe import transcribe
from vidpipe.transcript.whisper_ear import WhisperEar
from vidpipe.transcript.whisper_ear import _Try as Try


def check_words(words, passage):
    assert words
    for word in words:
        assert word.text.strip() == word.text != ""
        assert passage.interval.start_s - 0.01 <= word.start_s < word.end_s
        assert word.end_s <= passage.interval.end_s + 0.6
        assert 0 <= word.confidence <= 1


# transformers


@pytest.fixture
def whisper(checkpoint, tmp_path):
    from vidpipe.transcript.transformers_whisper import TransformersWhisper

    options = TransformersOptions(path=str(checkpoint), batch=3)
    return TransformersWhisper(options, ModelStore(tmp_path, may_fetch=False))


def test_windows_in_batches_give_the_words_they_give_alone(whisper, heard, checkpoint):
    from vidpipe.transcript.transformers_whisper import TransformersWhisper

    assert whisper.missing(None, asked_for=True) is None
    passage = heard.passage()
    found = whisper.recognise(passage, "en")
    words = list(found.words)
    check_words(words, passage)
    assert found.language in ("en", "de", "zh")
    one = TransformersWhisper(
        TransformersOptions(path=str(checkpoint), batch=1), ModelStore(checkpoint, may_fetch=False)
    )
    alone = list(one.recognise(passage, "en").words)
    assert [w.text for w in alone] == [w.text for w in words]
    assert [w.start_s for w in alone] == pytest.approx([w.start_s for w in words], abs=0.05)


def test_what_it_is_told_comes_before_the_text_and_is_no_part_of_it(whisper, heard, checkpoint):
    from vidpipe.transcript.transformers_whisper import _loaded

    loaded = _loaded(str(checkpoint))
    told = loaded._told(("Dagster", "Kubernetes"))
    mark, *names = told
    assert mark == loaded.tokenizer.convert_tokens_to_ids("<|startofprev|>")
    assert loaded.tokenizer.decode(names).strip() == "Dagster, Kubernetes."
    assert loaded._told(()) == []
    # More than it takes: as many of the first as fit.
    many = loaded._told([f"Term number {k}" for k in range(200)])
    assert 150 < len(many) <= PROMPT_TOKENS + 1
    with loaded.torch.inference_mode():
        encoded = loaded._encoded([heard.samples.read(1.0, 9.0)])
        (text,) = loaded._generated(encoded, "en", 0.0, told)
        chances, attention = loaded._attended(encoded, "en", text, told)
    assert text and text[: len(names)] != names and loaded.start not in text
    assert len(chances) == len(attention) == len(text) + 1
    passage = replace(heard.passage(end_s=12.0), terms=("Dagster", "Kubernetes"))
    check_words(list(whisper.recognise(passage, "en").words), passage)


def test_a_full_memory_halves_the_batch_and_loses_nothing(whisper, heard, monkeypatch):
    import torch

    from vidpipe.transcript import transformers_whisper

    passage = heard.passage()
    expected = [w.text for w in whisper.recognise(passage, "en").words]
    sizes = []
    really = transformers_whisper._Whisper.transcribe

    def small(self, sounds, language, terms):
        sizes.append(len(sounds))
        if len(sounds) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return really(self, sounds, language, terms)

    monkeypatch.setattr(transformers_whisper._Whisper, "transcribe", small)
    assert [w.text for w in whisper.recognise(passage, "en").words] == expected
    assert sizes[0] == 3 and set(sizes[1:]) == {1}

    def never(self, sounds, language, terms):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(transformers_whisper._Whisper, "transcribe", never)
    with pytest.raises(Unavailable, match="memory"):
        list(whisper.recognise(passage, "en").words)


def test_the_model_is_loaded_once_a_process(whisper, heard):
    from vidpipe.transcript.transformers_whisper import _loaded

    _loaded.cache_clear()
    for _ in range(2):
        list(whisper.recognise(heard.passage(end_s=12.0), "en").words)
    assert _loaded.cache_info().misses == 1


def test_a_whole_recording_through_the_torch_path(whisper, heard):
    found = transcribe(whisper, heard.samples, heard.speech, None, [], chunk_s=30.0)
    assert found.source == "transformers" and found.words and not found.draft
    assert [w.start_s for w in found.words] == sorted(w.start_s for w in found.words)
    assert found.model.startswith("transformers-")


def test_where_no_gpu_is_it_is_used_only_when_named(checkpoint, tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    options = TransformersOptions(path=str(checkpoint))
    _, passed = choose(
        TranscriptOptions(transformers=options), None, ModelStore(tmp_path, may_fetch=False)
    )
    assert "no GPU" in {p.source: p.reason for p in passed}["transformers"]
    named = TranscriptOptions(recognisers="transformers", transformers=options)
    recogniser, passed = choose(named, None, ModelStore(tmp_path, may_fetch=False))
    assert recogniser is not None and recogniser.name == "transformers" and passed == []


def test_missing_weights_say_what_to_fetch_and_where_to_put_it(checkpoint, tmp_path):
    from vidpipe.transcript.transformers_whisper import TransformersWhisper

    absent = TransformersWhisper(TransformersOptions(), ModelStore(tmp_path, may_fetch=False))
    reason = absent.missing(None, asked_for=True)
    assert "openai/whisper-large-v3" in reason and "TRANSFORMERS__PATH" in reason
    assert str(tmp_path) in reason and "safetensors" in reason
    empty = TransformersWhisper(
        TransformersOptions(path=str(tmp_path)), ModelStore(tmp_path, may_fetch=False)
    )
    assert "no weights" in empty.missing(None, asked_for=True)


# faster-whisper


@pytest.fixture(scope="session")
def converted(checkpoint, tmp_path_factory):
    """The same weights in CTranslate2's form."""
    from ctranslate2.converters import TransformersConverter

    target = tmp_path_factory.mktemp("converted") / "tiny-ct2"
    TransformersConverter(
        str(checkpoint), copy_files=["tokenizer.json", "preprocessor_config.json"]
    ).convert(str(target))
    return target


def test_faster_whisper_loads_and_reads_in_batches(converted, heard, tmp_path):
    options = FasterWhisperOptions(path=str(converted), beam=1, batch=3)
    recogniser = FasterWhisper(options, ModelStore(tmp_path, may_fetch=False))
    assert recogniser.missing("de", asked_for=True) is None
    assert "does not know" in recogniser.missing("tlh", asked_for=True)
    assert "tiny-ct2" in recogniser.identity
    passage = heard.passage(start_s=10.0)
    found = recogniser.recognise(passage, None)
    words = list(found.words)
    check_words(words, passage)
    assert found.language in ("en", "de", "zh")


def test_faster_whisper_without_weights_says_what_to_do(tmp_path):
    absent = FasterWhisper(FasterWhisperOptions(), ModelStore(tmp_path, may_fetch=False))
    reason = absent.missing(None, asked_for=True)
    assert "Systran/faster-whisper-small" in reason and "FASTER_WHISPER__PATH" in reason
    assert str(tmp_path) in reason and "switched off" in reason
    wrong = FasterWhisper(
        FasterWhisperOptions(path=str(tmp_path)), ModelStore(tmp_path, may_fetch=False)
    )
    assert "model.bin" in wrong.missing(None, asked_for=True)
    english = FasterWhisper(
        FasterWhisperOptions(model="small.en"), ModelStore(tmp_path, may_fetch=False)
    )
    assert "English only" in english.missing("de", asked_for=True)


def tried(*, repeats=False, chance=-0.2, nobody=0.1, tokens=(1, 2)):
    return Try(tokens=tokens, chance=chance, nobody=nobody, repeats=repeats)


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        ([tried(tokens=(7,))], (7,)),
        ([tried(repeats=True), tried(tokens=(8,))], (8,)),
        ([tried(repeats=True), tried(chance=-1.5, tokens=(9,))], (9,)),
    ],
)
def test_a_window_that_failed_is_decoded_otherwise(others, kept, monkeypatch):
    """The first decoding that does not fail, else the surest that repeats nothing."""
    ear = WhisperEar(model=None, language="en", beam=1)
    left = list(others)
    monkeypatch.setattr(ear, "_prompt", lambda *_, **__: [0])
    monkeypatch.setattr(ear, "_generated", lambda *_, **__: [left.pop(0)])
    failed = tried(repeats=True)
    assert failed.failed and tried(chance=-1.5).failed and not tried().failed
    assert ear._otherwise(np.zeros((1, 1), np.float32), failed).tokens == kept
    assert not left


# dynamic time warping


def test_the_cheapest_path_is_found():
    """Against every path of small matrices."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        n, m = rng.integers(1, 6, size=2)
        cost = rng.uniform(-1, 1, (n, m)).astype(np.float32)
        rows, columns = warp(cost)
        assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, n - 1, m - 1)
        for (a, b), (c, d) in itertools.pairwise(zip(rows, columns, strict=True)):
            assert (c - a, d - b) in {(0, 1), (1, 0), (1, 1)}
        assert cost[rows, columns].sum() == pytest.approx(cheapest(cost, 0, 0), abs=1e-5)


def cheapest(cost, i, j):
    n, m = cost.shape
    if (i, j) == (n - 1, m - 1):
        return cost[i, j]
    steps = [(i + a, j + b) for a, b in ((0, 1), (1, 0), (1, 1)) if i + a < n and j + b < m]
    return cost[i, j] + min(cheapest(cost, *s) for s in steps)
