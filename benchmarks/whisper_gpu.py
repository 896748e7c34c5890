"""Hours of sound a minute for Whisper on this machine's GPU, at several batch sizes.

    python -m benchmarks.whisper_gpu [--size large-v3|small|tiny] [--batches 8 16 32 64]

Weights are random: what is read is gibberish, what it takes is the same, except that
every window runs to `--tokens` tokens (30 s of speech has some 100).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table

_WINDOW_S = 30.0
#: Layers, width, heads, mel bands, vocabulary.
_SIZES = {
    "large-v3": (32, 1280, 20, 128, 51866),
    "small": (12, 768, 12, 80, 51865),
    "tiny": (4, 384, 6, 80, 51865),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=_SIZES, default="large-v3")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 16, 32, 64])
    parser.add_argument("--tokens", type=int, default=100)
    arguments = parser.parse_args()

    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    layers, width, heads, mels, vocabulary = _SIZES[arguments.size]
    on_gpu = torch.cuda.is_available()
    device = "cuda" if on_gpu else "cpu"
    kind = torch.float16 if on_gpu else torch.float32
    config = WhisperConfig(
        vocab_size=vocabulary,
        num_mel_bins=mels,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )
    with torch.device(device):
        model = WhisperForConditionalGeneration(config).to(kind).eval()
    table = Table("batch", "s a batch", "hours a minute", "peak memory, GiB")
    for batch in arguments.batches:
        features = torch.from_numpy(
            np.random.default_rng(0).standard_normal((batch, mels, 3000)).astype(np.float32)
        ).to(device, kind)
        try:
            for _ in range(2):
                if on_gpu:
                    torch.cuda.reset_peak_memory_stats()
                    torch.cuda.synchronize()
                started = time.monotonic()
                with torch.inference_mode():
                    model.generate(
                        input_features=features,
                        min_new_tokens=arguments.tokens,
                        max_new_tokens=arguments.tokens,
                        force_unique_generate_call=True,
                    )
                if on_gpu:
                    torch.cuda.synchronize()
                wall_s = time.monotonic() - started
        except torch.OutOfMemoryError:
            table.add_row(str(batch), "out of memory", "", "")
            break
        peak = torch.cuda.max_memory_allocated() / 2**30 if on_gpu else float("nan")
        hours = batch * _WINDOW_S / 3600 / (wall_s / 60)
        table.add_row(str(batch), f"{wall_s:.2f}", f"{hours:.2f}", f"{peak:.1f}")
    name = torch.cuda.get_device_name() if on_gpu else "CPU"
    Console(width=100).print(f"{arguments.size} on {name}, {arguments.tokens} tokens", table)


if __name__ == "__main__":
    main()
