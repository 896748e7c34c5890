"""Both Whispers on a checkpoint that the tests make: real files, real loading, random weights."""

import itertools
from types import SimpleNamespace

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
from vidpipe.transcript.registry import choose
from vidpipe.transcript.transcribe import transcribe
from vidpipe.transcript.whisper import recognised
from vidpipe.transcript.whisper_ear import WhisperEar, _view
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
def whisper(checkpoint, in_torch, tmp_path):
    from vidpipe.transcript.transformers_whisper import TransformersWhisper

    options = TransformersOptions(path=str(checkpoint), batch=3, beam=2)
    return TransformersWhisper(options, ModelStore(tmp_path, may_fetch=False))


@pytest.fixture(scope="session")
def in_torch(checkpoint):
    """The checkpoint, loaded; random weights find no end, so what they say is cut short."""
    from vidpipe.transcript.transformers_whisper import _model

    model = _model(str(checkpoint))
    model.max_length = 160
    return model


@pytest.fixture(scope="session")
def in_ctranslate2(converted):
    from faster_whisper import WhisperModel

    return WhisperModel(str(converted), device="cpu", compute_type="float32")


def test_excerpts_side_by_side_have_the_words_that_they_have_alone(whisper, in_torch, heard):
    assert whisper.missing(None, asked_for=True) is None
    passage = heard.passage(end_s=24.0)
    found = whisper.recognise(passage, "en")
    check_words(list(found.words), passage)
    assert found.language in ("en", "de", "zh")
    many, one = (
        list(recognised(in_torch, passage, "en", beam=2, at_once=n, excerpt_s=8.0).words)
        for n in (3, 1)
    )
    # Windows that wait for nobody know more of the text before them.
    assert [w.text for w in many][:5] == [w.text for w in one][:5]
    check_words(many, passage)


def test_torch_computes_what_ctranslate2_does(in_torch, in_ctranslate2, heard):
    """The same weights, sound and prompts: the same text, chances and times."""
    from faster_whisper.audio import pad_or_trim

    sounds = [heard.samples.read(t, t + 12.0) for t in (1.0, 20.0)]
    cuts = np.stack([pad_or_trim(in_torch.feature_extractor(s)[:, :1200]) for s in sounds])
    before = in_torch.hf_tokenizer.token_to_id("<|startofprev|>")
    prompt = [before, 300, 301, in_torch.model.start]
    made = []
    for model in (in_torch, in_ctranslate2):
        encoded = _view(np.asarray(model.encode(cuts)))
        written = model.model.generate(
            encoded,
            [prompt, prompt],
            beam_size=3,
            max_length=60,
            suppress_tokens=list(range(260)),
            max_initial_timestamp_index=50,
            return_scores=True,
            return_no_speech_prob=True,
        )
        (aligned,) = model.model.align(
            _view(np.asarray(encoded)[:1]),
            [in_torch.model.start],
            [[261, 262, 263, 270, 271]],
            1200,
            median_filter_width=7,
        )
        made.append((np.asarray(encoded), written, aligned))
    ours, theirs = made
    assert ours[0] == pytest.approx(theirs[0], abs=1e-3)
    for mine, its in zip(ours[1], theirs[1], strict=True):
        assert mine.sequences_ids[0] == its.sequences_ids[0]
        assert mine.no_speech_prob == pytest.approx(its.no_speech_prob, rel=0.01)
        # CTranslate2 counts among the tokens that are allowed, this among all.
        assert mine.scores[0] < its.scores[0]
    assert ours[2].text_token_probs == pytest.approx(theirs[2].text_token_probs, rel=0.01)
    for row in range(5):
        first = [min(t for k, t in found[2].alignments if k == row) for found in made]
        assert abs(first[0] - first[1]) <= 2
    # CTranslate2 takes no model of three languages for one that knows several.
    for told in in_torch.model.detect_language(_view(ours[0])):
        assert {name for name, _ in told} == {"<|en|>", "<|de|>", "<|zh|>"}
        chances = [chance for _, chance in told]
        assert sum(chances) == pytest.approx(1.0, abs=1e-4)
        assert chances == sorted(chances, reverse=True)


def test_what_it_is_told_comes_before_the_text(in_torch):
    ear = WhisperEar(in_torch, "en", beam=1, terms=("Dagster", "Kubernetes"))
    mark, *names = ear._prompt(())[: -len(ear.tokenizer.sot_sequence)]
    assert mark == in_torch.hf_tokenizer.token_to_id("<|startofprev|>")
    assert ear.tokenizer.decode(names).strip() == "Dagster, Kubernetes."
    many = WhisperEar(in_torch, "en", beam=1, terms=[f"Term number {k}" for k in range(200)])
    # More than it takes: as many of the first as fit.
    assert 60 < len(many._prompt(())) < PROMPT_TOKENS


def test_a_full_memory_halves_the_batch_and_loses_nothing(in_torch, heard, monkeypatch):
    import torch

    passage = heard.passage(end_s=24.0)

    def words():
        found = recognised(in_torch, passage, "en", beam=2, at_once=4, excerpt_s=6.0)
        return [w.text for w in found.words]

    expected = words()
    sizes = []
    really = in_torch.model._given

    def small(encoded, at):
        sizes.append(len(np.asarray(encoded)[at]))
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return really(encoded, at)

    monkeypatch.setattr(in_torch.model, "at_once", None)
    monkeypatch.setattr(in_torch.model, "_given", small)
    assert words() == expected
    assert sizes[:3] == [4, 2, 1] and set(sizes[3:]) == {1}

    def never(encoded, at):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(in_torch.model, "_given", never)
    with pytest.raises(Unavailable, match="memory"):
        words()


def test_the_model_is_loaded_once_a_process(whisper, heard):
    from vidpipe.transcript.transformers_whisper import _model

    before = _model.cache_info().misses
    for _ in range(2):
        list(whisper.recognise(heard.passage(end_s=6.0), "en").words)
    assert _model.cache_info().misses == before


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


def test_a_short_window_is_heard_in_a_short_room():
    """All that a model takes only where its sound fills it."""
    extractor = SimpleNamespace(nb_max_frames=3000)
    ear = WhisperEar(
        SimpleNamespace(frames_per_second=100, feature_extractor=extractor), "en", beam=5
    )
    assert [ear._room(frames) for frames in (50, 900, 1100, 2790, 2900, 3000)] == [
        1000,
        1100,
        1300,
        2990,
        3000,
        3000,
    ]


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
