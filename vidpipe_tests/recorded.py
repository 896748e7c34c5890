"""Samples as the recordings that stages read."""

import wave

import numpy as np

from vidpipe.media.pcm import SAMPLE_RATE


def saved(samples, path, channels=1):
    """A WAV file of samples in -1 to 1, shape (n,) or (n, channels), 16 bits at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
