"""A tiny Whisper as its makers ship them: weights, tokenizer, configuration; random weights."""

from __future__ import annotations

from pathlib import Path

LANGUAGES = ("en", "de", "zh")


def bytes_to_unicode() -> dict[int, str]:
    """The printable stand-ins for bytes that byte-level BPE uses."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {b: chr(b) for b in plain}
    for k, b in enumerate(b for b in range(256) if b not in table):
        table[b] = chr(256 + k)
    return table


def special_tokens() -> list[str]:
    return [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in LANGUAGES),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ]


def make_whisper(folder: Path, *, seed: int = 0) -> Path:
    """Write a checkpoint in the form of transformers."""
    import torch
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    table = bytes_to_unicode()
    vocab = {table[b]: k for k, b in enumerate(range(256))}
    space = table[ord(" ")]
    merges = [(space, c) for c in "abcdefghijklmnopqrstuvwxyz"]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    base = len(vocab)
    tokenizer = WhisperTokenizer(
        vocab=vocab,
        merges=merges,
        additional_special_tokens=special_tokens(),
        language="english",
        task="transcribe",
    )
    tokenizer.add_tokens([f"<|{k * 0.02:.2f}|>" for k in range(1501)], special_tokens=False)
    ids = {t: tokenizer.convert_tokens_to_ids(t) for t in special_tokens()}
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=80,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=1500,
        max_target_positions=448,
        pad_token_id=ids["<|endoftext|>"],
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"],
        decoder_start_token_id=ids["<|startoftranscript|>"],
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        # Letters and the end are likelier than all else: what comes out has words and ends.
        weight = model.model.decoder.embed_tokens.weight
        weight[:256] = 0.0
        weight[256 : base + 1] *= 60.0
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids["<|startoftranscript|>"],
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"],
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        max_length=60,
        max_initial_timestamp_index=50,
        return_timestamps=False,
        alignment_heads=[[1, 0], [1, 1]],
        begin_suppress_tokens=[ids["<|endoftext|>"]],
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    features = WhisperFeatureExtractor(feature_size=80)
    WhisperProcessor(features, tokenizer).save_pretrained(folder)
    features.save_pretrained(folder)
    tokenizer.save_vocabulary(str(folder))
    assert ids["<|endoftext|>"] == base
    return folder
