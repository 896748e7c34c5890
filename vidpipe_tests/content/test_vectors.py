"""Sentence models: one given by path, none there, one made here."""

import numpy as np
import pytest

from vidpipe.content import vectors
from vidpipe.content.model import SentenceModelOptions
from vidpipe.content.vectors import sentence_model, term_vectors
from vidpipe.errors import Unavailable
from vidpipe.models import ModelStore


def test_term_vectors_have_unit_length_or_none():
    found = term_vectors([["a", "b"], ["b"], []])
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 0])
    assert term_vectors([[], []]).shape == (2, 1)


def test_without_the_package_words_have_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "find_spec", lambda _: None)
    model, why = sentence_model(SentenceModelOptions(), ModelStore(tmp_path, may_fetch=False))
    assert model is None and "vidpipe[embeddings]" in why
    with pytest.raises(Unavailable, match="vidpipe\\[embeddings\\]"):
        sentence_model(
            SentenceModelOptions(path="/models/mini"), ModelStore(tmp_path, may_fetch=False)
        )


def test_switched_off(tmp_path):
    options = SentenceModelOptions(enabled=False)
    assert sentence_model(options, ModelStore(tmp_path, may_fetch=True)) == (None, "switched off")


def test_weights_that_are_not_there_are_said_and_a_wrong_path_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "find_spec", lambda _: object())
    model, why = sentence_model(SentenceModelOptions(), ModelStore(tmp_path, may_fetch=False))
    assert model is None and "VIDPIPE_CONTENT__SENTENCE_MODEL__PATH" in why
    with pytest.raises(Unavailable, match="no weights"):
        options = SentenceModelOptions(path=str(tmp_path))
        sentence_model(options, ModelStore(tmp_path, may_fetch=False))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A BERT of two narrow layers with a vocabulary of letters, in the form of the hub's."""
    pytest.importorskip("torch")
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *("##" + c for c in letters),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    words = Transformer(str(folder))
    model = SentenceTransformer(modules=[words, Pooling(32)], device="cpu")
    target = tmp_path_factory.mktemp("sentences")
    model.save(str(target))
    return target


def test_a_model_by_path_gives_unit_vectors(checkpoint, tmp_path):
    options = SentenceModelOptions(path=str(checkpoint))
    model, why = sentence_model(options, ModelStore(tmp_path, may_fetch=False))
    assert model is not None and why == ""
    found = model.embed(["bread and salt", "bread and salt", "a moon"])
    assert found.shape == (3, 32) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1], abs=1e-4)
    assert found[0] @ found[1] > found[0] @ found[2]
    assert checkpoint.name in model.identity
